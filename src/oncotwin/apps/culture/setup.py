"""From a resolved spec to a culture: the task, the protocol as a controller, the instants of its results."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from oncotwin.apps.culture.fluxes import taught
from oncotwin.control.schedule import Schedule
from oncotwin.core.task import Task
from oncotwin.io.cultures.steps import harvest_of
from oncotwin.io.cultures.timeline import Timeline, timeline
from oncotwin.io.networks.files import read_network
from oncotwin.io.networks.signal_table import cell_table
from oncotwin.io.specs.culture import LONGEST_STEP_HOURS, CultureSpec
from oncotwin.io.specs.culture_consistency import steps_of
from oncotwin.models.culture import (
    Action,
    Culture,
    CultureParameters,
    DonorSubtype,
    State,
    Weights,
    median_donor,
    sample_donors,
)
from oncotwin.numerics.flux_balance import FluxCache
from oncotwin.numerics.network import Network

HOURS = 24.0
NEVER = 1e4
"""Day of the next sample where none is taken."""


class CultureRun(NamedTuple):
    """A culture made ready.

    plan: what is done when.  cache: that the model's solver was made of.  weights: of the reward.  first: the first
    state, its instruments noisy if the spec says so.
    """

    task: Task
    controller: Schedule
    plan: Timeline
    network: Network
    cache: FluxCache
    weights: Weights
    first: State


def build(spec: CultureSpec) -> CultureRun:
    """The culture that a spec describes.

    Raises BadInput for a network that cannot be read or lacks what the culture needs.
    """
    network = read_network(spec.network)
    cache = taught(network)
    model = culture_model(cache.known_solver(), spec.time.step_hours)
    return plan_culture(spec, model, network, cache)


def said_of(spec: CultureSpec) -> str:
    """A culture in a few words: its vessel, its length, its phases."""
    steps = steps_of(spec)
    days = min(spec.time.harvest_days or NEVER, harvest_of(steps).phase.start_days)
    vessel = f"{spec.vessel.kind}, {spec.seeding.volume_ml:g} of {spec.vessel.capacity_ml:g} mL"
    return f"{vessel}, {spec.seeding.cells:.3g} cells, {days:g} days, {len(steps)} phases"


def culture_model(solve: Any, step_hours: float = LONGEST_STEP_HOURS) -> Culture:
    """The model, its cells asking a flux solver and the shipped signal table."""
    return Culture(solve=solve, table=cell_table(), step_hours=step_hours)


def plan_culture(spec: CultureSpec, model: Culture, network: Network, cache: FluxCache) -> CultureRun:
    """The culture of a spec with a model that exists, so that nothing is compiled again."""
    steps = steps_of(spec)
    plan = timeline(steps, spec.time.output_every_hours / HOURS, spec.time.harvest_days)
    p = parameters_of(spec)
    weights = Weights(**spec.reward.model_dump())
    task = Task(model=model, parameters=p, times=plan.times)
    return CultureRun(
        task=task,
        controller=Schedule(actions_of(plan, model)),
        plan=plan,
        network=network,
        cache=cache,
        weights=weights,
        first=first_state(spec, task),
    )


def parameters_of(spec: CultureSpec) -> CultureParameters:
    """The donor's parameters in their vessel: its preset, moved by [donor], changed by the other tables."""
    donor = donor_of(spec, CultureParameters.preset(spec.vessel.kind))
    values = {
        "seed_density": spec.seeding.cells / spec.seeding.volume_ml,
        "seed_viability": spec.seeding.viability,
        "volume_start": spec.seeding.volume_ml,
        "volume_most": spec.vessel.capacity_ml,
        "kLa": spec.vessel.kla_per_hour,
        "assay_every": _sampled_every(spec),
    }
    return donor.with_values(**spec.parameters, **{name: value for name, value in values.items() if value is not None})


def donor_of(spec: CultureSpec, base: CultureParameters) -> CultureParameters:
    """The typical donor of a subtype, or one drawn at random."""
    donor = spec.donor
    subtype = DonorSubtype(donor.age, donor.stage, donor.prior)
    if donor.number == 0:
        return median_donor(subtype, base)
    drawn = sample_donors(jax.random.key(donor.seed), subtype, donor.number, base)
    return jax.tree.map(lambda leaf: float(leaf[-1]), drawn)


def actions_of(plan: Timeline, model: Culture) -> Action:
    """What is done in each interval, leaves (n,); what the plan leaves open is what the model does by itself."""
    count = len(plan.times) - 1
    nothing = model.no_action()._asdict()
    rows = {name: jnp.full(count, value, jnp.float64) for name, value in nothing.items()}
    for name, row in plan.rows.items():
        given = jnp.asarray(row)
        rows[name] = jnp.where(jnp.isnan(given), rows[name], given)
    return Action(**rows)


def first_state(spec: CultureSpec, task: Task) -> State:
    """The seeded cells in fresh medium, the first sample when the protocol says."""
    state = jax.jit(task.model.initial)(task.parameters)
    if spec.sensors.noise:
        state = task.model.seeded(state, jax.random.key(spec.sensors.seed))
    state = state._replace(sensors=state.sensors._replace(next_sample=jnp.asarray(_first_sample(spec))))
    return jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.asarray(leaf).dtype), state)


def _samples(spec: CultureSpec) -> Any:
    """The phase that takes samples, None if there is none."""
    return next((step.phase for step in steps_of(spec) if step.phase.do == "sample"), None)


def _sampled_every(spec: CultureSpec) -> float | None:
    phase = _samples(spec)
    return None if phase is None else HOURS * phase.every_days


def _first_sample(spec: CultureSpec) -> float:
    phase = _samples(spec)
    return NEVER if phase is None else phase.start_days
