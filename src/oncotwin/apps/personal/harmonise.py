"""A cohort made ready for inference: what the twin can be compared with, what features there are, what is doubtful."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from oncotwin.core.cohort import Cohort
from oncotwin.core.endpoints import Response
from oncotwin.core.features import FeatureTable, Variable, feature_table
from oncotwin.core.observables import Observables
from oncotwin.errors import BadInput
from oncotwin.studies.inverse.likelihood import CONTINUOUS, data_of
from oncotwin.studies.validation.design import SETS, Design, constants, design, varying
from oncotwin.studies.validation.folds import enough
from oncotwin.studies.validation.leaks import alike

DAYS_PER_MONTH = 365.25 / 12
_COLUMN = {"t_max_days": "t_max", "persistence_days": "persistence", "progression_days": "pfs"}
READ = ("best_response", "crs_grade", *(_COLUMN.get(name, name) for name in CONTINUOUS))
"""Variables that the likelihood of equation (31) reads: the inverse problem has data of who has one of them."""


class Harmonised(NamedTuple):
    """A cohort ready for inference.

    table: every variable that somebody has.  designs: feature sets that can be used, by name, of growing knowledge.
    tables: their variables.  excluded: variables with gaps, and how many patients lack them.  constant: variables
    that are the same in everybody.  doubts: in words.
    """

    table: FeatureTable
    designs: dict[str, Design]
    tables: dict[str, FeatureTable]
    excluded: dict[str, int]
    constant: tuple[str, ...]
    doubts: tuple[str, ...]

    @property
    def primary(self) -> str:
        """The feature set that results are first given for: what is known before the outcome, as much as there is."""
        return [name for name in self.designs if "outcome" not in name][-1]


def harmonise(cohort: Cohort, where: str) -> Harmonised:
    """The cohort as designs.  where: its file, for messages.

    Raises BadInput for too few patients, a missing dose, no baseline variable, nothing observed that tells anything, an
    observation that cannot be.
    """
    enough(len(cohort), where)
    table = feature_table(cohort)
    told = _required(table, where)
    excluded = table.incomplete()
    designs, tables, constant, before = {}, {}, (), 0
    for name, tags in SETS.items():
        chosen = table.select(tags).complete()
        if len(chosen.variables) == before:
            continue  # nothing more is known
        whole = design(chosen)
        constant = constants(whole)
        if len(constant) == len(chosen.variables):
            continue
        designs[name], tables[name], before = varying(whole), chosen, len(chosen.variables)
    if "baseline" not in designs:
        remedy = "Fill its gaps, or add one that varies: `oncotwin cohort template` lists what there is"
        raise BadInput("no baseline variable that all patients have and that varies", where=where, remedy=remedy)
    twins = alike(designs["baseline"].X) if len(designs["baseline"].columns) > 3 else []
    doubts = tuple(
        f"{table.patients[i]} and {table.patients[j]} have the same baseline values: are they one person?"
        for i, j in twins
    )
    blank = [name for name, some in zip(table.patients, told, strict=True) if not some]
    if blank:
        doubts += (
            f"nothing that the twin is compared with was observed of {', '.join(blank)}: the reference latents are the "
            "population's there",
        )
    return Harmonised(table, designs, tables, excluded, constant, doubts)


def told_gaps(excluded: Mapping[str, int]) -> str:
    """What becomes of variables that not every patient has, in words.  excluded: variable -> patients that lack it."""
    if not excluded:
        return "none has a gap"
    gaps = ", ".join(f"{name} ({count} missing)" for name, count in excluded.items())
    read = [name for name in excluded if name in READ]
    more = f"; still read for the reference latents of the patients who have it: {', '.join(read)}" if read else ""
    return f"no feature for its gaps, nothing being imputed: {gaps}{more}"


def informed(table: FeatureTable, where: str) -> np.ndarray:
    """Of whom something was observed that the likelihood reads, (n,) bool; a response that is NE tells nothing.

    where: the table comes from, for messages.  Raises BadInput for an observation that cannot be.
    """
    data = data_of(observables_of(table), [f"{where}, patient {name}" for name in table.patients])
    return np.asarray((data.response > 0) | (data.grade >= 0) | (data.seen > 0).any(axis=1))


def observables_of(table: FeatureTable) -> Observables:
    """What was observed of each patient, in the units of the twin; NaN where it was not.  Leaves (n,)."""
    n = len(table.patients)
    known = {name: table.column(name) for name in table.names}

    def column(name: str, factor: float = 1.0) -> np.ndarray:
        return known[name] * factor if name in known else np.full(n, np.nan)

    response = column("best_response")
    missing = np.full(n, np.nan)
    return Observables(
        best_response=np.where(response == int(Response.NE), np.nan, response),
        target_change=column("target_change", 0.01),
        depth=missing,
        progression_days=column("pfs", DAYS_PER_MONTH),
        progressed=table.event("pfs") if "pfs" in known else missing,
        regrowth_days=missing,
        c_max=column("c_max"),
        t_max_days=column("t_max"),
        auc_0_28=missing,
        persistence_days=column("persistence"),
        persistence_is_lower_bound=1.0 - table.event("persistence") if "persistence" in known else missing,
        crs_grade=column("crs_grade"),
        peak_il6=column("peak_il6"),
        peak_crp=column("peak_crp"),
        peak_ferritin=column("peak_ferritin"),
        escape_fraction=missing,
        baseline_mm=column("target_sum"),
        status=np.zeros(n),
    )


def groups_of(found: Design) -> tuple[tuple[str, ...], tuple[tuple[int, ...], ...]]:
    """Variables of a design and the columns of each."""
    grouped = found.grouped()
    return tuple(grouped), tuple(tuple(columns) for columns in grouped.values())


def row_of(table: FeatureTable, variables: tuple[Variable, ...], patient: int) -> FeatureTable:
    """One patient of a table, with these variables only."""
    part = table.pick(variable.name for variable in variables)
    chosen = slice(patient, patient + 1)
    return FeatureTable(part.patients[chosen], part.variables, part.values[chosen], part.events[chosen])


def _required(table: FeatureTable, where: str) -> np.ndarray:
    """Of whom something was observed, (n,) bool.  Raises BadInput for a missing dose, and where that is nobody."""
    lacking = {"dose": len(table.patients), **table.incomplete()} if "dose" not in table.names else table.incomplete()
    if "dose" in lacking:
        got, remedy = f"{lacking['dose']} patients without", "Give the CAR-T cells infused, absolute, as a column dose"
        raise BadInput("the dose is needed of every patient", where=where, got=got, remedy=remedy)
    told = informed(table, where)
    if not told.any():
        allowed = f"one at least of {', '.join(READ)}; a response that is NE tells nothing"
        raise BadInput("nothing was observed that the twin can be compared with", where=where, allowed=allowed)
    return told
