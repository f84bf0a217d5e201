"""From vein to vein: the couplings are bounded and monotone, and obey the laws of the tumour twin."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import qmc

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
    activated=0.0848,
    central_memory=0.1256,
    effector=0.7490,
    exhausted=0.0406,
    cytotoxicity=0.4184,
    crs_risk=0.5061,
    neurotoxicity_risk=0.25,
    copies_per_cell=1.6152,
    culture_days=10.0,
    cost=1.05,
)
SHARE = st.floats(0.0, 1.0)
MODEL = Tumour(Grid((16,), (2.0,)), scheme=Accurate(rtol=1e-2))
TIMES = tuple(float(day) for day in range(0, 43, 3))
PRESET = TumourParameters()
PATIENTS = np.concatenate([qmc.Sobol(6, seed=0).random(16), np.full((1, 6), 0.0), np.full((1, 6), 1.0)]).tolist()
"""Latents from all of their cube, and its two ends."""
BATCH = 18


@jax.jit
def _together(products: Product, patients: Latents) -> jax.Array:
    """Tumour cells at each instant of six weeks, of `BATCH` products and their patients."""

    def one(product: Product, latents: Latents) -> jax.Array:
        made = handover(product, V)
        p = moved_constants(apply_latents(PRESET, moved_latents(latents, made)), made)
        unit = plan_actions(MODEL, (infusion_of(handover(REFERENCE, V)),), TIMES)
        given = jnp.where(unit.blood_cells > 0, (1.0 - made.exhausted_fraction) * made.cells, 0.0)
        done = rollout(Task(MODEL, p, TIMES), Schedule(unit._replace(blood_cells=given)))
        return done.observations.tumour_burden_cells

    return jax.vmap(one)(products, patients)


def burdens(products: Product, patients: Latents) -> np.ndarray:
    """Tumour cells at each instant of six weeks, a row a product and its patient; leaves (n,).

    All batches are of one size, the last filled up, so that one program serves all tests.
    """
    count = len(products.cost)
    rows = np.minimum(np.arange(-(-count // BATCH) * BATCH), count - 1).reshape(-1, BATCH)
    batches = [_together(*jax.tree.map(lambda x, chosen=chosen: x[chosen], (products, patients))) for chosen in rows]
    return np.concatenate(batches)[:count]


def several(name, values, patients=((0.5,) * 6,)):
    """Every patient with products that differ in one number alone: products and patients, leaves (n,)."""
    products = [REFERENCE._replace(**{name: float(value)}) for _ in patients for value in values]
    return stack(products), Latents(*(jnp.asarray(column) for column in np.repeat(patients, len(values), axis=0).T))


def test_the_reference_product_leaves_the_patient_as_he_is():
    made = handover(REFERENCE, V)
    assert [float(x) for x in (made.cyt, made.exh, *made.factors)] == pytest.approx([0, 0, 1, 1, 1, 1], abs=1e-9)
    assert float(made.cells) == V.planned_dose


def test_a_more_potent_product_kills_more_in_any_state():
    """The law: at the same cells the kill of a contact rises with the score, strictly until its latent is at an end."""
    scores = np.linspace(0.0, 1.0, 41)
    for latents in PATIENTS:
        moved = [moved_latents(Latents(*latents), handover(REFERENCE._replace(cytotoxicity=x), V)) for x in scores]
        gamma = np.array([float(apply_latents(PRESET, latent).gamma) for latent in moved])
        free = np.array([0 < float(latent.cyt) < 1 for latent in moved])
        assert np.all(np.diff(gamma) >= 0)
        assert np.all(np.diff(gamma)[free[1:] & free[:-1]] > 0)
        assert gamma[-1] > gamma[0]


def test_more_potent_products_never_kill_less():
    """The law over a whole course, for patients from all of the latents' cube and all scores from 0 to 1.

    Neither at its smallest nor at the end does a more potent product leave more tumour.  On the way it may, a little:
    what is killed sooner calls fewer CAR-T cells in.
    """
    scores = np.linspace(0.0, 1.0, 6)
    burden = burdens(*several("cytotoxicity", scores, PATIENTS)).reshape(len(PATIENTS), len(scores), -1)
    for course in (burden.min(axis=2), burden[:, :, -1]):
        assert np.all(np.diff(course, axis=1) <= 1e-9 * course[:, 1:])
    assert np.all(np.diff(burden, axis=1) <= 2e-3 * burden[:, 1:])
    assert np.all(burden[:, -1, -1] < 0.95 * burden[:, 0, -1])


def test_more_cells_never_leave_a_larger_nadir():
    """Later they may: more cells press harder for the loss of the antigen."""
    burden = burdens(*several("car_positive_cells", (0.0, 1e7, 1e8, 2e8, 1e9)))
    assert np.all(np.diff(burden.min(axis=1)) <= 0)


def test_no_cells_are_no_treatment_to_the_bit():
    """The law: a product without cells leaves the course of a patient who was given nothing, whatever else it is."""
    empty = [
        REFERENCE._replace(car_positive_cells=0.0, cytotoxicity=x, exhausted=x, central_memory=1 - x, crs_risk=x)
        for x in (0.0, 0.5, 1.0)
    ]
    untreated = REFERENCE._replace(car_positive_cells=0.0)
    rows = Latents(*(jnp.full(4, x) for x in PATIENTS[0]))
    burden = burdens(stack([untreated, *empty]), rows)
    assert np.all(burden == burden[0])
    nothing, given = plan_actions(MODEL, (), TIMES), plan_actions(MODEL, (infusion_of(handover(untreated, V)),), TIMES)
    for a, b in zip(jax.tree.leaves(nothing), jax.tree.leaves(given), strict=True):
        assert np.array_equal(a, b)


ROSE = {
    "cytotoxicity": {"cyt": 1},
    "exhausted": {"exh": 1, "exhausted_fraction": 1},
    "naive": {"exh": -1, "engraftment": 1, "rho_C": 1},
    "central_memory": {"exh": -1, "engraftment": 1, "rho_C": 1},
    "activated": {"exh": -1, "engraftment": 1, "rho_C": 1},
    "crs_risk": {"p_IL6": 1},
    "car_positive_cells": {"cells": 1},
    "copies_per_cell": {"copies_per_cell": 1},
    "viability": {},
    "effector": {},
    "neurotoxicity_risk": {},
    "cost": {},
}
"""What rises (1) or falls (-1) with an entry of the product; all else stays."""
SCALES = {"car_positive_cells": 1e9, "copies_per_cell": 10.0, "cost": 10.0}
"""Entries that are no share -> how far they are tried."""


def constants_at(place):
    """Constants of the couplings at a place between their bounds, 0 to 1 each, the references apart."""
    values = {}
    for info, share in zip(V.about(), place, strict=True):
        low, high = (max(info.bounds[0], 1e-3), min(info.bounds[1], 10.0))
        if not info.name.endswith("_reference"):
            values[info.name] = 1e9 * share if info.name == "planned_dose" else low + share * (high - low)
    return V.with_values(**values)


@pytest.mark.parametrize("name", ROSE)
@given(a=SHARE, b=SHARE, place=st.lists(SHARE, min_size=len(V.about()), max_size=len(V.about())))
@settings(max_examples=30)
def test_each_coupling_is_monotone_in_what_it_follows_and_in_nothing_else(name, a, b, place):
    """Over the whole range of the entry, for constants anywhere between their bounds."""
    p, low, high = constants_at(place), *sorted((a, b))
    less, more = (flat(handover(REFERENCE._replace(**{name: SCALES.get(name, 1.0) * x}), p)) for x in (low, high))
    for what, value in more.items():
        assert (value - less[what]) * ROSE[name].get(what, 0) >= -1e-12
        if what not in ROSE[name]:
            assert value == less[what]


@pytest.mark.parametrize(("name", "what"), [(name, what) for name, rose in ROSE.items() for what in rose])
def test_no_coupling_is_flat_at_the_reference(name, what):
    """Sharp: a step about the reference product moves what should move."""
    scale = 1e8 if name == "car_positive_cells" else 1.0
    base = REFERENCE._replace(car_positive_cells=1e8) if name == "car_positive_cells" else REFERENCE
    more = base._replace(**{name: getattr(base, name) + 0.01 * scale})
    step = flat(handover(more, V))[what] - flat(handover(base, V))[what]
    assert step * ROSE[name][what] > 0


def flat(made):
    """A handover as one table of numbers."""
    values = made._asdict()
    return {name: float(x) for name, x in {**values, **values.pop("factors")._asdict()}.items() if name != "factors"}


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
    batch, _ = several("cytotoxicity", (0.3, 0.6))
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
