"""The run engine from within: what it stores, how it fails, and that any parameters end well or by name."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oncotwin.apps.failure import failure_of
from oncotwin.apps.progress import silent
from oncotwin.apps.tumour.setup import build, parameters_of, replan
from oncotwin.apps.tumour.simulate import resume, start
from oncotwin.core.rollout import Transition, rollout
from oncotwin.core.task import Task
from oncotwin.errors import BadInput, NumericalFailure
from oncotwin.io.fields import open_results, whole_frames
from oncotwin.io.rundir import CHECKPOINT, LOG, SUMMARY, begin, reopen
from oncotwin.io.specs.resolve import resolve
from oncotwin.io.specs.tumour import SET_BY_SEEDING
from oncotwin.models.tumour3d import MEANINGS, Fields, TumourParameters

SMALL = ("grid.shape=[10]", "grid.lengths_cm=[2]", "output.figures=false")


COARSE = ("grid.shape=[10,10,10]", "grid.lengths_cm=[2,2,2]")


def read(*overrides):
    return resolve(None, (*SMALL, *overrides), TumourParameters)


@pytest.fixture(scope="module")
def spec():
    return read("time.end_days=3", "time.output_every_days=0.75", "plan.0.time_days=1")


@pytest.fixture(scope="module")
def ready(spec):
    return build(spec)


@pytest.fixture(scope="module")
def finished(spec, ready, tmp_path_factory):
    path = tmp_path_factory.mktemp("run")
    with begin(path) as run, silent("", 0) as watch:
        return path, start(run, spec, ready, watch)


def test_frames_stand_at_the_outputs_and_not_at_the_infusions(finished, ready):
    dataset = open_results(finished[0])
    assert list(dataset["time"].values) == [0, 0.75, 1.5, 2.25, 3]
    assert int(dataset["done"]) == 5
    assert 1.0 in ready.task.times
    assert set(Fields._fields) | set(MEANINGS) <= set(dataset.data_vars)
    assert dataset["C"].dims == ("time", "x")
    assert dataset["T_A"].attrs["units"] == "2.4e+08 cells/cm3"
    assert dataset.attrs["notice"] == "Research use only"


def test_the_frames_are_the_rollouts(finished, ready):
    trajectory = rollout(ready.task, ready.controller)
    dataset = open_results(finished[0])
    days = np.isin(np.asarray(trajectory.times), dataset["time"].values)
    volumes = np.asarray(trajectory.observations.tumour_volume_cm3)[days]
    assert dataset["tumour_volume_cm3"].values == pytest.approx(volumes, rel=1e-9)


def test_the_summary_holds_what_scripts_rely_on(finished):
    path, summary = finished
    asked = "status tumour_volume_change best_response escape_fraction c_max t_max_days persistence_days crs_grade"
    assert {*asked.split(), "wall_seconds", "run_dir"} <= set(summary)
    assert summary == json.loads((path / SUMMARY).read_text())
    assert summary["status"] == "done"
    assert summary["run_dir"] == str(path)
    closures = [entries["closure"] for entries in summary["ledger"].values()]
    assert max(closures) < 1e-12


def test_the_log_tells_the_run(finished):
    events = [json.loads(line)["event"] for line in (finished[0] / LOG).read_text().splitlines()]
    assert events == ["began", "done"]


def test_numbers_that_cannot_be_trusted_stop_the_run(finished, spec, ready, tmp_path):
    """NaN is injected into the tumour's field by an infusion; the good state is kept and ends in the same bits."""
    actions = ready.controller.actions
    bad = actions._replace(ball_cells=actions.ball_cells.at[3].set(jnp.nan))
    poisoned = ready._replace(controller=ready.controller._replace(actions=bad))
    with begin(tmp_path) as run, silent("", 0) as watch:
        with pytest.raises(NumericalFailure) as failure:
            start(run, spec, poisoned, watch)
        told = str(failure.value)
        assert told.startswith("between day 1.5 and day 2.25: fields.C left the finite numbers at voxel (")
        assert "The state of day 1.5" in told
        kept = whole_frames(open_results(tmp_path))
        assert list(kept["time"].values) == [0, 0.75, 1.5]
        assert all(np.all(np.isfinite(kept[name].values)) for name in Fields._fields)
        assert (tmp_path / CHECKPOINT).exists()
    with reopen(tmp_path) as run, silent("", 0) as watch:
        resume(run, spec, ready, watch)
    for name in Fields._fields:
        assert open_results(tmp_path)[name].values.tobytes() == open_results(finished[0])[name].values.tobytes()


def test_a_step_that_cannot_be_made_small_enough_is_named(ready, tmp_path):
    task = ready.task
    state = task.model.initial(task.parameters)
    told = str(failure_of(Transition(2.0, None, state, None, 2), 1.5, tmp_path))
    assert told.startswith("between day 1.5 and day 2: the step could not be made small enough (status 2)")
    assert f"kept in {tmp_path}" in told


def test_a_replanned_run_keeps_its_model(ready):
    other = replan(ready, read("time.end_days=3", "time.output_every_days=0.75", "plan.0.cells=7e8", "latents.cyt=1"))
    assert other.task.model is ready.task.model
    assert float(jnp.sum(other.controller.actions.blood_cells)) == 7e8
    assert other.task.parameters.gamma > ready.task.parameters.gamma


def test_seeding_parameters_and_latents_reach_the_model():
    spec = read("seeding.tumour_radius_cm=0.4", "parameters.gamma=2", "latents.cyt=1", "seeding.cart_value=0")
    p = parameters_of(spec)
    assert p.tumour_radius == 0.4
    assert p.gamma == pytest.approx(6)
    assert {name: getattr(p, name) for name in SET_BY_SEEDING} == {
        "tumour_radius": 0.4,
        "tumour_value": 0.6,
        "negative_fraction": 0.05,
    }


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        (["seeding.tumour_radius_cm=0.001", *COARSE], "in the tumour"),
        (['plan=[{time_days=1,cells=1e6,route="ball",radius_cm=1e-6}]', *COARSE], "in the ball"),
        (["seeding.nodules=[{centre_cm=[1,1,1],semi_axes_cm=[0.01,0.01,0.01]}]", *COARSE], "in the tumour"),
    ],
)
def test_what_falls_between_the_voxels_is_refused(overrides, told):
    with pytest.raises(BadInput, match=f"no voxel lies {told}"):
        build(read(*overrides))


def test_the_published_run_is_built_by_its_own_names():
    overrides = ("preset=published", "scheme.name=published", "scheme.exp_substeps=3", "time.step_days=0.05")
    ready = build(read(*overrides, "grid.shape=[8,6,4]", "grid.lengths_cm=[1,0.8,0.6]"))
    model = ready.task.model
    assert (model.grid.layout, model.grid.spacing) == ("vertex", pytest.approx((1 / 7, 0.16, 0.2)))
    assert (model.scheme.step_days, model.scheme.exp_substeps, model.scheme.diff_iters) == (0.05, 3, 60)
    assert model.seeding.cart == (0.05, 0.2, 1e7)
    assert ready.plan == ()


# --- any parameters within their bounds ---

ABOUT = {info.name: info for info in TumourParameters.about() if info.name not in SET_BY_SEEDING}


def within(low: float, high: float) -> st.SearchStrategy[float]:
    """Numbers between two bounds, of every order of magnitude, the bounds themselves among them."""
    small = max(low, high * 1e-6)
    orders = st.floats(np.log(small), np.log(high)).map(lambda order: float(np.clip(np.exp(order), small, high)))
    return st.sampled_from((low, high)) | orders


few_parameters = st.lists(st.sampled_from(sorted(ABOUT)), unique=True, max_size=6).flatmap(
    lambda names: st.fixed_dictionaries({name: within(*ABOUT[name].bounds) for name in names})
)


@pytest.fixture(scope="module")
def short(tmp_path_factory):
    """Six hours of any patient in one dimension; compiled once."""
    base = build(read("time.end_days=0.25", "time.output_every_days=0.125"))

    @jax.jit
    def simulate(parameters):
        trajectory = rollout(Task(base.task.model, parameters, base.task.times), base.controller)
        return trajectory.state.fields, trajectory.observations, trajectory.numerics

    return simulate


@given(values=few_parameters, latents=st.fixed_dictionaries({name: st.floats(0, 1) for name in ("inf", "cyt", "env")}))
@settings(derandomize=True, max_examples=25, deadline=None)
def test_any_parameters_end_well_or_by_name(short, values, latents):
    """Finite and not negative, or a status that the engine turns into a named failure, or a refusal at the door."""
    overrides = [f"parameters.{name}={value!r}" for name, value in values.items()]
    overrides += [f"latents.{name}={value!r}" for name, value in latents.items()]
    spec = read(*overrides)
    try:
        p = parameters_of(spec)
    except BadInput:  # a latent moved a parameter out of its bounds
        return
    fields, observations, numerics = short(p)
    if not np.any(numerics):
        for leaf in jax.tree.leaves((fields, observations)):
            assert np.all(np.isfinite(leaf))
            assert np.all(np.asarray(leaf) >= 0)
