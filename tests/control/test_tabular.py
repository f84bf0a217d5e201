"""Tabular Q-learning of doses, and its corrections of another controller."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oncotwin import Status, Task, rollout
from oncotwin.control.baselines import Constant
from oncotwin.control.corrected import Corrected, Scaled, nearest_level, scaled
from oncotwin.control.tabular import Bins, DosePriced, QLearning, TablePolicy, published
from oncotwin.errors import BadInput
from oncotwin.models.lumped.stepanova import Action, Stepanova, StepanovaParameters
from oncotwin.numerics.ode import Stepped

LEVELS = Action(*(grid.ravel() for grid in jnp.meshgrid(jnp.linspace(0, 1, 3), jnp.linspace(0, 1, 2), indexing="ij")))
BINS = Bins(lambda seen: seen.tumour_1e6_cells - 73.07, (jnp.linspace(50.0, 650.0, 7),))
TASK = Task.every(1.0, 30.0, model=Stepanova(Stepped(0.25)), parameters=StepanovaParameters())


def learn(reward, **settings):
    learner = QLearning(BINS, LEVELS, reward, episodes=400, **settings)
    return jax.jit(lambda key: learner.learn(TASK, key))(jax.random.key(0))


def test_bins_split_at_their_edges():
    bins = Bins(lambda seen: jnp.asarray([seen, -seen]), (jnp.asarray([0.0, 1.0]), jnp.asarray([-1.0])))
    assert bins.shape == (3, 2)
    assert bins.count == 6
    assert [int(bins.index(x)) for x in (-5.0, 0.0, 0.5, 1.0, 1.5)] == [1, 3, 3, 5, 4]


def test_the_published_reward_is_the_share_of_the_fall():
    assert float(published(10.0, 8.0, None)) == pytest.approx(0.2)
    assert float(published(10.0, 12.0, None)) == 0.0
    assert float(published(0.0, 0.0, None)) == 0.0


def test_free_doses_end_at_the_greatest_and_priced_ones_do_not():
    free, _ = learn(published)
    priced, _ = learn(DosePriced(Action(0.3, 0.3), 100.0))
    given = {
        name: rollout(TASK, policy).actions.chemotherapy.sum() for name, policy in (("free", free), ("priced", priced))
    }
    assert float(given["priced"]) < 0.8 * float(given["free"])


def test_learning_pays_and_reaches_the_benign_basin():
    policy, returns = learn(DosePriced(Action(0.1, 0.1), 100.0))
    assert float(returns[-50:].mean()) > float(returns[:50].mean())
    after = rollout(TASK, policy).observations.tumour_1e6_cells
    assert float(after[-1]) < 200  # untreated: 737, malignant


def test_same_key_same_table():
    (one, _), (two, _) = learn(published), learn(published)
    np.testing.assert_array_equal(one.values, two.values)


def test_an_observation_that_is_no_number_gets_the_safe_action():
    policy = TablePolicy(BINS, LEVELS, jnp.ones((BINS.count, 6)).at[:, 4].set(2.0), Action(0.0, 0.0))
    seen = TASK.model.observe(TASK.model.initial(TASK.parameters), TASK.parameters)
    decision = policy.act(seen._replace(tumour_1e6_cells=jnp.nan), ())
    assert (float(decision.action.chemotherapy), float(decision.action.immunotherapy)) == (0.0, 0.0)
    assert int(decision.status) == Status.BAD_OBSERVATION
    assert float(policy.act(seen, ()).action.chemotherapy) == float(LEVELS.chemotherapy[4])


@pytest.mark.parametrize(
    "settings", [{"discount": 1.0}, {"learning_rate": (0.0, 1.0)}, {"exploration": (1.0, 2.0)}, {"episodes": 0}]
)
def test_settings_out_of_range_are_named(settings):
    with pytest.raises(BadInput, match=next(iter(settings)).split("_")[0]):
        QLearning(BINS, LEVELS, published, **settings)


class Proposal(NamedTuple):
    """A controller of one action and status."""

    action: Any
    status: int = int(Status.DECIDED)

    def start(self):
        return ()

    def act(self, observation, memory):
        return Constant(self.action).act(observation, memory)._replace(status=jnp.asarray(self.status))


def table(best: int) -> TablePolicy:
    return TablePolicy(BINS, LEVELS, jnp.zeros((BINS.count, 6)).at[:, best].set(1.0), Action(0.0, 0.0))


SEEN = TASK.model.observe(TASK.model.initial(TASK.parameters), TASK.parameters)


def test_a_proposal_nearest_to_the_best_level_is_given():
    decision = Corrected(Proposal(Action(0.45, 0.1)), table(2)).act(SEEN, ((), ()))  # level 2: (0.5, 0)
    assert (float(decision.action.chemotherapy), float(decision.action.immunotherapy)) == (0.45, 0.1)
    assert int(decision.status) == Status.DECIDED


def test_another_proposal_moves_until_it_is_accepted():
    decision = Corrected(Proposal(Action(0.0, 0.0)), table(4), proposals=8).act(SEEN, ((), ()))  # level 4: (1, 0)
    assert float(decision.action.chemotherapy) == 0.875  # nearer to 1 than to 0.5
    assert int(decision.status) == Status.CORRECTED


def test_a_wide_tolerance_accepts_everything():
    decision = Corrected(Proposal(Action(0.0, 0.0)), table(4), tolerance=1.0).act(SEEN, ((), ()))
    assert float(decision.action.chemotherapy) == 0.0


def test_a_failed_proposal_keeps_its_status_and_its_safe_action():
    failed = Proposal(Action(0.0, 0.0), int(Status.INFEASIBLE))
    for controller in (Corrected(failed, table(4)), Scaled(failed, table(4), Action(0.0, 0.0), Action(1.0, 1.0))):
        decision = controller.act(SEEN, ((), ()))
        assert float(decision.action.chemotherapy) == 0.0
        assert int(decision.status) == Status.INFEASIBLE


def test_factors_multiply_inside_the_bounds():
    factors = Action(jnp.asarray([0.5, 1.0, 2.0]), jnp.asarray([0.5, 1.0, 2.0]))
    policy = TablePolicy(BINS, factors, jnp.zeros((BINS.count, 3)).at[:, 2].set(1.0), Action(1.0, 1.0))
    controller = Scaled(Proposal(Action(0.3, 0.7)), policy, Action(0.0, 0.0), Action(1.0, 1.0))
    decision = controller.act(SEEN, controller.start())
    assert (float(decision.action.chemotherapy), float(decision.action.immunotherapy)) == (0.6, 1.0)
    assert int(decision.status) == Status.CORRECTED


def test_a_learnt_factor_mends_a_timid_controller():
    """A constant tenth of the dose leaves the tumour malignant; the learnt factor brings it to the benign basin."""
    timid, none, most = Constant(Action(0.1, 0.0)), Action(0.0, 0.0), Action(1.0, 1.0)
    factors = Action(jnp.asarray([1.0, 3.0, 6.0]), jnp.ones(3))
    learner = QLearning(
        BINS,
        factors,
        DosePriced(Action(0.05, 0.05), 100.0),
        episodes=300,
        inner=timid,
        combine=lambda action, factor: scaled(action, factor, none, most),
    )
    policy = jax.jit(lambda key: learner.fit(TASK, key))(jax.random.key(0))
    alone = rollout(TASK, timid).observations.tumour_1e6_cells[-1]
    mended = rollout(TASK, Scaled(timid, policy, none, most)).observations.tumour_1e6_cells[-1]
    assert float(mended) < 200 < float(alone)


def test_the_nearest_level_is_measured_in_ranges():
    levels = Action(jnp.asarray([0.0, 100.0]), jnp.asarray([1.0, 0.0]))
    assert int(nearest_level(levels, Action(49.0, 1.0))) == 0
    assert int(nearest_level(levels, Action(51.0, 0.0))) == 1
