"""Flux balance of a network on the command line: the question asked, the answer as numbers, table and file."""

import csv
import io
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any, Literal, NamedTuple

from rich.markup import escape
from rich.table import Table

from oncotwin.apps.flux.bounds import bounded
from oncotwin.errors import BadInput
from oncotwin.io.durable import storage, write_atomically
from oncotwin.io.networks.files import read_network
from oncotwin.numerics.flux_analysis import Ranges, Solution, fva, limiting
from oncotwin.numerics.knockouts import IDLE
from oncotwin.numerics.network import Network

Solve = Callable[[Network], Solution]
FORMS = (".json", ".csv")


class Question(NamedTuple):
    """What is asked of a network.

    objective: reaction to optimise, None for the network's own.  sense: which way, None for the network's own, or `max`
    for an objective that is given.  bounds: as `apps.bounds` reads them.  knockouts: reactions that are stopped.
    """

    model: str
    objective: str | None = None
    sense: Literal["max", "min"] | None = None
    bounds: tuple[str, ...] = ()
    knockouts: tuple[str, ...] = ()


class Answer(NamedTuple):
    """The network as asked, an optimum of it, the bounds that limit it and, if asked for, the range of each flux."""

    network: Network
    solution: Solution
    summary: dict[str, Any]
    ranges: Ranges | None = None


def posed(question: Question) -> Network:
    """The network that a question is about.  Raises BadInput for what it does not have or cannot be."""
    network = read_network(question.model)
    if question.objective is not None:
        network = network.aimed(question.objective, question.sense or "max")
    elif question.sense is not None:
        network = replace(network, sense=question.sense)
    if not network.c.any():
        raise BadInput(
            "this network has no objective",
            where=question.model,
            allowed="--objective ID",
            remedy="Name the reaction to maximise, such as its biomass reaction",
        )
    return bounded(network, question.bounds).without(question.knockouts)


def answer(question: Question, solve: Solve, fraction: float | None = None) -> Answer:
    """Solve.

    fraction: of the optimum that the objective keeps while each flux ranges; None for no ranges.  Raises BadInput for
    bounds that contradict each other, NumericalFailure for an objective without bound.
    """
    started = perf_counter()
    network = posed(question)
    solution = solve(network)
    ranges = None if fraction is None else fva(network, fraction=fraction)
    summary = _summary(network, solution)
    if ranges is not None:
        ends = zip(ranges.reactions, ranges.minimum, ranges.maximum, strict=True)
        summary["ranges"] = {name: [_finite(low), _finite(high)] for name, low, high in ends}
    return Answer(network, solution, summary | {"wall_seconds": perf_counter() - started}, ranges)


def _summary(network: Network, solution: Solution) -> dict[str, Any]:
    """What `--json` prints, but for the time."""
    names = dict(zip(network.reactions, network.reaction_names, strict=True))
    return {
        "status": "optimal",
        "model": network.name,
        "objective": objective_text(network),
        "sense": network.sense,
        "objective_value": solution.objective,
        "total_flux": solution.total_flux,
        "limiting": [limit._asdict() | {"name": names[limit.reaction]} for limit in limiting(network)],
        "fluxes": _by_id(network.reactions, solution.fluxes),
        "reduced_costs": _by_id(network.reactions, solution.reduced_costs),
        "shadow_prices": _by_id(network.metabolites, solution.shadow_prices),
    }


def objective_text(network: Network) -> str:
    """The objective as text: an id, or a sum such as `ATPM - 0.5 EX_o2_e`."""
    text = ""
    for name, worth in zip(network.reactions, network.c, strict=True):
        if worth != 0:
            factor = "" if abs(worth) == 1 else f"{abs(worth):g} "
            text += f" {'-' if worth < 0 else '+'} {factor}{name}"
    return text.removeprefix(" + ").strip()


def tables(found: Answer) -> tuple[Table, Table]:
    """What crosses the border of the cell, and what limits."""
    return _exchanges(found), _limits(found)


def _exchanges(found: Answer) -> Table:
    """What crosses the border of the cell, the largest first, with the range of each flux where it is known."""
    network, summary = found.network, found.summary
    best, word = summary["objective_value"], {"max": "Maximal", "min": "Minimal"}[network.sense]
    title = f"{word} {summary['objective']}: {best:.6g}"
    table = Table(title=escape(title), caption="Fluxes in mmol/gDW/h", title_justify="left")
    heads = ("Exchange", "Name", "Flux") if found.ranges is None else ("Exchange", "Name", "Flux", "Least", "Greatest")
    for head in heads:
        table.add_column(head, justify="left" if head in ("Exchange", "Name") else "right")
    rows = [(abs(found.solution.fluxes[j]), j) for j in map(network.place, network.exchanges)]
    for size, j in sorted(rows, key=lambda row: -row[0]):
        if size > IDLE or found.ranges is not None:
            ends = () if found.ranges is None else (found.ranges.minimum[j], found.ranges.maximum[j])
            numbers = [f"{x:.4g}" for x in (found.solution.fluxes[j], *ends)]
            table.add_row(escape(network.reactions[j]), escape(network.reaction_names[j]), *numbers)
    return table


def _limits(found: Answer) -> Table:
    """The bounds that hold the objective back, dearest first."""
    table = Table(title="What limits", caption="Worth: objective for one more mmol/gDW/h", title_justify="left")
    for head in ("Reaction", "Name", "Bound", "Worth"):
        table.add_column(head, justify="right" if head in ("Bound", "Worth") else "left")
    for limit in found.summary["limiting"]:
        numbers = (f"{limit['bound']:g}", f"{limit['price']:.4g}")
        table.add_row(escape(limit["reaction"]), escape(limit["name"]), *numbers)
    return table


def write_answer(path: Path, found: Answer) -> None:
    """Write the answer: .json what `--json` prints, .csv a row for each reaction.  Raises StorageFailure."""
    text = _as_csv(found) if path.suffix.lower() == ".csv" else json.dumps(found.summary, indent=1) + "\n"
    with storage("write the answer", path):
        write_atomically(path, text.encode())


def writable(path: Path | None, option: str, forms: Sequence[str], force: bool) -> None:
    """Raise BadInput unless a file of one of these forms may be written here: to be asked before anything is solved."""
    if path is None:
        return
    if path.suffix.lower() not in forms:
        raise BadInput("not a form that can be written", where=option, got=str(path), allowed=" or ".join(forms))
    if path.exists() and not force:
        raise BadInput("this exists", where=str(path), allowed="a new path", remedy="Replace it with --force")


def _as_csv(found: Answer) -> str:
    network, solution = found.network, found.solution
    columns: dict[str, Any] = {
        "reaction": network.reactions,
        "name": network.reaction_names,
        "flux_mmol_per_gdw_h": solution.fluxes,
        "lower": network.lb,
        "upper": network.ub,
        "reduced_cost": solution.reduced_costs,
    }
    if found.ranges is not None:
        columns |= {"least": found.ranges.minimum, "greatest": found.ranges.maximum}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return text.getvalue()


def _by_id(ids: Sequence[str], values: Any) -> Mapping[str, float]:
    return dict(zip(ids, map(float, values), strict=True))


def _finite(value: float) -> float | None:
    """A number as JSON holds it; None where there is no bound."""
    return float(value) if math.isfinite(value) else None
