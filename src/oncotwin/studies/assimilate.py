"""What was measured of a running system, taken into its model: state and chosen parameters, with their uncertainty."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from oncotwin.core.task import Task
from oncotwin.errors import BadInput
from oncotwin.numerics.unscented import Belief, Correction, correct, gather, moments, points


class Estimand(NamedTuple):
    """What is estimated of a model, as a vector of n entries, and what is measured of it, as one of m.

    pack: (state, parameters) -> (n,).  unpack: ((n,), state, parameters) -> (state, parameters), those given with the
    estimated entries replaced.  observe: (state, parameters) -> (m,).  The entries should range over all numbers
    (logarithms of what is positive), for the filter treats them as Gaussian.
    """

    pack: Callable[[Any, Any], Array]
    unpack: Callable[[Array, Any, Any], tuple[Any, Any]]
    observe: Callable[[Any, Any], Array]


class Band(NamedTuple):
    """A mean and its standard deviation, of one shape."""

    mean: Array
    deviation: Array


class Assimilation(NamedTuple):
    """What is believed over time; the leading axis is that of the task's times, (t,).

    times: days.  estimated: the estimand, mean (t, n) and factor (t, n, n), after what was measured by then.  seen:
    what should be measured, noise apart, (t, m), likewise.  surprise: measured less expected before it was taken in,
    (t, m), zero where nothing was.  log_likelihood: of all that was measured.  state: the last one, at the mean.
    """

    times: Array
    estimated: Belief
    seen: Band
    surprise: Array
    log_likelihood: Array
    state: Any


def assimilate(
    task: Task,
    actions: Any,
    estimand: Estimand,
    prior: Belief,
    drift: Array,
    measured: Array,
    noise: Array,
    *,
    state: Any = None,
) -> Assimilation:
    """Filter what was measured at the times of a task.

    actions: given in each interval, leaves (t - 1, ...).  prior: of the estimand at the first time.  drift: what the
    model leaves out, standard deviation of each entry after one day, (n,).  measured: (t, m), NaN where nothing was, so
    that rows of NaN give a forecast.  noise: standard deviation of a measurement, (m,).  state: the first, whose other
    entries are kept; None for the model's.  What is not estimated follows the mean.

    Safe under jit, vmap and grad (of the likelihood, with respect to anything).
    """
    model, p = task.model, task.parameters
    _check(task, prior, drift, measured, noise)

    def taken_in(belief: Belief, rest: Any, row: Array) -> Correction:
        return correct(belief, lambda z: estimand.observe(*estimand.unpack(z, rest, p)), row, noise)

    def interval(carry: tuple[Belief, Any], given: tuple[Any, Array, Array]) -> tuple[tuple[Belief, Any], Any]:
        belief, rest = carry
        action, dt, row = given

        def moved(z: Array) -> tuple[Array, Any]:
            now, q = estimand.unpack(z, rest, p)
            after = model.advance(now, action, q, dt)
            return estimand.pack(after, q), after

        where, states = jax.vmap(moved)(points(belief))
        rest = jax.tree.map(lambda leaf: leaf[0], states)
        done = taken_in(gather(where, jnp.diag(drift * jnp.sqrt(dt))), rest, row)
        return (done.belief, rest), _record(done, rest, estimand, p)

    first = model.initial(p) if state is None else state
    begun = taken_in(prior, first, measured[0])
    given = (actions, jnp.asarray(task.intervals), measured[1:])
    (last, rest), records = jax.lax.scan(interval, (begun.belief, first), given)
    joined = jax.tree.map(lambda a, b: jnp.concatenate([a[None], b]), _record(begun, first, estimand, p), records)
    estimated, seen, surprise, likelihood = joined
    end, _ = estimand.unpack(last.mean, rest, p)
    return Assimilation(jnp.asarray(task.times), estimated, seen, surprise, jnp.sum(likelihood), end)


def _record(done: Correction, rest: Any, estimand: Estimand, p: Any) -> tuple[Belief, Band, Array, Array]:
    """What is kept of one instant."""
    values = jax.vmap(lambda z: estimand.observe(*estimand.unpack(z, rest, p)))(points(done.belief))
    mean, first, second = moments(values)
    deviation = jnp.sqrt(jnp.sum(first**2 + second**2, axis=1))
    return done.belief, Band(mean, deviation), done.surprise, done.log_likelihood


def _check(task: Task, prior: Belief, drift: Array, measured: Array, noise: Array) -> None:
    """Raise BadInput for shapes that do not fit."""
    n, m, t = jnp.shape(prior.mean)[0], jnp.shape(noise)[0], len(task.times)
    expected = {"drift": (jnp.shape(drift), (n,)), "measured": (jnp.shape(measured), (t, m))}
    for name, (got, allowed) in expected.items():
        if got != allowed:
            raise BadInput(f"{name} has another shape", where="assimilate", got=got, allowed=str(allowed))
