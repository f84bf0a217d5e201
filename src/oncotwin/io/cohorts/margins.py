"""Margins of a cohort as TOML: what a publication tells, and how virtual patients are made and chosen to match it."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, ValidationError

from oncotwin.core.exchange import Latents
from oncotwin.core.features import VARIABLES
from oncotwin.core.margins import Count, Group, Margin, Median, Range
from oncotwin.errors import nearest
from oncotwin.io.specs.documents import apply_override, parse_override, preset_names, read_document, read_preset
from oncotwin.io.specs.faults import Fault, Place, faults_of, refuse
from oncotwin.io.specs.section import Fraction, Section, Seed, Unit, list_of

FOLDER = "margins"
SUFFIX = ".toml"

Amount = Annotated[float, Field(ge=0, le=1e6)]
Cells = Annotated[float, Unit("cell"), Field(ge=1e5, le=1e12)]
Names = dict[str, list_of(str, 1, 20, "levels")]


class GroupSpec(Section):
    """Patients with some levels, or with a number in an interval, of a variable."""

    variable: str = Field(description="name in the schema; see `oncotwin cohort template`")
    levels: list_of(str, 0, 20, "levels of it; none for an interval") = ()
    low: float | None = Field(None, description="least number; none: no bound")
    high: float | None = Field(None, description="greatest number; none: no bound")

    @property
    def group(self) -> Group:
        """The record of it."""
        low = -float("inf") if self.low is None else self.low
        return Group(self.variable, self.levels, low, float("inf") if self.high is None else self.high)


class CountSpec(GroupSpec):
    """How many patients of the cohort are in a group."""

    count: Amount = Field(description="how many patients of the cohort")
    among: Names = Field({}, description="only patients with these levels of other variables count")
    source: str = Field("", description="where the count was read")


class MedianSpec(Section):
    """The median of a number."""

    variable: str = Field(description="name in the schema")
    value: float = Field(description="the median, in the schema's unit")
    within: Annotated[float, Field(ge=0)] = Field(0.0, description="how far the median may be from it")
    source: str = Field("", description="where it was read")


class RangeSpec(Section):
    """The least and the greatest value of a number."""

    variable: str = Field(description="name in the schema")
    low: float = Field(description="the least, in the schema's unit")
    high: float = Field(description="the greatest")
    source: str = Field("", description="where it was read")


class DoseSpec(Section):
    """How many patients of the cohort were given a dose."""

    cells: Cells = Field(description="CAR-T cells given")
    count: Amount = Field(description="how many patients of the cohort")
    source: str = Field("", description="where the count was read")


class KeepSpec(GroupSpec):
    """A plausible patient must be in this group."""

    why: str = Field(min_length=1, description="reason, kept in the output")


class PlausibleSpec(Section):
    """How plausible patients are made."""

    number: Annotated[int, Field(ge=1, le=1_000_000)] = Field(2048, description="how many")
    seed: Seed = Field(41, description="random seed of latents, variables and noise")
    latents: dict[str, list_of(Fraction, 2, 2, "least and greatest")] = Field(
        {}, description="bounds of a latent, in which it is uniform; none: 0 to 1"
    )


class ChoiceSpec(Section):
    """How patients are chosen from the plausible ones."""

    rule: Literal["exchange", "acceptance"] = Field("exchange", description="every count exactly, or by chance alone")
    seed: Seed = Field(1, description="random seed of the choice")


class MarginsSpec(Section):
    """A cohort's margins, and how virtual patients are made to match them."""

    title: str = Field(min_length=1, description="what the cohort is, in a few words")
    source: str = Field(min_length=1, description="where the margins were read")
    patients: Annotated[int, Field(ge=1, le=1_000_000)] = Field(description="patients that the counts are of")
    levels: dict[str, dict[str, Amount]] = Field({}, description="patients by variable and level")
    dose: list_of(DoseSpec, 1, 50, "doses given, each a table")
    count: list_of(CountSpec, 0, 500, "further counts, each a table") = ()
    median: list_of(MedianSpec, 0, 50, "medians, each a table") = ()
    range: list_of(RangeSpec, 0, 50, "ranges, each a table") = ()
    keep: list_of(KeepSpec, 0, 50, "what plausible patients must be, each a table") = ()
    plausible: PlausibleSpec = PlausibleSpec()
    choice: ChoiceSpec = ChoiceSpec()


class MarginsFile(NamedTuple):
    """Margins that were read.  origin: file or name.  margins: every one of the spec, as records."""

    origin: str
    spec: MarginsSpec
    margins: tuple[Margin, ...]


def margins_names() -> tuple[str, ...]:
    """Names of the margins that ship with oncotwin."""
    return preset_names(FOLDER)


def read_margins(chosen: str, overrides: Iterable[str] = ()) -> MarginsFile:
    """The margins of a name or a TOML file.

    overrides: KEY=VALUE that go before it, such as plausible.number=4096.  Raises BadInput that names file, key, what
    was got and what is allowed.
    """
    if chosen.endswith(SUFFIX):
        origin = chosen
        document = read_document(Path(chosen), f"Shipped ones: {', '.join(margins_names())}")
    else:
        origin, document = f"margins {chosen}", read_preset(chosen, where="oncotwin cohort virtual", folder=FOLDER)
    for override in overrides:
        document = apply_override(document, parse_override(override))
    try:
        spec = MarginsSpec.model_validate(document)
    except ValidationError as error:
        refuse(faults_of(error, MarginsSpec), lambda place: origin)
    faults = list(_faults(spec))
    if faults:
        refuse(faults, lambda place: origin)
    return MarginsFile(origin, spec, tuple(_margins(spec)))


def _margins(spec: MarginsSpec) -> Iterator[Margin]:
    for name, counts in spec.levels.items():
        for level, count in counts.items():
            yield Count(Group(name, (level,)), count, source=spec.source)
    for dose in spec.dose:
        yield Count(Group("dose", (), dose.cells, dose.cells), dose.count, source=dose.source or spec.source)
    for one in spec.count:
        yield Count(one.group, one.count, dict(one.among), one.source or spec.source)
    for one in spec.median:
        yield Median(one.variable, one.value, one.within, one.source or spec.source)
    for one in spec.range:
        yield Range(one.variable, one.low, one.high, one.source or spec.source)


def _faults(spec: MarginsSpec) -> Iterator[Fault]:
    """What is wrong with variables, levels, intervals and sums."""
    for name, counts in spec.levels.items():
        yield from _levels(("levels", name), name, tuple(counts))
        if sum(counts.values()) > spec.patients + 1e-9:
            yield Fault(("levels", name), "more than there are patients", sum(counts.values()), f"to {spec.patients}")
    given = sum(dose.count for dose in spec.dose)
    if abs(given - spec.patients) > 1e-9:
        yield Fault(("dose",), "not one dose a patient", given, f"counts that sum to {spec.patients}")
    for key, entries in (("count", spec.count), ("keep", spec.keep)):
        for number, one in enumerate(entries):
            yield from _group((key, number), one)
    for number, one in enumerate(spec.count):
        if one.count > spec.patients:
            yield Fault(("count", number, "count"), "more than there are patients", one.count, f"to {spec.patients}")
        for name, levels in one.among.items():
            yield from _levels(("count", number, "among", name), name, levels)
    for key, numbers in (("median", spec.median), ("range", spec.range)):
        for number, one in enumerate(numbers):
            yield from _number((key, number, "variable"), one.variable)
    for name, bounds in spec.plausible.latents.items():
        if name not in Latents._fields:
            yield Fault(("plausible", "latents", name), "unknown latent", name, ", ".join(Latents._fields))
        elif bounds[0] > bounds[1]:
            yield Fault(("plausible", "latents", name), "least above greatest", list(bounds), "least, greatest")


def _group(place: Place, one: GroupSpec) -> Iterator[Fault]:
    interval = one.low is not None or one.high is not None
    if interval and one.levels:
        yield Fault(place, "levels and an interval", one.variable, "one of the two")
    elif interval:
        yield from _number((*place, "variable"), one.variable)
    elif not one.levels:
        yield Fault(place, "neither levels nor an interval", one.variable, "levels, or low and high")
    else:
        yield from _levels((*place, "levels"), one.variable, one.levels)


def _levels(place: Place, name: str, levels: tuple[str, ...]) -> Iterator[Fault]:
    if name not in VARIABLES:
        yield Fault(place, "unknown variable", name, "a variable of the schema", nearest(name, VARIABLES))
        return
    known = VARIABLES[name].levels
    for level in levels:
        if level not in known:
            yield Fault(place, f"no level of {name}", level, ", ".join(known) or "an interval: it is a number")


def _number(place: Place, name: str) -> Iterator[Fault]:
    if name not in VARIABLES:
        yield Fault(place, "unknown variable", name, "a variable of the schema", nearest(name, VARIABLES))
    elif VARIABLES[name].kind != "continuous":
        yield Fault(place, "not a number without censoring", name, "a continuous variable")


def plain(spec: MarginsSpec) -> dict[str, Any]:
    """The spec as plain values, for a run's summary."""
    return spec.model_dump(mode="json")
