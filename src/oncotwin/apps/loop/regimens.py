"""Regimens of drugs beside the CAR-T cells: what doses them, and the limits around it."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from oncotwin.apps.loop.beside import BELIEF, Dosing, belief_task
from oncotwin.control.baselines import Constant, OnOff
from oncotwin.control.guard import Guarded, Limits
from oncotwin.control.mpc import Mpc
from oncotwin.control.objective import Tracking
from oncotwin.core.controller import Controller
from oncotwin.errors import BadInput, similar
from oncotwin.models.lumped import CombinationParameters, combination

HORIZON = 6
"""Intervals that predictive control looks ahead."""
FIXED = combination.Action(chemotherapy=1.0, inhibitor_mg_per_kg=5.0)
"""Levels of the fixed regimen, held for one interval of three."""
LIMITS = Limits(
    per_day=combination.Action(chemotherapy=1.0, inhibitor_mg_per_kg=15.0),
    per_cycle=combination.Action(chemotherapy=7.0, inhibitor_mg_per_kg=210.0),
    cumulative=combination.Action(chemotherapy=21.0, inhibitor_mg_per_kg=1000.0),
    cycle_days=21.0,
)
"""What may be given: a full week of chemotherapy in three, three such weeks in all.  Uncalibrated."""
SCALE_MM3 = 1000.0
"""Volume, mm3, whose square costs one in an interval: a ball of 12 mm.  Uncalibrated."""
CHEMOTHERAPY_PRICE, INHIBITOR_PRICE = 0.3, 0.003
"""Price of a squared level held for an interval.  Uncalibrated."""


def _none(p: CombinationParameters, instants: tuple[float, ...]) -> Controller:
    return Constant(BELIEF.no_action())


def _fixed(p: CombinationParameters, instants: tuple[float, ...]) -> Controller:
    return _guarded(OnOff(FIXED, BELIEF.no_action(), on=1, off=2), instants)


def _mpc(p: CombinationParameters, instants: tuple[float, ...]) -> Controller:
    zero, one = combination.Observation(0.0, 0.0), combination.Observation(1.0, 0.0)
    prices = combination.Action(CHEMOTHERAPY_PRICE, INHIBITOR_PRICE)
    objective = Tracking(zero, one, prices, combination.Observation(SCALE_MM3, SCALE_MM3))
    limits = (BELIEF.no_action(), LIMITS.per_day)
    interval = instants[1] - instants[0]
    return _guarded(Mpc(belief_task(p, interval, HORIZON), objective, HORIZON, limits=limits), instants)


def _guarded(inner: Controller, instants: tuple[float, ...]) -> Controller:
    return Guarded(inner, BELIEF.no_action(), LIMITS, instants)


REGIMENS: Mapping[str, Dosing] = MappingProxyType({"none": _none, "fixed": _fixed, "mpc": _mpc})
"""Name -> what doses; all but `none` inside `LIMITS`."""

WORDS: Mapping[str, str] = MappingProxyType(
    {
        "none": "no drug beside the cells",
        "fixed": "chemotherapy and the inhibitor in one of three intervals of {days:g} days",
        "mpc": "chemotherapy and the inhibitor dosed every {days:g} days by predictive control",
    }
)
"""Name -> what it is, in words, for an interval in days."""

UNSEEING = ("none", "fixed")
"""Regimens that decide the same whatever they observe."""


def regimen(name: str) -> Dosing:
    """What doses a regimen.  Raises BadInput for an unknown name, in the words of the command line."""
    if name not in REGIMENS:
        allowed = ", ".join(REGIMENS)
        raise BadInput("unknown regimen", where="--drugs", got=name, allowed=allowed, remedy=similar(name, REGIMENS))
    return REGIMENS[name]


def regimen_words(name: str, interval_days: float) -> str:
    """What a regimen is.  interval_days: between two decisions."""
    return WORDS[name].format(days=interval_days)


def planned_levels(name: str, instants: tuple[float, ...]) -> np.ndarray:
    """Levels of chemotherapy and inhibitor that one of `UNSEEING` gives from each decision, (m, 2).

    instants: of decisions, days, the last of them the end.
    """
    controller = regimen(name)(CombinationParameters(), tuple(at - instants[0] for at in instants))
    memory, rows = controller.start(), []
    for _ in instants[:-1]:
        decision = controller.act(combination.Observation(0.0, 0.0), memory)
        memory = decision.memory
        rows.append([float(level) for level in decision.action])
    return np.array(rows)
