"""Signs that a result knows what it should not: columns that are the answer, patients entered twice, pipelines that
peek.
"""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

import numpy as np
from scipy.stats import binomtest

from oncotwin.studies.validation.learning import Teach
from oncotwin.studies.validation.recovery import recovery, spearman

Observed = TypeVar("Observed", bound=tuple)
SUSPECT = 0.95
"""Rank correlation with a latent from which on a column is suspected to be the answer itself."""


class Audit(NamedTuple):
    """A pipeline on permuted targets.  r2: pooled out-of-fold, (permutations, d).  p: that an honest pipeline has R2
    above 0 so often.
    """

    r2: np.ndarray
    p: float

    @property
    def leaks(self) -> bool:
        """Whether the pipeline predicts what cannot be predicted."""
        return self.p < 0.001


def suspects(X: np.ndarray, theta: np.ndarray) -> list[tuple[int, int, float]]:
    """Columns that alone rank the patients almost as a latent does: (column, latent, rank correlation)."""
    rho = spearman(X.T[:, None, :], theta.T[None, :, :])
    found = np.argwhere(np.abs(np.nan_to_num(rho)) >= SUSPECT)
    return [(int(i), int(j), float(rho[i, j])) for i, j in found]


def alike(X: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of patients with the same features: the same person under two names would stand on both sides of a fold."""
    same = np.all(X[:, None] == X[None], axis=-1)
    return [(int(i), int(j)) for i, j in np.argwhere(np.triu(same, 1))]


def reached(teacher: Callable[[Observed], Teach], observed: Observed, train: np.ndarray) -> bool:
    """Whether what patients held out show reaches what the others are taught, if only in the last bit.

    teacher: observations, a record of arrays (n,) -> what teaches.  train: who is learnt from, (n,) bool.  Those held
    out are given the observations of patients learnt from, one each.
    """
    rows = np.arange(len(train))
    rows[~train] = np.resize(rows[train], int(np.sum(~train)))
    others = type(observed)(*(np.asarray(leaf)[rows] for leaf in observed))
    mine, again = (teacher(of)(train) for of in (observed, others))
    return not all(np.array_equal(a[train], b[train]) for a, b in zip(mine, again, strict=True))


def audit(
    out_of_fold: Callable[[np.ndarray, np.ndarray], np.ndarray],
    X: np.ndarray,
    theta: np.ndarray,
    *,
    permutations: int,
    seed: int,
) -> Audit:
    """Try a whole pipeline on permuted targets, where nothing can be predicted.

    out_of_fold: (features, targets) -> predictions of patients held out, (n, d).  Without a leak the pooled R2 is
    below 0 more often than not.
    """
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(permutations):
        mixed = theta[rng.permutation(len(theta))]
        made.append(recovery(out_of_fold(X, mixed), mixed).r2)
    r2 = np.stack(made)
    above = int(np.sum(np.median(r2, axis=1) > 0))
    return Audit(r2, float(binomtest(above, permutations, 0.5, alternative="greater").pvalue))
