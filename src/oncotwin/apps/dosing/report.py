"""Figures and report of a dosing run, from its directory."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import xarray as xr
from matplotlib.figure import Figure

from oncotwin.apps.citations import Citation
from oncotwin.apps.dosing.figures import draw_courses, draw_plane, has_plane
from oncotwin.apps.dosing.naming import CONTROLLERS, dose_label, therapy_in_words
from oncotwin.apps.dosing.plants import FAMILIES, PLANTS
from oncotwin.apps.dosing.problem import parameters_of
from oncotwin.apps.dosing.summary import MEANINGS
from oncotwin.apps.dosing.tables import shown_number
from oncotwin.apps.page import constants_beside, read_summary, shown_pictures, write_page
from oncotwin.apps.style import raised, save
from oncotwin.io.fields import open_results
from oncotwin.io.rundir import FIGURES, SPEC, SUMMARY
from oncotwin.io.specs.dosing import DosingSpec
from oncotwin.io.specs.kinds import DOSING
from oncotwin.io.specs.resolve import resolve

FIRST = ("remaining_fraction", "gap_to_optimal", "days_to_benign_basin", "relapse", "milliseconds_per_decision")

PAPER = Citation(
    "Development of Model Predictive Control by Reinforcement Learning to Treat Cancer with Mixed of Chemotherapy and "
    "Anti-Angiogenic. Preprints.org, 2025 (CC BY 4.0).",
    "the question, the therapies, the controllers; equations (1) to (10)",
)
SOURCES = (
    Citation(
        "N. Sharifi, S. Ozgoli, A. Ramezani: Multiple model predictive control for optimal drug administration of "
        "mixed immunotherapy and chemotherapy of tumours. Computer Methods and Programs in Biomedicine 144:13, 2017.",
        "the modified Stepanova model",
        "10.1016/j.cmpb.2017.03.012",
    ),
    Citation(
        "P. Yazdjerdi et al.: Reinforcement learning-based control of tumor growth under anti-angiogenic therapy. "
        "Computer Methods and Programs in Biomedicine 173:15, 2019.",
        "tabular Q-learning of doses; abstract only",
    ),
)
"""Where the method comes from; those of the constants stand in the table of parameters."""


class Picture(NamedTuple):
    """One figure of a dosing run.  shown: whether a spec has it."""

    file: str
    title: str
    caption: str
    draw: Callable[[xr.Dataset, DosingSpec], Figure]
    shown: Callable[[DosingSpec], bool]


PICTURES = (
    Picture(
        "courses.png",
        "Courses and doses",
        "Measurements and doses against time under the controller (blue) and under the open-loop optimum of the same "
        "objective (dashed); shaded: the time without drug that follows. Marks above the first dose: decisions whose "
        "status is another than decided.",
        draw_courses,
        lambda spec: True,
    ),
    Picture(
        "plane.png",
        "The treatment in the phase plane",
        "Courses of the treatment from their dots. Flow, equilibria, separatrix and shaded basins are those without "
        "drug: once a course is in the benign basin the drug may be stopped.",
        draw_plane,
        has_plane,
    ),
)
"""In the order in which a report shows them."""


def draw_control(run_dir: Path) -> list[Path]:
    """Draw every figure of a run from its results and spec; their paths."""
    spec, dataset = _spec(run_dir), open_results(run_dir)
    drawn = [picture for picture in PICTURES if picture.shown(spec)]
    return [save(one.draw(dataset, spec), run_dir / FIGURES / one.file, one.caption) for one in drawn]


def write_control_report(run_dir: Path) -> Path:
    """Write report.html of a finished run from its spec, summary and figures; its path.

    Raises BadInput if the spec, StorageFailure if the summary cannot be read, or the report not written.
    """
    run_dir = Path(run_dir)
    summary, spec = read_summary(run_dir / SUMMARY), _spec(run_dir)
    facts = {
        "summary": summary,
        "meanings": MEANINGS,
        "first": FIRST,
        "about": about(spec, summary),
        "doses": dose_rows(spec, summary),
        "constants": constants_beside(parameters_of(spec), FAMILIES[spec.task]()),
        "pictures": shown_pictures(run_dir, PICTURES),
        "papers": (PAPER,),
        "sources": SOURCES,
        "base": f"the default of {spec.task}",
        "base_word": "default",
        "kind": "dosing",
        "command": "control",
    }
    return write_page(run_dir, "control.html", {"value": _value, "unit": _unit}, facts)


def about(spec: DosingSpec, summary: dict[str, Any]) -> list[tuple[str, str]]:
    """What was run, in words."""
    plant = PLANTS[spec.task]
    start = ", ".join(f"{name} = {z:g}" for name, z in summary["start"].items())
    counts = ", ".join(f"{name.lower().replace('_', ' ')} {n}" for name, n in summary["status_counts"].items())
    violations = ", ".join(f"{name.replace('_', ' ')} {n}" for name, n in summary["constraint_violations"].items())
    horizon = "" if summary["horizon"] is None else f", N = {summary['horizon']}"
    return [
        ("Task", spec.task),
        ("Therapy", f"{spec.therapy}: {therapy_in_words(plant, spec.therapy)}"),
        ("Controller", f"{CONTROLLERS[spec.controller]}{horizon}"),
        ("First state", start),
        ("Treatment", f"{spec.days:g} days, a decision every {spec.interval_days:g} days"),
        ("Then without drug", f"{spec.after_days:g} days"),
        ("Decisions", counts),
        ("Constraint violations", violations),
    ]


def dose_rows(spec: DosingSpec, summary: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """Drug, amount, the optimum's amount, unit."""
    rows = []
    for drug, amount in summary["cumulative_dose"].items():
        name, unit = dose_label(drug)
        best = summary["optimal_cumulative_dose"][drug]
        rows.append((name, *(raised(shown_number(x)) for x in (amount, best)), unit))
    return rows


def _spec(run_dir: Path) -> DosingSpec:
    return resolve(Path(run_dir) / SPEC, (), FAMILIES, DOSING)


def _value(key: str, summary: dict[str, Any]) -> str:
    return raised(shown_number(summary.get(key), key)).replace("-", "−")


def _unit(key: str, summary: dict[str, Any]) -> str:
    unit = MEANINGS[key].unit
    return "" if unit == "1" or summary.get(key) is None else unit
