"""A training that is stopped goes on to the same policy; what is written can be read, and nothing else."""

import json
import os
from functools import cache
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oncotwin import Model, Parameters, Task
from oncotwin.apps.cli.learning import train_culture
from oncotwin.apps.learning import training
from oncotwin.apps.learning.clinical import check_asked
from oncotwin.apps.learning.donors import CONSTANTS, DOUBT, draw_donors, in_vessel
from oncotwin.apps.learning.phase1 import HELD_OUT, patients
from oncotwin.apps.learning.policies import load, save_network, save_recipe, task_of, width
from oncotwin.apps.learning.problem import drawing, vessel
from oncotwin.apps.learning.training import Plan, Trainer
from oncotwin.control.decisions import Decisions
from oncotwin.control.dqn import Dqn
from oncotwin.control.episodes import lanes
from oncotwin.control.networks import mlp
from oncotwin.errors import BadInput, Interrupted, StorageFailure
from oncotwin.io.policy_file import write_policy
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


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"moves": np.full(24, 1.5)}, "named by numbers; got 'float64'; allowed: whole numbers"),
        ({"moves": np.empty(0, np.int32)}, r"another length; got \(0,\); allowed: \(24,\)"),
        ({"moves": np.zeros(5, np.int32)}, r"another length; got \(5,\)"),
        ({"moves": np.zeros((24, 1), np.int32)}, "another length"),
        ({"moves": np.full(24, -1)}, "no such moves"),
        ({"moves": np.zeros(24, np.int32), "more": np.zeros(1)}, "its moves alone"),
        ({}, "its moves alone"),
    ],
)
def test_what_is_no_recipe_is_refused_in_words(tmp_path, arrays, words):
    path = tmp_path / "recipe.json"
    write_policy(path, arrays, {"task": task_of("recipe")})
    with pytest.raises(BadInput, match=words):
        load(path)


NARROW = {"weight0": np.zeros((37, width()), np.float32), "bias0": np.zeros(37, np.float32)}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"weight0": np.full((37, width()), np.nan, np.float32)}, "weight0 of the policy cannot be used"),
        ({"bias0": np.zeros(37, np.int32)}, "bias0 of the policy cannot be used; got 'int32'"),
        ({"bias9": np.zeros(37, np.float32)}, "not those of a network.*bias9"),
        ({"weight2": NARROW["weight0"], "bias2": NARROW["bias0"]}, "not those of a network"),
        ({"bias0": np.zeros((), np.float32)}, "do not fit"),
        ({"weight0": np.zeros(37, np.float32)}, "do not fit"),
    ],
)
def test_what_is_no_network_is_refused_in_words(tmp_path, changed, words):
    path = tmp_path / "mine.json"
    write_policy(path, NARROW | changed, {"task": task_of("levels")})
    with pytest.raises(BadInput, match=words):
        load(path)
    write_policy(path, NARROW, {"task": task_of("levels")})
    assert load(path).controller.network.sizes == (width(), 37)


def test_an_unknown_name_is_looked_for_where_it_was_given():
    with pytest.raises(BadInput, match="--controller: no policy of this name"):
        load("culture-pp")
    with pytest.raises(BadInput, match="--policy: no policy of this name.*culture-ppo"):
        load("culture-pp", where="--policy")


def test_a_stop_is_kept(tmp_path, monkeypatch):
    plan = Plan(seeds=2, improvements=4)

    def stopping(run, plan, row):
        if row["improvement"] == 1:
            os.kill(os.getpid(), 2)

    monkeypatch.setattr(training, "_say", stopping)
    with pytest.raises(Interrupted, match="--resume"):
        training.train(plan, tmp_path / "run", only_empty)
    assert training.resume_training(tmp_path / "run")["status"] == "done"


def test_a_checkpoint_goes_on_with_its_own_plan_alone(tmp_path, monkeypatch):
    """Weights edited after a stop would be claimed by the card and not have been learnt by."""
    plan, run = Plan(seeds=2, improvements=4), tmp_path / "run"
    monkeypatch.setattr(training, "trainer", lambda _: toy(plan))
    training.train(plan, run, only_empty)
    spec = (run / "spec.toml").read_text()
    for said, instead in (("crs = 0.5", "crs = 5.0"), ("seed = 0", "seed = 1"), ('"dqn"', '"ppo"')):
        assert said in spec
        (run / "spec.toml").write_text(spec.replace(said, instead))
        with pytest.raises(BadInput, match="the spec was changed since"):
            training.resume_training(run)
    (run / "spec.toml").write_text(spec)
    assert training.resume_training(run)["status"] == "done"
    monkeypatch.setattr(training, "read_checkpoint", lambda path, like: (None, {"history": [], "started": ""}))
    with pytest.raises(BadInput, match="an older layout.*Train anew"):
        training.resume_training(run)


def numbers(p):
    """The constants that differ from donor to donor, (n, d), in logarithms."""
    return np.log(np.stack([np.asarray(getattr(p, name)) for name in CONSTANTS], axis=-1).reshape(-1, len(CONSTANTS)))


def nearest_of(first, second):
    """The least distance between a donor of one kind and one of the other, by the constant that differs most."""
    return np.abs(first[:, None, :] - second[None, :, :]).max(axis=-1).min()


def test_learners_begin_with_donors_that_are_not_held_out():
    """Those that the lanes of a training draw, for several seeds; another draw of the held-out key is seen."""
    still = SimpleNamespace(initial=lambda p: jnp.asarray(0.0), seeded=lambda state, noise: state)
    begun = Decisions(jnp.asarray([0.0]), lambda seen: seen, lambda *_: 0.0, draw=drawing(still, DOUBT))
    keys = jnp.concatenate([training._keys(Plan(seed=seed)) for seed in (0, 1, 2, 7, HELD_OUT + 2)])
    firsts = jax.vmap(lambda key: jax.random.split(key, 3)[0])(keys)
    met = jax.jit(jax.vmap(lambda key: lanes(None, begun, key, 4).parameters))(firsts)
    vessels = jax.vmap(lambda donor: in_vessel(donor, vessel()))
    held_out = numbers(vessels(patients(54)))
    assert numbers(met).shape == (5 * 4 * 4, len(CONSTANTS))
    assert nearest_of(numbers(met), held_out) > 0.01
    assert nearest_of(numbers(vessels(draw_donors(jax.random.key(HELD_OUT), 27))), held_out) == pytest.approx(0.0)


def test_no_seed_that_is_allowed_leads_to_a_key_of_a_held_out_donor(tmp_path):
    """The held-out seed would: its learners' keys are those very keys.  So it is refused, wherever donors are drawn."""

    def data(keys):
        return {tuple(row) for row in np.asarray(jax.random.key_data(keys)).tolist()}

    kept = data(jax.vmap(lambda n: jax.random.fold_in(jax.random.key(HELD_OUT), n))(jnp.arange(540)))
    assert data(training._keys(Plan(seed=HELD_OUT))) <= kept
    for seed in (*range(20), HELD_OUT + 1, HELD_OUT - 2):
        keys = training._keys(Plan(seed=seed, seeds=16))
        deeper = jax.vmap(lambda key: jax.random.split(key, 4))(keys).reshape(-1)
        assert not kept & (data(keys) | data(deeper) | data(jax.random.key(seed + 1)[None]))
    for seed in (HELD_OUT, HELD_OUT - 1):
        with pytest.raises(BadInput, match="--seed: this seed is kept for the held-out donors"):
            training.train(Plan(seed=seed), tmp_path / "run", only_empty)
        with pytest.raises(BadInput, match="kept for the held-out"):
            train_culture(learner="recipe", seed=seed, improvements=24, out=tmp_path / "run")
        with pytest.raises(BadInput, match="kept for the held-out"):
            check_asked(64, 60, seed)
    assert not (tmp_path / "run").exists()
