"""A model: the law that moves a state forward under an action held over an interval."""

from abc import ABC, abstractmethod
from typing import Any, Generic, TypeVar

import diffrax
import jax
import jax.numpy as jnp

S = TypeVar("S")
A = TypeVar("A")
O = TypeVar("O")  # noqa: E741
P = TypeVar("P")


class Model(ABC, Generic[S, A, O, P]):
    """The law of one family.  Holds settings only (grid, step length); everything else is an argument.

    `advance` is pure and safe under jit, vmap and grad; it owns a step length, so that one interval equals two halves
    within tolerance.
    """

    @abstractmethod
    def initial(self, p: P) -> S:
        """The state at time zero."""

    @abstractmethod
    def advance(self, state: S, action: A, p: P, dt: Any) -> S:
        """The state one interval of dt days later, the action held."""

    @abstractmethod
    def observe(self, state: S, p: P) -> O:
        """What can be measured of a state."""

    @abstractmethod
    def no_action(self) -> A:
        """The action that does nothing."""

    def seeded(self, state: S, key: jax.Array) -> S:
        """The state whose randomness, such as sensor noise, comes from a JAX random key; here nothing is random."""
        del key
        return state

    def status(self, state: S) -> jax.Array:
        """Zero while the state can be trusted; a family's own positive code once its integration has failed."""
        leaves = [
            jnp.all(jnp.isfinite(x)) for x in jax.tree.leaves(state) if jnp.issubdtype(jnp.result_type(x), jnp.floating)
        ]
        return jnp.where(jnp.all(jnp.stack(leaves)), 0, 1)


class OdeModel(Model[S, A, O, P]):
    """A model given by a rate of change: adaptive 5(4) Runge-Kutta (Tsitouras 2011), differentiable in both modes."""

    rtol: float = 1e-8
    atol: float = 1e-10

    @abstractmethod
    def rate(self, state: S, action: A, p: P) -> S:
        """d(state)/dt per day."""

    def advance(self, state: S, action: A, p: P, dt: Any) -> S:
        """The state one interval of dt days later, to the tolerances of the class."""
        solution = diffrax.diffeqsolve(
            diffrax.ODETerm(lambda t, y, args: self.rate(y, action, p)),
            diffrax.Tsit5(),
            t0=0.0,
            t1=dt,
            dt0=None,
            y0=state,
            stepsize_controller=diffrax.PIDController(rtol=self.rtol, atol=self.atol),
            max_steps=16384,
        )
        return jax.tree.map(lambda y: y[-1], solution.ys)
