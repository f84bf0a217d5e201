"""The lumped belief of a patient: the model of two drugs, fitted to courses of the twin under probing doses."""

from dataclasses import replace
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from oncotwin.apps.loop.beside import BELIEF, SMALLEST_MM3, volume_mm3
from oncotwin.apps.loop.regimens import LIMITS
from oncotwin.apps.loop.twin import Case, Slab, follow_given, stacked
from oncotwin.control.schedule import Schedule
from oncotwin.core.rollout import rollout
from oncotwin.core.task import Task
from oncotwin.models.lumped import CombinationParameters, combination
from oncotwin.studies.belief import Fitted, fit_belief

FITTED = ("beta", "lambda_K", "psi", "eta")
"""Constants of the belief that are fitted; chemotherapy is taken to spare vessels, as it does in the twin."""
_START = (0.02, 0.00873, 0.04, 0.05)
_LOW, _HIGH = (1e-4, 1e-4, 1e-4, 1e-4), (1.0, 1.0, 1.0, 10.0)


class Belief(NamedTuple):
    """What a controller believes of a patient.

    parameters: of the lumped model.  fit: how near it comes; its error is the root mean square of the logarithm of
    predicted over seen where `counted`, of the very courses it was fitted to.  days: of the courses, from the first
    decision on drugs, (t,).  seen, predicted: volumes, mm3, (p, t), a row a probe.  counted: whether a volume was
    fitted as it is, (p, t): not the first, from which the belief starts, and none too small to be seen.  probes: their
    names.
    """

    parameters: CombinationParameters
    fit: Fitted
    days: np.ndarray
    seen: np.ndarray
    predicted: np.ndarray
    counted: np.ndarray
    probes: tuple[str, ...]


def probes(slab: Slab) -> dict[str, np.ndarray]:
    """Drug levels of each probing course, (m, 2): none, pulses of chemotherapy, the inhibitor throughout."""
    count = len(slab.instants) - 1
    pulses, steady = np.zeros((count, 2)), np.zeros((count, 2))
    pulses[::3, 0] = LIMITS.per_day.chemotherapy
    steady[:, 1] = LIMITS.per_day.inhibitor_mg_per_kg
    return {"no drug": np.zeros((count, 2)), "chemotherapy": pulses, "inhibitor": steady}


def believe(case: Case, slab: Slab) -> Belief:
    """The lumped model fitted to the twin of one case under the probing doses.

    A volume at its floor says only that the tumour is no larger: a prediction below it is as good as any other.
    """
    tried = probes(slab)
    rows = [int(np.searchsorted(slab.times, at)) for at in slab.instants]
    one = stacked(case, 1)
    seen = np.stack([np.asarray(volume_mm3(follow_given(one, slab, d).series))[0, rows] for d in tried.values()])
    predict = jax.jit(lambda values: predicted(values, seen[:, 0], slab, jnp.asarray(np.stack(list(tried.values())))))
    hidden = unseen(seen)
    fit = fit_belief(
        lambda values: censored(np.asarray(predict(values)), hidden), seen, *map(np.asarray, (_START, _LOW, _HIGH))
    )
    told, counted = np.asarray(predict(fit.values)), ~hidden
    counted[:, 0] = False
    fit = fit._replace(error=log_error(told[counted], seen[counted]))
    days = np.asarray(slab.instants) - slab.instants[0]
    found = jax.tree.map(float, _parameters(fit.values, seen[0, 0]))
    return Belief(found, fit, days, seen, told, counted, tuple(tried))


def unseen(volumes: np.ndarray) -> np.ndarray:
    """Whether volumes, mm3, lie at the floor of what imaging shows."""
    return np.asarray(volumes) <= SMALLEST_MM3 * (1 + 1e-6)


def censored(told: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """Predicted volumes, mm3, as imaging would show them where it shows no more than the floor; the others as they are.

    told, hidden: (p, t).
    """
    return np.where(hidden, np.maximum(told, SMALLEST_MM3), told)


def log_error(told: np.ndarray, seen: np.ndarray) -> float:
    """Root mean square of the logarithm of volumes predicted over seen, (n,); NaN where there is none."""
    return float(np.sqrt(np.mean(np.log(told / seen) ** 2))) if seen.size else float("nan")


def predicted(values: jax.Array, first: np.ndarray, slab: Slab, levels: jax.Array) -> jax.Array:
    """Volumes that the belief predicts, mm3, (p, t).  values: of FITTED; first: volumes, (p,); levels: (p, m, 2)."""

    def one(volume: jax.Array, doses: jax.Array) -> jax.Array:
        p = _parameters(values, volume)
        plan = Schedule(combination.Action(doses[:, 0], doses[:, 1]))
        times = tuple(at - slab.instants[0] for at in slab.instants)
        return rollout(Task(BELIEF, p, times), plan).observations.volume_mm3

    return jax.vmap(one)(jnp.asarray(first), levels)


def _parameters(values: jax.Array, volume: jax.Array) -> CombinationParameters:
    """The belief with fitted constants, a tumour of this volume, and what its vessels then carry at rest."""
    base = CombinationParameters()
    named = dict(zip(FITTED, values, strict=True))
    carried = base.gamma * volume / (named["lambda_K"] * volume ** (2 / 3))
    return replace(base, **named, epsilon=0.0, N_0=volume, K_0=carried)
