"""The spec of modes by the twin itself."""

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from oncotwin.errors import BadInput
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
    try:
        return RefineSpec.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise BadInput(f"{key} cannot be used", where=where, got=first["input"], allowed="rounds: 1 to 20") from error
