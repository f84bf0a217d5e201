"""What an action does at once, at the start of its interval: exchange, cytokines, activator, vector, harvest."""

from typing import Any

import jax.numpy as jnp

from oncotwin.core.parameters import Parameters
from oncotwin.models.culture.broth import fresh_medium
from oncotwin.models.culture.state import SOLUTES, Action, State, solutes

BOLUSES = {name: SOLUTES.index(name) for name in ("il2", "il7", "il15", "il21")}


def act_at_once(state: State, action: Action, p: Parameters) -> State:
    """The state after the events of an action.  A harvested culture is left alone."""
    harvested = jnp.maximum(state.harvested, jnp.where(action.harvest > 0.5, 1.0, 0.0))
    state = state._replace(harvested=harvested)
    alive = 1.0 - harvested
    state = exchange_medium(state, alive * jnp.clip(action.exchange_fraction, 0.0, 1.0), p)
    state = add_cytokines(state, action, alive)
    state = dose_activator(state, alive * action.activator_per_cell, alive * action.remove_activator)
    return transduce(state, alive * jnp.maximum(action.vector_moi, 0.0), p)


def exchange_medium(state: State, share: Any, p: Parameters) -> State:
    """Part of the medium exchanged for fresh; cells and activator stay."""
    before = solutes(state.medium)
    fresh = fresh_medium(p)
    volume = share * state.volume_ml
    ledger = state.ledger._replace(
        removed=state.ledger.removed + before * volume,
        supplied=state.ledger.supplied + fresh * volume,
        medium_ml=state.ledger.medium_ml + volume,
    )
    after = before + share * (fresh - before)
    return state._replace(medium=state.medium._replace(**dict(zip(SOLUTES, after, strict=True))), ledger=ledger)


def add_cytokines(state: State, action: Action, alive: Any) -> State:
    """Every cytokine raised by its bolus; the volume of the bolus is negligible."""
    raised, supplied, added = {}, state.ledger.supplied, state.ledger.cytokine_ng
    for name, place in BOLUSES.items():
        rise = alive * jnp.maximum(getattr(action, f"{name}_ng_per_ml"), 0.0)
        raised[name] = getattr(state.medium, name) + rise
        supplied = supplied.at[place].add(rise * state.volume_ml)
        added = added + rise * state.volume_ml
    ledger = state.ledger._replace(supplied=supplied, cytokine_ng=added)
    return state._replace(medium=state.medium._replace(**raised), ledger=ledger)


def dose_activator(state: State, per_cell: Any, removed: Any) -> State:
    """Activator taken out, then added for each viable cell."""
    kept = state.medium.activator * (1.0 - jnp.clip(removed, 0.0, 1.0))
    added = jnp.maximum(per_cell, 0.0) * state.cells.viable / state.volume_ml
    return state._replace(medium=state.medium._replace(activator=kept + added))


def transduce(state: State, moi: Any, p: Parameters) -> State:
    """Vector added: copies land on blasts at random (Poisson), so a share exp(-copies) of them stays without."""
    viable = jnp.maximum(state.cells.viable, 1e-30)
    blasts = state.cells.activated / viable
    copies = moi * p.transduction
    without = 1.0 - blasts * -jnp.expm1(-copies)
    ledger = state.ledger._replace(vector_units=state.ledger.vector_units + moi * state.cells.viable)
    return state._replace(
        car_fraction=1.0 - (1.0 - state.car_fraction) * without,
        copies=state.copies + copies * blasts,
        ledger=ledger,
    )
