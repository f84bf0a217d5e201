"""The spec of a study of what can be learnt of the latents."""

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from oncotwin.errors import BadInput
from oncotwin.io.specs.section import Section, Seed

IDENTIFY = "identify"


class IdentifySpec(Section):
    """A study of identifiability as resolved from the command line."""

    kind: Literal["identify"] = Field(IDENTIFY, description="what this spec is for")
    patients: Annotated[int, Field(ge=2, le=100_000)] = Field(200, description="synthetic patients")
    seed: Seed = Field(0, description="random seed of patients and sampler")


_ALLOWED = {"patients": "whole numbers from 2 to 100000", "seed": "whole numbers from 0 to 1000000000"}


def identify_spec(document: dict[str, Any], where: str) -> IdentifySpec:
    """The spec of a document.  Raises BadInput that names the first key that cannot be used, and what is allowed."""
    try:
        return IdentifySpec.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise BadInput(
            f"{key} cannot be used", where=where, got=first["input"], allowed=_ALLOWED.get(key, "patients, seed")
        ) from error
