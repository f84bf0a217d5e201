"""What matters how much: the weights of the reward with their uncertainty, in a file that reports and trainings read.

    {"format_version": 1, "outcomes": [...], "weights": [1, a2, a3], "low": [...], "high": [...], "origin":
     "comparisons" or "utility" or "declared", "basis": in words, "count": answers or trials,
     "draws": [[1, a2, a3], ...]}

outcomes: the order of the numbers, any order of `OUTCOMES`.  low, high: 95 % of the posterior, weight by weight; equal
for weights without doubt.  draws: from it, all three together; may be empty.  No weight is below zero, none of potency
is zero.
"""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from oncotwin.errors import BadInput, nearest
from oncotwin.io.durable import storage, write_atomically
from oncotwin.io.fields import NOTICE
from oncotwin.models.culture import Weights

OUTCOMES = ("cytotoxicity", "crs_risk", "neurotoxicity_risk")
ORIGINS = ("declared", "comparisons", "utility")
BY = {"declared": "as declared", "comparisons": "by these answers", "utility": "by this utility"}
REMEDIES = {
    "declared": "Weights of risks are written without the minus sign that the reward gives them.",
    "comparisons": "Answer more questions with `oncotwin prefer`.",
    "utility": "Try more recipes with `oncotwin priorities`.",
}
KEPT_DRAWS = 100
SHIPPED = "culture-utility"
FOLDER = "priorities"
FORMAT_VERSION = 1

Triple = tuple[float, float, float]


class Priorities(NamedTuple):
    """Weights a1 = 1, a2, a3 of the reward R = a1 cytotoxicity - a2 CRS risk - a3 neurotoxicity risk.

    low, high: of the interval of each, 95 %.  origin: of `ORIGINS`.  basis: what they rest on, in words.  count: how
    many answers or trials.  draws: from the posterior, (k, 3); none for weights that were declared.
    """

    weights: Triple
    low: Triple
    high: Triple
    origin: str
    basis: str
    count: int = 0
    draws: tuple[Triple, ...] = ()

    @property
    def reward(self) -> Weights:
        """The weights as those of the reward."""
        return Weights(*self.weights)


def declared(weights: Weights) -> Priorities:
    """Weights that somebody chose, without doubt."""
    chosen: Any = tuple(float(x) for x in weights)
    return Priorities(chosen, chosen, chosen, "declared", "chosen beforehand")


def of_draws(weights: np.ndarray, draws: np.ndarray, *, origin: str, basis: str, count: int) -> Priorities:
    """Priorities from the weights (3,) and draws (k, 3) of their posterior, of which up to a hundred are kept.

    The interval holds the weight in any case.
    """
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    low, high = np.minimum(low, weights), np.maximum(high, weights)
    kept = draws[np.linspace(0, len(draws) - 1, min(KEPT_DRAWS, len(draws))).astype(int)]
    triples = [tuple(float(x) for x in row) for row in (weights, low, high)]
    return Priorities(
        triples[0], triples[1], triples[2], origin, basis, count, tuple(tuple(row) for row in kept.round(4).tolist())
    )


def write_priorities(path: Path, found: Priorities) -> None:
    """Write priorities, whole or not at all.  Raises StorageFailure."""
    said = {"notice": NOTICE, "format_version": FORMAT_VERSION, "outcomes": list(OUTCOMES), **found._asdict()}
    with storage("write the priorities", path):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, (json.dumps(said, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode())


def read_priorities(path: Path) -> Priorities:
    """The priorities of a file, in the order of `OUTCOMES`.

    Raises BadInput for a missing file, one that holds something else, and weights that no reward can have.
    """
    said = _document(path)
    order = _order(said["outcomes"], path)
    rows = {name: _numbers(said, name, path)[..., order] for name in ("weights", "low", "high")}
    draws = _numbers(said, "draws", path)[..., order] if said["draws"] else np.empty((0, len(OUTCOMES)))
    count = said["count"]
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:
        raise BadInput("count is no number of answers or trials", where=str(path), got=count, allowed="0 or more")
    if said["origin"] not in ORIGINS:
        remedy = nearest(str(said["origin"]), ORIGINS)
        raise BadInput("unknown origin of priorities", where=str(path), got=said["origin"], remedy=remedy)
    found = Priorities(
        *(tuple(row.tolist()) for row in rows.values()),
        origin=said["origin"],
        basis=str(said["basis"]),
        count=count,
        draws=tuple(tuple(row) for row in draws.tolist()),
    )
    _check_weights(found, path)
    return found


def _document(path: Path) -> dict[str, Any]:
    """What a file of priorities says, all of it there and of the known format.  Raises BadInput."""
    where, remedy = str(path), "`oncotwin prefer` and `oncotwin priorities` write such files."
    try:
        said = json.loads(path.read_bytes())
    except OSError as error:
        why = error.strerror or "it cannot be read"
        raise BadInput(f"no priorities can be read: {why}", where=where, remedy=remedy) from error
    except ValueError as error:
        raise BadInput("no priorities: this is no JSON", where=where, remedy=remedy) from error
    if not isinstance(said, dict):
        raise BadInput("no priorities: this is no object", where=where, got=type(said).__name__, remedy=remedy)
    lacking = [name for name in ("format_version", "outcomes", *Priorities._fields) if name not in said]
    if lacking:
        raise BadInput(f"no priorities: {', '.join(lacking)} missing", where=where, got=sorted(said), remedy=remedy)
    version = said["format_version"]
    if version != FORMAT_VERSION:
        allowed = str(FORMAT_VERSION)
        raise BadInput("priorities of another format version", where=where, got=version, allowed=allowed, remedy=remedy)
    return said


def _order(outcomes: Any, path: Path) -> list[int]:
    """Where each of `OUTCOMES` stands in a file.  Raises BadInput unless all stand there once."""
    names = [str(name) for name in outcomes] if isinstance(outcomes, list) else []
    if sorted(names) != sorted(OUTCOMES):
        allowed = f"{', '.join(OUTCOMES)}, in any order"
        raise BadInput("no priorities of these outcomes", where=str(path), got=outcomes, allowed=allowed)
    return [names.index(name) for name in OUTCOMES]


def _numbers(said: dict[str, Any], name: str, path: Path) -> np.ndarray:
    """A row of three numbers, or rows of them.  Raises BadInput unless all are finite."""
    try:
        found = np.array(said[name], float)
    except (ValueError, TypeError):
        found = np.empty(0)
    rows, axes = ("rows of ", 2) if name == "draws" else ("", 1)
    if found.ndim != axes or found.shape[-1] != len(OUTCOMES) or not np.isfinite(found).all():
        allowed = f"{rows}{len(OUTCOMES)} finite numbers"
        raise BadInput(f"no priorities: {name} is something else", where=str(path), got=said[name], allowed=allowed)
    return found


def _check_weights(found: Priorities, path: Path) -> None:
    """Raise BadInput for a weight below zero, one outside its interval, and a potency that counts for nothing."""
    for place, name in enumerate(OUTCOMES):
        weight, low, high = found.weights[place], found.low[place], found.high[place]
        drawn = min((row[place] for row in found.draws), default=weight)
        least = min(weight, low, drawn)
        if least < 0 or (place == 0 and min(weight, drawn) == 0):
            what = f"{BY[found.origin]} {name} has a weight that no reward can have"
            allowed = "above 0" if place == 0 else "0 or more"
            raise BadInput(what, where=str(path), got=least, allowed=allowed, remedy=REMEDIES[found.origin])
        if not low <= weight <= high:
            what = f"the weight of {name} lies outside its interval"
            raise BadInput(what, where=str(path), got=weight, allowed=f"{low} to {high}")


def shipped_priorities() -> Priorities:
    """Those that ship: of the declared utility, made by `oncotwin priorities`."""
    return read_priorities(Path(str(files("oncotwin").joinpath("data", FOLDER, f"{SHIPPED}.json"))))


def described(found: Priorities) -> str:
    """The weights in a line, with their intervals where there is doubt."""
    parts = []
    for name, weight, low, high in zip(OUTCOMES, found.weights, found.low, found.high, strict=True):
        doubt = f" [{low:.2f}, {high:.2f}]" if high > low else ""
        parts.append(f"{name} {weight:.2f}{doubt}")
    return "; ".join(parts)


def worth_under(found: Priorities, outcomes: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """Mean worth of every process under the weights and each draw, (1 + k, processes).

    outcomes: means of `OUTCOMES`, (processes, 3).  missing: mean price of what batches lack, (processes,).
    """
    weights = np.array([found.weights, *found.draws]) * np.array([1.0, -1.0, -1.0])
    return weights @ np.asarray(outcomes, float).T - np.asarray(missing, float)
