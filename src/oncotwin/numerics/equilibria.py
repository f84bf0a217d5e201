"""Equilibria of autonomous equations: where they are, what kind they are, and the stable manifold of a saddle.

Functions of plain arrays, run on the host: `rate` takes and gives an array (n,).
"""

from collections.abc import Callable
from enum import StrEnum

import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import root

Rate = Callable[[np.ndarray], np.ndarray]
Jacobian = Callable[[np.ndarray], np.ndarray]

ROUNDING = 1e-9
"""Share of the largest eigenvalue below which a real or imaginary part counts as zero."""

OFFSET = 1e-6
"""Distance from a saddle, in shares of the window, at which its manifold is taken up."""


class Kind(StrEnum):
    """What an equilibrium is, by the eigenvalues of its Jacobian."""

    STABLE_NODE = "stable node"
    STABLE_FOCUS = "stable focus"
    SADDLE = "saddle"
    UNSTABLE_NODE = "unstable node"
    UNSTABLE_FOCUS = "unstable focus"
    DEGENERATE = "degenerate"


def kind_of(eigenvalues: np.ndarray) -> Kind:
    """The kind of an equilibrium with these eigenvalues, (n,); degenerate where one has no real part."""
    real, imaginary = np.real(eigenvalues), np.imag(eigenvalues)
    least = ROUNDING * max(float(np.abs(eigenvalues).max()), 1e-300)
    turning = bool(np.any(np.abs(imaginary) > least))
    if np.any(np.abs(real) <= least):
        return Kind.DEGENERATE
    if np.all(real < 0):
        return Kind.STABLE_FOCUS if turning else Kind.STABLE_NODE
    if np.all(real > 0):
        return Kind.UNSTABLE_FOCUS if turning else Kind.UNSTABLE_NODE
    return Kind.SADDLE


def roots(rate: Rate, jacobian: Jacobian, starts: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """The distinct points of the window [low, high] where the rate vanishes, ordered; (k, n).

    starts: (m, n), first guesses of Powell's hybrid method; a root is found if one of them leads to it.
    """
    width = high - low
    found: list[np.ndarray] = []
    for start in starts:
        with np.errstate(all="ignore"):
            solution = root(rate, start, jac=jacobian, method="hybr", tol=1e-13)
        point = solution.x
        if not (solution.success and np.all(np.isfinite(point))):
            continue
        point = np.where(np.abs(point - low) < 1e-10 * width, low, point)
        inside = np.all((point >= low) & (point <= high))
        if inside and all(np.any(np.abs(point - other) > 1e-6 * width) for other in found):
            found.append(point)
    return np.array(sorted(found, key=tuple)).reshape(len(found), starts.shape[1])


def stable_manifold(
    rate: Rate, jacobian: Jacobian, saddle: np.ndarray, low: np.ndarray, high: np.ndarray, days: float
) -> np.ndarray:
    """The curve of points in the plane that lead to a saddle, through it, as far as the window reaches; (k, 2).

    Both branches are followed backwards in time from the stable direction of the saddle, for `days` at most.
    """
    values, vectors = np.linalg.eig(jacobian(saddle))
    width = high - low
    direction = np.real(vectors[:, int(np.argmin(np.real(values)))])
    direction = direction / np.linalg.norm(direction / width)

    def leaving(_: float, point: np.ndarray) -> float:
        return float(np.min(np.minimum(point - low, high - point) / width)) + 2 * ROUNDING

    leaving.terminal = True  # pyright: ignore[reportFunctionMemberAccess]
    branches = []
    for side in (-1.0, 1.0):
        start = saddle + side * OFFSET * direction
        course = solve_ivp(
            lambda _, point: -np.asarray(rate(point)), (0, days), start, events=leaving, rtol=1e-9, atol=1e-12 * width,
            method="LSODA", max_step=days / 200,
        )  # fmt: skip
        branches.append(course.y.T)
    return np.concatenate([branches[0][::-1], saddle[None], branches[1]])
