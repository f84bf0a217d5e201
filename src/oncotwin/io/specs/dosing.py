"""The spec of a dosing run: what a TOML document may hold, section by section, with units, bounds and meanings.

Every default stands in the task's document (`data/tasks`); a key that may be left out altogether is None here.  Lists
by observation, by state and by drug follow the order of the task's records; other lengths are refused when it is built.
"""

from typing import Annotated, Literal

from pydantic import Field

from oncotwin.io.specs.section import Days, Section, Seed, Unit, list_of

ControllerName = Literal[
    "none",
    "max",
    "constant",
    "on-off",
    "optimal",
    "mpc",
    "scenario",
    "q-learning",
    "corrected",
    "scaled",
]
Therapy = Literal["P", "Q", "P+Q"]
Number = Annotated[float, Field(ge=-1e30, le=1e30)]
Amount = Annotated[float, Field(ge=0, le=1e30)]
Size = Annotated[float, Field(gt=0, le=1e30)]
Share = Annotated[float, Field(ge=0, le=1)]
Rate = Annotated[float, Field(gt=0, le=1)]
Count = Annotated[int, Field(ge=1, le=10_000)]
Horizon = Annotated[int, Field(ge=1, le=200)]
MOST = 10
"""Entries of a list by observation, by state or by drug, at most."""


class ObjectiveSpec(Section):
    """Equation (2): the squared distance from a target and the squared doses, summed over the intervals."""

    target: list_of(Number, 1, MOST, "z_r, by observation: where to steer to")
    weights: list_of(Amount, 1, MOST, "diagonal of P, by observation: price of a squared, scaled distance")
    scales: list_of(Size, 1, MOST, "by observation: what z - z_r is divided by first")
    doses: list_of(Amount, 1, MOST, "diagonal of R, by drug: price of a squared dose, in the drug's own unit")
    final: list_of(Number, 1, MOST, "by observation: price of the last one over its scale, counted once at the end")


class BoundsSpec(Section):
    """Constraints (5) and (6): soft bounds of what is observed, for controllers that plan."""

    least: list_of(Number, 1, MOST, "by observation: z_min; -1e30 where there is none")
    greatest: list_of(Number, 1, MOST, "by observation: z_max; 1e30 where there is none")
    price: list_of(Amount, 1, MOST, "by observation: price of one unit beyond, squared")


class MpcSpec(Section):
    """Model predictive control: mpc, and inside corrected, scaled and scenario."""

    horizon: Horizon = Field(description="N, intervals planned ahead")
    starts: list_of(Share, 1, 16, "multi-start: constant doses from which a search begins, as shares of the greatest")
    iterations: Annotated[int, Field(ge=1, le=1000)] = Field(description="steps of one search, at most")
    terminal: Literal["none", "lqr", "learnt"] = Field(
        description="cost to come after the horizon: none, the regulator's around the target, or learnt from optima"
    )


class ValueSpec(Section):
    """The cost to come learnt from optima of the whole treatment: mpc.terminal = "learnt"."""

    count: Annotated[int, Field(ge=2, le=10_000)] = Field(description="optima that it is learnt from")
    degree: Annotated[int, Field(ge=1, le=20)] = Field(description="of the polynomial in the logarithms of the state")
    low: list_of(Size, 1, MOST, "by state: least first value of these optima")
    high: list_of(Size, 1, MOST, "by state: greatest; drawn evenly between their logarithms")
    seed: Seed = Field(description="random seed of the first values")


class ScenarioSpec(Section):
    """Robust control: scenario plans for virtual patients, not for one."""

    count: Annotated[int, Field(ge=1, le=200)] = Field(description="virtual patients")
    spread: Annotated[float, Field(ge=0, le=2)] = Field(
        description="standard deviation of the logarithm of each patient parameter"
    )
    aversion: Amount = Field(description="standard deviations of their costs that are added to the mean")
    seed: Seed = Field(description="random seed of the virtual patients")


class LearnerSpec(Section):
    """Tabular Q-learning, equations (7) to (10): q-learning, corrected, scaled.  The paper gives the reward alone."""

    bins: list_of(Annotated[int, Field(ge=1, le=200)], 1, MOST, "by observation: boxes of the error; 1: not looked at")
    low: list_of(Number, 1, MOST, "by observation: lower end of the boxes between the first and the last")
    high: list_of(Number, 1, MOST, "by observation: upper end of them")
    doses: list_of(Share, 1, 16, "doses to choose from, as shares of the greatest, for every drug given")
    factors: list_of(Annotated[float, Field(ge=0, le=10)], 1, 16, "scaled: factors to choose from")
    reward: Literal["published", "priced"] = Field(
        description="equation (9), in which doses are free, or the same distance less a price of the squared dose"
    )
    scale: Size = Field(description="priced: error that is worth a reward of one, in units of the tumour's size")
    price: list_of(Amount, 1, MOST, "priced: by drug, reward lost for an interval at the greatest dose")
    discount: Annotated[float, Field(ge=0, lt=1)] = Field(description="zeta, weight of the next reward")
    learning_rate: list_of(Rate, 2, 2, "eta, at the first and the last episode")
    exploration: list_of(Rate, 2, 2, "epsilon, at the first and the last episode")
    episodes: Annotated[int, Field(ge=1, le=1_000_000)] = Field(description="runs to learn from, from random starts")
    seed: Seed = Field(description="random seed of the learner")


class CorrectionSpec(Section):
    """Figure 7 of the paper: MPC proposes, learning accepts or asks again: corrected."""

    proposals: Annotated[int, Field(ge=1, le=1000)] = Field(description="how often MPC may propose anew")
    tolerance: Amount = Field(description="by how much the value of a dose may stay below the best and be accepted")


class BaselineSpec(Section):
    """What to compare with: constant and on-off."""

    constant: Share = Field(description="constant: dose of every drug given, as a share of its greatest")
    given: Share = Field(description="on-off: the same while it is given")
    on: Count = Field(description="on-off: intervals with drug")
    off: Count = Field(description="on-off: intervals without")


class GuardSpec(Section):
    """Hard limits around any controller; with none of them there is no guard."""

    per_day: list_of(Amount, 1, MOST, "") | None = Field(None, description="by drug: greatest dose rate")
    per_cycle: list_of(Amount, 1, MOST, "") | None = Field(
        None, description="by drug: most in one cycle, dose rate times days"
    )
    cumulative: list_of(Amount, 1, MOST, "") | None = Field(
        None, description="by drug: most in all, dose rate times days"
    )
    cycle_days: Days = Field(description="length of a cycle")
    allowed_days: list_of(Annotated[int, Field(ge=0, le=3650)], 1, 366, "") | None = Field(
        None, description="days of the cycle, from 0, on which drug may be given; none: all"
    )
    rest_days: Annotated[float, Unit("day"), Field(ge=0, le=3650)] | None = Field(
        None, description="least time from the end of one administration to the next"
    )
    levels: list_of(Amount, 2, 64, "") | None = Field(
        None, description="dose rates that exist, from 0 up, for every drug; doses are rounded down"
    )
    floor_of: str | None = Field(None, min_length=1, description="measurement below whose floor nothing is given")
    floor: Amount | None = Field(None, description="that floor, in the measurement's unit")


class EstimateSpec(Section):
    """Measurements with noise, and the filter between them and the controller; the patient is seen exactly without."""

    measured: list_of(Annotated[str, Field(min_length=1)], 1, MOST, "") | None = Field(
        None, description="names of what is measured; none: all, exactly"
    )
    noise: list_of(Size, 1, MOST, "") | None = Field(
        None, description="by name in measured: standard deviation of the logarithm of a measurement"
    )
    filter: Literal["unscented", "none"] = Field(
        description="what the controller sees: an unscented filter's estimate of the whole state, or the measurements"
    )
    drift: Size = Field(
        description="standard deviation of the logarithm of a state that the belief leaves out in an interval"
    )
    doubt: Size = Field(description="standard deviation of the logarithm of the first state, as it is believed")
    first: list_of(Number, 1, MOST, "") | None = Field(
        None, description="first state as it is believed, one entry a component; none: the patient's"
    )
    seed: Seed = Field(description="random seed of the noise")


class StartsSpec(Section):
    """Random first states: of the learner's episodes, of environments, and of comparisons over many starts."""

    count: Annotated[int, Field(ge=2, le=100_000)] = Field(description="how many a comparison draws")
    low: list_of(Number, 1, MOST, "by state: least first value")
    high: list_of(Number, 1, MOST, "by state: greatest; drawn uniformly between")
    seed: Seed = Field(description="random seed of the starts")


class DosingOutputSpec(Section):
    """What is made beside the numbers."""

    figures: bool = Field(description="draw figures and write a report at the end")


class DosingSettings(Section):
    """What a run and a comparison have in common."""

    task: str = Field(min_length=1, description="patient and drugs: which model")
    constants: str | None = Field(None, min_length=1, description="named set of its constants; none: the default one")
    days: Days = Field(description="length of the treatment")
    interval_days: Days = Field(description="time between decisions; the dose is held")
    step_days: Days | None = Field(None, description="longest step of the integration; none: the model's own")
    after_days: Days = Field(description="time without drug after the treatment, in which a relapse may show")
    relapse_share: Size = Field(
        description="size of a relapse, as a share of the first size, where the model has no malignant basin"
    )
    start: list_of(Number, 1, MOST, "") | None = Field(
        None, description="first state, one entry a component; none: that of the parameters"
    )
    objective: ObjectiveSpec
    bounds: BoundsSpec | None = None
    mpc: MpcSpec
    value: ValueSpec
    scenario: ScenarioSpec
    learner: LearnerSpec
    correction: CorrectionSpec
    baseline: BaselineSpec
    guard: GuardSpec
    estimate: EstimateSpec
    starts: StartsSpec
    belief: dict[str, float] = Field(description="constants that the controller takes to be other than they are")
    parameters: dict[str, float] = Field(
        description="constants that differ from the task's; see `oncotwin parameters dosing --task TASK`"
    )
    output: DosingOutputSpec


class DosingSpec(DosingSettings):
    """A run of one controller on one patient, as resolved: task, then file, then --set."""

    therapy: Therapy = Field(description="drugs given: Q chemotherapy, P immunotherapy or anti-angiogenic, P+Q both")
    controller: ControllerName = Field(description="what decides on the doses")


class ComparisonSpec(DosingSettings):
    """A comparison of controllers, as resolved: task, kind, then file, then --set."""

    kind: Literal["figure8", "figure9", "figure10"] = Field(description="which figure of the dosing paper")
    therapies: list_of(Therapy, 1, 3, "therapies side by side")
    controllers: list_of(ControllerName, 1, 10, "controllers side by side; those that plan once for each horizon")
    horizons: list_of(Horizon, 1, 10, "N of the controllers that plan")
    begin: Literal["start", "random"] = Field(description="from the one start, or from the random ones of [starts]")
    resamples: Annotated[int, Field(ge=100, le=100_000)] = Field(description="of the bootstrap")
