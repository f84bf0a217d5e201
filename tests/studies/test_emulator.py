"""The emulator: exact for polynomials, honest about what it misses, smooth, silent nowhere outside its doses."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oncotwin.apps.personal.bank import shipped_bank
from oncotwin.core.observables import Observables
from oncotwin.errors import BadInput
from oncotwin.studies.inverse.bank import Bank, sobol_design
from oncotwin.studies.inverse.emulator import LOGARITHMIC, SCORES, Emulator, fit, scores_of


@pytest.fixture(scope="module")
def shipped() -> Emulator:
    return fit(shipped_bank())


def made_bank(noise: float) -> Bank:
    """A bank whose scores are one polynomial of degree three, and noise."""
    design = sobol_design(512, (1e8, 1e9), seed=5)
    a, b = design.latents[:, 0], design.latents[:, 3]
    share = np.log10(design.doses_cells / 1e8)
    score = 1.0 + a * b**2 - 0.5 * share**3 + a + noise * np.random.default_rng(0).standard_normal(len(a))
    leaves = {name: np.exp(score) if name in LOGARITHMIC else score for name in SCORES}
    nothing = Observables(*(np.zeros(len(a)) for _ in Observables._fields))
    return Bank(design, nothing._replace(**leaves), {"dose_cells": [1e8, 1e9]})


def test_a_cubic_is_emulated_exactly():
    emulator = fit(made_bank(0.0))
    theta, dose = jnp.array([0.3, 0.9, 0.1, 0.7, 0.2, 0.6]), jnp.asarray(4e8)
    exact = 1.0 + 0.3 * 0.7**2 - 0.5 * np.log10(4.0) ** 3 + 0.3
    assert np.asarray(jax.jit(emulator.__call__)(theta, dose)) == pytest.approx(exact, abs=1e-9)
    assert np.max(emulator.error) < 1e-9


def test_the_error_is_that_of_simulations_not_seen():
    terms = 120
    emulator = fit(made_bank(0.1))
    predicted = 0.1 * np.sqrt(1 + terms / (0.8 * 512))  # noise, and that of the coefficients
    assert emulator.error == pytest.approx(predicted, rel=0.15)


def test_the_shipped_emulator_explains_what_varies(shipped):
    explained = 1 - (shipped.error / np.where(shipped.spread > 0, shipped.spread, 1.0)) ** 2
    by_name = dict(zip(SCORES, explained, strict=True))
    assert shipped.simulations == 2048
    for name in ("c_max", "auc_0_28", "target_change", "peak_il6", "depth", "escape_fraction"):
        assert by_name[name] > 0.95, name
    assert by_name["regrowth_days"] > 0.85
    assert shipped.spread[SCORES.index("t_max_days")] < 1e-6  # no latent moves Tmax in this twin


def test_its_gradient_is_that_of_differences(shipped):
    theta, dose = jnp.array([0.4, 0.6, 0.5, 0.3, 0.7, 0.5]), jnp.asarray(2.5e8)
    call = jax.jit(shipped.__call__)
    slopes = jax.jit(jax.jacfwd(shipped.__call__))(theta, dose)
    step = 1e-5
    for i in range(6):
        moved = step * jnp.eye(6)[i]
        found = (call(theta + moved, dose) - call(theta - moved, dose)) / (2 * step)
        assert np.asarray(slopes[:, i]) == pytest.approx(np.asarray(found), abs=1e-6)


def test_a_dose_outside_the_bank_is_refused(shipped):
    shipped.check_doses(np.array([1e8, 1e9]))
    with pytest.raises(BadInput, match="got .2000000000"):
        shipped.check_doses(np.array([2.5e8, 2e9]))


def test_a_bank_too_small_is_refused():
    bank = made_bank(0.0)
    small = Bank(*jax.tree.map(lambda leaf: leaf[:100], (bank.design, bank.observables)), bank.about)
    with pytest.raises(BadInput, match="240 or more"):
        fit(small)


def test_scores_are_logarithms_where_they_say_so():
    bank = shipped_bank()
    scores = scores_of(bank.observables)
    assert scores.shape == (2048, len(SCORES))
    assert np.exp(scores[:, SCORES.index("c_max")]) == pytest.approx(bank.observables.c_max)
    assert np.array_equal(scores[:, SCORES.index("depth")], bank.observables.depth)
