"""The spec of a learning curve: which sizes of cohorts, how many of each."""

from typing import Annotated, Any, Literal

from pydantic import Field

from oncotwin.errors import BadInput
from oncotwin.io.specs.faults import read_as
from oncotwin.io.specs.section import Section, Seed

CURVE = "curve"
Patients = Annotated[int, Field(ge=16)]


class CurveSpec(Section):
    """A learning curve as resolved from the command line."""

    kind: Literal["curve"] = Field(CURVE, description="what this spec is for")
    sizes: Annotated[tuple[Patients, ...], Field(min_length=1)] = Field(
        (37, 100, 300, 1000), description="patients of a cohort, ascending"
    )
    cohorts: Annotated[int, Field(ge=1, le=50)] = Field(5, description="most cohorts of a size; they share no patient")
    seed: Seed = Field(0, description="random seed of patients, cohorts, folds, trees")
    processes: Annotated[int, Field(ge=1, le=256)] = Field(1, description="processes side by side")
    figures: bool = Field(True, description="draw the figure at the end")


def curve_spec(document: dict[str, Any], where: str) -> CurveSpec:
    """The spec of a document, whose sizes may be numbers with commas between.

    Raises BadInput that names the first key that cannot be used.
    """
    sizes = document.get("sizes", CurveSpec.model_fields["sizes"].default)
    parts = [_number(part) for part in sizes.split(",")] if isinstance(sizes, str) else sizes
    spec = read_as(CurveSpec, document | {"sizes": tuple(parts)}, where)
    ascending = tuple(sorted(set(spec.sizes)))
    if spec.sizes != ascending:
        raise BadInput("sizes: must ascend", where=where, got=spec.sizes, allowed=str(ascending))
    return spec


def _number(part: str) -> int | str:
    return int(part) if part.strip().isdecimal() else part
