"""Published and independently computed numbers of the lumped models."""

from typing import Any

import jax
import numpy as np
import pytest

from oncotwin.models import lumped
from oncotwin.models.lumped import (
    Kind,
    combination,
    depillis,
    equilibria,
    hahnfeldt,
    kuznetsov,
    neutropenia,
    saddle_of,
    separatrix,
    simeoni,
    stepanova,
)

# --- Hahnfeldt ---

TUMOUR = lumped.Hahnfeldt()
advance = jax.jit(TUMOUR.advance)


@pytest.mark.parametrize(("delta_2", "volume"), [(0.0, 17346.52), (0.02, 17257.64)])
def test_the_untreated_equilibrium(delta_2, volume):
    p = lumped.HahnfeldtParameters(delta_2=delta_2)
    window = (hahnfeldt.State(1.0, 1.0, 0.0), hahnfeldt.State(3e4, 3e4, 1.0))
    (found,) = equilibria(TUMOUR, p, window, starts=3)
    assert found.state.z1 == pytest.approx(volume, abs=5e-3)
    assert found.state.z2 == pytest.approx(volume, abs=5e-3)
    assert found.kind is Kind.STABLE_NODE


def test_the_papers_table_is_a_smaller_tumour():
    """d = 0.0873 as printed gives 548.5 mm3 where every other source has 17346.5."""
    p = lumped.HahnfeldtParameters.preset("seed_table")
    window = (hahnfeldt.State(1.0, 1.0, 0.0), hahnfeldt.State(3e4, 3e4, 1.0))
    assert equilibria(TUMOUR, p, window, starts=3)[0].state.z1 == pytest.approx(548.5, abs=0.1)


def test_untreated_growth():
    p = lumped.HahnfeldtParameters()
    after = advance(TUMOUR.initial(p), TUMOUR.no_action(), p, 20.0)
    assert float(after.z1) == pytest.approx(11157.5, abs=0.05)
    assert float(after.z2) == pytest.approx(14907.8, abs=0.05)


@pytest.mark.parametrize(("clearance", "infusion"), [(1.3, 11.52), (1.7, 15.07)])
def test_the_critical_level_of_drug(clearance, infusion):
    """Held below b/e = 8.864 mg/kg the tumour comes to rest at ((b - e z3)/d)^(3/2); above, it cannot rest."""
    p = lumped.HahnfeldtParameters(delta_3=clearance)
    assert p.b / p.e == pytest.approx(8.864, abs=5e-4)
    assert p.b / p.e * clearance == pytest.approx(infusion, abs=5e-3)
    window = (hahnfeldt.State(1.0, 1.0, 0.0), hahnfeldt.State(3e4, 3e4, 20.0))
    (below,) = equilibria(TUMOUR, p, window, action=hahnfeldt.Action(0.95 * infusion), starts=4)
    assert below.state.z1 == pytest.approx((0.05 * p.b / p.d) ** 1.5, rel=2e-2)
    assert equilibria(TUMOUR, p, window, action=hahnfeldt.Action(1.05 * infusion), starts=4) == ()


@pytest.mark.parametrize(
    ("clearance", "infusion", "after_30", "after_100"),
    [(1.3, 15.0, 986.4, 19.1), (1.3, 20.0, 335.4, 0.209), (1.7, 15.0, 2159.0, 422.0), (1.7, 20.0, 913.0, 14.4)],
)
def test_constant_infusions(clearance, infusion, after_30, after_100):
    p = lumped.HahnfeldtParameters(delta_3=clearance)
    action = hahnfeldt.Action(infusion)
    month = advance(hahnfeldt.State(17346.0, 17346.0, 0.0), action, p, 30.0)
    assert float(month.z1) == pytest.approx(after_30, rel=5e-4)
    assert float(advance(month, action, p, 70.0).z1) == pytest.approx(after_100, rel=3e-3)


@pytest.mark.parametrize(("level", "volume"), [(20.0, 399.6), (50.0, 73.8)])
def test_constant_levels(level, volume):
    """The form with two states: a level that neither falls nor rises."""
    p = lumped.HahnfeldtParameters(delta_3=0.0)
    after = advance(hahnfeldt.State(2000.0, 8000.0, level), TUMOUR.no_action(), p, 10.0)
    assert float(after.z1) == pytest.approx(volume, abs=0.05)


MICE = {
    # Hahnfeldt et al. 1999 as digitised in canceR: preset, mg/kg, every so many days, first volume, day: mm3
    "untreated": ("literature", 0.0, 1, 180.0, {4: 728, 7: 2319, 10: 3590, 13: 5852, 16: 8591, 19: 10438}, 0.20),
    "TNP-470": ("tnp470", 30.0, 2, 180.0, {4: 381, 7: 875, 10: 1363, 13: 1750}, 0.22),
    "angiostatin": ("angiostatin", 20.0, 1, 180.0, {4: 246, 7: 265, 10: 136, 13: 207}, 0.35),
    "endostatin": ("endostatin", 20.0, 1, 180.0, {4: 157, 7: 135, 10: 76}, 0.55),
    "endostatin, low": ("endostatin", 4.0, 1, 300.0, {4: 429, 7: 859, 10: 2420, 13: 3120, 16: 4100}, 0.48),
}


@pytest.mark.parametrize("arm", MICE)
def test_tumours_in_mice(arm):
    """Every mean of the experiments that the model was made from, within the stated share."""
    preset, dose, every, first, measured, share = MICE[arm]
    p = lumped.HahnfeldtParameters.preset(preset)
    state = hahnfeldt.State(first, 625.0, 0.0)
    for day in range(20):
        if day in measured:
            assert float(state.z1) == pytest.approx(measured[day], rel=share), day
        state = state._replace(z3=state.z3 + dose * (day % every == 0))
        state = advance(state, TUMOUR.no_action(), p, 1.0)


# --- Stepanova ---

IMMUNE, SHARIFI = lumped.Stepanova(), lumped.StepanovaParameters()
WINDOW = (stepanova.State(1.0, 1e-3), stepanova.State(790.0, 4.0))
REST = equilibria(IMMUNE, SHARIFI, WINDOW)
forward = jax.jit(IMMUNE.advance)


@pytest.mark.parametrize(
    ("number", "printed", "computed", "eigenvalues", "kind"),
    [
        (0, (73, 1.32), (73.0682, 1.32579), (-0.3245 - 0.4822j, -0.3245 + 0.4822j), Kind.STABLE_FOCUS),
        (1, (356.2, 0.439), (355.412, 0.44009), (-1.2417, 0.4134), Kind.SADDLE),
        (2, (737.3, 0.032), (737.371, 0.031468), (-3.8517, -0.4612), Kind.STABLE_NODE),
    ],
)
def test_equilibria_of_stepanova(number, printed, computed, eigenvalues, kind):
    """Computed to the digits of an independent calculation, and as Sharifi et al. 2017 print them."""
    found = REST[number]
    np.testing.assert_allclose(found.state, computed, rtol=2e-5)
    np.testing.assert_allclose(found.state, printed, rtol=2e-2)
    np.testing.assert_allclose(found.eigenvalues, eigenvalues, atol=5.1e-5)
    assert found.kind is kind


def test_the_separatrix_of_stepanova():
    curve = separatrix(IMMUNE, SHARIFI, saddle_of(REST), WINDOW)
    order = np.argsort(curve.x)
    y = np.interp([200, 300, 400, 500, 600, 700, 780], curve.x[order], curve.y[order])
    np.testing.assert_allclose(y, [0.2031, 0.3424, 0.5317, 0.7866, 1.1203, 1.5438, 1.9532], atol=6e-5)


@pytest.mark.parametrize(("dose", "cells"), [(1.0, 43.05), (0.5, 60.86), (0.3, 66.38)])
def test_constant_chemotherapy(dose, cells):
    after = forward(IMMUNE.initial(SHARIFI), stepanova.Action(dose, 0.0), SHARIFI, 30.0)
    assert float(after.x) == pytest.approx(cells, abs=5e-3)


def test_immunotherapy_alone_fails():
    """As in Sharifi et al. 2017; and the tumour is malignant again after it."""
    after = forward(IMMUNE.initial(SHARIFI), stepanova.Action(0.0, 1.0), SHARIFI, 60.0)
    assert float(after.x) == pytest.approx(715.8, abs=0.05)
    assert float(forward(after, IMMUNE.no_action(), SHARIFI, 60.0).x) == pytest.approx(737.371, abs=1e-2)


def test_what_immunotherapy_of_sharifi_settles_at():
    found = equilibria(IMMUNE, SHARIFI, WINDOW, action=stepanova.Action(0.0, 0.72))
    np.testing.assert_allclose(found[-1].state, (724.43, 0.0414), rtol=5e-4)
    assert found[-1].kind is Kind.STABLE_NODE


# --- the others ---


def test_equilibria_of_kuznetsov():
    model, p = lumped.Kuznetsov(), lumped.KuznetsovParameters()
    found = equilibria(model, p, (kuznetsov.State(0.0, 0.0), kuznetsov.State(3.0, 500.0)))
    expected = [
        ((0.1730, 447.13), Kind.STABLE_NODE),
        ((0.3155, 0.0), Kind.SADDLE),
        ((0.7598, 267.80), Kind.SADDLE),
        ((1.6092, 8.19), Kind.STABLE_FOCUS),
    ]
    for e, (state, kind) in zip(found, expected, strict=True):
        np.testing.assert_allclose(e.state, state, rtol=2e-4, atol=1e-9)
        assert e.kind is kind


def test_equilibria_of_de_pillis():
    """Free of tumour: N = 1/b_2, I = s/d_1, and growth r_1 - c_2 I - c_3 N of a first tumour cell is negative."""
    model, p = lumped.DePillis(), lumped.DePillisParameters()
    corners = depillis.State(0.0, 0.0, 0.0, 0.0), depillis.State(2.0, 2.0, 2.0, 2.0)
    cured = equilibria(model, p, corners, starts=3)[-1]
    np.testing.assert_allclose(cured.state, (1.0, 0.0, 1.65, 0.0), atol=1e-9)
    np.testing.assert_allclose(cured.eigenvalues, (-1.0, -1.0, -0.325, -0.2), atol=1e-9)


def test_the_threshold_of_simeoni():
    """Held above lambda_0/k_2 = 434 ng/mL, cycling cells of a small tumour decline; below, they grow."""
    model, p = lumped.Simeoni(), lumped.SimeoniParameters()
    threshold = p.lambda_0 / p.k_2
    assert threshold == pytest.approx(434, abs=0.1)
    rates = [float(model.rate(model.initial(p), simeoni.Action(c * threshold), p).x1) for c in (0.99, 1.01)]
    assert rates[0] > 0 > rates[1]
    assert rates[0] == pytest.approx(0.01 * p.lambda_0 * p.w_0, rel=1e-6)


def test_untreated_growth_of_simeoni():
    """Exponential at first, then linear at lambda_1; they cross at lambda_1/lambda_0."""
    model, p = lumped.Simeoni(lumped.Stepped(0.02)), lumped.SimeoniParameters()
    course = jax.jit(lambda s: model.advance(s, model.no_action(), p, 1.0))
    state = model.initial(p)
    for _ in range(5):
        state = course(state)
    assert float(state.x1) == pytest.approx(p.w_0 * np.exp(5 * p.lambda_0), rel=1e-6)
    for _ in range(20):
        before, state = state, course(state)
    assert float(state.x1 - before.x1) == pytest.approx(p.lambda_1, rel=1e-6)


def test_the_combined_model_without_drug_is_hahnfeldts():
    model, p = lumped.Combination(), lumped.CombinationParameters()
    corners = combination.State(1.0, 1.0), combination.State(3e4, 3e4)
    assert pytest.approx(17346.52, abs=5e-3) == equilibria(model, p, corners, starts=3)[0].state.N
    plain = TUMOUR.rate(hahnfeldt.State(500.0, 800.0, 4.0), TUMOUR.no_action(), lumped.HahnfeldtParameters(e=0.15))
    both = model.rate(combination.State(500.0, 800.0), combination.Action(0.0, 4.0), p)
    np.testing.assert_allclose([float(x) for x in both], [float(plain.z1), float(plain.z2)], rtol=1e-12)


# --- neutrophils ---

MARROW, PATIENT = lumped.Neutropenia(lumped.Stepped(1 / 256)), lumped.NeutropeniaParameters()
later = jax.jit(MARROW.advance)


def day_by_day(infusion: float, days: int) -> list[Any]:
    """Observations at whole days after an infusion of one hour."""
    state = later(MARROW.initial(PATIENT), neutropenia.Action(infusion), PATIENT, 1 / 24)
    seen = []
    for _ in range(days):
        state = later(state, MARROW.no_action(), PATIENT, 1.0)
        seen.append(MARROW.observe(state, PATIENT))
    return seen


def test_neutrophils_at_rest():
    """3.53e9/L and the marrow that goes with it, 9.297876, are kept."""
    state = MARROW.initial(PATIENT)
    assert float(state.prol) == pytest.approx(9.297876, rel=1e-6)
    assert max(abs(float(r)) for r in MARROW.rate(state, MARROW.no_action(), PATIENT)) < 1e-6
    assert float(later(state, MARROW.no_action(), PATIENT, 30.0).circ) == pytest.approx(3.53, rel=1e-6)


def test_docetaxel_is_cleared_with_its_clearance():
    """Of a steady infusion u, C1 settles at u/k_10 and each peripheral compartment at its share."""
    state = later(MARROW.initial(PATIENT), neutropenia.Action(100.0), PATIENT, 10.0)
    assert float(state.C1) == pytest.approx(100.0 / PATIENT.k_10, rel=1e-6)
    assert float(state.C3) == pytest.approx(100.0 / PATIENT.k_10 * PATIENT.k_13 / PATIENT.k_31, rel=1e-6)


def test_neutropenia_after_docetaxel():
    """100 mg/m2: severe (grade 4, below 0.5e9/L) in the second week, above the start within three weeks."""
    counts = [float(seen.neutrophils_1e9_per_l) for seen in day_by_day(PATIENT.u_max, 21)]
    nadir = int(np.argmin(counts)) + 1
    assert 7 <= nadir <= 10
    assert min(counts) < 0.5
    assert counts[-1] > PATIENT.circ_0
    assert min(counts) < min(float(seen.neutrophils_1e9_per_l) for seen in day_by_day(0.75 * PATIENT.u_max, 21))
