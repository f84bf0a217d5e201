"""A smaller job: the default patient of the tumour twin at three infusion levels, compared."""

from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment

from oncotwin.apps.compiled import keep_compiled
from oncotwin.apps.progress import shown
from oncotwin.apps.style import number, save
from oncotwin.apps.tumour.figure_comparison import draw_comparison
from oncotwin.apps.tumour.setup import build, replan
from oncotwin.apps.tumour.simulate import start
from oncotwin.apps.tumour.tables import COMPARED, comparison_rows
from oncotwin.errors import BadInput
from oncotwin.io.durable import storage, write_atomically
from oncotwin.io.fields import NOTICE, open_results
from oncotwin.io.rundir import REPORT, RESULTS, RunDirectory, begin, new_path
from oncotwin.io.specs.resolve import resolve
from oncotwin.models.tumour3d import TumourParameters

LEVELS = (2.5e8, 3.75e8, 5.0e8)
"""CAR-T cells infused: the dose levels of CT041, Qi et al. 2022, doi:10.1038/s41591-022-01800-8."""

_TEMPLATE = files("oncotwin").joinpath("data", "templates", "comparison.html")


def run_demo(out: Path | None) -> dict[str, Any]:
    """Simulate every level, one run directory each, and compare them in figure, table and page.

    out: folder of the runs, None for a new one in runs/.  The summary: where it is, and those of the runs.
    """
    folder = new_path("demo") if out is None else out
    with storage("make the folder", folder):
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise BadInput("this folder is not empty", where=str(folder), allowed="a new or empty folder for --out")
    kept = keep_compiled()
    specs = {
        cells: resolve(None, (f"plan.0.cells={cells!r}", "output.dtype=float32"), TumourParameters) for cells in LEVELS
    }
    ready, runs = build(specs[LEVELS[0]]), []
    for cells, spec in specs.items():
        path = folder / f"cells-{cells:.3g}".replace("+", "")
        with begin(path) as run, shown(f"{cells / 1e6:g} million cells", spec.time.end_days) as watch:
            run.log("compiled code", state=kept)
            runs.append({"cells": cells, **start(run, spec, replan(ready, spec), watch)})
    comparison = {"status": "done", "run_dir": str(folder), "notice": NOTICE, "runs": runs}
    _compare(folder, comparison)
    return comparison


def _compare(folder: Path, comparison: dict[str, Any]) -> None:
    """The figure, the numbers and the page that show the runs side by side."""
    runs = comparison["runs"]
    results = {f"{number(run['cells'])} cells": open_results(Path(run["run_dir"]) / RESULTS) for run in runs}
    caption = "The default patient at three infusion levels: the tumour in time, and the course of each."
    with storage("draw the comparison", folder):
        save(draw_comparison(results), folder / "comparison.png", caption)
    RunDirectory(folder).write_json("comparison.json", comparison)
    page = Environment(autoescape=True).from_string(_TEMPLATE.read_text(encoding="utf-8"))
    links = [f"{Path(run['run_dir']).name}/{REPORT}" for run in runs]
    text = page.render(
        heads=["Cells infused", *COMPARED.values()],
        rows=list(zip(links, comparison_rows(runs), strict=True)),
        caption=caption,
        notice=NOTICE,
    )
    with storage("write the page", folder):
        write_atomically(folder / "index.html", text.encode())
