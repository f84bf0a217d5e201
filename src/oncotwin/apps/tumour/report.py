"""The report of a tumour run: one HTML page that needs nothing but itself."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from oncotwin.apps.citations import SOURCES
from oncotwin.apps.page import Constant, constants_beside, read_summary, shown_pictures, write_page
from oncotwin.apps.style import raised
from oncotwin.apps.tumour.gallery import PICTURES
from oncotwin.apps.tumour.setup import parameters_of
from oncotwin.apps.tumour.summary import MEANINGS
from oncotwin.apps.tumour.tables import shown_value
from oncotwin.io.rundir import SPEC, SUMMARY
from oncotwin.io.specs.resolve import resolve
from oncotwin.io.specs.tumour import TumourSpec
from oncotwin.models.tumour3d import TumourParameters

_FIRST = ("best_response", "tumour_volume_change", "escape_fraction", "c_max", "t_max_days", "crs_grade")


def write_report(run_dir: Path) -> Path:
    """Write report.html of a finished run from its spec, summary and figures; its path.

    Raises BadInput if the spec, StorageFailure if the summary cannot be read, or the report not written.
    """
    run_dir = Path(run_dir)
    summary = read_summary(run_dir / SUMMARY)
    spec = resolve(run_dir / SPEC, (), TumourParameters)
    facts = {
        "summary": summary,
        "meanings": MEANINGS,
        "first": _FIRST,
        "plan": spec.plan,
        "constants": constants(spec),
        "pictures": shown_pictures(run_dir, PICTURES),
        "sources": SOURCES,
        "base": f"preset {spec.preset}",
        "base_word": "preset",
        "kind": "tumour",
    }
    return write_page(run_dir, "report.html", {"value": _value, "unit": _unit}, facts)


def constants(spec: TumourSpec) -> list[Constant]:
    """Every parameter of a run beside its value in the preset."""
    return constants_beside(parameters_of(spec), TumourParameters.preset(spec.preset))


def _value(key: str, summary: Mapping[str, Any]) -> str:
    """An endpoint as the terminal shows it, with a minus sign and powers as they are printed."""
    return raised(shown_value(key, summary.get(key))).replace("-", "−")


def _unit(key: str, summary: Mapping[str, Any]) -> str:
    """The unit of an endpoint; "" where it has none or is not defined."""
    unit = MEANINGS[key].unit
    return "" if unit == "1" or summary.get(key) is None else unit
