"""Which latent holds a patient's response back most, and how sure that is.  Hypotheses, no advice."""

from typing import NamedTuple

import numpy as np

from oncotwin.core.exchange import Latents
from oncotwin.errors import BadInput


class Mechanism(NamedTuple):
    """A way to resist.  adverse: +1 where more of the latent is worse, -1 where less is.  strategy: the paper's."""

    latent: str
    words: str
    adverse: int
    strategy: str


_ARMOUR = "armoured constructs or combined immunomodulation"
MECHANISMS = (
    Mechanism("inf", "insufficient infiltration", -1, "strategies that enhance CAR-T cell trafficking and retention"),
    Mechanism("exh", "exhaustion of the CAR-T cells", +1, _ARMOUR),
    Mechanism("cyt", "weak cytotoxic potency", -1, ""),
    Mechanism("esc", "antigen escape", +1, "multi-antigen platforms"),
    Mechanism("env", "suppressive microenvironment", +1, _ARMOUR),
    Mechanism("init", "unfavourable initial tumour", +1, ""),
)
"""Section 3.3 and the discussion of the paper; "" where it attaches no strategy.  In the order of `Latents`."""


class Dominant(NamedTuple):
    """A patient's mechanisms. probability: that each is the dominant one, (6,). leading: its index. excess: mean
    adverse deviation from the cohort in its standard deviations, (6,). decided: whether it leads with more than one
    half.
    """

    probability: np.ndarray
    leading: int
    excess: np.ndarray
    decided: bool


def dominant(mean: np.ndarray, sd: np.ndarray, cohort: np.ndarray, *, draws: int = 4000, seed: int = 0) -> Dominant:
    """The mechanism whose latent deviates most to the bad side from the cohort's median.

    mean, sd: of the patient's latents, (6,) each.  cohort: latents of all patients, (n, 6).  The latents are drawn from
    normal distributions within [0, 1]; correlations between them are not taken into account.
    """
    if np.shape(mean) != (len(Latents._fields),) or np.shape(cohort)[1:] != np.shape(mean):
        raise BadInput("six latents are needed", where="dominant", got=np.shape(mean), allowed="(6,)")
    centre, spread = np.median(cohort, axis=0), np.std(cohort, axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    sign = np.array([mechanism.adverse for mechanism in MECHANISMS])
    normal = np.random.default_rng(seed).standard_normal((draws, len(sign)))
    theta = np.clip(mean + sd * normal, 0, 1)
    excess = sign * (theta - centre) / spread
    lead = np.bincount(np.argmax(excess, axis=1), minlength=len(sign)) / draws
    first = int(np.argmax(lead))
    return Dominant(lead, first, np.mean(excess, axis=0), bool(lead[first] > 0.5))
