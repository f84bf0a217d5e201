"""A training that is stopped goes on to the same policy; what is written can be read, and nothing else."""

import json
import os
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oncotwin import Model, Parameters, Task
from oncotwin.apps.learning import training
from oncotwin.apps.learning.policies import load, save_network, save_recipe, task_of, width
from oncotwin.apps.learning.training import Plan, Trainer
from oncotwin.control.decisions import Decisions
from oncotwin.control.dqn import Dqn
from oncotwin.control.networks import mlp
from oncotwin.errors import BadInput, Interrupted, StorageFailure
from oncotwin.io.rundir import only_empty


class Nothing(Parameters):
    """No constants."""


class Walk(Model):
    """A number that an action moves."""

    def initial(self, p):
        return jnp.asarray(0.0)

    def advance(self, state, action, p, dt):
        return state + action

    def observe(self, state, p):
        return state

    def no_action(self):
        return jnp.asarray(0.0)


@cache
def toy(plan):
    """A trainer of a task that compiles at once, and once for all tests."""
    task = Task.every(1.0, 3.0, model=Walk(), parameters=Nothing())
    decisions = Decisions(jnp.asarray([-1.0, 1.0]), lambda seen: seen[None], lambda before, a, after, p: after)
    learner = Dqn(decisions, hidden=(8,), lanes=4, turns=2, improvements=plan.improvements, warm_up=8, judged=2)
    begin = jax.jit(jax.vmap(lambda key: learner.begin(task, key)))
    return Trainer(learner, task, begin, jax.jit(jax.vmap(lambda memory: learner.improve(task, memory))))


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(training, "trainer", toy)


def test_a_training_that_was_killed_goes_on_to_the_same_bits(tmp_path, monkeypatch):
    plan = Plan(seeds=2, improvements=4)
    whole = training.train(plan, tmp_path / "whole", only_empty)

    class Killed(BaseException):
        """As by kill -9: nothing is tidied up."""

    said = []

    def dying(run, plan, row):
        said.append(row)
        if len(said) == 2:
            raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(training, "_say", dying)
        with pytest.raises(Killed):
            training.train(plan, tmp_path / "cut", only_empty)
    assert not (tmp_path / "cut" / "policy.json").exists()
    resumed = training.resume_training(tmp_path / "cut")
    assert [row["improvement"] for row in resumed["history"]] == [1, 2, 3, 4]
    assert resumed["scores_of_all_seeds"] == whole["scores_of_all_seeds"]
    for name in ("policy.npz", "seed-01.npz"):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_an_unknown_learner_and_another_folder_are_refused(tmp_path, monkeypatch):
    monkeypatch.undo()
    with pytest.raises(BadInput, match="unknown learner"):
        training.train(Plan(learner="dqm"), tmp_path / "run", only_empty)
    (tmp_path / "spec.toml").write_text('kind = "tumour"\n')
    with pytest.raises(BadInput, match="no training"):
        training.resume_training(tmp_path)


def test_a_policy_is_for_one_task(tmp_path):
    network = mlp((width(), 8, 37), jax.random.key(0))
    path = tmp_path / "mine.json"
    save_network(path, "levels", network)
    found = load(path).controller.network
    np.testing.assert_array_equal(found.layers[0].weight, network.layers[0].weight)
    card = json.loads(path.read_text())
    path.write_text(json.dumps({**card, "task": {**card["task"], "rules": "0" * 64}}))
    with pytest.raises(BadInput, match="another task: rules differs"):
        load(path)
    save_network(path, "levels", mlp((width(), 8, 36), jax.random.key(0)))
    with pytest.raises(BadInput, match="another number of outputs"):
        load(path)
    save_network(path, "levels", mlp((width() + 1, 37), jax.random.key(0)))
    with pytest.raises(BadInput, match="do not fit"):
        load(path)
    with pytest.raises(BadInput, match="no policy of this name"):
        load("culture-dqm")


def test_a_recipe_holds_known_moves(tmp_path):
    path = tmp_path / "recipe.json"
    save_recipe(path, np.full(24, 36))
    assert float(load(path).controller.act(None, jnp.asarray(0)).action.harvest) == 1.0
    save_recipe(path, np.full(24, 37))
    with pytest.raises(BadInput, match="no such moves"):
        load(path)
    assert task_of("recipe")["variant"] == "recipe"
    path.with_suffix(".npz").write_bytes(b"")
    with pytest.raises(StorageFailure, match="changed or damaged"):
        load(path)


def test_a_stop_is_kept(tmp_path, monkeypatch):
    plan = Plan(seeds=2, improvements=4)

    def stopping(run, plan, row):
        if row["improvement"] == 1:
            os.kill(os.getpid(), 2)

    monkeypatch.setattr(training, "_say", stopping)
    with pytest.raises(Interrupted, match="--resume"):
        training.train(plan, tmp_path / "run", only_empty)
    assert training.resume_training(tmp_path / "run")["status"] == "done"
