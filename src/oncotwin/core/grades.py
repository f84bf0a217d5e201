"""Grades of cytokine release syndrome: the published ASTCT table, and our map from interleukin 6 to its signs.

Source of the table: Lee et al. 2019, ASTCT consensus grading, doi:10.1016/j.bbmt.2018.12.758.  Each sign is numbered by
the grade that it sets, so that the grade is the largest of them.
"""

from enum import IntEnum
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from oncotwin.core.endpoints import c_max

FEVER_IL6 = 10.0  # pg/mL, uncalibrated
HYPOTENSION_IL6 = 100.0  # pg/mL, uncalibrated; also low-flow oxygen
VASOPRESSOR_IL6 = 1000.0  # pg/mL, uncalibrated; also high-flow oxygen
MULTIPLE_VASOPRESSORS_IL6 = 10000.0  # pg/mL, uncalibrated; also positive pressure


class Fever(IntEnum):
    """Temperature of 38 degrees Celsius or more that no other cause explains.

    MASKED: it began with fever, and tocilizumab or steroids have been given since; the other signs alone then grade it.
    """

    ABSENT = 0
    PRESENT = 1
    MASKED = -1


class Hypotension(IntEnum):
    """Low blood pressure, whatever is given against it."""

    ABSENT = 0
    PRESENT = 2


class Vasopressors(IntEnum):
    """What the blood pressure needs.  ONE: with or without vasopressin.  MULTIPLE: two or more beside vasopressin."""

    NONE = 0
    ONE = 3
    MULTIPLE = 4


class Oxygen(IntEnum):
    """What the oxygenation needs.

    LOW_FLOW: nasal cannula at 6 L/min or less, or blow-by.  HIGH_FLOW: nasal cannula above 6 L/min, facemask,
    non-rebreather or Venturi mask.  POSITIVE_PRESSURE: CPAP, BiPAP, intubation, mechanical ventilation.
    """

    NONE = 0
    LOW_FLOW = 2
    HIGH_FLOW = 3
    POSITIVE_PRESSURE = 4


class Signs(NamedTuple):
    """The signs by which cytokine release syndrome is graded: integers of the enumerations above, any shape."""

    fever: ArrayLike
    vasopressors: ArrayLike
    hypotension: ArrayLike
    oxygen: ArrayLike


def astct_crs_grade(fever: ArrayLike, vasopressors: ArrayLike, hypotension: ArrayLike, oxygen: ArrayLike) -> Array:
    """ASTCT grade of cytokine release syndrome, 0 (none) to 4; the worse of circulation and oxygenation counts.

    fever, vasopressors, hypotension, oxygen: integers of `Fever`, `Vasopressors`, `Hypotension`, `Oxygen`, shapes that
    broadcast.  Without fever there is no syndrome, unless treatment masks it.  Death (grade 5) is outside the table.
    """
    feverish = jnp.asarray(fever)
    worst = jnp.maximum(jnp.maximum(jnp.asarray(vasopressors), jnp.asarray(hypotension)), jnp.asarray(oxygen))
    return jnp.where(feverish == int(Fever.ABSENT), 0, jnp.maximum(jnp.maximum(feverish, 0), worst))


def crs_signs_from_il6(peak: ArrayLike) -> Signs:
    """The signs that a peak of interleukin 6 stands for in our twin: one step of severity a decade.  Uncalibrated.

    peak: pg/mL, any shape.  Fever from 10, hypotension and low-flow oxygen from 100, one vasopressor and high-flow
    oxygen from 1000, several vasopressors and positive pressure from 10000 pg/mL.  Interleukin 6 and grade are only
    associated in patients: this map orders simulated courses and predicts no patient's grade.
    """
    level = jnp.asarray(peak, dtype=float)
    moderate, severe, critical = (level >= x for x in (HYPOTENSION_IL6, VASOPRESSOR_IL6, MULTIPLE_VASOPRESSORS_IL6))
    return Signs(
        fever=jnp.where(level >= FEVER_IL6, int(Fever.PRESENT), int(Fever.ABSENT)),
        vasopressors=_steps((severe, Vasopressors.ONE), (critical, Vasopressors.MULTIPLE)),
        hypotension=_steps((moderate, Hypotension.PRESENT)),
        oxygen=_steps((moderate, Oxygen.LOW_FLOW), (severe, Oxygen.HIGH_FLOW), (critical, Oxygen.POSITIVE_PRESSURE)),
    )


def crs_grade(il6: ArrayLike) -> Array:
    """ASTCT grade of a course of interleukin 6 by `crs_signs_from_il6` at its peak.  il6: pg/mL, (n,)."""
    return astct_crs_grade(*crs_signs_from_il6(c_max(il6)))


def _steps(*steps: tuple[Array, IntEnum]) -> Array:
    """The last sign whose condition holds, or 0; the steps in order of severity."""
    sign = jnp.zeros(steps[0][0].shape, dtype=int)
    for reached, value in steps:
        sign = jnp.where(reached, int(value), sign)
    return sign
