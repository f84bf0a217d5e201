"""The spec of a study from vein to vein: what a TOML document may hold.  Every default stands here."""

from typing import Annotated, Literal

from pydantic import Field

from oncotwin.io.specs.section import Days, Fraction, Section, Seed, list_of

VEINS = "veins"
Process = Annotated[str, Field(min_length=1)]
Regimen = Literal["none", "fixed", "mpc"]


class DonorSpec(Section):
    """Whose cells: a subtype, about whose typical donor others are drawn."""

    age: Literal["young", "middle", "elderly"] = Field("middle", description="to 40, between, from 65")
    stage: Literal["healthy", "early", "advanced"] = Field("advanced", description="of the disease")
    prior: Literal["none", "chemotherapy", "heavy"] = Field("chemotherapy", description="treatment before apheresis")


class PatientsSpec(Section):
    """The virtual cohort: every patient has a donor, latents and constants of his own."""

    pairs: Annotated[int, Field(ge=2, le=2000)] = Field(
        16, description="draws A and B of the split by source; five courses each"
    )
    low: Fraction = Field(0.2, description="least of every latent")
    high: Fraction = Field(0.8, description="greatest of every latent")
    seed: Seed = Field(0, description="random seed of all draws")


class SlabSpec(Section):
    """The slab in which every course is followed."""

    voxels: Annotated[int, Field(ge=4, le=256)] = Field(28, description="along x and y, of 3 cm")
    end_days: Days = Field(112.0, description="follow-up")
    drugs_days: Days = Field(42.0, description="first decision on drugs")
    interval_days: Days = Field(7.0, description="between two of them")


class VeinsSpec(Section):
    """Processes that make the cells, drugs beside them, a virtual cohort: who responds, and at what price."""

    kind: Literal["veins"] = Field(VEINS, description="what this spec compares")
    processes: list_of(Process, 1, 12, "what makes the cells: protocols by name or file, or learnt") = (
        "static-il2",
        "static-il7-il15",
    )
    regimens: list_of(Regimen, 1, 3, "what doses the drugs beside them") = ("none", "fixed", "mpc")
    donor: DonorSpec = DonorSpec()
    patients: PatientsSpec = PatientsSpec()
    slab: SlabSpec = SlabSpec()
    parameters: dict[str, float] = Field(
        default_factory=dict, description="constants of the tumour twin that differ from the population's"
    )
    figures: bool = Field(True, description="draw figures and write the report at the end")
