"""The product that leaves the patient as he is, is what the reference process makes today."""

import jax.numpy as jnp
import pytest

from oncotwin.apps.loop.reference import constants_of, reference_product
from oncotwin.models.culture import CultureParameters
from oncotwin.models.culture.kinetics import saturation
from oncotwin.models.culture.product import potency
from oncotwin.studies.veins import VeinParameters, handover

V = VeinParameters()


@pytest.fixture(scope="module")
def product():
    return reference_product()


def test_the_constants_of_the_couplings_are_those_of_the_reference_product(product):
    for name, value in constants_of(product).items():
        assert float(getattr(V, name)) == pytest.approx(value, abs=2e-4), name


def test_it_leaves_the_patient_as_he_is(product):
    made = handover(product, V)
    assert [float(made.cyt), float(made.exh)] == pytest.approx([0, 0], abs=5e-4)
    assert [float(x) for x in made.factors] == pytest.approx([1] * 4, rel=2e-3)


def test_lactic_acid_takes_what_the_gain_of_potency_rests_on(product):
    """20 mmol/L at pH 7.2, one in 2,189 of it undissociated, takes 0.16 from the score of cells that felt none."""
    p = CultureParameters()
    shares = jnp.asarray(
        [product.naive, product.activated, product.central_memory, product.effector, product.exhausted]
    )
    stress = saturation(20.0 / (1 + 10 ** (7.2 - float(p.pK_lactate))), p.K_acid_damage, 1.0)
    fall = float(potency(shares, 0.0, p) - potency(shares, stress, p))
    assert fall == pytest.approx(0.16, abs=0.01)
