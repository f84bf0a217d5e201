"""`oncotwin cohort curve`: what more patients would buy, on synthetic patients whose latents are known."""

import csv
import io
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

import oncotwin
from oncotwin.apps.compiled import keep_compiled
from oncotwin.apps.page import read_summary, shown_pictures, write_page
from oncotwin.apps.personal.curve_patients import counts, drawer, pool
from oncotwin.apps.personal.figures_curve import CURVE_PICTURES, PARTS, draw_curve
from oncotwin.apps.personal.pool import side_by_side
from oncotwin.apps.personal.report import cell
from oncotwin.apps.personal.study import LATENTS
from oncotwin.apps.personal.telling import teller
from oncotwin.apps.style import save
from oncotwin.io.array_file import read_arrays, write_arrays
from oncotwin.io.durable import storage, write_atomically
from oncotwin.io.fields import NOTICE
from oncotwin.io.manifest import write_manifest
from oncotwin.io.rundir import FIGURES, SPEC, SUMMARY, TABLE, begin, new_path, utc_now
from oncotwin.io.specs.curve import CurveSpec
from oncotwin.io.specs.resolve import write_spec
from oncotwin.studies.validation.learning_curve import Curve, learning_curve
from oncotwin.studies.validation.protocols import default_protocol
from oncotwin.studies.validation.recovery import Recovery

FILE, KIND = "curve.npz", "learning curve"
COLUMNS = ("patients", "cohorts", "against", "model", "latent", *Recovery._fields)


def run_curve(spec: CurveSpec, out: Path | None, admit: Callable[[Path], None]) -> dict[str, Any]:
    """Draw cohorts, infer, validate, keep; the summary.

    out: run directory, None for a new one in runs/.  admit: which folders may be used, see `rundir.begin`.  Raises
    BadInput for sizes that cannot be drawn.
    """
    protocol, people = default_protocol(spec.seed, repeats=1), pool(spec.seed)
    several = counts(people, spec.sizes, spec.cohorts)
    started, begun = utc_now(), time.monotonic()
    with begin(new_path("curve") if out is None else out, admit) as run, side_by_side(spec.processes) as each:
        run.log("compiled code", state=keep_compiled())
        write_spec(run / SPEC, spec)
        draw = drawer(people, protocol, teller(run, begun))
        found = learning_curve(draw, spec.sizes, several, protocol, each)
        arrays = {f"{part}/{m}": getattr(getattr(found, part), m) for part in PARTS for m in Recovery._fields}
        about = {"kind": KIND, "notice": NOTICE, "sizes": list(found.sizes), "models": list(found.models)}
        write_arrays(run / FILE, arrays, {**about, "cohorts": several, "latents": list(LATENTS)})
        rows = list(rows_of(found, several))
        write_table(run / TABLE, rows)
        summary = {"status": "done", "synthetic": True, "sizes": list(found.sizes), "cohorts": several, "rows": rows}
        summary |= {"protocol": "default", "seed": spec.seed, "wall_seconds": time.monotonic() - begun}
        run.write_json(
            SUMMARY, {**summary, "run_dir": str(run.path), "version": oncotwin.__version__, "notice": NOTICE}
        )
        if spec.figures:
            redraw_curve(run.path)
        write_curve_report(run.path)
        write_manifest(run.path, spec_path=run / SPEC, started=started, ended=utc_now(), seed=spec.seed)
        return run.read_json(SUMMARY)


def rows_of(found: Curve, several: list[int]) -> Iterator[dict[str, Any]]:
    """Medians over cohorts: a row for each size, what is compared with, model, latent."""
    for part in PARTS:
        models = found.models if part != "ceiling" else ("reference latents",)
        for i, (size, count) in enumerate(zip(found.sizes, several, strict=True)):
            for k, model in enumerate(models):
                for j, latent in enumerate(LATENTS):
                    row = {"patients": size, "cohorts": count, "against": part, "model": model, "latent": latent}
                    for metric in Recovery._fields:
                        values = getattr(getattr(found, part), metric)[i]
                        values = values[:, j] if part == "ceiling" else values[:, k, j]
                        row[metric] = float(np.nanmedian(values)) if np.isfinite(values).any() else None
                    yield row


def write_table(path: Path, rows: list[dict[str, Any]]) -> Path:
    """Write the rows as CSV; the path.  Raises StorageFailure."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    with storage("write the table", path):
        write_atomically(path, text.getvalue().encode())
    return path


def redraw_curve(run_dir: Path) -> list[Path]:
    """Draw the figure of a learning curve from its arrays; its path.  Raises StorageFailure."""
    arrays, about = read_arrays(run_dir / FILE, KIND)
    picture = CURVE_PICTURES[0]
    return [save(draw_curve(arrays, about), run_dir / FIGURES / picture.file, picture.caption)]


def write_curve_report(run_dir: Path) -> Path:
    """Write report.html of a learning curve from its summary and figure; its path.  Raises StorageFailure."""
    summary = read_summary(run_dir / SUMMARY)
    facts = {"summary": summary, "pictures": shown_pictures(run_dir, CURVE_PICTURES), "results": FILE}
    facts |= {"sources": (), "latents": LATENTS, "grid": grid_of(summary)}
    return write_page(run_dir, "curve.html", {"cell": cell}, facts)


def grid_of(summary: Mapping[str, Any]) -> dict[str, dict[str, dict[int, dict[str, Any]]]]:
    """Rows of a summary by what is compared with, model, patients, latent."""
    grid: dict[str, dict[str, dict[int, dict[str, Any]]]] = {}
    for row in summary["rows"]:
        grid.setdefault(row["against"], {}).setdefault(row["model"], {}).setdefault(row["patients"], {})[
            row["latent"]
        ] = row
    return grid
