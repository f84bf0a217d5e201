"""The rates of a reaction network in JAX: stacked mass action, one gather and one product for all reactions."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import diffrax
import jax.numpy as jnp
import numpy as np
from jax import Array

from oncotwin.numerics.reaction_network import TIME, ReactionNetwork
from oncotwin.numerics.rosenbrock import Rodas5P

MAX_STEPS = 20_000
FIRST = 1e-5
"""Length of the first step, relative to the whole."""
LONGER = 1.5
"""Greatest ratio of a step to the one before."""


class Tolerances(NamedTuple):
    """Error of one step: relative, and absolute in amounts."""

    relative: float = 1e-8
    absolute: float = 1e-8


TIGHT = Tolerances()


class Constants(NamedTuple):
    """What does not move.  stacked: every constant, as in `MassAction.names`.  named: those that expressions use."""

    stacked: Array
    named: dict[str, Array]


class MassAction:
    """The law of one network.

    Amounts are a vector in the order of the species, constants one in the order of `names`.  Everything is pure and
    safe under jit, vmap and grad; instances are compared by identity.
    """

    def __init__(self, network: ReactionNetwork) -> None:
        self.network = network
        self.names = (*network.parameters, *(name for name, _ in network.constants))
        rates = (*self.names, *(name for name, _ in network.functions))
        self._place = {name: i for i, name in enumerate(rates)}
        self._reactants = _padded([one.reactants for one in network.reactions], len(network.species))
        self._rates = _padded([[self._place[name] for name in one.rate] for one in network.reactions], len(rates))
        self._factors = np.array([one.factor for one in network.reactions])
        self._change = _stoichiometry(network)
        self._weights = np.zeros((len(network.observables), len(network.species)))
        for row, one in zip(self._weights, network.observables, strict=True):
            np.add.at(row, list(one.species), one.weights)

    def constants(self, parameters: Mapping[str, Any]) -> Constants:
        """Parameters, the network's own where none is given, then what follows from them alone."""
        own = self.network.parameters
        values = {name: jnp.asarray(parameters.get(name, own[name]), jnp.float64) for name in own}
        for name, expression in self.network.constants:
            values[name] = jnp.asarray(expression.evaluate(values), jnp.float64)
        used = {name for _, one in self.network.functions for name in one.names}
        stacked = jnp.stack(list(values.values())) if values else jnp.zeros((0,))
        return Constants(stacked, {name: values[name] for name in values if name in used})

    def initial(self, constants: Constants) -> Array:
        """The first amounts."""
        numbers = [0.0 if isinstance(one.initial, str) else one.initial for one in self.network.species]
        named = [i for i, one in enumerate(self.network.species) if isinstance(one.initial, str)]
        places = [self._place[str(self.network.species[i].initial)] for i in named]
        return jnp.asarray(numbers).at[np.array(named, int)].set(constants.stacked[np.array(places, int)])

    def observables(self, amounts: Array) -> Array:
        """The observables, in the network's order."""
        return jnp.asarray(self._weights) @ amounts

    def functions(self, time: Any, amounts: Array, constants: Constants) -> dict[str, Any]:
        """The expressions that move with time and state, by name."""
        seen = self.observables(amounts)
        values: dict[str, Any] = {one.name: seen[i] for i, one in enumerate(self.network.observables)}
        values |= {**constants.named, TIME: time}
        found: dict[str, Any] = {}
        for name, expression in self.network.functions:
            found[name] = values[name] = jnp.asarray(expression.evaluate(values), jnp.float64)
        return found

    def fluxes(self, time: Any, amounts: Array, constants: Constants) -> Array:
        """The rate of every reaction."""
        one = jnp.ones((1,))
        moving = list(self.functions(time, amounts, constants).values())
        rates = jnp.concatenate([constants.stacked, *([jnp.stack(moving)] if moving else []), one])
        pools = jnp.concatenate([amounts, one])
        return jnp.asarray(self._factors) * _product(rates, self._rates) * _product(pools, self._reactants)

    def rate(self, time: Any, amounts: Array, constants: Constants) -> Array:
        """d(amounts)/dt; zero for the species of the medium."""
        return jnp.asarray(self._change) @ self.fluxes(time, amounts, constants)

    def integrate(
        self,
        amounts: Array,
        constants: Constants,
        times: Array,
        tolerances: Tolerances = TIGHT,
    ) -> Array:
        """The amounts at increasing times, the first of which is where they start; NaN from where no step succeeds.

        Rodas5P with steps that keep the error below the tolerances: for stiff networks.  The first step is short and
        none is more than half longer than the one before: where the amounts rest, the error of a step says nothing of
        how their derivatives by a parameter move, and these are resolved by steps that grow with the time.
        """
        steps = diffrax.PIDController(rtol=tolerances.relative, atol=tolerances.absolute, factormax=LONGER)
        solution = diffrax.diffeqsolve(
            diffrax.ODETerm(self.rate),
            Rodas5P(),
            t0=times[0],
            t1=times[-1],
            dt0=FIRST * (times[-1] - times[0]),
            y0=amounts,
            args=constants,
            saveat=diffrax.SaveAt(ts=times),
            stepsize_controller=diffrax.ClipStepSizeController(steps, step_ts=times),
            max_steps=MAX_STEPS,
            throw=False,
        )
        return jnp.where(jnp.isfinite(solution.ys), solution.ys, jnp.nan)  # pyright: ignore[reportArgumentType]


def _product(values: Array, places: np.ndarray) -> Array:
    """The product of the values that each row picks."""
    product = jnp.ones(places.shape[0])
    for column in places.T:
        product = product * values[column]
    return product


def _padded(rows: Sequence[Sequence[int]], empty: int) -> np.ndarray:
    """Rows of positions as one array, filled up with the position of a one."""
    width = max((len(row) for row in rows), default=0)
    return np.array([[*row, *[empty] * (width - len(row))] for row in rows], dtype=int).reshape(len(rows), width)


def _stoichiometry(network: ReactionNetwork) -> np.ndarray:
    """Net change of each species in each reaction, (n, r); none for the species of the medium."""
    change = np.zeros((len(network.species), len(network.reactions)))
    for j, one in enumerate(network.reactions):
        np.add.at(change[:, j], list(one.products), 1.0)
        np.add.at(change[:, j], list(one.reactants), -1.0)
    change[[one.fixed for one in network.species]] = 0.0
    return change


__all__ = ["TIGHT", "MassAction", "Tolerances"]
