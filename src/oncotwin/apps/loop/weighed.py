"""What the cells are judged by: the weights of the reward, and what each process's product is worth under them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from oncotwin.apps.learning.policies import DEFAULT, load
from oncotwin.apps.learning.priorities import OUTCOMES, Priorities
from oncotwin.apps.loop.words import signed
from oncotwin.core.exchange import Product

SIGNS = np.array([1.0, -1.0, -1.0])


def trained_weights() -> list[float]:
    """The weights that the shipped policy has learnt to serve, from its card."""
    plan = load(DEFAULT).card["plan"]
    return [float(plan[name]) for name in ("cytotoxicity", "crs", "neurotoxicity")]


def weighed(standard: Product, other: Product, priorities: Priorities) -> dict[str, Any]:
    """What the products of two processes are worth under priorities, R = a1 cytotoxicity - a2 CRS - a3 neurotoxicity.

    standard, other: leaves (1 + n,), the typical donor first, the same donors in both.  `worth`: of both, `gain`: of
    the difference, each of the typical donor and as nine tenths of donors and draws; `better`: share of donors and
    draws in which the gain is above zero; `drawn`: how many weights; `scores`: differences of the typical donor's.
    """
    weights = np.array([priorities.weights, *priorities.draws], float) * SIGNS
    worth = [weights @ _scores(one) for one in (standard, other)]  # (1 + k, 1 + n) each
    gain = worth[1] - worth[0]
    return {
        **{name: getattr(priorities, name) for name in ("weights", "low", "high", "origin", "basis", "count")},
        "trained": trained_weights(),
        "worth": [_spread(one) for one in worth],
        "gain": _spread(gain),
        "better": float(np.mean(_drawn(gain) > 0)),
        "drawn": len(priorities.draws),
        "scores": [float(x) for x in (_scores(other) - _scores(standard))[:, 0]],
    }


def _scores(product: Product) -> np.ndarray:
    return np.array([np.asarray(getattr(product, name), float) for name in OUTCOMES])


def _spread(worth: np.ndarray) -> dict[str, float]:
    """Of the typical donor under the weights themselves; nine tenths of the others under all that were drawn."""
    low, high = np.quantile(_drawn(worth), (0.05, 0.95))
    return {"typical": float(worth[0, 0]), "low": float(low), "high": float(high)}


def _drawn(worth: np.ndarray) -> np.ndarray:
    """Those of donors that were drawn, under weights that were drawn if any were."""
    return worth[1:, 1:] if len(worth) > 1 else worth[:, 1:]


ORIGINS = {
    "declared": "somebody's choice",
    "comparisons": "learnt from people's comparisons of products",
    "utility": "found by Bayesian optimisation of a declared utility",
}
"""Origin of priorities -> in words."""


def origin_words(found: Mapping[str, Any]) -> str:
    """Where the weights come from."""
    counted = {"comparisons": f", {found['count']} answers", "utility": f", {found['count']} trials"}
    return f"{ORIGINS[found['origin']]}{counted.get(found['origin'], '')}: {found['basis']}"


def weight_rows(found: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Outcome, weight, 95 % interval, and the weight that the shipped policy was trained with, for a table."""
    names = ("cytotoxicity score, a₁", "CRS risk score, a₂", "neurotoxicity risk score, a₃")
    rows = []
    columns = (found["weights"], found["low"], found["high"], found["trained"])
    for name, weight, low, high, trained in zip(names, *columns, strict=True):
        doubt = f"{low:.2f} to {high:.2f}" if high > low else "none"
        rows.append((name, f"{weight:.2f}", doubt, f"{trained:.2f}"))
    return rows


def worth_sentence(found: Mapping[str, Any], processes: Sequence[str]) -> str:
    """What the weights say of the two processes, in words."""
    first, second = processes
    gain = found["gain"]
    low, high = (signed(gain[name], "{:+.2f}") for name in ("low", "high"))
    over = "donors and weights" if found["drawn"] else "donors"
    worth = signed(gain["typical"], "{:+.2f}")
    said = (
        f"Under these weights a product of {second} is worth {worth} beside one of {first} for this donor, {low} to "
        f"{high} in nine tenths of the {over} drawn, and more in {100 * found['better']:.0f} % of them. "
    )
    better = np.array(found["scores"]) * SIGNS
    if np.all(better >= 0):
        return said + "It is no worse in any of the three scores, so no choice of weights turns the order round."
    if np.all(better <= 0):
        return said + "It is no better in any of the three scores, so no choice of weights turns the order round."
    return said + "The three scores disagree, so other weights may turn the order round."
