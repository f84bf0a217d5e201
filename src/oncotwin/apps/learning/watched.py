"""The culture as its operator meets it: a recipe is followed, probes may fail, the last readings are remembered."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from oncotwin.apps.learning.turnover import STIRRED, UNSTIRRED, Rise, Turnover, at_first, reckoned
from oncotwin.core.model import Model
from oncotwin.models.culture import Action, Culture, CultureParameters, Observation, State

PROBES = 6
"""The first readings of an observation, which may be missing."""
MISSED = 7_919
"""Label of the random numbers that say which probe fails, apart from those of the sensors' noise."""
BOLUSES = ("il2_ng_per_ml", "il7_ng_per_ml", "il15_ng_per_ml", "il21_ng_per_ml")
"""Fields of an action that give a cytokine."""
ON_TIME = 1e-6
"""Days by which an instant may be missed."""


class Watched(NamedTuple):
    """A culture and what its operator has written down.

    culture: its state.  last: the last reading of every instrument, the present one if there is one.  before: those an
    interval earlier.  activator_out: share of the activator taken out so far.  turnover: reckoned from the readings.
    """

    culture: State
    last: Observation
    before: Observation
    activator_out: Any
    turnover: Turnover


class Seen(NamedTuple):
    """What the operator knows.

    now: readings, NaN where a probe has failed.  last, before, activator_out, turnover: as of `Watched`.
    """

    now: Observation
    last: Observation
    before: Observation
    activator_out: Any
    turnover: Turnover


@dataclass(frozen=True, eq=False)
class WatchedCulture(Model[Watched, Action, Seen, CultureParameters]):
    """A culture whose activation and transduction follow a recipe; what is chosen is the rest.

    culture: the twin.  missing: probability that a probe shows nothing at a reading; none fails without a key.
    activator_per_cell: given at seeding.  vector_moi: given on `vector_day`.
    """

    culture: Culture
    missing: float = 0.05
    activator_per_cell: float = 1.0
    vector_moi: float = 3.0
    vector_day: float = 1.0

    def initial(self, p: CultureParameters) -> Watched:
        """The seeded culture."""
        state = self.culture.initial(p)
        shown = self.culture.observe(state, p)
        return Watched(state, shown, shown, jnp.asarray(0.0), at_first(shown))

    def advance(self, state: Watched, action: Action, p: CultureParameters, dt: Any) -> Watched:
        """One interval of dt days, with what the recipe adds."""
        day = state.culture.time_days
        recipe = action._replace(
            activator_per_cell=action.activator_per_cell
            + jnp.where(jnp.abs(day) < ON_TIME, self.activator_per_cell, 0.0),
            vector_moi=action.vector_moi + jnp.where(jnp.abs(day - self.vector_day) < ON_TIME, self.vector_moi, 0.0),
        )
        culture = self.culture.advance(state.culture, recipe, p, dt)
        shown = self._readings(culture, p)
        last = _filled(shown, state.last)
        out = jnp.maximum(state.activator_out, jnp.clip(action.remove_activator, 0.0, 1.0))
        renewal = action.perfusion_per_day + jnp.log(jnp.maximum(last.volume_ml / state.last.volume_ml, 1.0)) / dt
        turnover = reckoned(state.turnover, rise_of(action), state.last.viable_density_per_ml, renewal, dt, shown)
        return Watched(culture, last, state.last, out, turnover)

    def observe(self, state: Watched, p: CultureParameters) -> Seen:
        """What the instruments show, and what they showed."""
        return Seen(self._readings(state.culture, p), state.last, state.before, state.activator_out, state.turnover)

    def no_action(self) -> Action:
        """Nothing beside the recipe."""
        return self.culture.no_action()

    def seeded(self, state: Watched, key: jax.Array) -> Watched:
        """The state whose instruments are noisy and fail."""
        return state._replace(culture=self.culture.seeded(state.culture, key))

    def status(self, state: Watched) -> jax.Array:
        """Zero while the culture's state is finite."""
        return self.culture.status(state.culture)

    def _readings(self, state: State, p: CultureParameters) -> Observation:
        """The instruments now, NaN where a probe fails."""
        shown = self.culture.observe(state, p)
        sensors = state.sensors
        key = jax.random.fold_in(jax.random.wrap_key_data(sensors.key), MISSED + sensors.reads)
        fails = jax.random.uniform(key, (PROBES,)) < self.missing * sensors.noisy
        probes = [jnp.where(fails[i], jnp.nan, value) for i, value in enumerate(shown[:PROBES])]
        return Observation(*probes, *shown[PROBES:])


def rise_of(given: Any) -> Rise:
    """How far turnover may rise under an action or settings."""
    stirred = sum(getattr(given, name) for name in BOLUSES) > 0.0
    return Rise(*(jnp.where(stirred, most, least) for most, least in zip(STIRRED, UNSTIRRED, strict=True)))


def _filled(now: Observation, before: Observation) -> Observation:
    """The readings, the earlier ones where there is none."""
    return Observation(*(jnp.where(jnp.isnan(a), b, a) for a, b in zip(now, before, strict=True)))
