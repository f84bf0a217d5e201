"""Reaction networks: rates against closed formulae, the medium held, faults of a network by name."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oncotwin.errors import BadInput
from oncotwin.numerics.mass_action import MassAction, Tolerances
from oncotwin.numerics.reaction_network import Observable, Reaction, ReactionNetwork, Species

TIMES = np.array([0.0, 0.3, 1.0, 2.5])


def network(**changes):
    """A goes to B; two B make a C; A is made of the medium M by a function of C."""
    parts = {
        "name": "test",
        "time_unit": "hour",
        "species": (Species("A", "a0"), Species("B", 0.0), Species("C", "c0"), Species("M", 2.0, fixed=True)),
        "parameters": {"a0": 3.0, "k": 0.8, "j": 0.4},
        "expressions": {"birth": "k*full/(1 + C_seen)", "full": "1 + 0*time", "c0": "a0/3"},
        "observables": (Observable("C_seen", (2, 1), (1.0, 0.5)),),
        "reactions": (
            Reaction((0,), (1,), 1.0, ("k",)),
            Reaction((1, 1), (2,), 0.5, ("j",)),
            Reaction((3,), (3, 0), 2.0, ("birth",)),
            Reaction((), (3,), 1.0, ("k",)),
        ),
    }
    return ReactionNetwork(**{**parts, **changes})


def test_rates_are_those_of_the_formulae():
    law = MassAction(network())
    constants = law.constants({"k": 0.5})
    amounts = jnp.asarray([3.0, 4.0, 1.0, 2.0])
    first, second, third = 0.5 * 3.0, 0.5 * 0.4 * 16.0, 2.0 * 2.0 * 0.5 / (1 + 1.0 + 0.5 * 4.0)
    np.testing.assert_allclose(law.fluxes(0.0, amounts, constants), [first, second, third, 0.5], rtol=1e-14)
    expected = [third - first, first - 2 * second, second, 0.0]
    np.testing.assert_allclose(law.rate(0.0, amounts, constants), expected, rtol=1e-14)
    np.testing.assert_allclose(law.initial(constants), [3.0, 0.0, 1.0, 2.0])
    np.testing.assert_allclose(law.observables(amounts), [3.0])


def test_decay_and_pairing_follow_their_solutions():
    plain = MassAction(network(reactions=(Reaction((0,), (), 1.0, ("k",)), Reaction((2, 2), (), 1.0, ("j",)))))
    constants = plain.constants({})
    course = plain.integrate(plain.initial(constants), constants, jnp.asarray(TIMES), Tolerances(1e-10, 1e-12))
    np.testing.assert_allclose(course[:, 0], 3.0 * np.exp(-0.8 * TIMES), rtol=1e-9)
    np.testing.assert_allclose(course[:, 2], 1.0 / (1.0 + 2 * 0.4 * TIMES), rtol=1e-9)
    np.testing.assert_allclose(course[:, 3], 2.0, rtol=0)


def test_time_is_a_name():
    driven = MassAction(
        network(expressions={"c0": "0", "wave": "cos(time)"}, reactions=(Reaction((), (2,), 1.0, ("wave",)),))
    )
    constants = driven.constants({})
    course = driven.integrate(driven.initial(constants), constants, jnp.asarray(TIMES))
    np.testing.assert_allclose(course[:, 2], np.sin(TIMES), atol=1e-7)


def test_a_batch_is_a_loop():
    law = MassAction(network())

    def end(k):
        constants = law.constants({"k": k})
        return law.integrate(law.initial(constants), constants, jnp.asarray([0.0, 2.5]), Tolerances(1e-9, 1e-9))[-1]

    rates = jnp.asarray([0.2, 0.8, 1.7])
    np.testing.assert_allclose(jax.jit(jax.vmap(end))(rates), [jax.jit(end)(k) for k in rates], rtol=1e-9)


def test_rest_is_no_excuse_for_a_wrong_derivative():
    """A pool at its balance does not move; its derivative by the rate of supply still takes its time."""
    pool = MassAction(
        ReactionNetwork(
            "pool",
            "hour",
            (Species("P", 1.0),),
            {"supply": 2.0, "loss": 2.0},
            {},
            (),
            (Reaction((), (0,), 1.0, ("supply",)), Reaction((0,), (), 1.0, ("loss",))),
        )
    )

    @jax.jit
    def end(supply):
        constants = pool.constants({"supply": supply})
        return pool.integrate(pool.initial(constants), constants, jnp.asarray([0.0, 0.7]))[-1, 0]

    assert float(jax.grad(end)(jnp.asarray(2.0))) == pytest.approx((1 - np.exp(-1.4)) / 2, rel=1e-5)


def test_what_cannot_be_integrated_is_nan():
    burst = MassAction(network(reactions=(Reaction((0, 0), (0, 0, 0), 1.0, ("k",)),)))
    constants = burst.constants({})
    course = burst.integrate(burst.initial(constants), constants, jnp.asarray([0.0, 0.1, 5.0]))
    assert np.isfinite(course[1]).all()
    assert np.isnan(course[2]).all()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"species": ()}, "no species"),
        ({"species": (Species("A", 1.0), Species("A", 1.0))}, "same species twice; got 'A'"),
        ({"species": (Species("A", "a1"),), "expressions": {}, "observables": (), "reactions": ()}, "'a1'.*'a0'"),
        ({"species": (Species("A", float("nan")),)}, "species A.*finite"),
        ({"parameters": {"a0": float("inf"), "k": 1.0, "j": 1.0}}, "parameter a0.*finite"),
        ({"parameters": {"a0": 1.0, "k": 1.0, "j": 1.0, "full": 1.0}}, "same name twice; got 'full'"),
        ({"parameters": {"a0": 1.0, "k": 1.0, "j": 1.0, "time": 1.0}}, "not a name; got 'time'"),
        ({"parameters": {"a0": 1.0, "k": 1.0, "j": 1.0, "if": 1.0}}, "not a name; got 'if'"),
        ({"expressions": {"birth": "full", "full": "birth", "c0": "a0"}}, "circle; got 'birth, full'"),
        ({"expressions": {"birth": "kk", "c0": "a0"}}, "birth: unknown name; got 'kk'"),
        ({"expressions": {"birth": "k", "c0": "C_seen"}}, "first amount of C.*'c0'"),
        ({"observables": (Observable("C_seen", (9,), (1.0,)),)}, "C_seen: no such species; got 9.*0 to 3"),
        ({"observables": (Observable("C_seen", (1,), ()),)}, "differ in number"),
        ({"reactions": (Reaction((-1,), (), 1.0, ("k",)),)}, "reaction 0: no such species; got -1"),
        ({"reactions": (Reaction((0,), (), 1.0, ("C_seen",)),)}, "rate of reaction 0: unknown name; got 'C_seen'"),
    ],
)
def test_a_faulty_network_is_refused_by_place(changes, told):
    with pytest.raises(BadInput, match=f"(?s)test.*{told}"):
        network(**changes)
