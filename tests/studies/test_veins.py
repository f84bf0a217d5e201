"""From vein to vein: the couplings are bounded and monotone, and obey the laws of the tumour twin."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncotwin import Task, rollout, stack
from oncotwin.control.schedule import Schedule
from oncotwin.core.exchange import Latents, Product
from oncotwin.errors import BadInput
from oncotwin.models.tumour3d import Accurate, Grid, Tumour, TumourParameters, apply_latents, plan_actions
from oncotwin.studies.veins import (
    VeinParameters,
    check_product,
    dose,
    handover,
    infusion_of,
    moved_constants,
    moved_latents,
    young_share,
)

V = VeinParameters()
REFERENCE = Product(
    car_positive_cells=7.4e8,
    viability=0.86,
    expansion_fold=25.0,
    naive=0.0,
    activated=0.1155,
    central_memory=0.13475,
    effector=0.71205,
    exhausted=0.0377,
    cytotoxicity=0.44,
    crs_risk=0.5094,
    neurotoxicity_risk=0.25,
    copies_per_cell=1.615,
    culture_days=10.0,
    cost=1.05,
)
SHARE = st.floats(0.0, 1.0)
MODEL = Tumour(Grid((16,), (2.0,)), scheme=Accurate(rtol=1e-2))
TIMES = tuple(float(day) for day in range(0, 43, 3))
PRESET = TumourParameters()


@jax.jit
def burdens(products: Product) -> jax.Array:
    """Tumour cells at each instant of six weeks, a row a product; leaves (n,)."""

    def one(product: Product) -> jax.Array:
        made = handover(product, V)
        p = moved_constants(apply_latents(PRESET, moved_latents(Latents(), made)), made)
        unit = plan_actions(MODEL, (infusion_of(handover(REFERENCE, V)),), TIMES)
        given = jnp.where(unit.blood_cells > 0, (1.0 - made.exhausted_fraction) * made.cells, 0.0)
        done = rollout(Task(MODEL, p, TIMES), Schedule(unit._replace(blood_cells=given)))
        return done.observations.tumour_burden_cells

    return jax.lax.map(one, products)


def several(name, values):
    """Products that differ in one number alone."""
    return stack([REFERENCE._replace(**{name: float(value)}) for value in values])


def test_the_reference_product_leaves_the_patient_as_he_is():
    made = handover(REFERENCE, V)
    assert [float(x) for x in (made.cyt, made.exh, *made.factors)] == pytest.approx([0, 0, 1, 1, 1, 1], abs=1e-9)
    assert float(made.cells) == V.planned_dose


def test_more_potent_products_never_kill_less():
    """The law: all else equal, at no time does more potency leave more tumour."""
    burden = np.asarray(burdens(several("cytotoxicity", (0.2, 0.3, 0.44, 0.55, 0.7))))
    assert np.all(np.diff(burden, axis=0) <= 1e-9 * burden[1:])
    assert burden[-1].min() < 0.5 * burden[0].min()


def test_more_cells_never_leave_a_larger_nadir():
    """Later they may: more cells press harder for the loss of the antigen."""
    burden = np.asarray(burdens(several("car_positive_cells", (0.0, 1e7, 1e8, 2e8, 1e9))))
    assert np.all(np.diff(burden.min(axis=1)) <= 0)
    untreated = rollout(Task(MODEL, apply_latents(PRESET, Latents()), TIMES), Schedule(plan_actions(MODEL, (), TIMES)))
    np.testing.assert_allclose(burden[0], untreated.observations.tumour_burden_cells, rtol=1e-9)


@given(a=SHARE, b=SHARE)
def test_each_coupling_is_monotone_in_what_it_follows(a, b):
    low, high = sorted((a, b))

    def pair(name):
        return [handover(REFERENCE._replace(**{name: x}), V) for x in (low, high)]

    less, more = pair("cytotoxicity")
    assert less.cyt <= more.cyt
    less, more = pair("exhausted")
    assert less.exh <= more.exh
    assert less.exhausted_fraction <= more.exhausted_fraction
    less, more = pair("central_memory")
    assert less.exh >= more.exh
    assert less.factors.engraftment <= more.factors.engraftment
    assert less.factors.rho_C <= more.factors.rho_C
    less, more = pair("crs_risk")
    assert less.factors.p_IL6 <= more.factors.p_IL6


@given(
    shares=st.lists(st.floats(0.0, 1.0), min_size=5, max_size=5).filter(lambda x: sum(x) > 1e-3),
    scores=st.tuples(SHARE, SHARE),
    cells=st.floats(0.0, 1e12),
    copies=st.floats(0.0, 50.0),
    latents=st.tuples(*[SHARE] * 6),
)
def test_every_product_leads_to_allowed_constants(shares, scores, cells, copies, latents):
    total = sum(shares)
    names = ("naive", "activated", "central_memory", "effector", "exhausted")
    product = REFERENCE._replace(
        **{name: share / total for name, share in zip(names, shares, strict=True)},
        cytotoxicity=scores[0], crs_risk=scores[1], car_positive_cells=cells, copies_per_cell=copies,
    )  # fmt: skip
    check_product(product)
    made = handover(product, V)
    assert 0 <= made.cells <= V.planned_dose
    assert 1 / V.span_engraftment * 0.999 <= made.factors.engraftment <= V.span_engraftment * 1.001
    assert 1 / V.span_rho * 0.999 <= made.factors.rho_C <= V.span_rho * 1.001
    assert 1 / V.most_il6 * 0.999 <= made.factors.p_IL6 <= V.most_il6 * 1.001
    moved = moved_latents(Latents(*latents), made)
    assert all(0 <= float(x) <= 1 for x in moved)
    p = moved_constants(apply_latents(PRESET, moved), made)  # refuses what lies outside the bounds
    assert moved.inf == latents[0]
    assert p.gamma > 0


def test_a_small_harvest_is_infused_whole_and_a_large_one_to_the_plan():
    assert float(dose(REFERENCE._replace(car_positive_cells=1e8), V)) == pytest.approx(V.recovery * 1e8)
    assert float(dose(REFERENCE._replace(car_positive_cells=1e10), V)) == V.planned_dose
    assert float(young_share(REFERENCE, V)) == pytest.approx(V.young_reference)


def test_couplings_take_arrays_and_gradients():
    batch = several("cytotoxicity", (0.3, 0.6))
    made = handover(batch, V)
    assert made.cyt.shape == (2,)
    slope = jax.grad(lambda x: handover(REFERENCE._replace(cytotoxicity=x), V).cyt)(0.44)
    assert float(slope) == pytest.approx(V.gain_cyt)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"viability": 1.2}, "viability"),
        ({"cytotoxicity": float("nan")}, "cytotoxicity"),
        ({"car_positive_cells": -1.0}, "car_positive_cells"),
        ({"exhausted": 0.5}, "do not add up"),
    ],
)
def test_a_product_that_cannot_be_is_refused(change, told):
    with pytest.raises(BadInput, match=told):
        check_product(REFERENCE._replace(**change))


def test_constants_print_their_sources_and_keep_their_bounds():
    assert "PMC8274631" in repr(V)
    with pytest.raises(BadInput, match="recovery"):
        replace(V, recovery=1.5)
