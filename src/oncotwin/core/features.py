"""The harmonised variables of a patient: kind, unit, range, time tag, missing policy; and a cohort as arrays.

Which variables there are follows section 2.4 of the spatiotemporal paper and the tables of the CT041 trial (Qi et al.
2022, doi:10.1038/s41591-022-01800-8).  Ranges are ours: they refuse what cannot be, such as a slipped unit.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, NamedTuple

import numpy as np

from oncotwin.core.cohort import Cohort, Patient
from oncotwin.core.endpoints import Response
from oncotwin.core.exchange import Infusion
from oncotwin.errors import BadInput, nearest

Kind = Literal["continuous", "ordinal", "nominal", "time-to-event"]
Tag = Literal["baseline", "early", "outcome"]
Missing = Literal["exclude", "refuse"]

TAGS: tuple[Tag, ...] = ("baseline", "early", "outcome")
"""When a variable is known: before the infusion, in the first weeks after it, or only with the outcome."""

POSITIVE_PERCENT = 40.0
"""Least share of tumour cells stained 2+ or more in a CLDN18.2-positive tumour, percent; eligibility for CT041."""


class Variable(NamedTuple):
    """One harmonised variable.

    name: in a table and as the header of a file.  kind: continuous, ordinal or nominal, or time-to-event, which has an
    event indicator of the name `event`.  unit: a pint expression, "1" for a pure number.  low, high: inclusive range.
    levels: of an ordinal variable from the least to the greatest, of a nominal one in any order; the code of a level is
    its position.  tag: when it is known.  missing: `exclude` makes it no feature where a patient lacks it, and nothing
    is imputed; `refuse` makes it required.  doc: its meaning.
    """

    name: str
    kind: Kind
    tag: Tag
    doc: str
    unit: str = "1"
    low: float = 0.0
    high: float = math.inf
    levels: tuple[str, ...] = ()
    missing: Missing = "exclude"

    @property
    def event(self) -> str:
        """Name of the event indicator of a time-to-event variable: 1 the event was seen, 0 the time is censored."""
        return f"{self.name}_event"

    @property
    def allowed(self) -> str:
        """What a value may be, in words."""
        if self.levels:
            return ", ".join(self.levels)
        return f"{self.low:g} to {self.high:g}{'' if self.unit == '1' else f' {self.unit}'}"

    def code(self, value: float | str) -> float:
        """A patient's value as a number: the position of a level, or the number itself.  Raises BadInput."""
        if self.levels:
            if value not in self.levels:
                remedy = nearest(str(value), self.levels)
                raise BadInput("unknown level", where=self.name, got=value, allowed=self.allowed, remedy=remedy)
            return float(self.levels.index(str(value)))
        if not isinstance(value, (int, float)) or not self.low <= value <= self.high:
            raise BadInput("out of range", where=self.name, got=value, allowed=self.allowed)
        return float(value)


def _yes_no(name: str, doc: str) -> Variable:
    return Variable(name, "nominal", "baseline", doc, levels=("no", "yes"))


def _grade(name: str, doc: str, worst: int) -> Variable:
    return Variable(name, "ordinal", "early", doc, levels=tuple(str(grade) for grade in range(worst + 1)))


def _number(name: str, tag: Tag, unit: str, high: float, doc: str, low: float = 0.0) -> Variable:
    return Variable(name, "continuous", tag, doc, unit, low, high)


def _time(name: str, unit: str, longest: float, doc: str) -> Variable:
    return Variable(name, "time-to-event", "outcome", doc, unit, 0.0, longest)


_LINES = ("0", "1", "2", "3+")

SCHEMA: tuple[Variable, ...] = (
    Variable("tumour_type", "nominal", "baseline", "Origin of the tumour.", levels=("gastric", "pancreatic", "other")),
    Variable(
        "lauren", "nominal", "baseline", "Lauren class of a gastric tumour.", levels=("intestinal", "diffuse", "mixed")
    ),
    Variable(
        "cldn18_2",
        "ordinal",
        "baseline",
        "CLDN18.2 expression; negative: fewer than 40 % of tumour cells stained 2+ or more.",
        levels=("negative", "low", "medium", "high"),
    ),
    _number("cldn18_2_stained", "baseline", "percent", 100.0, "Tumour cells stained 2+ or more for CLDN18.2."),
    Variable("prior_lines", "ordinal", "baseline", "Lines of systemic therapy before.", levels=_LINES),
    _yes_no("prior_surgery", "Surgery for the tumour before."),
    _yes_no("prior_fluoropyrimidine", "Fluoropyrimidine before."),
    _yes_no("prior_taxane", "Taxane before."),
    _yes_no("prior_platinum", "Platinum before."),
    _yes_no("prior_anti_pd1", "Antibody against PD-1 or PD-L1 before."),
    _yes_no("prior_kinase_inhibitor", "Multikinase inhibitor before."),
    _yes_no("bridging", "Bridging therapy between apheresis and infusion."),
    Variable(
        "dose", "continuous", "baseline", "CAR-T cells given, absolute number.", "cell", 1e5, 1e12, missing="refuse"
    ),
    _number("age", "baseline", "year", 120.0, "Age at the infusion."),
    Variable("sex", "nominal", "baseline", "Sex.", levels=("female", "male")),
    Variable("ecog", "ordinal", "baseline", "ECOG performance status.", levels=("0", "1", "2", "3", "4")),
    Variable("metastatic_sites", "ordinal", "baseline", "Organs with metastases.", levels=_LINES),
    _yes_no("peritoneal_metastases", "Metastases of the peritoneum."),
    _number("since_metastasis", "baseline", "year", 50.0, "Time since metastasis was found."),
    _number("target_sum", "baseline", "mm", 2000.0, "Sum of diameters of the target lesions, RECIST 1.1."),
    _number("c_max", "early", "copy/ug", 1e8, "Largest transgene level in blood, copies per ug of DNA."),
    _number("t_max", "early", "day", 365.0, "Time of that level, from the first infusion."),
    _grade("crs_grade", "Worst grade of cytokine release syndrome, ASTCT.", 5),
    _grade("icans_grade", "Worst grade of neurotoxicity (ICANS), ASTCT.", 5),
    _number("peak_crp", "early", "mg/L", 2000.0, "Largest C-reactive protein after the infusion."),
    _number("peak_il6", "early", "pg/mL", 1e7, "Largest interleukin 6 after the infusion."),
    _number("peak_ferritin", "early", "ng/mL", 1e7, "Largest ferritin after the infusion."),
    _time("persistence", "day", 7300.0, "Until when the transgene stays detectable in blood, from the first infusion."),
    Variable(
        "best_response",
        "ordinal",
        "outcome",
        "Best response by RECIST 1.1; codes are those of `Response`.",
        levels=tuple(response.name for response in Response),
    ),
    _number("target_change", "outcome", "percent", 1e4, "Best change of the sum of diameters.", low=-100.0),
    _time("pfs", "month", 600.0, "Progression-free survival from the first infusion."),
    _time("os", "month", 600.0, "Overall survival from the first infusion."),
)
"""Every variable, in the order of a file's columns."""

VARIABLES: Mapping[str, Variable] = MappingProxyType({variable.name: variable for variable in SCHEMA})
"""The same by name."""


@dataclass(frozen=True)
class FeatureTable:
    """A cohort as arrays.

    patients: names, (n,).  variables: those that at least one patient has, (m,).  values: levels as their codes,
    numbers in the variable's unit, NaN where missing, (n, m).  events: of time-to-event variables 1 where the event was
    seen and 0 where the time is censored, NaN elsewhere, (n, m).
    """

    patients: tuple[str, ...]
    variables: tuple[Variable, ...]
    values: np.ndarray
    events: np.ndarray

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the variables, in order."""
        return tuple(variable.name for variable in self.variables)

    @property
    def tags(self) -> tuple[Tag, ...]:
        """Time tags of the variables, in order."""
        return tuple(variable.tag for variable in self.variables)

    def select(self, tags: Iterable[Tag]) -> "FeatureTable":
        """The variables that bear one of these tags.  Raises BadInput for an unknown tag."""
        wanted = tuple(tags)
        for tag in wanted:
            if tag not in TAGS:
                raise BadInput("unknown time tag", where="FeatureTable.select", got=tag, allowed=", ".join(TAGS))
        return self._keep([tag in wanted for tag in self.tags])

    def pick(self, names: Iterable[str]) -> "FeatureTable":
        """The variables of these names, in the table's order.  Raises BadInput that names all that are not there."""
        wanted = tuple(names)
        absent = [name for name in wanted if name not in self.names]
        if absent:
            where, remedy = "cohort", f"Give them as columns. There are: {', '.join(self.names)}"
            raise BadInput(f"these variables are needed: {', '.join(absent)}", where=where, remedy=remedy)
        return self._keep([name in wanted for name in self.names])

    def complete(self) -> "FeatureTable":
        """The variables that every patient has: those that may be features, nothing being imputed."""
        return self._keep(~np.any(np.isnan(self.values), axis=0))

    def incomplete(self) -> dict[str, int]:
        """Patients without a value, of each variable that is therefore no feature."""
        counts = np.sum(np.isnan(self.values), axis=0)
        return {name: int(count) for name, count in zip(self.names, counts, strict=True) if count}

    def column(self, name: str) -> np.ndarray:
        """The values of one variable, (n,).  Raises BadInput where it is not there."""
        return self.pick([name]).values[:, 0]

    def event(self, name: str) -> np.ndarray:
        """The event indicators of one time-to-event variable, (n,).  Raises BadInput where it is not there."""
        return self.pick([name]).events[:, 0]

    def _keep(self, kept: Iterable[bool]) -> "FeatureTable":
        columns = np.flatnonzero(np.asarray(list(kept), dtype=bool))
        variables = tuple(self.variables[i] for i in columns)
        return FeatureTable(self.patients, variables, self.values[:, columns], self.events[:, columns])


def patient_of(name: str, values: Mapping[str, float | str]) -> Patient:
    """A patient from values by variable: outcomes and events apart from features, the dose infused on day 0."""
    late = {v.name for v in SCHEMA if v.tag == "outcome"} | {v.event for v in SCHEMA if v.kind == "time-to-event"}
    features = {key: value for key, value in values.items() if key not in late}
    outcomes = {key: value for key, value in values.items() if key in late}
    infusions = (Infusion(0.0, float(values["dose"])),) if "dose" in values else ()
    return Patient(name, features, infusions, outcomes)


def feature_table(cohort: Cohort, schema: tuple[Variable, ...] = SCHEMA) -> FeatureTable:
    """The cohort as arrays, variables in the schema's order.

    Raises BadInput, naming patient and variable, for a value that its variable does not allow, a time without its event
    indicator, and a name that the schema does not have.
    """
    values = np.full((len(cohort), len(schema)), np.nan)
    events = np.full_like(values, np.nan)
    for row, patient in enumerate(cohort):
        values[row], events[row] = _coded(patient, schema)
    table = FeatureTable(tuple(patient.name for patient in cohort), schema, values, events)
    return table._keep(~np.all(np.isnan(values), axis=0))


def _coded(patient: Patient, schema: tuple[Variable, ...]) -> tuple[list[float], list[float]]:
    """Values and event indicators of one patient, in the schema's order, NaN where missing."""
    known = {**patient.features, **patient.outcomes}
    names = [name for v in schema for name in ((v.name, v.event) if v.kind == "time-to-event" else (v.name,))]
    for name in known:
        if name not in names:
            raise BadInput("unknown variable", where=f"patient {patient.name}", got=name, remedy=nearest(name, names))
    values, events = [], []
    for variable in schema:
        try:
            values.append(variable.code(known[variable.name]) if variable.name in known else math.nan)
        except BadInput as error:
            where = f"patient {patient.name}, {variable.name}"
            raise BadInput(error.what, where=where, got=error.got, allowed=error.allowed) from error
        events.append(_event(variable, known, patient.name))
    return values, events


def _event(variable: Variable, known: Mapping[str, float | str], patient: str) -> float:
    """The event indicator that goes with a variable's value, NaN where there is none."""
    if variable.kind != "time-to-event":
        return math.nan
    event = known.get(variable.event)
    if (event is None) != (variable.name not in known) or event not in (None, 0, 1):
        where, allowed = f"patient {patient}, {variable.event}", "0 or 1 beside each time, nothing without one"
        raise BadInput("time and event indicator do not go together", where=where, got=event, allowed=allowed)
    return math.nan if event is None else float(event)


__all__ = ["SCHEMA", "TAGS", "VARIABLES", "FeatureTable", "Variable", "feature_table", "patient_of"]
