"""The culture twin as a model: first state, advance, observe."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import equinox.internal as eqxi
import jax
import jax.numpy as jnp

from oncotwin.core.exchange import SignalTable
from oncotwin.core.model import Model
from oncotwin.errors import BadInput
from oncotwin.models.culture import sensors as instruments
from oncotwin.models.culture.broth import HOURS, Broth, flow_of, fresh_medium, medium_of, with_base
from oncotwin.models.culture.dynamics import Booking, Cell, move, rates, wish
from oncotwin.models.culture.events import act_at_once
from oncotwin.models.culture.gas import UNLIMITED
from oncotwin.models.culture.kinetics import RateLaw
from oncotwin.models.culture.metabolism import varying
from oncotwin.models.culture.parameters import CultureParameters
from oncotwin.models.culture.sensors import Observation
from oncotwin.models.culture.signals import check_table
from oncotwin.models.culture.state import (
    LIMITS,
    SOLUTES,
    Action,
    Cells,
    Ledger,
    Medium,
    Respiration,
    Sensors,
    State,
    no_action,
    solutes,
)

USUAL_STEP = 0.25
"""Hours; a quarter of an hour resolves depletion (`docs/explanation/culture.md`)."""
LONGEST_STEP = 1.0
"""Hours; coarse enough to learn on, and four times as fast (`docs/explanation/learnt-control.md` has its error)."""
CHECKPOINTS = 16
"""States kept in reverse mode inside one interval."""


class Course(NamedTuple):
    """What the loop over steps carries.  day: the clock.  lost: hours times the loss of growth to each limit."""

    broth: Broth
    ledger: Ledger
    sensors: Sensors
    day: Any
    lost: Any


class Stride(NamedTuple):
    """Length of a step: hours in culture, zero once harvested, and days on the clock."""

    hours: Any
    days: Any


@dataclass(frozen=True, eq=False)
class Culture(Model[State, Action, Observation, CultureParameters]):
    """CAR-T cells in a bioreactor: flux balance within kinetic bounds, cell states, medium, gases, instruments.

    solve: bounds (..., k) of the reactions `varying(laws)` -> fluxes with the outputs `OUTPUTS`, as
    `numerics.flux_balance.FluxCache.solver` gives.  table: signals of the virtual cell.  laws: kinetic bounds on
    further reactions.  step_hours: longest step inside an interval.
    """

    solve: Any
    table: SignalTable
    laws: tuple[RateLaw, ...] = ()
    step_hours: float = USUAL_STEP

    def __post_init__(self) -> None:
        if not 0 < self.step_hours <= LONGEST_STEP:
            raise BadInput(
                "the step must be short", where="Culture", got=self.step_hours, allowed=f"above 0 to {LONGEST_STEP:g} h"
            )
        if not callable(self.solve):
            raise BadInput(
                "a flux solver is needed", where="Culture", got=self.solve, remedy="Give FluxCache.solver()."
            )
        if not isinstance(self.table, SignalTable):
            raise BadInput("a signal table is needed", where="Culture", got=type(self.table).__name__)
        for law in self.laws:
            if law.substrate not in Medium._fields:
                raise BadInput(
                    f"the substrate of the rate law of {law.reaction} is not in the medium",
                    where="Culture",
                    got=law.substrate,
                    allowed=", ".join(Medium._fields),
                )
        check_table(self.table)

    @property
    def varying(self) -> tuple[str, ...]:
        """Reactions whose bounds the solver must take, in order."""
        return varying(self.laws)

    def initial(self, p: CultureParameters) -> State:
        """The donor's cells in fresh medium, gases at rest."""
        cells = seeded_cells(p)
        fresh = fresh_medium(p)
        volume = jnp.asarray(p.volume_start, jnp.float64)
        resting = Respiration(jnp.full(5, UNLIMITED), jnp.zeros(5))
        zero = jnp.asarray(0.0)
        broth = Broth(volume, jnp.stack(cells), fresh * volume, zero, zero, zero, resting)
        medium, _ = medium_of(broth, no_action(), p)
        medium = medium._replace(strong_ions=fresh[SOLUTES.index("strong_ions")])
        nothing = jnp.zeros(len(SOLUTES))
        first = instruments.sample(broth.cells, volume, zero, p)
        state = State(
            time_days=zero,
            culture_days=zero,
            volume_ml=volume,
            cells=cells,
            medium=medium,
            car_fraction=zero,
            copies=zero,
            acid_stress=zero,
            primed=zero,
            respiration=resting,
            limits=jnp.zeros(len(LIMITS)),
            seeded_cells=cells.viable,
            harvested=zero,
            ledger=Ledger(fresh * volume, nothing, nothing, zero, zero, zero, volume, zero, zero),
            sensors=instruments.start(instruments.truth(medium, p), first, p),
        )
        return settled(state)

    def advance(self, state: State, action: Action, p: CultureParameters, dt: Any) -> State:
        """Events at once, then dt days in steps of equal length, none longer than `step_hours`."""
        dt = jnp.asarray(dt, jnp.float64)
        action, p = jax.tree.map(lambda x: jnp.asarray(x, jnp.float64), (action, p))
        state = act_at_once(state, action, p)
        count = jnp.maximum(jnp.ceil(jax.lax.stop_gradient(dt) * HOURS / self.step_hours - 1e-9), 1.0)
        days = dt / count
        hours = (1.0 - state.harvested) * HOURS * days
        cell = Cell(self.solve, self.table, self.laws)

        def unfinished(carry: tuple) -> Any:
            return carry[0] < 2.0 * count

        def forward(carry: tuple) -> tuple:
            number, course, reference = carry
            return number + 1.0, *half_turn(number % 2.0 == 1.0, course, reference, Stride(hours, days), known)

        known = (state.car_fraction, action, p, cell)
        sensed = instruments.wander(state.sensors, dt, p)
        broth = broth_of(state)
        start = (jnp.asarray(0.0), Course(broth, state.ledger, sensed, state.time_days, jnp.zeros(len(LIMITS))), broth)
        _, end, _ = eqxi.while_loop(
            unfinished, forward, start, max_steps=None, kind="checkpointed", checkpoints=CHECKPOINTS
        )
        return settled(state_of(end, state, action, p, dt))

    def bounds(self, state: State, action: Action, p: CultureParameters) -> Any:
        """The bounds of the flux balance of every cell state now, (5, k), in the order of `varying`."""
        return wish(broth_of(state), action, p, Cell(self.solve, self.table, self.laws)).bounds

    def observe(self, state: State, p: CultureParameters) -> Observation:
        """What the instruments show: probes at once, assays late."""
        return instruments.observe(state, p)

    def no_action(self) -> Action:
        """Nothing is added or taken."""
        return no_action()

    def seeded(self, state: State, key: jax.Array) -> State:
        """The state whose instruments are noisy."""
        return state._replace(sensors=instruments.with_key(state.sensors, key))


def settled(state: State) -> State:
    """The same state in arrays of fixed types, so that every interval runs the same compiled program."""
    return jax.tree.map(lambda x: jax.lax.convert_element_type(x, jnp.asarray(x).dtype), state)


def seeded_cells(p: CultureParameters) -> Cells:
    """The donor's cells as seeded."""
    viable = jnp.asarray(p.seed_density * p.volume_start, jnp.float64)
    naive = viable * p.naive_fraction
    memory = (viable - naive) * p.memory_share
    exhausted = (viable - naive - memory) * p.exhausted_share
    dead = viable * (1.0 / p.seed_viability - 1.0)
    return Cells(naive, 0.0 * viable, memory, viable - naive - memory - exhausted, exhausted, dead)


def broth_of(state: State) -> Broth:
    """The contents of the vessel as amounts."""
    return Broth(
        state.volume_ml,
        jnp.stack(state.cells),
        solutes(state.medium) * state.volume_ml,
        state.medium.activator * state.volume_ml,
        state.acid_stress,
        state.primed,
        state.respiration,
    )


def half_turn(whole: Any, course: Course, reference: Broth, stride: Stride, known: tuple) -> tuple[Course, Broth]:
    """Half of a step: first the move to its midpoint, then the whole move with the rates found there.

    Both moves start at the course's broth and use the rates at the reference, which is the broth first and the midpoint
    then; only the whole move changes the course.  One program for both, so that it is compiled once.
    """
    car_fraction, action, p, cell = known
    at = rates(reference, action, p, cell)
    flow = flow_of(course.broth, action, p, stride.hours)
    after, booking = move(course.broth, at, flow, jnp.where(whole, 1.0, 0.5) * stride.hours, p)
    medium, base = medium_of(after, action, p)
    mended, added = with_base(after, base)
    day = course.day + stride.days
    assayed = instruments.sample(mended.cells, mended.volume, car_fraction, p)
    done = Course(
        mended,
        booked(course.ledger, booking, added),
        instruments.follow(course.sensors, instruments.truth(medium, p), day, assayed, HOURS * stride.days, p),
        day,
        course.lost + stride.hours * at.limits,
    )
    return jax.tree.map(lambda new, old: jnp.where(whole, new, old), (done, mended), (course, after))


def booked(ledger: Ledger, booking: Booking, base: Any) -> Ledger:
    """The ledger with a step's booking; base: umol of strong base that control added."""
    supplied = (ledger.supplied + booking.supplied).at[SOLUTES.index("strong_ions")].add(base)
    return ledger._replace(
        supplied=supplied,
        removed=ledger.removed + booking.removed,
        formed=ledger.formed + booking.formed,
        oxygen=ledger.oxygen + booking.oxygen,
        carbon_dioxide=ledger.carbon_dioxide + booking.carbon_dioxide,
        divided=ledger.divided + booking.divided,
        medium_ml=ledger.medium_ml + booking.medium_ml,
    )


def state_of(end: Course, before: State, action: Action, p: CultureParameters, dt: Any) -> State:
    """The state at the end of an interval."""
    broth, alive = end.broth, 1.0 - before.harvested
    medium, _ = medium_of(broth, action, p)
    medium = medium._replace(strong_ions=broth.solutes[SOLUTES.index("strong_ions")] / broth.volume)
    return before._replace(
        time_days=before.time_days + dt,
        culture_days=before.culture_days + alive * dt,
        volume_ml=broth.volume,
        cells=Cells(*broth.cells),
        medium=medium,
        acid_stress=broth.acid_stress,
        primed=broth.primed,
        respiration=broth.respiration,
        limits=jnp.where(alive > 0, end.lost / (HOURS * dt), before.limits),
        ledger=end.ledger,
        sensors=end.sensors,
    )
