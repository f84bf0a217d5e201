"""What a filter estimates of a culture, and what a sensor log can show of it, as vectors of numbers without bounds."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array

from oncotwin.errors import BadInput, nearest
from oncotwin.models.culture import Cells, CultureParameters, State
from oncotwin.models.culture import sensors as instruments
from oncotwin.numerics.unscented import Belief, independent
from oncotwin.studies.assimilate import Estimand

SOLUTES = ("glucose", "lactate", "glutamine", "ammonia")
SOLUTE_FLOOR = 0.05
"""mmol/L below which a solute counts as none: added before its logarithm is taken."""
CELL_FLOOR = 1e-4
"""Share of the seeded cells below which a state counts as empty."""
SEEDED_SPREAD, SOLUTE_SPREAD = 0.15, 0.03
"""Standard deviation of the logarithms of the first cells and solutes."""
CELL_DRIFT, SOLUTE_DRIFT = 0.03, 0.02
"""What the law leaves out in one day, the same way."""

ESTIMATED: Mapping[str, float] = {"fitness": 0.2, "respiration_activated": 0.2}
"""Parameters estimated unless others are asked for -> standard deviation of their logarithm before; ours."""


class Shown(NamedTuple):
    """One quantity of a log.  floor: added before its logarithm; None: taken as it is.  noise: its parameter."""

    floor: float | None
    noise: str


QUANTITIES: Mapping[str, Shown] = {
    "glucose_mmol_per_l": Shown(SOLUTE_FLOOR, "noise_glucose"),
    "lactate_mmol_per_l": Shown(SOLUTE_FLOOR, "noise_lactate"),
    "glutamine_mmol_per_l": Shown(SOLUTE_FLOOR, "noise_glutamine"),
    "ammonia_mmol_per_l": Shown(SOLUTE_FLOOR, "noise_ammonia"),
    "oxygen_percent": Shown(1.0, "noise_oxygen"),
    "ph": Shown(0.0, "noise_pH"),
    "viable_density_per_ml": Shown(1e3, "noise_count"),
    "viability": Shown(None, "noise_viability"),
    "memory_fraction": Shown(None, "noise_flow"),
    "effector_fraction": Shown(None, "noise_flow"),
    "exhausted_fraction": Shown(None, "noise_flow"),
}
"""What can be taken in, in the order of the filter's measurements: key of a `SensorLog` -> how."""


def estimand(names: Sequence[str], first: State) -> Estimand:
    """Cells by state, four solutes and some parameters, all as logarithms.  first: the state at seeding."""
    floor = CELL_FLOOR * float(first.seeded_cells)
    return Estimand(partial(_pack, names, floor), partial(_unpack, names, floor), _observe)


def prior(names: Mapping[str, float], first: State, p: CultureParameters) -> tuple[Belief, Array]:
    """What is believed at seeding, and how fast that is forgotten: drift after one day, (n,).

    names: parameter -> standard deviation of its logarithm.  Raises BadInput for a parameter that is not known, not
    positive, or chosen by the process.
    """
    check_names(names, p)
    mean = estimand(tuple(names), first).pack(first, p)
    cells, solutes = len(Cells._fields), len(SOLUTES)
    spread = [SEEDED_SPREAD] * cells + [SOLUTE_SPREAD] * solutes + list(names.values())
    drift = [CELL_DRIFT] * cells + [SOLUTE_DRIFT] * solutes + [0.0] * len(names)
    return independent(mean, jnp.asarray(spread)), jnp.asarray(drift)


def check_names(names: Mapping[str, float], p: CultureParameters) -> None:
    """Raise BadInput for parameters that cannot be estimated."""
    about = {info.name: info for info in p.about() if info.scope != "treatment"}
    for name, spread in names.items():
        if name not in about:
            raise BadInput("no parameter to estimate", where="--estimate", got=name, remedy=nearest(name, about))
        if not float(getattr(p, name)) > 0:
            raise BadInput("only positive parameters can be estimated", where="--estimate", got=name)
        if not 0 < spread <= 2:
            raise BadInput(f"the spread of {name} is out of range", where="--estimate", got=spread, allowed="0 to 2")


def measured(values: Mapping[str, np.ndarray], rows: Sequence[int], count: int) -> np.ndarray:
    """What a log shows, as the filter takes it, (count, m): row `rows[i]` holds entry i of the log, all else NaN."""
    found = np.full((count, len(QUANTITIES)), np.nan)
    for column, (key, shown) in enumerate(QUANTITIES.items()):
        if key in values:
            given = values[key]
            found[list(rows), column] = given if shown.floor is None else np.log(given + shown.floor)
    return found


def noise_of(p: CultureParameters) -> np.ndarray:
    """Standard deviation of each measurement, as the filter takes it, (m,); at least half a per cent."""
    return np.array([max(float(getattr(p, shown.noise)), 0.005) for shown in QUANTITIES.values()])


def natural(values: np.ndarray) -> np.ndarray:
    """What the filter's numbers (..., m) are in the units of a log."""
    columns = []
    for column, shown in enumerate(QUANTITIES.values()):
        x = np.asarray(values)[..., column]
        columns.append(np.clip(x, 0, 1) if shown.floor is None else np.maximum(np.exp(x) - shown.floor, 0))
    return np.stack(columns, axis=-1)


def _pack(names: Sequence[str], floor: float, state: State, p: CultureParameters) -> Array:
    cells = [jnp.log(x + floor) for x in state.cells]
    solutes = [jnp.log(getattr(state.medium, name) + SOLUTE_FLOOR) for name in SOLUTES]
    return jnp.stack([*cells, *solutes, *(jnp.log(jnp.asarray(getattr(p, name), float)) for name in names)])


def _unpack(
    names: Sequence[str], floor: float, z: Array, state: State, p: CultureParameters
) -> tuple[State, CultureParameters]:
    cells, rest = z[: len(Cells._fields)], z[len(Cells._fields) :]
    solutes, parameters = rest[: len(SOLUTES)], rest[len(SOLUTES) :]
    held = {name: jnp.maximum(jnp.exp(x) - SOLUTE_FLOOR, 0.0) for name, x in zip(SOLUTES, solutes, strict=True)}
    there = Cells(*(jnp.maximum(jnp.exp(x) - floor, 0.0) for x in cells))
    values = {name: jnp.exp(x) for name, x in zip(names, parameters, strict=True)}
    return state._replace(cells=there, medium=state.medium._replace(**held)), replace(p, **values)


def _observe(state: State, p: CultureParameters) -> Array:
    online = instruments.truth(state.medium, p)
    assayed = instruments.sample(jnp.stack(state.cells), state.volume_ml, state.car_fraction, p)
    found = jnp.concatenate([online, assayed[: len(QUANTITIES) - 6]])
    columns = [
        found[i] if shown.floor is None else jnp.log(jnp.maximum(found[i], 0.0) + shown.floor)
        for i, shown in enumerate(QUANTITIES.values())
    ]
    return jnp.stack(columns)
