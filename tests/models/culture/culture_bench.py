"""What the tests of the culture share: signals by a plain formula, plans as dictionaries, courses in one program."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from oncotwin import stack
from oncotwin.core.exchange import Signals, SignalTable
from oncotwin.models.culture import Action, Culture, CultureParameters, Medium, State
from oncotwin.models.culture.state import no_action

EVERY = 0.5
COUNT = 12


def formula_table() -> SignalTable:
    """Signals of saturating form: STAT5 by three cytokines, NFAT and exhaustion by the activator, mTOR by glucose."""
    axes = {
        "il2": [0.0, 0.05, 0.2, 1.0, 5.0, 25.0],
        "il7": [0.0, 0.1, 1.0, 10.0],
        "il15": [0.0, 0.05, 0.5, 5.0],
        "activator": [0.0, 0.05, 0.2, 1.0, 4.0, 16.0],
        "glucose": [0.0, 0.3, 1.0, 4.0, 16.0],
    }
    il2, il7, il15, activator, glucose = np.meshgrid(*axes.values(), indexing="ij")
    bound = activator / (1 + activator)
    fed = glucose / (1 + glucose)
    stat5 = 1 - (1 - 0.9 * il2 / (0.3 + il2)) * (1 - 0.6 * il7 / (1 + il7)) * (1 - 0.7 * il15 / (0.4 + il15))
    nfat = bound**2 / (0.1 + bound**2)
    signals = Signals(
        stat5=stat5,
        erk=bound,
        nfat=nfat,
        nfkb=bound,
        mtor=fed * (0.2 + 0.35 * il2 / (0.3 + il2) + 0.15 * il15 / (0.4 + il15) + 0.3 * bound),
        ampk=0.1 + 0.8 * (1 - fed),
        exhaustion=0.6 * nfat,
        granzyme=0.5 * (stat5 + bound),
        ifng=1e3 * bound,
        il2=3e3 * bound**2,
        gmcsf=3e2 * bound,
    )
    return SignalTable(*(np.asarray(axis) for axis in axes.values()), signals=signals)


def plan_of(**over: Any) -> dict[str, np.ndarray]:
    """A plan of `COUNT` half-day intervals: activated and given interleukin 2 at the start, else nothing."""
    plan = {name: np.full(COUNT, float(x)) for name, x in no_action()._asdict().items()}
    plan["activator_per_cell"][0] = 1.0
    plan["il2_ng_per_ml"][::4] = 6.1
    for name, value in over.items():
        plan[name] = np.broadcast_to(np.asarray(value, float), COUNT).copy()
    return plan


def at_start(value: float) -> np.ndarray:
    """A value in the first interval, zero after."""
    return np.concatenate([[value], np.zeros(COUNT - 1)])


def from_interval(number: int, value: float) -> np.ndarray:
    """Zero, then a value from an interval on."""
    return np.where(np.arange(COUNT) < number, 0.0, value)


class Case(NamedTuple):
    """One culture: its parameters and its plan."""

    p: CultureParameters
    plan: dict[str, np.ndarray]


P = CultureParameters.preset
STATIC = {"volume_start": 200.0, "seed_density": 5e5}

CASES = {
    "static": Case(P("gas_permeable").with_values(**STATIC), plan_of(medium_feed_ml_per_day=from_interval(4, 200.0))),
    "harvested": Case(
        P("gas_permeable").with_values(**STATIC),
        plan_of(harvest=from_interval(4, 1.0), exchange_fraction=from_interval(4, 0.5), vector_moi=3.0),
    ),
    "starving": Case(
        P("gas_permeable").with_values(medium_glucose=1.5, medium_glutamine=0.5, seed_density=2e6), plan_of()
    ),
    "no_amino_acids": Case(P("gas_permeable").with_values(medium_amino_acids=0.03), plan_of()),
    "no_glutamine": Case(P("gas_permeable").with_values(medium_glutamine=0.05, medium_glutamate=0.0), plan_of()),
    "anoxic": Case(P("gas_permeable").with_values(kLa=0.2), plan_of()),
    "no_cytokine": Case(P("gas_permeable"), plan_of(il2_ng_per_ml=0.0)),
    "tank": Case(
        P("stirred_tank"),
        plan_of(oxygen_setpoint_percent=50.0, perfusion_per_day=from_interval(4, 1.0), vector_moi=at_start(2.0)),
    ),
    "weak_tank": Case(
        P("stirred_tank").with_values(kLa=0.2, seed_density=8e6),
        plan_of(oxygen_setpoint_percent=80.0, perfusion_per_day=2.0),
    ),
    "empty": Case(
        P("perfusion_microbioreactor").with_values(seed_density=1e3, medium_glucose=10.0),
        plan_of(
            activator_per_cell=0.0,
            perfusion_per_day=1.0,
            il7_ng_per_ml=at_start(10.0),
        ),
    ),
    "exchanged": Case(P("bag"), plan_of(exchange_fraction=from_interval(6, 0.5), remove_activator=at_start(1.0))),
    "poisoned": Case(P("gas_permeable").with_values(medium_ammonia=15.0), plan_of()),
    "overflowing": Case(
        P("gas_permeable").with_values(volume_most=150.0), plan_of(medium_feed_ml_per_day=100.0, temperature_c=34.0)
    ),
}


def courses(model: Culture, cases: list[Case]) -> State:
    """States of every case at the ends of its intervals, leaves (cases, COUNT + 1, ...): one compiled program."""

    def course(p: CultureParameters, plan: Action) -> State:
        def interval(state: State, action: Action) -> tuple[State, State]:
            after = model.advance(state, action, p, EVERY)
            return after, after

        first = model.initial(p)
        _, states = jax.lax.scan(interval, first, plan)
        return jax.tree.map(lambda a, b: jnp.concatenate([a[None], b]), first, states)

    plans = Action(*(jnp.asarray([case.plan[name] for case in cases]) for name in Action._fields))
    return jax.jit(jax.vmap(course))(stack([case.p for case in cases]), plans)


def medium(**over: Any) -> Medium:
    """A medium in which everything is at hand."""
    usual = {
        "glucose": 15.0,
        "lactate": 5.0,
        "glutamine": 3.0,
        "glutamate": 0.1,
        "ammonia": 0.5,
        "amino_acids": 0.6,
        "strong_ions": 29.0,
        "il2": 3.0,
        "il7": 0.0,
        "il15": 0.0,
        "il21": 0.0,
        "activator": 1e5,
        "oxygen": 0.15,
        "carbon_dioxide": 36.0,
    }
    return Medium(**{name: jnp.asarray(x, jnp.float64) for name, x in (usual | over).items()})
