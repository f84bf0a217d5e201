"""Cultures as published protocols run them, on the shipped network and the shipped signals, in one program."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from oncotwin import stack
from oncotwin.core.exchange import Product
from oncotwin.models.culture import (
    Action,
    Culture,
    CultureParameters,
    DonorSubtype,
    State,
    median_donor,
    product,
)
from oncotwin.models.culture.state import no_action

EVERY = 0.5
COUNT = 24
DAYS = EVERY * np.arange(COUNT)
IL2 = 6.1  # ng/mL, 100 IU/mL at 16.4e6 IU/mg
STATIC = {"volume_start": 200.0, "seed_density": 5e5}
THIN = STATIC | {"kLa": 10.0}


class Case(NamedTuple):
    """One culture: its parameters and what is done in each half day."""

    p: CultureParameters
    plan: dict[str, np.ndarray]


def every_other_day(value: float) -> np.ndarray:
    """A dose on days 0, 2, 4 and so on."""
    return np.where(np.arange(COUNT) % 4 == 0, value, 0.0)


def on_day(day: float, value: float) -> np.ndarray:
    """A value in one interval."""
    return np.where(day == DAYS, value, 0.0)


def plan(**over: Any) -> dict[str, np.ndarray]:
    """Activated on day 0, transduced on day 1, nothing else but what is given."""
    rows = {name: np.full(COUNT, float(x)) for name, x in no_action()._asdict().items()}
    rows |= {"activator_per_cell": on_day(0, 1.0), "vector_moi": on_day(1, 3.0)}
    return rows | {name: np.broadcast_to(np.asarray(x, float), COUNT) for name, x in over.items()}


def static(**over: Any) -> dict[str, np.ndarray]:
    """A gas-permeable flask filled to a litre on day 2, interleukin 2 every other day, activator out on day 5."""
    usual = {
        "il2_ng_per_ml": every_other_day(IL2),
        "medium_feed_ml_per_day": on_day(2, 1600.0),
        "remove_activator": on_day(5, 0.99),
    }
    return plan(**(usual | over))


def perfused(steps: dict[float, float], **over: Any) -> dict[str, np.ndarray]:
    """Perfusion at rates that begin on days."""
    rate = np.select([day <= DAYS for day in reversed(steps)], list(reversed(steps.values())), 0.0)
    return plan(perfusion_per_day=rate, **over)


def micro(donor: DonorSubtype) -> Case:
    """The perfusion microbioreactor of 2 mL."""
    p = median_donor(donor, CultureParameters.preset("perfusion_microbioreactor").with_values(medium_il2=IL2))
    doses = {"activator_per_cell": on_day(0, 2.0), "vector_moi": on_day(1, 5.0), "il2_ng_per_ml": on_day(0, IL2)}
    return Case(
        p,
        perfused(
            {2: 1.0, 4: 2.0, 6: 4.0, 9: 6.0}, **doses, remove_activator=on_day(5, 0.95), oxygen_setpoint_percent=80.0
        ),
    )


def cases() -> dict[str, Case]:
    """All cultures by name."""
    flask = CultureParameters.preset("gas_permeable")
    tank = CultureParameters.preset("stirred_tank")
    usual, thin = flask.with_values(**STATIC), flask.with_values(**THIN)
    tank = tank.with_values(volume_start=1600.0, volume_most=2000.0, seed_density=1e6, medium_il2=IL2)
    no_il2 = {"il2_ng_per_ml": 0.0}
    return {
        "il2": Case(usual, static()),
        "il7_il15": Case(
            usual, static(**no_il2, il7_ng_per_ml=every_other_day(10.0), il15_ng_per_ml=every_other_day(5.0))
        ),
        "il21": Case(usual, static(**no_il2, il21_ng_per_ml=every_other_day(10.0))),
        "no_cytokine": Case(usual, static(**no_il2)),
        "no_activator": Case(usual, static(activator_per_cell=0.0)),
        "chronic": Case(usual, static(activator_per_cell=1.0, remove_activator=0.0)),
        "oxygen_18": Case(thin, static(oxygen_setpoint_percent=86.0)),
        "oxygen_2": Case(thin, static(oxygen_setpoint_percent=9.6)),
        "oxygen_1": Case(thin, static(oxygen_setpoint_percent=4.8)),
        "lactic_acid": Case(usual.with_values(medium_lactate=20.0), static()),
        "deoxyglucose": Case(usual.with_values(deoxyglucose=2.0), static()),
        "patient": Case(median_donor(DonorSubtype("elderly", "advanced", "heavy"), usual), static()),
        "tank": Case(
            tank,
            perfused(
                {2: 0.5, 3.5: 1.0, 5: 2.0},
                il2_ng_per_ml=np.where(DAYS % 1 == 0, IL2, 0.0),
                oxygen_setpoint_percent=50.0,
            ),
        ),
        "micro": micro(DonorSubtype()),
        "micro_patient": micro(DonorSubtype("middle", "early", "chemotherapy")),
    }


class Course(NamedTuple):
    """One culture at the ends of its intervals, leaves (COUNT + 1, ...)."""

    state: State
    product: Product

    def on(self, day: float) -> "Course":
        """The culture on a day."""
        return jax.tree.map(lambda x: x[round(day / EVERY)], self)


def run(model: Culture, all_cases: dict[str, Case]) -> dict[str, Course]:
    """All cultures simulated."""

    def course(p: CultureParameters, rows: Action) -> Course:
        def interval(state: State, action: Action) -> tuple[State, State]:
            after = model.advance(state, action, p, EVERY)
            return after, after

        first = model.initial(p)
        _, states = jax.lax.scan(interval, first, rows)
        states = jax.tree.map(lambda a, b: jnp.concatenate([a[None], b]), first, states)
        return Course(states, jax.vmap(lambda state: product(state, p))(states))

    rows = Action(*(jnp.asarray([case.plan[x] for case in all_cases.values()]) for x in Action._fields))
    courses = jax.jit(jax.vmap(course))(stack([case.p for case in all_cases.values()]), rows)
    courses = jax.tree.map(np.asarray, courses)
    return {name: jax.tree.map(lambda x: x[i], courses) for i, name in enumerate(all_cases)}  # noqa: B023
