"""Instruments: on-line probes with response, noise and drift; at-line assays that come late.

Without a key the probes show the truth through their response time and the assays the truth of the sample.  With one,
noise follows from the key alone: the same key, the same readings, whatever the step length.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from oncotwin.core.parameters import Parameters
from oncotwin.models.culture.acid_base import pH_of
from oncotwin.models.culture.state import Medium, Sensors, State

HOURS = 24.0
METABOLITES = 4
"""The first probes: those that drift."""
ON_TIME = 1e-9
"""Days by which a sample may be early, for the round-off of the clock."""


class Observation(NamedTuple):
    """What the instruments show.

    On-line: glucose, lactate, glutamine, ammonia (mmol/L), oxygen_percent of air saturation, ph, volume_ml, time_days.
    At-line, of the last sample whose result is there: viable_density_per_ml, viability, memory_fraction (CCR7+),
    effector_fraction, exhausted_fraction, car_fraction of viable cells; at_line_age_days since it was taken.
    """

    glucose_mmol_per_l: Any
    lactate_mmol_per_l: Any
    glutamine_mmol_per_l: Any
    ammonia_mmol_per_l: Any
    oxygen_percent: Any
    ph: Any
    volume_ml: Any
    time_days: Any
    viable_density_per_ml: Any
    viability: Any
    memory_fraction: Any
    effector_fraction: Any
    exhausted_fraction: Any
    car_fraction: Any
    at_line_age_days: Any


MEANINGS = {
    "glucose_mmol_per_l": ("mmol/L", "glucose"),
    "lactate_mmol_per_l": ("mmol/L", "lactate"),
    "glutamine_mmol_per_l": ("mmol/L", "glutamine"),
    "ammonia_mmol_per_l": ("mmol/L", "ammonia"),
    "oxygen_percent": ("%", "dissolved oxygen, air saturation"),
    "ph": ("1", "pH"),
    "volume_ml": ("mL", "volume"),
    "time_days": ("day", "time"),
    "viable_density_per_ml": ("1/mL", "viable cells, late"),
    "viability": ("1", "viability, late"),
    "memory_fraction": ("1", "CCR7-positive share, late"),
    "effector_fraction": ("1", "effector share, late"),
    "exhausted_fraction": ("1", "exhausted share, late"),
    "car_fraction": ("1", "CAR-positive share, late"),
    "at_line_age_days": ("day", "age of the late readings"),
}
"""Unit and long name of every entry of `Observation`."""


def truth(medium: Medium, p: Parameters) -> Any:
    """What the probes would show at once and without noise, (6,)."""
    per_cent = 100.0 * medium.oxygen / p.oxygen_saturation
    return jnp.stack([medium.glucose, medium.lactate, medium.glutamine, medium.ammonia, per_cent, pH_of(medium, p)])


def sample(cells: Any, volume: Any, car_fraction: Any, p: Parameters) -> Any:
    """What the assays would show without noise, (6,).  cells: (6,).

    Flow cytometry reads naive and central-memory cells and a share of the blasts as CCR7-positive, the rest of the
    blasts as effectors.
    """
    naive, activated, memory, effector, exhausted, dead = cells
    viable = naive + activated + memory + effector + exhausted
    alive = jnp.maximum(viable, 1e-30)
    return jnp.stack(
        [
            viable / volume,
            viable / jnp.maximum(viable + dead, 1e-30),
            (naive + memory + p.blast_ccr7 * activated) / alive,
            (effector + (1.0 - p.blast_ccr7) * activated) / alive,
            exhausted / alive,
            car_fraction,
        ]
    )


def start(online: Any, first: Any, p: Parameters) -> Sensors:
    """Instruments at seeding: the seeded cells have been assayed."""
    zero = jnp.asarray(0.0)
    return Sensors(
        online=online,
        drift=jnp.zeros(METABOLITES + 2),
        pending=first,
        taken=zero,
        reported=first,
        reported_at=zero,
        next_sample=jnp.asarray(p.assay_every / HOURS, jnp.float64),
        key=jnp.zeros(2, jnp.uint32),
        noisy=zero,
        reads=jnp.asarray(0, jnp.int32),
    )


def with_key(sensors: Sensors, key: jax.Array) -> Sensors:
    """Instruments whose noise comes from a JAX key."""
    data = jax.random.key_data(key) if jnp.issubdtype(key.dtype, jax.dtypes.prng_key) else key
    return sensors._replace(key=data.astype(jnp.uint32), noisy=jnp.asarray(1.0))


def noise(sensors: Sensors, label: Any, shape: int) -> Any:
    """Normal numbers of a label, zero without a key."""
    key = jax.random.fold_in(jax.random.wrap_key_data(sensors.key), label)
    return sensors.noisy * jax.random.normal(key, (shape,), jnp.float64)


def online_noise(p: Parameters) -> Any:
    """Relative noise of the probes, (6,)."""
    names = ("glucose", "lactate", "glutamine", "ammonia", "oxygen", "pH")
    return jnp.stack([jnp.asarray(getattr(p, f"noise_{name}"), jnp.float64) for name in names])


def wander(sensors: Sensors, days: Any, p: Parameters) -> Sensors:
    """The sensors an interval later: drift has walked, the next reading has other noise."""
    label = 3 * sensors.reads
    drifting = jnp.where(jnp.arange(METABOLITES + 2) < METABOLITES, p.drift, 0.0)
    walked = drifting * jnp.sqrt(jnp.maximum(days, 1e-30)) * noise(sensors, label, METABOLITES + 2)
    return sensors._replace(drift=sensors.drift + walked, reads=sensors.reads + 1)


def follow(sensors: Sensors, now: Any, day: Any, assayed: Any, hours: Any, p: Parameters) -> Sensors:
    """The sensors after a step: probes follow with their response time; samples are taken and results come in.

    now: (6,) truth of the probes and assayed: (6,) of the assays, at the step's end, `day`.
    """
    lag = jnp.exp(-hours / p.sensor_response)
    delay = jnp.minimum(p.assay_delay, p.assay_every) / HOURS
    due = day >= sensors.next_sample - ON_TIME
    pending = jnp.where(due, assayed, sensors.pending)
    taken = jnp.where(due, day, sensors.taken)
    ready = day >= taken + delay - ON_TIME
    return sensors._replace(
        online=now + (sensors.online - now) * lag,
        pending=pending,
        taken=taken,
        reported=jnp.where(ready, pending, sensors.reported),
        reported_at=jnp.where(ready, taken, sensors.reported_at),
        next_sample=jnp.where(due, sensors.next_sample + p.assay_every / HOURS, sensors.next_sample),
    )


def read_assay(sensors: Sensors, p: Parameters) -> Any:
    """The last result with its noise, (6,), which follows from the key and the hour of the sample."""
    drawn = noise(sensors, 3 * jnp.round(HOURS * sensors.reported_at).astype(jnp.int32) + 1, 6)
    count = sensors.reported[:1] * jnp.exp(p.noise_count * drawn[:1])
    size = jnp.stack([p.noise_viability, *(4 * [p.noise_flow])])
    shown = sensors.reported[1:] + size * drawn[1:]
    return jnp.concatenate([count, jnp.clip(shown, 0.0, 1.0)])


def observe(state: State, p: Parameters) -> Observation:
    """What the instruments show now."""
    sensors = state.sensors
    drawn = noise(sensors, 3 * sensors.reads + 2, METABOLITES + 2)
    shown = sensors.online * jnp.exp(sensors.drift + online_noise(p) * drawn)
    return Observation(
        *shown,
        state.volume_ml,
        state.time_days,
        *read_assay(sensors, p),
        state.time_days - sensors.reported_at,
    )
