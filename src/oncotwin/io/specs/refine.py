"""The spec of modes by the twin itself."""

from typing import Annotated, Any, Literal

from pydantic import Field

from oncotwin.io.specs.faults import read_as
from oncotwin.io.specs.section import Section

REFINE = "refine"


class RefineSpec(Section):
    """A refinement as resolved from the command line."""

    kind: Literal["refine"] = Field(REFINE, description="what this spec is for")
    cohort: str = Field(description="CSV file")
    truth: str = Field("", description="CSV file of the latents of synthetic patients; none where empty")
    bank: str = Field("", description="folder or file of a bank; the shipped one where empty")
    rounds: Annotated[int, Field(ge=1, le=20)] = Field(3, description="times that the twin is linearised")


def refine_spec(document: dict[str, Any], where: str) -> RefineSpec:
    """The spec of a document.  Raises BadInput that names what cannot be used."""
    return read_as(RefineSpec, document, where)
