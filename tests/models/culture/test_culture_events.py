"""What an action does at once."""

import jax.numpy as jnp
import numpy as np
import pytest

from oncotwin.models.culture import SOLUTES, CultureParameters, events
from oncotwin.models.culture.state import Cells, no_action

P = CultureParameters().with_values(medium_il2=1.0)


@pytest.fixture
def state(model):
    first = model.initial(P)
    cells = Cells(*(jnp.asarray(x) for x in (1e6, 6e6, 1e6, 1.5e6, 5e5, 1e6)))
    return first._replace(cells=cells, medium=first.medium._replace(glucose=jnp.asarray(5.0), il2=jnp.asarray(0.2)))


def acted(state, **over):
    return events.act_at_once(state, no_action()._replace(**{k: jnp.asarray(v) for k, v in over.items()}), P)


def test_an_exchange_goes_the_share_of_the_way_to_fresh(state):
    after = acted(state, exchange_fraction=0.6)
    assert float(after.medium.glucose) == pytest.approx(5.0 + 0.6 * (P.medium_glucose - 5.0))
    assert float(after.medium.il2) == pytest.approx(0.2 + 0.6 * 0.8)
    assert after.cells == state.cells
    gained = after.ledger.supplied - state.ledger.supplied - after.ledger.removed + state.ledger.removed
    change = (after.medium.glucose - 5.0) * after.volume_ml
    assert float(gained[SOLUTES.index("glucose")]) == pytest.approx(float(change))


def test_boluses_raise_concentrations(state):
    after = acted(state, il2_ng_per_ml=3.0, il7_ng_per_ml=5.0)
    assert float(after.medium.il2) == pytest.approx(3.2)
    assert float(after.medium.il7) == pytest.approx(5.0)
    assert float(after.ledger.cytokine_ng) == pytest.approx(8.0 * P.volume_start)


def test_activator_is_counted_for_each_viable_cell(state):
    after = acted(state, activator_per_cell=2.0)
    assert float(after.medium.activator * after.volume_ml) == pytest.approx(2e7)
    left = acted(after, remove_activator=0.9)
    assert float(left.medium.activator) == pytest.approx(0.1 * float(after.medium.activator))


def test_vector_lands_on_blasts_by_poisson(state):
    once = acted(state, vector_moi=3.0)
    copies = 3.0 * P.transduction
    assert float(once.car_fraction) == pytest.approx(0.6 * -np.expm1(-copies))
    assert float(once.copies) == pytest.approx(0.6 * copies)
    twice = acted(once, vector_moi=3.0)
    assert float(once.car_fraction) < float(twice.car_fraction) < 1
    assert float(once.ledger.vector_units) == pytest.approx(3e7)


def test_a_harvested_culture_is_left_alone(state):
    after = acted(state, harvest=1.0, exchange_fraction=1.0, il2_ng_per_ml=5.0, vector_moi=9.0, activator_per_cell=3.0)
    assert float(after.harvested) == 1.0
    later = acted(after, il2_ng_per_ml=5.0)
    for name in ("glucose", "il2", "activator"):
        assert float(getattr(later.medium, name)) == float(getattr(state.medium, name))
    assert float(later.car_fraction) == 0.0


def test_nothing_happens_without_an_action(state):
    after = acted(state)
    assert float(after.medium.glucose) == 5.0
    assert float(after.ledger.medium_ml) == float(state.ledger.medium_ml)
