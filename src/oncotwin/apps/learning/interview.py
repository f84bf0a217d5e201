"""Weights of the reward from people, who are asked which of two products they would rather infuse."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import qmc

from oncotwin.apps.learning.priorities import OUTCOMES, Priorities, of_draws
from oncotwin.errors import BadInput, StorageFailure
from oncotwin.io.durable import storage
from oncotwin.io.rundir import utc_now
from oncotwin.studies.preferences import learn_preference, most_doubtful, slopes

RANGES = np.array([(0.35, 0.75), (0.2, 0.6), (0.08, 0.3)])
"""Outcomes that are asked about, about those that cultures of the shipped protocols have."""
POOL = 64
AT_RANDOM = 4
"""Questions before the process chooses the next one."""
SIGNS = np.array([1.0, -1.0, -1.0])
"""More potency is better, less of either risk is."""
LEAST_POTENCY = 0.05
"""Share of potency in the weights below which they cannot be written beside a weight of 1 for it."""

Ask = Callable[[str], str]
"""A question -> what was typed."""


def pool() -> np.ndarray:
    """Outcomes to ask about, (64, 3), the same for everybody."""
    return RANGES[:, 0] + qmc.Sobol(3, seed=0).random(POOL) * np.ptp(RANGES, axis=1)


def interview(log: Path, who: str, questions: int, ask: Ask, task: str = "culture") -> Priorities:
    """Ask for comparisons, log each at once, and learn the weights from all of the log.

    Raises BadInput for no questions or nobody, StorageFailure if the log cannot be written or read.
    """
    if questions < 1 or not who.strip():
        raise BadInput("somebody must be asked something", where="oncotwin prefer", got=(who, questions))
    choices, rows = pool(), read_comparisons(log)
    rng = np.random.default_rng(len(rows))
    for number in range(questions):
        first, second = _next(rows, choices, rng)
        answer = _answered(ask, _question(number + 1, questions, choices[first], choices[second]))
        if answer == "q":
            break
        better, worse = (first, second) if answer == "1" else (second, first)
        row = {
            "at": utc_now(),
            "who": who,
            "task": task,
            "better": choices[better].round(4).tolist(),
            "worse": choices[worse].round(4).tolist(),
        }
        _append(log, row)
        rows.append(row)
    return priorities(rows)


def priorities(rows: list[dict[str, Any]]) -> Priorities:
    """The weights behind comparisons: nothing counts the wrong way round, and potency counts 1.

    Raises BadInput for no comparison, and where potency hardly counts beside the risks.
    """
    if not rows:
        raise BadInput("no comparison was made", where="oncotwin prefer")
    found = learn_preference(np.array([r["better"] for r in rows]), np.array([r["worse"] for r in rows]))
    shares = slopes(found, pool(), SIGNS).draws
    _check_potency(shares[:, 0], len(rows))
    draws = shares / shares[:, :1]
    who = ", ".join(dict.fromkeys(str(row.get("who", "nobody named")) for row in rows))
    basis = f"comparisons of two products by {who}"
    return of_draws(np.median(draws, axis=0), draws, origin="comparisons", basis=basis, count=len(rows))


def _check_potency(shares: np.ndarray, count: int) -> None:
    """Raise BadInput where potency's share of the weights, draws (k,), is mostly below the least."""
    low, middle, high = np.quantile(shares, [0.025, 0.5, 0.975])
    if middle < LEAST_POTENCY:
        raise BadInput(
            "by these answers potency hardly counts beside the risks, and weights are written beside its own, 1",
            where="oncotwin prefer",
            got=f"{count} answers, by which potency has {middle:.3f} [{low:.3f}, {high:.3f}] of the weight",
            allowed=f"a share of {LEAST_POTENCY} or more",
            remedy="The answers are kept in the log. Answer more questions, or write a file of weights by hand.",
        )


def read_comparisons(log: Path) -> list[dict[str, Any]]:
    """Every comparison in a log, oldest first; none if there is no log.  Raises StorageFailure for a damaged line."""
    if not log.exists():
        return []
    with storage("read the comparisons", log):
        lines = log.read_text(encoding="utf-8").splitlines()
    rows = []
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
            pair = np.array([row["better"], row["worse"]], float)
        except (ValueError, KeyError, TypeError) as error:
            raise StorageFailure("this comparison is damaged", where=f"{log}, line {number}", got=line[:60]) from error
        if pair.shape != (2, len(OUTCOMES)) or not np.isfinite(pair).all():
            raise StorageFailure("this comparison is damaged", where=f"{log}, line {number}", got=line[:60])
        rows.append(row)
    return rows


def _next(rows: list[dict[str, Any]], choices: np.ndarray, rng: np.random.Generator) -> tuple[int, int]:
    """Two outcomes to compare: at random first, then those whose order is least foreseen."""
    if len(rows) < AT_RANDOM:
        first, second = rng.choice(len(choices), 2, replace=False)
        return int(first), int(second)
    found = learn_preference(np.array([r["better"] for r in rows]), np.array([r["worse"] for r in rows]))
    few = rng.choice(len(choices), 24, replace=False)
    first, second = most_doubtful(found, choices[few])
    return int(few[first]), int(few[second])


def _question(number: int, questions: int, first: np.ndarray, second: np.ndarray) -> str:
    lines = [f"Question {number} of {questions}: which product would you rather infuse?"]
    for name, row in (("1", first), ("2", second)):
        said = ", ".join(f"{outcome.replace('_', ' ')} {x:.2f}" for outcome, x in zip(OUTCOMES, row, strict=True))
        lines.append(f"  {name}: {said}")
    return "\n".join([*lines, "1, 2, or q to stop: "])


def _answered(ask: Ask, question: str) -> str:
    """One of 1, 2, q; asked again until it is; the end of the input stops."""
    while True:
        try:
            answer = ask(question).strip().lower()
        except EOFError:
            return "q"
        if answer in ("1", "2", "q"):
            return answer


def _append(log: Path, row: dict[str, Any]) -> None:
    with storage("write the comparison", log):
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
            file.flush()
