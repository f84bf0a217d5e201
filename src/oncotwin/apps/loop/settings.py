"""What one patient's loop is run with."""

from dataclasses import dataclass, field
from typing import NamedTuple

from oncotwin.apps.learning.priorities import Priorities, shipped_priorities
from oncotwin.apps.loop.twin import Slab
from oncotwin.apps.personal.population import CHANGES
from oncotwin.core.exchange import Latents
from oncotwin.models.culture import DonorSubtype
from oncotwin.models.tumour3d import TumourParameters

STANDARD = "static-il2"
"""The process that others are compared with."""
SPREAD = 0.1
"""Standard deviation of a latent that is not known better; half of what Polyakov's framework leaves, uncalibrated."""


class LoopPatient(NamedTuple):
    """Whose cells, whose tumour.

    donor: subtype of the cells' donor, the patient.  latents: of the tumour twin; spread: their standard deviations.
    words: where the latents come from.
    """

    donor: DonorSubtype = DonorSubtype("middle", "advanced", "chemotherapy")
    latents: Latents = Latents()
    spread: Latents = Latents(*[SPREAD] * 6)
    words: str = "the population's median patient"


@dataclass(frozen=True)
class Settings:
    """How large the loop is.

    standard, other: processes that make the cells.  regimen: of drugs beside the cells of `other`.  shape, lengths_cm:
    of the box in three dimensions.  every_days: between stored frames.  slab: of the many courses behind the
    uncertainty.  pairs: draws A and B of the split by source.  seed: of all draws.  population: constants that the
    latents move.  priorities: what the products are judged by.
    """

    standard: str = STANDARD
    other: str = "learnt"
    regimen: str = "mpc"
    shape: tuple[int, ...] = (36, 36, 36)
    lengths_cm: tuple[float, ...] = (3.0, 3.0, 3.0)
    every_days: float = 2.0
    slab: Slab = Slab()  # noqa: RUF009
    pairs: int = 20
    seed: int = 0
    population: TumourParameters = field(default_factory=lambda: TumourParameters().with_values(**CHANGES))
    priorities: Priorities = field(default_factory=shipped_priorities)
