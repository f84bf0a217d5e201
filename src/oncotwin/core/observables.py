"""What is compared between a patient and the twin: the observable functionals of equation (30)."""

from typing import Any, NamedTuple


class Observables(NamedTuple):
    """Observed or simulated outcomes; leaves of one shape, () for a patient or (n,) for n of them.

    best_response: integer of `core.endpoints.Response` (RECIST 1.1, unconfirmed).  target_change: smallest relative
    change of the sum of diameters from baseline at any visit up to progression, a pure number, -1: nothing left.
    depth: decimal logarithm of the smallest over the first tumour burden (cells), a pure number.  progression_days:
    visit at which progression was seen, days since the infusion; the last visit where it was not.  progressed: 1 where
    it was seen, 0 where censored.  regrowth_days: day on which the sum of diameters met progression, between visits;
    the last day where it did not.  c_max: peak of the transgene in blood, copies/ug DNA.  t_max_days: its day.
    auc_0_28: its area, copies/ug DNA x days.  persistence_days: day until which it stays above 25 copies/ug DNA.
    persistence_is_lower_bound: 1 where it still does on the last day.  crs_grade: ASTCT, 0 to 4.  peak_il6: pg/mL.
    peak_crp: mg/L.  peak_ferritin: ng/mL.  escape_fraction: antigen-reduced share of tumour cells at the end.
    baseline_mm: first sum of diameters, mm.  status: 0 where the numbers can be trusted (see `Model.status`).
    """

    best_response: Any
    target_change: Any
    depth: Any
    progression_days: Any
    progressed: Any
    regrowth_days: Any
    c_max: Any
    t_max_days: Any
    auc_0_28: Any
    persistence_days: Any
    persistence_is_lower_bound: Any
    crs_grade: Any
    peak_il6: Any
    peak_crp: Any
    peak_ferritin: Any
    escape_fraction: Any
    baseline_mm: Any
    status: Any
