"""The report of a run: one HTML page that needs nothing but itself."""

import base64
import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, StrictUndefined, UndefinedError

from oncotwin.apps.citations import PAPERS, SOURCES
from oncotwin.apps.figures.gallery import PICTURES
from oncotwin.apps.figures.style import in_print, number, raised
from oncotwin.apps.summary import MEANINGS
from oncotwin.apps.tables import shown_value
from oncotwin.apps.tumour import parameters_of
from oncotwin.errors import StorageFailure
from oncotwin.io.durable import storage, write_atomically
from oncotwin.io.fields import NOTICE
from oncotwin.io.resolve import resolve
from oncotwin.io.rundir import FIGURES, REPORT, SPEC, SUMMARY
from oncotwin.io.spec import TumourSpec
from oncotwin.models.tumour3d import TumourParameters

_TEMPLATE = files("oncotwin").joinpath("data", "templates", "report.html")
_KINDS = {".png": "image/png", ".gif": "image/gif"}
_FIRST = ("best_response", "tumour_volume_change", "escape_fraction", "c_max", "t_max_days", "crs_grade")


class Constant(NamedTuple):
    """A parameter as the report shows it.  preset: its value there, "" where the run has the same."""

    name: str
    value: str
    preset: str
    unit: str
    bounds: str
    scope: str
    doc: str
    source: str


class Shown(NamedTuple):
    """A figure as the report shows it.  data: the picture as a data URI."""

    file: str
    title: str
    caption: str
    data: str


def write_report(run_dir: Path) -> Path:
    """Write report.html of a finished run from its spec, summary and figures; its path.

    Raises BadInput if the spec, StorageFailure if the summary cannot be read, or the report not written.
    """
    run_dir = Path(run_dir)
    summary = _read_summary(run_dir / SUMMARY)
    spec = resolve(run_dir / SPEC, (), TumourParameters)
    page = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    page.filters.update(value=_value, unit=_unit, short=number)
    template = page.from_string(_TEMPLATE.read_text(encoding="utf-8"))
    with storage("write the report", run_dir / REPORT):
        try:
            text = template.render(
                name=run_dir.resolve().name,
                notice=NOTICE,
                summary=summary,
                meanings=MEANINGS,
                first=_FIRST,
                spec_text=(run_dir / SPEC).read_text(encoding="utf-8"),
                plan=spec.plan,
                constants=constants(spec),
                pictures=_pictures(run_dir),
                papers=PAPERS,
                sources=SOURCES,
            )
        except UndefinedError as error:
            raise StorageFailure(f"not the summary of a run: {error}", where=str(run_dir / SUMMARY)) from error
        write_atomically(run_dir / REPORT, text.encode())
    return run_dir / REPORT


def constants(spec: TumourSpec) -> list[Constant]:
    """Every parameter of a run beside its value in the preset."""
    base = TumourParameters.preset(spec.preset)
    rows = []
    for row in parameters_of(spec).table():
        low, high = row["bounds"]
        value, preset = float(row["value"]), float(getattr(base, row["name"]))
        rows.append(
            Constant(
                name=row["name"],
                value=number(value, 6),
                preset="" if value == preset else number(preset, 6),
                unit=in_print(row["unit"]) or "–",
                bounds=f"{number(low, 6)} to {number(high, 6)}",
                scope=row["scope"],
                doc=row["doc"],
                source=row["source"],
            )
        )
    return rows


def _pictures(run_dir: Path) -> list[Shown]:
    """The figures that were drawn, in the order of the gallery."""
    drawn = [picture for picture in PICTURES if (run_dir / FIGURES / picture.file).is_file()]
    return [Shown(p.file, p.title, p.caption, _data_uri(run_dir / FIGURES / p.file)) for p in drawn]


def _data_uri(path: Path) -> str:
    return f"data:{_KINDS[path.suffix]};base64,{base64.b64encode(path.read_bytes()).decode('ascii')}"


def _read_summary(path: Path) -> dict[str, Any]:
    with storage("read the summary", path):
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise StorageFailure(f"damaged: {error}", where=str(path)) from error


def _value(key: str, summary: Mapping[str, Any]) -> str:
    """An endpoint as the terminal shows it, with a minus sign and powers as they are printed."""
    return raised(shown_value(key, summary.get(key))).replace("-", "−")


def _unit(key: str, summary: Mapping[str, Any]) -> str:
    """The unit of an endpoint; "" where it has none or is not defined."""
    unit = MEANINGS[key].unit
    return "" if unit == "1" or summary.get(key) is None else unit
