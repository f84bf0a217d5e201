"""Instruments: exact without a key, late at-line, noise of the size that is stated and from the key alone."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from culture_bench import medium

from oncotwin.models.culture import MEANINGS, CultureParameters, Observation, sensors
from oncotwin.models.culture.acid_base import pH_of

P = CultureParameters()
CELLS = jnp.asarray([1e6, 5e6, 2e6, 1.5e6, 5e5, 1e6])


@pytest.fixture(scope="module")
def first(model):
    return model.initial(P)


def test_every_reading_has_a_unit_and_a_name():
    assert tuple(MEANINGS) == Observation._fields


def test_probes_without_a_key_are_exact(model, first):
    seen = model.observe(first, P)
    assert float(seen.glucose_mmol_per_l) == pytest.approx(P.medium_glucose)
    assert float(seen.ph) == pytest.approx(float(pH_of(first.medium, P)), abs=1e-9)
    assert float(seen.oxygen_percent) == pytest.approx(100 * float(first.medium.oxygen) / P.oxygen_saturation)
    assert float(seen.viable_density_per_ml) == pytest.approx(P.seed_density)
    assert float(seen.viability) == pytest.approx(P.seed_viability)


def test_flow_cytometry_reads_some_blasts_as_memory():
    density, viability, memory, effector, exhausted, car = np.asarray(sensors.sample(CELLS, 10.0, 0.3, P))
    assert density == pytest.approx(1e6)
    assert viability == pytest.approx(10 / 11)
    assert memory == pytest.approx((1 + 2 + 5 * P.blast_ccr7) / 10)
    assert memory + effector + exhausted == pytest.approx(1.0)
    assert car == pytest.approx(0.3)


def followed(hours, steps=96, keyed=None):
    """Sensors along a culture whose density rises by one an hour, at each step; (steps, ...)."""
    p = P.with_values(assay_delay=18.0)
    start = sensors.start(jnp.zeros(6), jnp.zeros(6), p)
    start = start if keyed is None else sensors.with_key(start, keyed)

    def step(s, n):
        day = (n + 1) * hours / 24
        s = sensors.follow(s, jnp.full(6, 5.0), day, jnp.full(6, 24 * day), hours, p)
        return s, (day, s.reported[0], s.reported_at, s.online[0])

    return [np.asarray(x) for x in jax.lax.scan(step, start, jnp.arange(float(steps)))[1]]


def test_results_come_late_and_say_how_old_they_are():
    days, reported, at, _ = followed(hours=0.5)
    assert np.all(at <= days)
    assert np.all(days - at < (24 + 18) / 24 + 1e-9)
    np.testing.assert_allclose(reported, 24 * at)  # what is reported is the truth of the time it was taken
    assert np.all(reported[days < 1.75 - 1e-9] == 0.0)
    assert reported[np.argmin(np.abs(days - 1.75))] == pytest.approx(24.0)


def test_samples_do_not_depend_on_the_step():
    coarse, fine = followed(hours=0.5), followed(hours=0.25, steps=192)
    np.testing.assert_allclose(coarse[1], fine[1][1::2])


def test_probes_follow_with_their_response_time():
    online = followed(hours=0.05, steps=10)[3]
    expected = 5.0 * (1 - np.exp(-0.05 * np.arange(1, 11) / P.sensor_response))
    np.testing.assert_allclose(online, expected, rtol=1e-12)


def test_noise_comes_from_the_key_alone(model, first):
    a, again, b = (model.observe(model.seeded(first, jax.random.key(k)), P) for k in (1, 1, 2))
    assert float(a.glucose_mmol_per_l) == float(again.glucose_mmol_per_l)
    assert float(a.glucose_mmol_per_l) != float(b.glucose_mmol_per_l)
    raw = model.observe(model.seeded(first, jax.random.PRNGKey(1)), P)
    assert float(raw.glucose_mmol_per_l) == float(a.glucose_mmol_per_l)


def test_noise_has_the_size_that_is_stated(first):
    def seen(key):
        return sensors.observe(first._replace(sensors=sensors.with_key(first.sensors, key)), P)

    shown = jax.vmap(seen)(jax.random.split(jax.random.key(0), 4000))
    for value, size in ((shown.glucose_mmol_per_l, P.noise_glucose), (shown.viable_density_per_ml, P.noise_count)):
        assert np.std(np.log(value)) == pytest.approx(size, rel=0.05)
    assert np.std(shown.ph) == pytest.approx(0.02, rel=0.2)
    assert np.std(shown.effector_fraction) == pytest.approx(P.noise_flow, rel=0.05)
    assert np.all((shown.viability <= 1) & (shown.viability >= 0))


def test_drift_is_a_random_walk_of_the_metabolite_probes(first):
    def walked(key):
        s = sensors.with_key(first.sensors, key)
        for _ in range(4):
            s = sensors.wander(s, 0.5, P)
        return s.drift

    drift = np.asarray(jax.vmap(walked)(jax.random.split(jax.random.key(3), 4000)))
    assert np.std(drift[:, 0]) == pytest.approx(P.drift * np.sqrt(2.0), rel=0.05)
    assert np.all(drift[:, 4:] == 0)
    assert np.all(np.asarray(sensors.wander(first.sensors, 1.0, P).drift) == 0)


def test_the_true_glucose_is_not_in_a_noisy_observation(model, first):
    seen = model.observe(model.seeded(first, jax.random.key(5)), P)
    assert abs(float(seen.glucose_mmol_per_l) - float(first.medium.glucose)) > 1e-6
    assert medium().glucose == 15.0
