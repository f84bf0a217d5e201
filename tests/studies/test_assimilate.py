"""Assimilation: with linear laws it is Kalman's filter, and it finds a planted rate in a noisy course."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oncotwin.core.model import Model
from oncotwin.core.parameters import Parameters, param
from oncotwin.core.task import Task
from oncotwin.errors import BadInput
from oncotwin.numerics.unscented import independent
from oncotwin.studies.assimilate import Estimand, assimilate


class Growth(Parameters):
    """Of a culture in a closed flask."""

    mu: float = param(0.5, "1/day", bounds=(0, 5), source="uncalibrated")
    use: float = param(2.0, "1/day", bounds=(0, 50), source="uncalibrated")


class Flask(NamedTuple):
    """Cells and what they eat."""

    cells: jax.Array
    food: jax.Array


class Feed(NamedTuple):
    """Food added at once."""

    food: jax.Array


class Flasks(Model):
    """Exponential growth that eats; exact."""

    def initial(self, p):
        return Flask(jnp.asarray(1.0), jnp.asarray(100.0))

    def advance(self, state, action, p, dt):
        more = state.cells * jnp.expm1(p.mu * dt)
        return Flask(state.cells + more, state.food + action.food - p.use / p.mu * more)

    def observe(self, state, p):
        return state

    def no_action(self):
        return Feed(jnp.asarray(0.0))


def _pack(state, p):
    return jnp.stack([jnp.log(state.cells), state.food, jnp.log(p.mu)])


def _unpack(z, state, p):
    return state._replace(cells=jnp.exp(z[0]), food=z[1]), p.with_values(mu=jnp.exp(z[2]))


def _seen(state, p):
    return jnp.stack([jnp.log(state.cells), state.food])


ESTIMAND = Estimand(_pack, _unpack, _seen)
TIMES = tuple(0.5 * i for i in range(13))
FEEDS = Feed(jnp.asarray([0.0, 0.0, 5.0, *([0.0] * 9)]))


@pytest.fixture(scope="module")
def task():
    return Task(Flasks(), Growth(), TIMES)


def course(rate):
    """What should be seen at every time, by the closed formula."""
    days = np.asarray(TIMES)
    food = 100 - 2.0 / rate * np.expm1(rate * days) + np.where(days >= 1.5, 5.0, 0.0)
    return np.stack([rate * days, food], axis=1)


@pytest.fixture(scope="module")
def learn(task):
    """The filter, compiled once: measured -> what is believed."""
    prior, drift = independent([0.0, 100.0, np.log(0.5)], [0.05, 1.0, 0.4]), jnp.array([1e-3, 1e-2, 0.0])
    noise = jnp.array([0.1, 3.0])
    return jax.jit(lambda measured: assimilate(task, FEEDS, ESTIMAND, prior, drift, measured, noise))


def test_a_planted_growth_factor_is_found_within_what_is_believed(learn):
    """0.72 per day where 0.5 was expected, from 25 noisy courses with gaps: unbiased, and as sure as it says."""
    rng = np.random.default_rng(5)
    found, sure = [], []
    for _ in range(25):
        measured = course(0.72) + rng.normal(size=(13, 2)) * [0.1, 3.0]
        measured[rng.random((13, 2)) < 0.4] = np.nan
        done = learn(jnp.asarray(measured))
        found.append(float(done.estimated.mean[-1, 2]))
        sure.append(float(done.estimated.deviation[-1, 2]))
    assert np.exp(np.mean(found)) == pytest.approx(0.72, rel=0.02)
    assert np.std(found) == pytest.approx(np.mean(sure), rel=0.5)
    assert np.mean(sure) < 0.1


def test_without_measurements_it_is_a_forecast_that_grows_less_sure(learn):
    done = learn(jnp.full((13, 2), jnp.nan))
    assert float(done.log_likelihood) == 0
    assert np.all(np.asarray(done.surprise) == 0)
    assert np.allclose(
        done.seen.mean[:, 0], course(0.5)[:, 0], atol=0.25
    )  # the mean of exp is above the exp of the mean
    assert np.all(np.diff(np.asarray(done.seen.deviation[:, 0])) > 0)
    informed = learn(jnp.asarray(course(0.5)))
    assert np.all(np.asarray(informed.seen.deviation[1:]) < np.asarray(done.seen.deviation[1:]))
    assert float(informed.estimated.mean[-1, 2]) == pytest.approx(np.log(0.5), abs=0.02)


def test_what_is_given_reaches_the_model(learn):
    done = learn(jnp.asarray(course(0.5)))
    assert np.allclose(done.seen.mean[:, 1], course(0.5)[:, 1], atol=0.5)
    assert float(done.state.food) == pytest.approx(course(0.5)[-1, 1], abs=0.5)


def test_shapes_that_do_not_fit_are_named(task):
    prior = independent([0.0, 100.0, 0.0], [1.0, 1.0, 1.0])
    with pytest.raises(BadInput, match=r"measured has another shape.*\(13, 2\)"):
        assimilate(task, FEEDS, ESTIMAND, prior, jnp.zeros(3), jnp.zeros((12, 2)), jnp.ones(2))
