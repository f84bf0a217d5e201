"""What `oncotwin compare` can compare: one line a kind of spec."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, NoReturn

from oncotwin.apps.dosing.comparison import run_comparison
from oncotwin.apps.dosing.comparison_tables import comparison_tables
from oncotwin.apps.loop.study import go_on_veins, run_veins
from oncotwin.apps.loop.study_page import study_table
from oncotwin.errors import BadInput, nearest
from oncotwin.io.rundir import SPEC
from oncotwin.io.specs.documents import parse_override, read_document


class Comparison(NamedTuple):
    """One kind.

    run: (spec file, or None for the one that ships; overrides, `kind` among them where there is no file; run directory,
    or None for a new one; which folders may be used) -> the summary, with the key `run_dir`.  go_on: run directory of
    one that was stopped -> the summary.  table: summary -> what the terminal shows.
    """

    run: Callable[[Path | None, Sequence[str], Path | None, Callable[[Path], None]], dict[str, Any]]
    go_on: Callable[[Path], dict[str, Any]]
    table: Callable[[Mapping[str, Any]], Any]


def kept_nothing(path: Path) -> NoReturn:
    """Refuse to go on with a comparison that stores nothing before its end."""
    remedy = f"Run it again: oncotwin compare {path / SPEC} --out {path} --force"
    raise BadInput("a comparison of this kind keeps nothing to go on from", where=str(path), remedy=remedy)


DOSING = Comparison(run_comparison, kept_nothing, comparison_tables)
VEINS = Comparison(run_veins, go_on_veins, study_table)

COMPARISONS: Mapping[str, Comparison] = MappingProxyType(
    {"figure8": DOSING, "figure9": DOSING, "figure10": DOSING, "veins": VEINS}
)
"""The key `kind` of a spec -> what compares it."""


def comparison_of(file: Path | None, overrides: Sequence[str]) -> Comparison:
    """What compares a spec, by its key `kind`.  Raises BadInput for a file without one and for an unknown kind."""
    document = {} if file is None else read_document(file, "Write one with `oncotwin config init comparison`.")
    for override in map(parse_override, overrides):
        if override.keys == ("kind",):
            document["kind"] = override.value
    kind = document.get("kind")
    where = "kind" if file is None else f"{file}, kind"
    if kind is None:
        raise BadInput("a comparison needs a kind", where=where, allowed=", ".join(COMPARISONS))
    if kind not in COMPARISONS:
        raise BadInput(
            "unknown comparison", where=where, got=kind, allowed=", ".join(COMPARISONS),
            remedy=nearest(str(kind), COMPARISONS),
        )  # fmt: skip
    return COMPARISONS[kind]


def comparison_in(path: Path) -> Comparison:
    """What has made a run directory.  Raises BadInput for a folder that holds no comparison."""
    if not (path / SPEC).is_file():
        told = "this is no run directory" if path.is_dir() else "no such folder"
        raise BadInput(told, where=str(path), allowed=f"a folder with {SPEC} of a comparison")
    return comparison_of(path / SPEC, ())
