"""The spec of a study of what can be learnt of the latents."""

from typing import Annotated, Any, Literal

from pydantic import Field

from oncotwin.io.specs.faults import read_as
from oncotwin.io.specs.section import Section, Seed

IDENTIFY = "identify"


class IdentifySpec(Section):
    """A study of identifiability as resolved from the command line."""

    kind: Literal["identify"] = Field(IDENTIFY, description="what this spec is for")
    patients: Annotated[int, Field(ge=2, le=100_000)] = Field(200, description="synthetic patients")
    seed: Seed = Field(0, description="random seed of patients and sampler")


def identify_spec(document: dict[str, Any], where: str) -> IdentifySpec:
    """The spec of a document.  Raises BadInput that names the first key that cannot be used, and what is allowed."""
    return read_as(IdentifySpec, document, where)
