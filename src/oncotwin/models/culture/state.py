"""The records of the culture twin: cells, medium, sensors, ledger, state, action."""

from typing import Any, NamedTuple

import jax.numpy as jnp

CELL_STATES = ("naive", "activated", "central_memory", "effector", "exhausted")
"""States of a viable cell, in the order of every array over states."""

LIMITS = (
    "signals",
    "glucose",
    "glutamine",
    "oxygen",
    "amino_acids",
    "lactate",
    "ammonia",
    "ph",
    "temperature",
)
"""What can hold growth back, in the order of `State.limits`; `signals`: the cell's own signals and capacities."""

NOTICEABLE = 0.05129
"""Loss of growth, -log(share left), below which nothing is said to limit: 5 %."""


class Cells(NamedTuple):
    """Cells in the vessel.

    naive (with stem-memory), activated (blasts), central_memory, effector, exhausted: viable.  dead: not yet lysed.
    """

    naive: Any
    activated: Any
    central_memory: Any
    effector: Any
    exhausted: Any
    dead: Any

    @property
    def viable(self) -> Any:
        """All viable cells."""
        return sum(self[:-1])


class Medium(NamedTuple):
    """What the cells live in.

    glucose, lactate, glutamine, glutamate, ammonia, amino_acids (the scarcest essential one, lysine): mmol/L.
    strong_ions: strong ion difference without lactate, ammonium and glutamate, mmol/L.  il2, il7, il15, il21: ng/mL.
    activator: equivalents (beads) for each mL; they stay with the cells.  oxygen: mmol/L and carbon_dioxide: mmHg, both
    at their quasi-steady values.
    """

    glucose: Any
    lactate: Any
    glutamine: Any
    glutamate: Any
    ammonia: Any
    amino_acids: Any
    strong_ions: Any
    il2: Any
    il7: Any
    il15: Any
    il21: Any
    activator: Any
    oxygen: Any
    carbon_dioxide: Any


SOLUTES = Medium._fields[:11]
"""What flows in and out with the medium, in the order of every array over solutes."""


class Ledger(NamedTuple):
    """Where everything went since time zero.

    supplied, removed, formed: of every solute of `SOLUTES`, concentration unit times mL (formed is negative where cells
    took up more than they made); supplied contains the first medium.  oxygen, carbon_dioxide: taken up and made, umol.
    divided: viable cells made by division.  medium_ml: fresh medium used.  cytokine_ng: added.  vector_units: added.
    """

    supplied: Any
    removed: Any
    formed: Any
    oxygen: Any
    carbon_dioxide: Any
    divided: Any
    medium_ml: Any
    cytokine_ng: Any
    vector_units: Any


class Respiration(NamedTuple):
    """What the last flux balance says of gas exchange, (5,) each over `CELL_STATES`, mmol/gDW/h.

    demand: oxygen that a cell would take up if there were enough.  carbon_dioxide: made.
    """

    demand: Any
    carbon_dioxide: Any


class Sensors(NamedTuple):
    """What the instruments hold.

    online: the last on-line readings without noise, (6,).  drift: relative, (6,).  pending, reported: the sample that
    is analysed and the last result, (6,).  taken, reported_at: days at which those samples were taken.  next_sample:
    days.  key: (2,) JAX key data.  noisy: 1 once seeded with a key, else 0.  reads: intervals that have passed.
    """

    online: Any
    drift: Any
    pending: Any
    taken: Any
    reported: Any
    reported_at: Any
    next_sample: Any
    key: Any
    noisy: Any
    reads: Any


class State(NamedTuple):
    """All that changes.

    time_days: the clock.  culture_days: time in culture, which stops at harvest.  volume_ml.  car_fraction: share of
    viable cells with the receptor.  copies: vector copies for each viable cell.  acid_stress: lost share of the killing
    that lactic acid can take, and primed: share of the cells that divide under cytokines, in [0, 1].  limits: loss of
    growth, -log(share left), to each of `LIMITS`, mean over the last interval, (9,).  seeded_cells: viable, at time
    zero.  harvested: 1 once harvested.
    """

    time_days: Any
    culture_days: Any
    volume_ml: Any
    cells: Cells
    medium: Medium
    car_fraction: Any
    copies: Any
    acid_stress: Any
    primed: Any
    respiration: Respiration
    limits: Any
    seeded_cells: Any
    harvested: Any
    ledger: Ledger
    sensors: Sensors

    @property
    def fields(self) -> Any:
        """The physical part, which is finite and never negative: volume, cells, medium, shares."""
        shares = (self.car_fraction, self.copies, self.acid_stress, self.primed)
        return self.volume_ml, self.cells, self.medium, shares


class Action(NamedTuple):
    """What is chosen, held over one interval.

    Rates: *_feed_ml_per_day; perfusion_per_day, vessel volumes of fresh medium, cells retained.  Set-points:
    oxygen_setpoint_percent of air saturation, ph_setpoint, temperature_c.  At the start of the interval:
    exchange_fraction of the medium against fresh, cells retained; il*_ng_per_ml that raise the concentration;
    activator_per_cell added; remove_activator, share; vector_moi, infectious units for each viable cell; harvest, 1
    stops the culture for good.
    """

    glucose_feed_ml_per_day: Any
    glutamine_feed_ml_per_day: Any
    medium_feed_ml_per_day: Any
    perfusion_per_day: Any
    exchange_fraction: Any
    oxygen_setpoint_percent: Any
    ph_setpoint: Any
    il2_ng_per_ml: Any
    il7_ng_per_ml: Any
    il15_ng_per_ml: Any
    il21_ng_per_ml: Any
    activator_per_cell: Any
    remove_activator: Any
    vector_moi: Any
    temperature_c: Any
    harvest: Any


def no_action() -> Action:
    """Nothing is added or taken; air, pH 7.2, 37 degrees."""
    usual = {"oxygen_setpoint_percent": 100.0, "ph_setpoint": 7.2, "temperature_c": 37.0}
    return Action(*(jnp.asarray(usual.get(name, 0.0), jnp.float64) for name in Action._fields))


def limiting(state: State) -> Any:
    """Index into `LIMITS` of what held growth back most over the last interval; 0 where no part of the medium did."""
    medium = state.limits[1:]
    return jnp.where(jnp.max(medium) > NOTICEABLE, 1 + jnp.argmax(medium), 0)


def solutes(medium: Medium) -> Any:
    """The dissolved part of the medium as an array, (11,)."""
    return jnp.stack([jnp.asarray(x, jnp.float64) for x in medium[: len(SOLUTES)]])


def over_states(p: Any, name: str) -> Any:
    """A parameter of every cell state, (5,)."""
    return jnp.stack([jnp.asarray(getattr(p, f"{name}_{state}"), jnp.float64) for state in CELL_STATES])
