"""The medium of a culture, the limits that no decision may break, and whether one is broken."""

from typing import Any, NamedTuple

import numpy as np

from oncotwin.models.culture import CultureParameters, State
from oncotwin.models.culture.acid_base import pH_of

CAPACITY_ML = 500.0


class Limits(NamedTuple):
    """What the medium must stay within.

    glucose above 5 and lactate below 20 mmol/L: calibration targets of another culture simulator (cart-twin, 2025).
    pH, dissolved oxygen (per cent of air saturation) and volume (mL): choices of the process.
    """

    glucose_least: float = 5.0
    lactate_most: float = 20.0
    ph_least: float = 6.9
    ph_most: float = 7.5
    oxygen_least: float = 2.0
    volume_most: float = CAPACITY_ML


LIMITS = Limits()


class Extremes(NamedTuple):
    """The worst that the medium was, leaves of any one shape.

    glucose: least, lactate: most, mmol/L.  ph_least, ph_most.  oxygen_percent: least, of air saturation.  volume_ml:
    most.
    """

    glucose: Any
    lactate: Any
    ph_least: Any
    ph_most: Any
    oxygen_percent: Any
    volume_ml: Any


def medium_of(state: State, p: CultureParameters) -> Extremes:
    """The medium of a culture now."""
    medium = state.medium
    ph = pH_of(medium, p)
    per_cent = 100.0 * medium.oxygen / p.oxygen_saturation
    return Extremes(medium.glucose, medium.lactate, ph, ph, per_cent, state.volume_ml)


def broken(worst: Extremes) -> np.ndarray:
    """Whether the medium left a limit, of the shape of the leaves."""
    return (
        (worst.glucose < LIMITS.glucose_least)
        | (worst.lactate > LIMITS.lactate_most)
        | (worst.ph_least < LIMITS.ph_least)
        | (worst.ph_most > LIMITS.ph_most)
        | (worst.oxygen_percent < LIMITS.oxygen_least)
        | (worst.volume_ml > LIMITS.volume_most * (1 + 1e-9))
    )
