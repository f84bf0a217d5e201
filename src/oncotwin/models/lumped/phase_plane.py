"""Equilibria, separatrix and basins of attraction of a lumped model under an action that is held for ever."""

from itertools import product
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from oncotwin.errors import BadInput
from oncotwin.models.lumped.lumped import Lumped
from oncotwin.numerics.equilibria import Kind, kind_of, roots, stable_manifold


class Equilibrium(NamedTuple):
    """A state at rest.  eigenvalues: of the rate's Jacobian there, 1/day, (n,), by real part.  kind: by them."""

    state: Any
    eigenvalues: np.ndarray
    kind: Kind


def equilibria(
    model: Lumped, p: Any, window: tuple[Any, Any], *, action: Any = None, starts: int = 8
) -> tuple[Equilibrium, ...]:
    """The equilibria inside a window of states, in the order of their first component.

    window: the least and the greatest state looked at.  starts: first guesses for each component, tightest near the
    least.  Equilibria that lie closer together than 1e-6 of the window count as one.
    """
    rate, jacobian = _rate(model, p, action)
    low, high = _window(model, p, window)
    shares = np.linspace(0.02, 1.0, starts) ** 2
    guesses = np.array(list(product(*(a + shares * (b - a) for a, b in zip(low, high, strict=True)))))
    points = roots(rate, jacobian, guesses, low, high)
    return tuple(_described(model, p, point, jacobian) for point in points)


def saddle_of(found: tuple[Equilibrium, ...]) -> Equilibrium:
    """The one saddle among equilibria.  Raises BadInput if there is none, or more than one."""
    saddles = [e for e in found if e.kind is Kind.SADDLE]
    if len(saddles) != 1:
        raise BadInput(
            "a separatrix belongs to one saddle", where="saddle_of", got=f"{len(saddles)} saddles",
            remedy="Choose the window so that one saddle lies inside.",
        )  # fmt: skip
    return saddles[0]


def separatrix(
    model: Lumped, p: Any, saddle: Equilibrium, window: tuple[Any, Any], *, action: Any = None, days: float = 200.0
) -> Any:
    """The border between two basins of a plane model: a state whose leaves are the points of a curve, (k,).

    The stable manifold of the saddle inside the window, from one end to the other.  Raises BadInput unless the model
    has two states.
    """
    rate, jacobian = _rate(model, p, action)
    low, high = _window(model, p, window)
    if low.shape != (2,):
        raise BadInput("a separatrix is a curve in a plane", where="separatrix", got=low.size, allowed="2 states")
    curve = stable_manifold(rate, jacobian, np.array(saddle.state, float), low, high, days)
    return type(saddle.state)(*curve.T)


def basin(
    model: Lumped, p: Any, states: Any, attractors: tuple[Equilibrium, ...], *, action: Any = None, days: float = 400.0
) -> jax.Array:
    """Number of the attractor that each state has come closest to after `days`; -1 where that is not within a tenth.

    states: leaves of one shape, (...).  Distances are relative to the attractor, component by component.  Safe under
    jit and vmap; the model's scheme decides on speed and accuracy.
    """
    held = model.no_action() if action is None else action
    leaves, tree = jax.tree.flatten(jax.tree.map(jnp.asarray, states))
    flat = [x.reshape(-1) for x in jnp.broadcast_arrays(*leaves)]
    ends = jax.jit(jax.vmap(lambda *x: model.advance(jax.tree.unflatten(tree, list(x)), held, p, days)))(*flat)
    goals = jnp.asarray([[float(x) for x in attractor.state] for attractor in attractors])
    reached = jnp.stack(jax.tree.leaves(ends), axis=-1)[:, None, :]
    distance = jnp.max(jnp.abs(reached - goals) / jnp.maximum(jnp.abs(goals), 1e-9), axis=-1)
    nearest = jnp.where(jnp.min(distance, axis=-1) < 0.1, jnp.argmin(distance, axis=-1), -1)
    return nearest.reshape(jnp.broadcast_shapes(*(x.shape for x in leaves)))


def _rate(model: Lumped, p: Any, action: Any) -> tuple[Any, Any]:
    """The model's rate and its Jacobian as functions of an array, compiled, the action held."""
    held = model.no_action() if action is None else action
    record = type(model.initial(p))

    def rate(x: jax.Array) -> jax.Array:
        return jnp.stack(model.rate(record(*x), held, p))

    return jax.jit(rate), jax.jit(jax.jacfwd(rate))


def _window(model: Lumped, p: Any, window: tuple[Any, Any]) -> tuple[np.ndarray, np.ndarray]:
    """The window's corners as arrays (n,).  Raises BadInput if it is empty."""
    low, high = (np.array([float(x) for x in corner]) for corner in window)
    if low.shape != (len(model.initial(p)),) or not np.all(high > low):
        raise BadInput("an empty window", where=type(model).__name__, got=window, allowed="least below greatest")
    return low, high


def _described(model: Lumped, p: Any, point: np.ndarray, jacobian: Any) -> Equilibrium:
    """The record of a root."""
    eigenvalues = np.sort_complex(np.linalg.eigvals(np.asarray(jacobian(point))))
    return Equilibrium(type(model.initial(p))(*(float(x) for x in point)), eigenvalues, kind_of(eigenvalues))
