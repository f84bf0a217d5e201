"""The laws of the lumped models: units, one rate for every kind of number, positivity, step lengths, domain."""

from typing import Any

import casadi
import jax
import jax.numpy as jnp
import numpy as np
import pint
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oncotwin import Task, rollout
from oncotwin.control.schedule import Schedule
from oncotwin.io.specs.units import unit_registry
from oncotwin.models import lumped
from oncotwin.models.lumped import Adaptive, Condition, Stepped

UNITS = unit_registry()
FAMILIES = {
    "hahnfeldt": (lumped.Hahnfeldt, lumped.HahnfeldtParameters),
    "ergun": (lumped.Ergun, lumped.ErgunParameters),
    "stepanova": (lumped.Stepanova, lumped.StepanovaParameters),
    "combination": (lumped.Combination, lumped.CombinationParameters),
    "kuznetsov": (lumped.Kuznetsov, lumped.KuznetsovParameters),
    "depillis": (lumped.DePillis, lumped.DePillisParameters),
    "simeoni": (lumped.Simeoni, lumped.SimeoniParameters),
    "docetaxel": (lumped.Docetaxel, lumped.DocetaxelParameters),
    "neutropenia": (lumped.Neutropenia, lumped.NeutropeniaParameters),
}
TUMOURS = [name for name in FAMILIES if name != "neutropenia"]


class Instance:
    """A model in equal steps, its parameters, and an interval compiled once."""

    def __init__(self, name: str) -> None:
        kind, parameters = FAMILIES[name]
        self.p = parameters()
        self.model = kind(Stepped(kind.control_step))
        self.first = self.model.initial(self.p)
        self.strongest = self.model.limits(self.p)[1]
        self.advance = jax.jit(lambda state, action: self.model.advance(state, action, self.p, 0.5))


ADAPTIVE_STEPANOVA = jax.jit(lambda s, a: lumped.Stepanova().advance(s, a, lumped.StepanovaParameters(), 3.0))


@pytest.fixture(scope="module", params=list(FAMILIES))
def instance(request: pytest.FixtureRequest) -> Instance:
    return Instance(request.param)


def quantity(value: Any, unit: str) -> Any:
    return UNITS.Quantity(value, "" if unit == "1" else unit)


def with_units(instance: Instance) -> tuple[Any, Any, Any]:
    """Parameters, a state and an action as quantities."""
    p = type(instance.p)(
        **{info.name: quantity(getattr(instance.p, info.name), info.unit) for info in instance.p.about()}
    )
    units = instance.model.units
    state = type(instance.first)(*(quantity(0.2 + 0.3 * i, unit) for i, unit in enumerate(units.state)))
    action = type(instance.strongest)(*(quantity(0.5, unit) for unit in units.action))
    return p, state, action


def test_rates_are_the_states_units_per_day(instance):
    p, state, action = with_units(instance)
    rates = instance.model.rate(state, action, p)
    plain = instance.model.rate(
        type(state)(*(x.magnitude for x in state)), type(action)(*(x.magnitude for x in action)), instance.p
    )
    for name, unit, rate, number in zip(state._fields, instance.model.units.state, rates, plain, strict=True):
        in_unit = rate.to(quantity(1.0, unit).units / UNITS.day)
        assert in_unit.magnitude == pytest.approx(float(number), rel=1e-9), name


def test_observations_have_their_units(instance):
    p, state, _ = with_units(instance)
    seen = instance.model.observe(state, p)
    for name, unit, value in zip(seen._fields, instance.model.units.observation, seen, strict=True):
        assert UNITS.Quantity(value).check(quantity(1.0, unit).units), name


def test_a_wrong_unit_is_found():
    """The test can fail: a growth rate per hour squared is not one."""
    instance = Instance("stepanova")
    p, state, action = with_units(instance)
    with pytest.raises(pint.DimensionalityError):
        instance.model.rate(state, action, p.with_values(delta=quantity(0.37, "1/hour**2")))


def test_symbols_give_the_numbers_of_arrays(instance):
    """The same rate, on CasADi symbols and compiled by JAX."""
    record, dose = type(instance.first), type(instance.strongest)
    x, u = casadi.SX.sym("x", len(record._fields)), casadi.SX.sym("u", len(dose._fields))
    symbols = instance.model.rate(record(*casadi.vertsplit(x)), dose(*casadi.vertsplit(u)), instance.p)
    function = casadi.Function("rate", [x, u], [casadi.vertcat(*symbols)])
    compiled = jax.jit(lambda x, u: jnp.stack(instance.model.rate(record(*x), dose(*u), instance.p)))
    rng = np.random.default_rng(4)
    for _ in range(10):
        state = (np.array(instance.first, float) + 0.01) * rng.uniform(0.2, 3.0, len(record._fields))
        action = np.array(instance.strongest, float) * rng.uniform(0.0, 1.0, len(dose._fields))
        terms = np.abs(np.array(function(state, action)).ravel())
        np.testing.assert_allclose(
            compiled(state, action), np.array(function(state, action)).ravel(), rtol=1e-12, atol=1e-12 * terms.max()
        )


@given(factors=st.lists(st.floats(0.5, 1.25), min_size=10, max_size=10), dose=st.floats(0.0, 1.0))
@settings(max_examples=20)
def test_states_stay_finite_and_non_negative(instance, factors, dose):
    state = jax.tree.map(lambda x, f: x * f, instance.first, type(instance.first)(*factors[: len(instance.first)]))
    action = jax.tree.map(lambda a: a * dose, instance.strongest)
    for _ in range(6):
        state = instance.advance(state, action)
        assert int(instance.model.status(state)) == Condition.TRUSTED
        assert all(np.isfinite(x) and x >= 0 for x in (*state, *instance.model.observe(state, instance.p)))
    assert all(getattr(state, name) > 0 for name in instance.model.above_zero)


def test_a_state_is_seen_and_found_again(instance):
    moved = instance.advance(instance.first, instance.model.no_action())
    seen = instance.model.observe(moved, instance.p)
    again = instance.model.observe(instance.model.state_of(seen, instance.p), instance.p)
    np.testing.assert_allclose(np.array(again), np.array(seen), rtol=1e-12)


def test_no_action_is_the_least_and_lies_below_the_greatest(instance):
    least, greatest = instance.model.limits(instance.p)
    for a, low, high in zip(instance.model.no_action(), least, greatest, strict=True):
        assert float(low) == float(a) == 0 < float(high)


@given(x=st.floats(1e-6, 5e3), y=st.floats(0.0, 50.0), u=st.floats(0.0, 1.0), v=st.floats(0.0, 1.0))
@settings(max_examples=30)
def test_the_adaptive_course_stays_positive_from_anywhere(x, y, u, v):
    state = ADAPTIVE_STEPANOVA(lumped.stepanova.State(x, y), lumped.stepanova.Action(u, v))
    assert int(lumped.Stepanova().status(state)) == Condition.TRUSTED
    assert float(state.x) > 0 <= float(state.y)


def test_a_step_that_is_too_long_is_a_failure_not_a_cut():
    """Immune cells that decay at 100 a day, in steps of a quarter of a day."""
    instance = Instance("stepanova")
    after = instance.advance(lumped.stepanova.State(3000.0, 1.0), instance.model.no_action())
    assert int(instance.model.status(after)) == Condition.NOT_FINITE


def test_control_steps_are_short_enough(instance):
    """Within 1e-3 of the largest value of each state, a day of half the greatest dose from the first state."""
    action = jax.tree.map(lambda a: 0.5 * a, instance.strongest)
    stepped = instance.advance(instance.advance(instance.first, action), action)
    fine = type(instance.model)(Stepped(instance.model.control_step / 8))
    exact = jax.jit(lambda s: fine.advance(s, action, instance.p, 1.0))(instance.first)
    for a, b, first in zip(stepped, exact, instance.first, strict=True):
        assert float(a) == pytest.approx(float(b), abs=1e-3 * max(abs(float(b)), float(first), 1e-6))


def test_fine_steps_follow_the_adaptive_course():
    p, action = lumped.StepanovaParameters(), lumped.stepanova.Action(0.5, 0.5)
    fine = lumped.Stepanova(Stepped(0.01))
    stepped = jax.jit(lambda s: fine.advance(s, action, p, 3.0))(fine.initial(p))
    np.testing.assert_allclose(np.array(stepped), np.array(ADAPTIVE_STEPANOVA(fine.initial(p), action)), rtol=1e-6)


def test_fixed_steps_are_of_fourth_order():
    p = lumped.StepanovaParameters()
    action = lumped.stepanova.Action(0.3, 0.2)

    def density(step: float) -> float:
        model = lumped.Stepanova(Stepped(step))
        return float(jax.jit(lambda s: model.advance(s, action, p, 4.0).y)(model.initial(p)))

    coarse, middle, fine = (density(4.0 / n) for n in (32, 64, 128))
    assert np.log2((coarse - middle) / (middle - fine)) == pytest.approx(4.0, abs=0.3)


@pytest.mark.parametrize("scheme", [Stepped(0.25), Adaptive()])
def test_an_interval_is_two_halves_and_may_be_traced(scheme):
    model, p = lumped.Stepanova(scheme), lumped.StepanovaParameters()
    action = lumped.stepanova.Action(0.4, 0.1)
    traced = jax.jit(lambda dt, s: model.advance(s, action, p, dt))
    whole = traced(2.0, model.initial(p))
    halves = traced(1.0, traced(1.0, model.initial(p)))
    np.testing.assert_allclose(np.array(whole), np.array(halves), rtol=1e-7)
    known = jax.jit(lambda s: model.advance(s, action, p, 2.0))(model.initial(p))
    np.testing.assert_allclose(np.array(whole), np.array(known), rtol=1e-12)


def test_both_modes_of_differentiation_agree_with_differences():
    model, p = lumped.Stepanova(Stepped(0.25)), lumped.StepanovaParameters()

    @jax.jit
    def tumour(dose: Any) -> Any:
        return model.advance(model.initial(p), lumped.stepanova.Action(dose, 0.0), p, 1.0).x

    difference = (tumour(0.5 + 1e-5) - tumour(0.5 - 1e-5)) / 2e-5
    assert float(jax.jit(jax.jacfwd(tumour))(0.5)) == pytest.approx(float(difference), rel=1e-7)
    assert float(jax.jit(jax.grad(tumour))(0.5)) == pytest.approx(float(difference), rel=1e-7)


def test_a_drug_that_is_not_there_yet_has_its_full_effect():
    """The cut at zero does not halve the derivative of a state that is zero."""
    model, p = lumped.Hahnfeldt(Stepped(0.05)), lumped.HahnfeldtParameters()
    slope = jax.jit(jax.jacfwd(lambda w: model.advance(model.initial(p), lumped.hahnfeldt.Action(w), p, 0.1).z3))(0.0)
    assert float(slope) == pytest.approx((1 - np.exp(-0.13)) / 1.3, rel=1e-6)


@pytest.mark.parametrize("name", ["hahnfeldt", "stepanova", "combination", "ergun"])
@pytest.mark.parametrize("volume", [0.0, -5.0])
def test_a_volume_outside_the_domain_is_said_and_stands_still(name, volume):
    instance = Instance(name)
    state = instance.first._replace(**{instance.model.above_zero[0]: jnp.asarray(volume)})
    after = instance.advance(state, instance.strongest)
    assert int(instance.model.status(state)) == int(instance.model.status(after)) == Condition.OUTSIDE_DOMAIN
    np.testing.assert_array_equal(np.array(after), np.array(state))


def test_a_state_that_is_not_a_number_is_said():
    instance = Instance("stepanova")
    state = instance.first._replace(x=jnp.asarray(jnp.nan))
    after = instance.advance(state, instance.strongest)
    assert int(instance.model.status(after)) == Condition.NOT_FINITE


def test_a_failed_integration_is_a_status_in_the_trajectory_and_raises_nothing():
    model, p = lumped.Stepanova(Adaptive(most_steps=2)), lumped.StepanovaParameters()
    nothing = jax.tree.map(lambda a: jnp.asarray(a)[None], model.no_action())
    trajectory = rollout(Task(model, p, (0.0, 30.0, 60.0)), Schedule(nothing))
    assert trajectory.numerics.tolist() == [Condition.NOT_FINITE] * 2


def test_the_strongest_drug_for_years_leaves_a_number():
    instance = Instance("hahnfeldt")
    strongest = jax.jit(lambda s: instance.model.advance(s, instance.strongest, instance.p, 1000.0))
    gone = strongest(instance.first)
    assert int(instance.model.status(gone)) == Condition.TRUSTED
    assert 0 < float(gone.z1) < 1e-90
    assert int(instance.model.status(strongest(gone))) == Condition.TRUSTED


def test_a_batch_is_a_loop(instance):
    factors = jnp.asarray([0.5, 1.0, 2.0])
    states = jax.tree.map(lambda x: x * factors, instance.first)
    batch = jax.jit(jax.vmap(lambda s: instance.model.advance(s, instance.strongest, instance.p, 0.5)))(states)
    for i in range(3):
        alone = instance.advance(jax.tree.map(lambda x: x[i], states), instance.strongest)  # noqa: B023
        np.testing.assert_allclose(np.array(alone), np.array([x[i] for x in batch]), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("preset", lumped.HahnfeldtParameters.presets)
def test_presets_are_within_bounds(preset):
    assert lumped.HahnfeldtParameters.preset(preset).e > 0
