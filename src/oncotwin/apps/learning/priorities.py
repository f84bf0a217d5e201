"""What matters how much: the weights of the reward with their uncertainty, in a file that reports and trainings read.

    {"outcomes": [...], "weights": [1, a2, a3], "low": [...], "high": [...], "origin": "comparisons" or "utility" or
     "declared", "basis": in words, "count": answers or trials, "draws": [[1, a2, a3], ...]}

low, high: 95 % of the posterior, weight by weight.  draws: from it, all three together.
"""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from oncotwin.errors import BadInput
from oncotwin.io.durable import storage, write_atomically
from oncotwin.io.fields import NOTICE
from oncotwin.models.culture import Weights

OUTCOMES = ("cytotoxicity", "crs_risk", "neurotoxicity_risk")
ORIGINS = ("declared", "comparisons", "utility")
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
    """Priorities from the weights (3,) and draws (k, 3) of their posterior, of which up to a hundred are kept."""
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
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
    """The priorities of a file.  Raises BadInput for a missing file or one that holds something else."""
    try:
        said = json.loads(path.read_bytes())
        rows = [np.array(said[name], float) for name in ("weights", "low", "high")]
        draws = np.array(said["draws"], float).reshape(-1, len(OUTCOMES))
        found = Priorities(
            *(tuple(row.tolist()) for row in rows),
            origin=said["origin"],
            basis=str(said["basis"]),
            count=int(said["count"]),
            draws=tuple(tuple(row) for row in draws.tolist()),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(
            "no priorities",
            where=str(path),
            got=error,
            remedy="`oncotwin prefer` and `oncotwin priorities` write them.",
        ) from error
    sound = all(row.shape == (len(OUTCOMES),) and np.isfinite(row).all() for row in rows) and np.isfinite(draws).all()
    if not sound or found.origin not in ORIGINS:
        raise BadInput("no priorities", where=str(path), got=(found.weights, found.origin), allowed="three weights")
    if found.weights[0] <= 0:
        remedy = "Answer more questions."
        raise BadInput("by these answers potency counts against a product", where=str(path), remedy=remedy)
    return found


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
