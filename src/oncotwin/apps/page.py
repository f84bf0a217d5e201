"""What every report is made of: the page's frame, tables of constants, pictures as data."""

import base64
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FunctionLoader, StrictUndefined, UndefinedError

from oncotwin.apps.citations import PAPERS
from oncotwin.apps.style import in_print, number
from oncotwin.core.parameters import Parameters
from oncotwin.errors import StorageFailure
from oncotwin.io.durable import storage, write_atomically
from oncotwin.io.fields import NOTICE
from oncotwin.io.rundir import FIGURES, REPORT, SPEC, SUMMARY

_TEMPLATES = files("oncotwin").joinpath("data", "templates")
_KINDS = {".png": "image/png", ".gif": "image/gif", ".svg": "image/svg+xml"}

Filters = Mapping[str, Callable[..., str]]


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


def write_page(run_dir: Path, template: str, filters: Filters, facts: Mapping[str, Any]) -> Path:
    """Write report.html of a run from a template and its facts; its path.

    facts: what the template asks for beside the run's name, notice, spec and papers.  Raises StorageFailure if the
    summary among them is not one of a run, or the report cannot be written.
    """
    loader = FunctionLoader(lambda name: _TEMPLATES.joinpath(name).read_text(encoding="utf-8"))
    settings = {"undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}
    page = Environment(autoescape=True, loader=loader, **settings)
    page.filters.update(short=number, **filters)
    with storage("write the report", run_dir / REPORT):
        spec_text = (run_dir / SPEC).read_text(encoding="utf-8")
        try:
            text = page.get_template(template).render(
                name=run_dir.resolve().name, notice=NOTICE, spec_text=spec_text, **{"papers": PAPERS, **facts}
            )
        except UndefinedError as error:
            raise StorageFailure(f"not the summary of a run: {error}", where=str(run_dir / SUMMARY)) from error
        write_atomically(run_dir / REPORT, text.encode())
    return run_dir / REPORT


@contextmanager
def from_summary(run_dir: Path) -> Iterator[None]:
    """Tell by StorageFailure, and not by a traceback, that a summary lacks what is asked of it within the block."""
    try:
        yield
    except KeyError as error:
        raise StorageFailure(
            "what this version shows of a run is not in its summary", where=str(run_dir / SUMMARY),
            got=f"nothing of {error}", remedy="Another version wrote it: run its spec.toml again, or use that version.",
        ) from error  # fmt: skip


def constants_beside(p: Parameters, base: Parameters) -> list[Constant]:
    """Every parameter of a run beside its value in the set that it began from."""
    rows = []
    for row in p.table():
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


def shown_pictures(run_dir: Path, pictures: Iterable[Any]) -> list[Shown]:
    """The figures that were drawn, in the order of the gallery."""
    drawn = [picture for picture in pictures if (run_dir / FIGURES / picture.file).is_file()]
    return [Shown(p.file, p.title, p.caption, _data_uri(run_dir / FIGURES / p.file)) for p in drawn]


def read_summary(path: Path) -> dict[str, Any]:
    """The summary of a run.  Raises StorageFailure if it is missing or damaged."""
    with storage("read the summary", path):
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise StorageFailure(f"damaged: {error}", where=str(path)) from error


def _data_uri(path: Path) -> str:
    return f"data:{_KINDS[path.suffix]};base64,{base64.b64encode(path.read_bytes()).decode('ascii')}"
