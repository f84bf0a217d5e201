"""The virtual cell from the command line: a run under fixed conditions, its files, its figure, its parameters."""

import csv
import json
import time
from collections.abc import Sequence
from functools import cache, partial
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from rich.table import Table

from oncotwin.apps.cell.figure import draw_cell
from oncotwin.apps.compiled import keep_compiled
from oncotwin.apps.style import save
from oncotwin.core.exchange import Signals
from oncotwin.errors import BadInput, NumericalFailure, nearest
from oncotwin.io.durable import storage, write_atomically
from oncotwin.io.fields import NOTICE
from oncotwin.io.networks.reaction_network import cell_network
from oncotwin.io.specs.documents import parse_override
from oncotwin.io.specs.units import in_unit
from oncotwin.models.cell import Action, Cell, CellParameters, Observation, antigen_nmol_per_l

MILLIGRAMS_PER_IU = 1.1 / 18e6
"""Of IL-2: 18 million IU of aldesleukin are 1.1 mg, product information of Proleukin."""

FRAMES = 97

QUANTITIES = {
    "il2": ("ng/mL", 0.0, 1e5),
    "il7": ("ng/mL", 0.0, 1e5),
    "il15": ("ng/mL", 0.0, 1e5),
    "antigen": ("nM", 0.0, 1e5),
    "targets": ("1/mL", 0.0, 1e12),
    "activator": ("1", 0.0, 1e4),
    "glucose": ("mM", 0.0, 1e3),
    "hours": ("hour", 1e-3, 8760.0),
}
"""Options of a run: unit, least, greatest."""

RELEASED = {"ifng": "interferon gamma", "il2": "IL-2", "gmcsf": "GM-CSF"}


class Course(NamedTuple):
    """What a cell did.  hours: (k,).  seen: the observation at each, leaves (k,)."""

    hours: np.ndarray
    seen: Observation


def amount(name: str, text: str) -> float:
    """The number that an option stands for, in its unit; IL-2 may be given in IU/mL.  Raises BadInput."""
    unit, least, most = QUANTITIES[name]
    where, allowed = f"--{name}", f"{least:g} to {most:g} {unit}"
    number, _, given = text.partition(" ")
    try:
        if name == "il2" and given.strip() == "IU/mL":
            value = float(number) * MILLIGRAMS_PER_IU * 1e6
        else:
            value = in_unit(text, unit) if given else float(text)
    except ValueError as error:
        raise BadInput("not a number", where=where, got=text, allowed=allowed) from error
    except BadInput as error:
        raise BadInput(error.what, where=where, got=text, allowed=allowed) from error
    if not least <= value <= most:
        raise BadInput("out of range", where=where, got=text, allowed=allowed)
    return value


def changed(p: CellParameters, overrides: Sequence[str]) -> CellParameters:
    """The parameters with each NAME=VALUE applied.  Raises BadInput for an unknown name or a value out of bounds."""
    units = {info.name: info.unit for info in p.about()}
    values = {}
    for text in overrides:
        override = parse_override(text)
        name, where = ".".join(override.keys), f"--set {text}"
        if name not in units:
            raise BadInput("unknown parameter", where=where, got=name, remedy=nearest(name, units))
        value = override.value
        if isinstance(value, str):
            try:
                value = in_unit(value, units[name])
            except BadInput as error:
                raise BadInput(error.what, where=where, got=value, allowed=f"a number in {units[name]}") from error
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise BadInput("not a number", where=where, got=value, allowed=f"a number in {units[name]}")
        values[name] = float(value)
    return p.with_values(**values)


def conditions(given: dict[str, str | None], p: CellParameters) -> tuple[Action, float]:
    """What surrounds the cell, and for how many hours, from the options that were given.  Raises BadInput."""
    values = {name: amount(name, text) for name, text in given.items() if text is not None}
    if "antigen" in values and "targets" in values:
        raise BadInput("two ways to say how much antigen there is", where="--antigen, --targets", allowed="one of them")
    antigen = values.get("antigen", 0.0)
    if "targets" in values:
        antigen = float(antigen_nmol_per_l(values["targets"], p))
    action = Action(
        values.get("il2", 0.0),
        values.get("il7", 0.0),
        values.get("il15", 0.0),
        antigen,
        values.get("activator", 0.0),
        values.get("glucose", float(p.glucose)),
    )
    return action, values.get("hours", 24.0)


def run_cell(action: Action, hours: float, p: CellParameters) -> Course:
    """A resting cell under these conditions.  Raises NumericalFailure if it could not be integrated."""
    times = hours * np.linspace(0.0, 1.0, FRAMES) ** 2  # closer where signalling is fast
    around = Action(*(jnp.asarray(value, jnp.float64) for value in action))
    seen = jax.tree.map(np.asarray, _followed(_cell(), around, p, jnp.asarray(times / 24.0)))
    if not all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(seen)):
        broken = int(np.argmin(np.isfinite(seen.signals.stat5)))
        remedy = "Undo the last --set, or shorten --hours"
        raise NumericalFailure(f"the cell could not be followed beyond {times[broken]:g} h", remedy=remedy)
    return Course(times, seen)


@cache
def _cell() -> Cell:
    """The cell that ships: one, so that it is compiled once."""
    return Cell(cell_network())


@partial(jax.jit, static_argnums=0)
def _followed(cell: Cell, action: Action, p: CellParameters, days: jax.Array) -> Observation:
    """What is seen of a resting cell at each of the days."""
    course = cell.course(cell.initial(p), action, p, days)
    return jax.vmap(lambda state: cell.observe(state, p))(course)


def summary_of(course: Course, action: Action, seconds: float) -> dict[str, Any]:
    """The last moment of a course, as `--json` prints it."""
    last = jax.tree.map(lambda x: float(x[-1]), course.seen)
    return {
        "status": "done",
        "hours": float(course.hours[-1]),
        "conditions": {name: float(value) for name, value in action._asdict().items()},
        "signals": last.signals._asdict(),
        "released": {name: getattr(last, f"{name}_released") for name in RELEASED},
        "car_bound": last.car_bound,
        "cd25": last.cd25,
        "energy": last.energy,
        "wall_seconds": seconds,
    }


def simulate_cell(
    given: dict[str, str | None], overrides: Sequence[str], out: Path | None, replace: bool
) -> dict[str, Any]:
    """Run the cell, write its files if a folder is named, give its summary.

    replace: whether files of an earlier run in that folder may be replaced.  Raises BadInput, NumericalFailure,
    StorageFailure.
    """
    p = changed(CellParameters(), overrides)
    action, hours = conditions(given, p)
    if out is not None and out.exists() and (not out.is_dir() or any(out.iterdir())) and not replace:
        raise BadInput(
            "this is not an empty folder", where=str(out), allowed="a new one", remedy="Replace with --force"
        )
    keep_compiled()
    begun = time.monotonic()
    course = run_cell(action, hours, p)
    summary = summary_of(course, action, time.monotonic() - begun)
    if out is not None:
        summary["out"] = str(out)
        write_course(out, course, summary)
    return summary


def write_course(out: Path, course: Course, summary: dict[str, Any]) -> None:
    """Write summary.json, course.csv and readouts.png into a folder.  Raises StorageFailure."""
    columns = {"time_hours": course.hours, **course.seen.signals._asdict()}
    columns |= {name: getattr(course.seen, name) for name in Observation._fields[1:]}
    text = StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(columns)
    table.writerows(zip(*(map(float, values) for values in columns.values()), strict=True))
    with storage("write the files of the cell", out):
        out.mkdir(parents=True, exist_ok=True)
        write_atomically(out / "course.csv", text.getvalue().encode())
        write_atomically(out / "summary.json", (json.dumps(summary, indent=2) + "\n").encode())
    save(draw_cell(course.hours, course.seen), out / "readouts.png", "Signalling and release of one CAR-T cell.")


def cell_table(summary: dict[str, Any]) -> Table:
    """The summary for a terminal."""
    around = ", ".join(f"{name} {value:g}" for name, value in summary["conditions"].items() if value)
    table = Table(title=f"A CAR-T cell after {summary['hours']:g} h: {around}", caption=NOTICE, title_justify="left")
    table.add_column("Readout")
    table.add_column("Value", justify="right")
    table.add_column("Unit")
    for name in Signals._fields:
        unit = "molecules/h" if name in RELEASED else "share"
        table.add_row(
            name if name not in RELEASED else f"{RELEASED[name]} release", f"{summary['signals'][name]:.4g}", unit
        )
    for name, label in RELEASED.items():
        table.add_row(f"{label} released", f"{summary['released'][name]:.4g}", "molecules")
    for name, label, unit in (
        ("car_bound", "CARs with antigen", "molecules"),
        ("cd25", "CD25", "molecules"),
        ("energy", "ATP", "share"),
    ):
        table.add_row(label, f"{summary[name]:.4g}", unit)
    return table
