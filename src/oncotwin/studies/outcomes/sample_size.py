"""How many patients a prediction model of a yes-or-no outcome needs: Riley et al. 2019, doi:10.1002/sim.7992."""

from typing import NamedTuple

import numpy as np

from oncotwin.errors import BadInput

SHRINKAGE, MARGIN, OPTIMISM = 0.9, 0.05, 0.05
"""Least uniform shrinkage; margin of the overall risk; apparent less adjusted share of Nagelkerke's R2."""


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
    if not 0 < prevalence < 1:
        raise BadInput("not a share of positives", where="riley", got=prevalence, allowed="above 0, below 1")
    largest = 1 - (prevalence**prevalence * (1 - prevalence) ** (1 - prevalence)) ** 2
    if not 0 < r2 < min(largest, SHRINKAGE):
        raise BadInput("no such R2", where="riley", got=r2, allowed=f"above 0, below {largest:.3f}")
    adjusted = r2 / (r2 + OPTIMISM * largest)
    risk = (1.959964 / MARGIN) ** 2 * prevalence * (1 - prevalence)
    return SampleSize(_patients(parameters, SHRINKAGE, r2), _patients(parameters, adjusted, r2), int(np.ceil(risk)))


def _patients(parameters: int, shrinkage: float, r2: float) -> int:
    return int(np.ceil(parameters / ((shrinkage - 1) * np.log(1 - r2 / shrinkage))))
