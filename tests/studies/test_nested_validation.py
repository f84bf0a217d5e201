"""The two protocols: the published one is the literal script, the default one cannot leak and knows what it knows."""

import importlib
import sys

import numpy as np
import pytest
from literal_protocol import GRID as literal_grid
from literal_protocol import exact_inverse, literal, printed_inverse, search

from oncotwin.errors import BadInput
from oncotwin.studies.validation import boosting
from oncotwin.studies.validation.folds import partition
from oncotwin.studies.validation.leaks import audit
from oncotwin.studies.validation.learning import Targets, given
from oncotwin.studies.validation.linear import standardised
from oncotwin.studies.validation.protocols import MODELS, Job, default_protocol, hold_out, published_protocol, validate
from oncotwin.studies.validation.published import GRID, tune
from oncotwin.studies.validation.recovery import permutation_null, recovery
from oncotwin.studies.validation.scaled_logit import exact, published


def cohort(n=24, p=5, signal=2.0, latents=2, seed=0):
    """Features, the first of which tells the first latent; the other latents are told by nothing."""
    rng = np.random.default_rng(seed)
    X = np.round(rng.normal(size=(n, p)), 1)
    z = rng.normal(size=(n, latents))
    z[:, 0] = signal * X[:, 0] + 0.3 * z[:, 0]
    return X, 1 / (1 + np.exp(-z))


@pytest.fixture(scope="module")
def small_published():
    return published_protocol(seed=3)._replace(outer=2, inner=2)


def test_published_is_the_literal_script(small_published):
    X, theta = cohort(16, 3, latents=1)
    ours = validate(X, theta, small_published)
    theirs, chosen = literal(X, theta, outer=2, inner=2, seed=3)
    np.testing.assert_allclose(ours.predictions[0, 0], theirs, rtol=0, atol=1e-12)
    words = [f"{c['n_estimators']} trees, depth {c['max_depth']}, leaf {c['min_samples_leaf']}" for c in chosen]
    assert sum(ours.settings[0].values()) == 2
    assert {key.rpartition(",")[0] for key in ours.settings[0]} == set(words)


def test_published_inverse_and_weights_are_the_script_s_too(monkeypatch):
    part = [setting for setting in GRID if (setting.rate, setting.depth) == (0.1, 3)]  # the whole grid is tried above
    monkeypatch.setattr("oncotwin.studies.validation.published.GRID", tuple(part))
    fixed = {"m__regressor__learning_rate": [0.1], "m__regressor__max_depth": [3]}
    monkeypatch.setattr("literal_protocol.GRID", literal_grid | fixed)
    X, theta = cohort(10, 3, latents=1)
    w = np.random.default_rng(1).uniform(0.2, 1, len(X))
    fit = tune(X, theta[:, 0], w, published(), 2, 0)
    theirs = search(X, theta[:, 0], 2, 0, printed_inverse, w)
    np.testing.assert_allclose(printed_inverse(fit.model.predict(X)), theirs.predict(X), rtol=0, atol=1e-12)
    assert fit.score == pytest.approx(-theirs.best_score_, abs=1e-12)
    assert fit.setting.trees == theirs.best_params_["m__regressor__n_estimators"]


def test_the_exact_inverse_inverts_and_the_printed_one_does_not():
    theta = np.linspace(0, 1, 11)
    scale, printed = exact(), published()
    np.testing.assert_allclose(scale.inverse(scale.forward(theta)), theta, atol=1e-15)
    assert printed.inverse(printed.forward(0.0)) == pytest.approx(9.98e-4, abs=1e-6)
    np.testing.assert_allclose(scale.inverse([-50.0, 50.0]), [0, 1], atol=1e-12)
    np.testing.assert_allclose(scale.inverse(theta), exact_inverse(theta), atol=1e-15)
    wide = exact(-2.0, 3.0)
    np.testing.assert_allclose(wide.inverse(wide.forward([-2.0, 0.5, 3.0])), [-2.0, 0.5, 3.0], atol=1e-12)


@pytest.fixture(scope="module")
def validated():
    X, theta = cohort(30)
    return X, theta, validate(X, theta, default_protocol(seed=1, repeats=2))


def test_default_finds_what_is_there_and_only_that(validated):
    _, theta, found = validated
    of = recovery(found.predictions, theta)
    assert found.predictions.shape == (len(MODELS), 2, 30, 2)
    assert np.all((found.predictions >= 0) & (found.predictions <= 1))
    assert np.all(of.r2[(0, 2, 3), :, 0] > 0.4)
    assert np.all(of.r2[:, :, 1] < 0.2)
    assert found.importance[0, 0] > 5 * np.max(found.importance[0, 1:])
    assert found.attribution[0, 0] > 5 * np.max(found.attribution[0, 1:])
    inside = (found.low <= theta) & (theta <= found.high)
    assert np.all(np.mean(inside, axis=(0, 1)) > 0.75)
    assert np.all(found.low <= found.high)


def test_same_seed_same_bits_whatever_the_order_of_folds(validated):
    X, theta, found = validated
    backwards = default_protocol(seed=1, repeats=1)
    again = validate(X, theta, backwards, each=lambda f, jobs: [f(job) for job in reversed(jobs)][::-1])
    np.testing.assert_array_equal(found.predictions[:, :1], again.predictions)
    np.testing.assert_array_equal(found.low[:1], again.low)


def test_what_is_held_out_has_no_influence():
    X, theta = cohort(20)
    protocol = default_protocol(seed=5, repeats=1)
    groups = tuple((j,) for j in range(X.shape[1]))
    out = partition(20, protocol.outer, 5) == 0

    def fold(features, latents):
        return hold_out(features, protocol, groups, Job(0, 0, Targets(latents, np.ones_like(latents))))

    one, two = fold(X, theta), fold(X, np.where(out[:, None], 1 - theta, theta))
    np.testing.assert_array_equal(one.predictions, two.predictions)
    np.testing.assert_array_equal(one.high, two.high)
    assert not np.array_equal(one.theta, two.theta)
    moved = X.copy()
    moved[np.flatnonzero(out)[1:]] += 100.0  # features of the others held out do not matter either
    alone = fold(moved, theta)
    np.testing.assert_array_equal(one.predictions[:, 0], alone.predictions[:, 0])


def test_permuted_targets_fall_inside_the_null():
    X, theta = cohort(30, signal=3.0)
    scale = exact()
    found = permutation_null(X, given(theta), scale, 5, 99, 0)
    assert found.p_value("r2")[0] == 0.01
    assert found.p_value("r2")[1] > 0.05
    mixed = theta[np.random.default_rng(9).permutation(30)]
    nothing = permutation_null(X, given(mixed), scale, 5, 99, 0)
    assert np.all(nothing.p_value("r2") > 0.05)
    assert np.all(np.median(nothing.permuted.r2, axis=0) < 0)


def test_a_planted_leak_is_caught():
    rng = np.random.default_rng(0)
    X, theta = rng.normal(size=(24, 400)), rng.uniform(size=(24, 1))

    def fold_by_fold(features, targets, chosen=None):
        made = np.empty_like(targets)
        held = partition(24, 4, 0)
        for fold in range(4):
            train = held != fold
            best = best_columns(features[train], targets[train]) if chosen is None else chosen
            scaled = standardised(features[train][:, best])
            slope = np.linalg.lstsq(
                scaled(features[train][:, best]), targets[train] - targets[train].mean(), rcond=None
            )
            made[~train] = targets[train].mean() + scaled(features[~train][:, best]) @ slope[0]
        return made

    def best_columns(features, targets):
        return np.argsort(-np.abs(np.corrcoef(features.T, targets[:, 0])[-1, :-1]))[:3]

    def leaking(features, targets):
        return fold_by_fold(features, targets, best_columns(features, targets))  # chosen on everybody

    assert audit(leaking, X, theta, permutations=12, seed=1).leaks
    assert not audit(fold_by_fold, X, theta, permutations=12, seed=1).leaks


def test_refusals():
    X, theta = cohort(20)
    with pytest.raises(BadInput, match="too few patients"):
        validate(X[:10], theta[:10], default_protocol())
    with pytest.raises(BadInput, match="do not fit"):
        validate(X, theta[:10], default_protocol())
    with pytest.raises(BadInput, match="missing or not finite"):
        validate(np.where(X > 1, np.nan, X), theta, default_protocol())
    with pytest.raises(BadInput, match="weights"):
        validate(X, theta, default_protocol(), w=-np.ones_like(theta))
    with pytest.raises(BadInput, match="folds"):
        partition(4, 5, 0)


def test_a_missing_openmp_runtime_is_named_with_its_remedy(monkeypatch):
    class Refusing:
        def find_spec(self, name, path=None, target=None):
            if name == "lightgbm":
                raise OSError("libgomp.so.1: cannot open shared object file: No such file or directory")

    with monkeypatch.context() as without:
        without.delitem(sys.modules, "lightgbm", raising=False)
        without.setattr(sys, "meta_path", [Refusing(), *sys.meta_path])
        importlib.reload(boosting)
        with pytest.raises(BadInput, match=r"libgomp\.so\.1.*apt install libgomp1.*--protocol published"):
            default_protocol()
        assert published_protocol().name == "published"
    importlib.reload(boosting)
    assert default_protocol().name == "default"
