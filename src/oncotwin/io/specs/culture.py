"""The spec of a culture run: what a TOML document may hold, section by section, with units, bounds and meanings.

Vessel, seeding and some parameters have their defaults in the protocol that the spec names, all else in
`data/culture/defaults.toml`; a key that may be left out altogether is None here.
"""

from typing import Annotated, Literal

from pydantic import Field

from oncotwin.io.cultures.protocols import PhaseSpec
from oncotwin.io.specs.section import Days, Section, Seed, Unit, list_of

CORE = "core"
LONGEST_STEP_HOURS = 0.25

SET_BY_KEYS = {
    "seed_density": "seeding.cells",
    "seed_viability": "seeding.viability",
    "volume_start": "seeding.volume_ml",
    "volume_most": "vessel.capacity_ml",
    "kLa": "vessel.kla_per_hour",
    "assay_every": "the phase sample of the protocol",
}
"""Parameters that are set elsewhere than in [parameters]: parameter -> where."""

Volume = Annotated[float, Unit("mL"), Field(ge=0.1, le=1e5)]
Weight = Annotated[float, Field(ge=0, le=1e3)]


class VesselSpec(Section):
    """What the cells grow in."""

    kind: str = Field(min_length=1, description="which vessel: its gas, transfer and controllers")
    capacity_ml: Volume = Field(description="the most it holds")
    kla_per_hour: Annotated[float, Unit("1/hour"), Field(ge=0.01, le=1e3)] | None = Field(
        None, description="oxygen transfer coefficient; none: that of the kind"
    )


class DonorSpec(Section):
    """Whose cells are grown: a subtype of patients, and which one of them."""

    age: Literal["young", "middle", "elderly"] = Field(description="age group: to 40, between, from 65")
    stage: Literal["healthy", "early", "advanced"] = Field(description="stage of the disease")
    prior: Literal["none", "chemotherapy", "heavy"] = Field(description="treatment before the cells were taken")
    number: Annotated[int, Field(ge=0, le=10_000)] = Field(
        description="which donor of the subtype: 0 the typical one, 1, 2, ... drawn at random"
    )
    seed: Seed = Field(description="random seed of the donors")


class CellSeedingSpec(Section):
    """The first cells."""

    cells: Annotated[float, Unit("cell"), Field(ge=1e3, le=1e12)] = Field(description="viable cells")
    viability: Annotated[float, Field(ge=0.01, le=1)] | None = Field(
        None, description="viable share of all cells; none: the donor's"
    )
    volume_ml: Volume = Field(description="volume of medium they are in")


class CultureTimeSpec(Section):
    """Steps, frames and the end."""

    step_hours: Annotated[float, Unit("hour"), Field(gt=0, le=LONGEST_STEP_HOURS)] = Field(
        description="longest step of the integration"
    )
    output_every_hours: Annotated[float, Unit("hour"), Field(gt=0, le=1000)] = Field(
        description="interval between stored frames"
    )
    harvest_days: Days | None = Field(None, description="harvest before the protocol does; none: as it says")


class SensorsSpec(Section):
    """The instruments."""

    noise: bool = Field(description="whether readings are noisy and drift; they come late either way")
    seed: Seed = Field(description="random seed of noise and drift")


class RewardSpec(Section):
    """Weights of the scores in the reward, R = a1 cytotoxicity - a2 CRS - a3 neurotoxicity."""

    cytotoxicity: Weight = Field(description="a1, of the killing score")
    crs: Weight = Field(description="a2, of the risk of cytokine release syndrome")
    neurotoxicity: Weight = Field(description="a3, of the risk of neurotoxicity")


class CultureOutputSpec(Section):
    """What is stored."""

    figures: bool = Field(description="draw figures at the end")


class CultureSpec(Section):
    """A run of the culture twin, as resolved: protocol, then file, then --set."""

    protocol: str = Field(min_length=1, description="name of a protocol that ships with oncotwin, or its TOML file")
    network: str = Field(min_length=1, description='metabolic network: "core", or an SBML or JSON file')
    vessel: VesselSpec
    donor: DonorSpec
    seeding: CellSeedingSpec
    time: CultureTimeSpec
    sensors: SensorsSpec
    reward: RewardSpec
    parameters: dict[str, float] = Field(
        description="constants that differ from the vessel's and the donor's; see `oncotwin parameters culture`"
    )
    plan: list_of(PhaseSpec, 0, 256, "phases beside the protocol's, each a [[plan]] table")
    output: CultureOutputSpec
