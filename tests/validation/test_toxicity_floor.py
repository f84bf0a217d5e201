"""Docetaxel and the neutrophils that limit it: the shipped task, its guard's floor, and the full marrow."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oncotwin.apps.dosing.controllers import Choice, controller_of
from oncotwin.apps.dosing.outcome import Course, outcome_of, status_counts
from oncotwin.apps.dosing.plants import FAMILIES
from oncotwin.apps.dosing.problem import problem_of
from oncotwin.core.controller import Status
from oncotwin.core.rollout import rollout
from oncotwin.io.specs.kinds import DOSING
from oncotwin.io.specs.resolve import resolve
from oncotwin.models import lumped
from oncotwin.models.lumped import docetaxel, neutropenia

FLOOR = 1.5
"""1e9/l: docetaxel is contraindicated below 1500 neutrophils per mm3 (its prescribing information)."""


def treated(name: str, *overrides: str) -> tuple[Any, np.ndarray, np.ndarray, np.ndarray]:
    """A course with its neutrophils at each decision, doses and statuses."""
    problem = problem_of(resolve(None, ("task=docetaxel", "days=21", *overrides), FAMILIES, DOSING))
    controller = controller_of(problem, Choice(name, "Q", 10), problem.limits("Q"), (), problem.start)
    course = jax.jit(lambda: rollout(problem.task, controller))()
    seen = np.asarray(course.observations.neutrophils_1e9_per_l)
    return course, seen, np.asarray(course.actions.docetaxel_mg_per_day), np.asarray(course.decisions)


@pytest.mark.parametrize(("name", "share"), [("max", 1.0), ("constant", 0.1)])
def test_doses_below_the_floor_are_withheld_and_without_it_the_nadir_is_deeper(name: str, share: float) -> None:
    """Always the most, and a tenth of it every day."""
    _, seen, doses, statuses = treated(name, "baseline.constant=0.1")
    low = seen[:-1] < FLOOR
    assert 3 < low.sum() < 18
    np.testing.assert_array_equal(doses, np.where(low, 0.0, share * 180.0))
    np.testing.assert_array_equal(statuses == Status.LIMITED, low)
    _, free, doses, statuses = treated(name, "baseline.constant=0.1", "guard.floor=0")
    assert np.all(doses == share * 180.0)
    assert np.all(statuses == Status.DECIDED)
    assert free.min() < 0.9 * seen.min()
    assert free[-1] < seen[-1] / 3


def test_prediction_keeps_a_floor_that_withholding_alone_does_not() -> None:
    """Constraint (6) on neutrophils: MPC holds 0.5e9/l to 1e-3, a dose every allowed day falls far below it.

    The tumour, to which neutrophils are no price, shrinks under both.
    """
    course, seen, doses, statuses = treated("mpc", "guard.floor=0")
    assert np.all(statuses == Status.DECIDED)
    assert seen.min() == pytest.approx(0.5, abs=1e-3)
    assert float(course.observations.mass_g[-1]) < 60
    assert doses.sum() > 180  # more than one full dose
    _, withheld, _, _ = treated("max")
    assert withheld.min() < 0.01


def test_the_guard_counts_in_the_summary() -> None:
    """Statuses and the violations of the predicted floor, as a run reports them."""
    problem = problem_of(resolve(None, ("task=docetaxel", "days=21"), FAMILIES, DOSING))
    course, seen, _, statuses = treated("max")
    counts = status_counts(statuses)
    assert counts == {"DECIDED": int(np.sum(seen[:-1] >= FLOOR)), "LIMITED": int(np.sum(seen[:-1] < FLOOR))}
    numbers = outcome_of(problem, "Q", _course(course), None)
    assert int(numbers.below_least) == np.sum(seen < 0.5) > 0


def _course(treated: Any) -> Any:
    """A treatment with nothing after it but its last measurement."""
    return Course(treated, jax.tree.map(lambda z: z[-1:], treated.observations))


def test_the_marrow_is_that_of_neutropenia() -> None:
    """With G-CSF and two of three compartments at their steady states, neutrophils differ by less than 1 %."""
    full, whole = lumped.Neutropenia(lumped.Stepped(1 / 256)), lumped.NeutropeniaParameters()
    model, p = lumped.Docetaxel(lumped.Stepped(0.125)), lumped.DocetaxelParameters()
    shared = {info.name for info in p.about()} & {info.name for info in whole.about()} - {"u_max"}
    assert {"slope", "k_tr", "circ_0", "k_anc", "k_10", "V_1"} < shared
    assert all(float(getattr(p, name)) == float(getattr(whole, name)) for name in shared)
    doses = jnp.asarray([180.0, *[0.0] * 13, 60.0, *[0.0] * 6])

    def counts(model: Any, p: Any, action: Any) -> jax.Array:
        def day(state: Any, dose: jax.Array) -> tuple[Any, jax.Array]:
            state = model.advance(state, action(dose), p, 1.0)
            return state, state.circ

        return jax.lax.scan(day, model.initial(p), doses)[1]

    ours = jax.jit(lambda: counts(model, p, docetaxel.Action))()
    theirs = jax.jit(lambda: counts(full, whole, neutropenia.Action))()
    assert float(theirs.min()) < 0.5
    np.testing.assert_allclose(ours, theirs, rtol=1e-2)
