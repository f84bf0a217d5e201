"""The model of one CAR-T cell: the generated network, run in JAX under what surrounds the cell."""

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from oncotwin.core.model import Model
from oncotwin.models.cell.dynamics import medium, seen
from oncotwin.models.cell.parameters import CellParameters
from oncotwin.models.cell.state import Action, Observation, State
from oncotwin.models.cell.subunits import Readout
from oncotwin.numerics.mass_action import TIGHT, MassAction, Tolerances
from oncotwin.numerics.reaction_network import ReactionNetwork

HOURS_PER_DAY = 24.0


@dataclass(frozen=True, eq=False)
class Cell(Model[State, Action, Observation, CellParameters]):
    """Signalling and release of one CAR-T cell.

    network: generated from the rules, such as `oncotwin.io.networks.reaction_network.cell_network()`; rates per hour.
    tolerances: of one step of the integration.  Raises BadInput if the network is not one of this cell.
    """

    network: ReactionNetwork
    tolerances: Tolerances = TIGHT
    law: MassAction = field(init=False, repr=False)
    readout: Readout = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "law", MassAction(self.network))
        object.__setattr__(self, "readout", Readout.of(self.network))

    def initial(self, p: CellParameters) -> State:
        """A resting cell in the medium that the parameters name."""
        return State(jnp.zeros(()), self.law.initial(self.constants(p)))

    def constants(self, p: CellParameters) -> jax.Array:
        """The network's constants from the parameters of the same name."""
        return self.law.constants({name: getattr(p, name) for name in self.network.parameters})

    def advance(self, state: State, action: Action, p: CellParameters, dt: Any) -> State:
        """The cell one interval of dt days later; amounts are NaN if no step met the tolerances."""
        return _advanced(self, state, action, p, dt)

    def course(self, state: State, action: Action, p: CellParameters, times_days: Any) -> State:
        """The cell at increasing times, the first of which is where it stands, the action held; leaves (k, ...)."""
        days = jnp.asarray(times_days, jnp.float64)
        amounts = medium(state.amounts, action, p, self.readout)
        hours = HOURS_PER_DAY * (days - days[0])
        course = self.law.integrate(amounts, self.constants(p), hours, self.tolerances)
        return State(state.time_days + days - days[0], jnp.maximum(course, 0.0))

    def observe(self, state: State, p: CellParameters) -> Observation:
        """Signals, release, and what the receptors hold."""
        return seen(state.amounts, p, self.readout)

    def no_action(self) -> Action:
        """Plain medium: glucose, neither cytokines nor ligands."""
        return Action()


@partial(jax.jit, static_argnums=0)
def _advanced(model: Cell, state: State, action: Action, p: CellParameters, dt: Any) -> State:
    """`advance`, compiled once for each model."""
    course = model.course(state, action, p, jnp.stack([jnp.zeros(()), jnp.asarray(dt, jnp.float64)]))
    return jax.tree.map(lambda x: x[-1], course)
