"""The spec of a personalisation: which cohort, which protocol, how often."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from oncotwin.io.specs.documents import read_document
from oncotwin.io.specs.faults import read_as
from oncotwin.io.specs.section import Section, Seed

PERSONALISE = "personalise"


class PersonalSpec(Section):
    """A personalisation as resolved from the command line."""

    kind: Literal["personalise"] = Field(PERSONALISE, description="what this spec is for")
    cohort: str = Field(min_length=1, description="CSV file of the cohort")
    truth: str = Field("", description="CSV file of the latents of synthetic patients; empty where nobody knows them")
    protocol: Literal["default", "published"] = Field("default", description="how latents are learnt and tested")
    inverse: Literal["exact", "published"] = Field("exact", description="inverse of the scaled logit")
    repeats: Annotated[int, Field(ge=1, le=200)] = Field(20, description="repeats of the cross-validation")
    permutations: Annotated[int, Field(ge=19, le=5000)] = Field(199, description="permutations of the null")
    seed: Seed = Field(0, description="random seed of folds, trees, permutations, posterior draws")
    processes: Annotated[int, Field(ge=1, le=256)] = Field(1, description="processes side by side")
    patient: str = Field("", description="the only patient predicted; empty for a study of the cohort")
    model: str = Field("", description="model file or run directory that predicts; empty to learn from the others")
    bank: str = Field("", description="bank.npz of the simulations that latents are inferred by; empty for the shipped")
    space: Literal["2d", "3d"] = Field("2d", description="where the courses of a patient are computed")
    figures: bool = Field(True, description="draw figures at the end")


def personal_spec(document: dict[str, Any], where: str) -> PersonalSpec:
    """The spec of a document.  Raises BadInput that names the first key that cannot be used."""
    return read_as(PersonalSpec, document, where)


def read_personal_spec(path: Path) -> PersonalSpec:
    """The spec of a personalisation's run directory.  Raises BadInput."""
    return personal_spec(read_document(path), str(path))
