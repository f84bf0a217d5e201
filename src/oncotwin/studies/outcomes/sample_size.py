"""How many patients a prediction model of a yes-or-no outcome needs: Riley et al. 2019, doi:10.1002/sim.7992."""

from typing import NamedTuple

import numpy as np

from oncotwin.errors import BadInput

SHRINKAGE, MARGIN, OPTIMISM = 0.9, 0.05, 0.05
"""Least uniform shrinkage; margin of the overall risk; apparent less adjusted share of Nagelkerke's R2."""
RELATIVE_R2 = 0.15
"""Share of the largest R2 that is expected where nothing better is known: Riley et al. 2020, doi:10.1136/bmj.m441."""


class SampleSize(NamedTuple):
    """Least patients by each criterion: (i) small overfitting, (ii) small optimism, (iii) the overall risk."""

    shrinkage: int
    optimism: int
    risk: int

    @property
    def needed(self) -> int:
        """The largest of the three."""
        return max(self)


def riley(prevalence: float, parameters: int, r2: float) -> SampleSize:
    """The three criteria.

    prevalence: share of positives. parameters: of the model, candidates included. r2: Cox and Snell's, expected of the
    model. Raises BadInput for a prevalence outside (0, 1), or an r2 that no model can reach.
    """
    largest = largest_r2(prevalence)
    if not 0 < r2 < min(largest, SHRINKAGE):
        raise BadInput("no such R2", where="riley", got=r2, allowed=f"above 0, below {largest:.3f}")
    adjusted = r2 / (r2 + OPTIMISM * largest)
    risk = (1.959964 / MARGIN) ** 2 * prevalence * (1 - prevalence)
    return SampleSize(_patients(parameters, SHRINKAGE, r2), _patients(parameters, adjusted, r2), int(np.ceil(risk)))


def largest_r2(prevalence: float) -> float:
    """Cox and Snell's R2 that no model of an outcome exceeds.  Raises BadInput for a prevalence outside (0, 1)."""
    if not 0 < prevalence < 1:
        raise BadInput("not a share of positives", where="riley", got=prevalence, allowed="above 0, below 1")
    return 1 - (prevalence**prevalence * (1 - prevalence) ** (1 - prevalence)) ** 2


def expected_r2(prevalence: float, wished: float) -> float:
    """The R2 wished for, or `RELATIVE_R2` of the largest where an outcome is so rare, or common, that none reaches it.

    Raises BadInput for a prevalence outside (0, 1).
    """
    largest = largest_r2(prevalence)
    return wished if wished < largest else RELATIVE_R2 * largest


def _patients(parameters: int, shrinkage: float, r2: float) -> int:
    return int(np.ceil(parameters / ((shrinkage - 1) * np.log(1 - r2 / shrinkage))))
