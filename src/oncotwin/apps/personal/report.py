"""The report of a personalisation: one HTML page that needs nothing but itself."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from oncotwin.apps.citations import Citation
from oncotwin.apps.page import read_summary, shown_pictures, write_page
from oncotwin.apps.personal.gallery import PERSONAL_PICTURES
from oncotwin.apps.personal.names import counted
from oncotwin.apps.personal.results import FILE
from oncotwin.apps.personal.tripod import checklist
from oncotwin.errors import BadInput
from oncotwin.io.rundir import SPEC, SUMMARY
from oncotwin.io.specs.personal import PersonalSpec, read_personal_spec

SOURCES = (
    Citation(
        "R. D. Riley et al.: Minimum sample size for developing a multivariable prediction model: part II, binary and "
        "time-to-event outcomes. Statistics in Medicine, 2019.",
        "the least number of patients",
        "10.1002/sim.7992",
    ),
    Citation(
        "R. F. Barber, E. J. Candès, A. Ramdas, R. J. Tibshirani: Predictive inference with the jackknife+. Annals of "
        "Statistics, 2021, arXiv:1905.02928.",
        "CV+ intervals",
    ),
    Citation(
        "N. Cliff: Dominance statistics: ordinal analyses to answer ordinal questions. Psychological Bulletin, 1993.",
        "effect sizes and their asymmetric interval",
    ),
    Citation(
        "G. S. Collins et al.: TRIPOD+AI statement. BMJ 385:e078378, 2024.",
        "the checklist of this report, its topics in our words",
        "10.1136/bmj-2023-078378",
    ),
)
"""Where methods come from, beside the papers."""

METRICS = ("rho", "mae", "rmse", "r2")
SCORES = ("balanced_accuracy", "f1", "auroc", "auprc", "brier", "observed", "predicted", "called", "slope")


def write_personal_report(run_dir: Path) -> Path:
    """Write report.html of a finished run from its summary and figures; its path.

    Raises BadInput for the run of one patient, StorageFailure if the summary cannot be read, or the report not written.
    """
    run_dir = Path(run_dir)
    spec = read_personal_spec(run_dir / SPEC)
    if spec.patient:
        where, remedy = str(run_dir), "See its summary.json and figures/course.png"
        raise BadInput("the run of one patient has no report", where=where, got=spec.patient, remedy=remedy)
    summary = read_summary(run_dir / SUMMARY)
    facts = {
        "summary": summary,
        "pictures": shown_pictures(run_dir, PERSONAL_PICTURES),
        "sources": SOURCES,
        "metrics": METRICS,
        "scores": SCORES,
        "tripod": checklist(summary),
        "results": FILE,
        "again": again(spec),
    }
    return write_page(run_dir, "personalise.html", {"cell": cell, "ranged": ranged, "counted": counted}, facts)


def again(spec: PersonalSpec) -> str:
    """The command that repeats a run."""
    chosen = f"--protocol {spec.protocol} --inverse {spec.inverse} --repeats {spec.repeats}"
    return f"oncotwin personalise {spec.cohort} {chosen} --permutations {spec.permutations} --seed {spec.seed}"


def cell(value: float | None, digits: int = 3) -> str:
    """A number as the tables show it; a dash where it is not defined."""
    return "–" if value is None else f"{value:.{digits}f}".replace("-", "−")


def ranged(parts: Mapping[str, Any], low: str, high: str) -> str:
    """An interval as the tables show it; "" where it is not defined."""
    if parts.get(low) is None or parts.get(high) is None:
        return ""
    return f"{cell(parts[low], 2)} to {cell(parts[high], 2)}"
