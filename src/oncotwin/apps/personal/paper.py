"""What the spatiotemporal paper reports, to stand beside our numbers, and what can be said of it at 37 patients.

Polyakov 2026, doi:10.20944/preprints202604.0650.v1, Table 2 and section 3.2.
"""

from types import MappingProxyType
from typing import NamedTuple


class Row(NamedTuple):
    """A row of Table 2.  verdict: where it stands against chance at this number of patients."""

    rho: float
    mae: float
    rmse: float
    r2: float
    verdict: str


_ABOVE = "rho lies above the no-signal 95 %"
TABLE_2 = MappingProxyType(
    {
        "inf": Row(0.569, 0.100, 0.130, 0.182, _ABOVE),
        "exh": Row(0.585, 0.062, 0.076, 0.388, _ABOVE),
        "cyt": Row(0.563, 0.095, 0.126, 0.230, _ABOVE),
        "esc": Row(0.300, 0.154, 0.192, -0.027, "rho lies inside the no-signal 95 %"),
        "env": Row(0.858, 0.021, 0.031, 0.831, f"{_ABOVE}; its features may hold the markers it was fitted to"),
        "init": Row(-0.023, 0.068, 0.100, -0.357, "what boosting gives where there is no signal"),
    }
)
"""Table 2, one split of 37 patients.  The no-signal range is that of boosting on permuted targets at this size."""

SECTION_3_2 = MappingProxyType(
    {
        "objective response": {
            "balanced_accuracy": 0.62, "f1": 0.63, "auroc": 0.57, "auprc": 0.60, "observed": 0.49, "called": 0.51,
        },
        "disease control": {
            "balanced_accuracy": 0.64, "f1": 0.74, "auroc": 0.66, "auprc": 0.87, "observed": 0.73, "called": 0.76,
        },
    }
)  # fmt: skip
"""Section 3.2.  Whether its predicted frequency is of calls or of probabilities is not stated."""

CAVEATS = (
    "Reference latents are estimates from outcomes, not truth: agreement with them is agreement with our own inverse "
    "problem.",
    "Features tagged outcome, and part of the early ones, were used to make the reference latents: results with them "
    "are circular, and the three feature sets are shown so that this can be seen.",
    "A patient held out reaches nothing that a fold learns from: features are made row by row, and the population of "
    "the inverse problem is fitted anew to the training patients of every fold. What the prediction is compared with "
    "is the patient's own reference under that population, as it would be for one who comes later; inner folds, which "
    "choose settings and widths, share the population of their outer fold.",
    "One split of a small cohort is no result: numbers are medians over repeats, with the range of repeats.",
    "A pooled out-of-fold rank correlation of a constant predictor is negative by construction: compare with the null, "
    "never with 0.",
    "Effect sizes on reference latents are partly true by construction; those on out-of-fold latents are given first.",
)
"""What a reader must know of every table."""
