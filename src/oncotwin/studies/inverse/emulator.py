"""An emulator of the twin's observables: Legendre polynomials of the latents and the logarithm of the dose.

Polynomial chaos by least squares (Xiu and Karniadakis 2002, doi:10.1137/S1064827501387826): smooth, differentiable,
microseconds to evaluate.  What it misses is known from simulations it has not seen, and is part of every likelihood.
"""

from collections import Counter
from itertools import combinations_with_replacement
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from oncotwin.core.observables import Observables
from oncotwin.errors import BadInput
from oncotwin.studies.inverse.bank import Bank

LOGARITHMIC = (
    "c_max",
    "t_max_days",
    "auc_0_28",
    "persistence_days",
    "peak_il6",
    "peak_crp",
    "peak_ferritin",
    "regrowth_days",
    "baseline_mm",
)
"""Observables that are emulated as natural logarithms."""

SCORES = (*LOGARITHMIC, "target_change", "depth", "escape_fraction")
"""What is emulated, in order: the entries of every vector of scores."""

DEGREE = 3
FOLDS = 5


class Emulator(NamedTuple):
    """Scores as polynomials.  Call it with latents (6,) and a dose (cells, ()): scores, (m,), in the order of `SCORES`.

    coefficients: (m, terms).  factors: the polynomials of one input whose product each term is, (terms, degree), as
    places in the table of `_terms`.  error: root mean square of what held-out simulations miss, (m,), unit of the
    score.  spread: standard deviation of each score over the bank, (m,).  dose_range: cells, where it was fitted, (2,).
    simulations: how many it was fitted to.  A pytree: it may be an argument of a compiled function.
    """

    coefficients: Any
    factors: Any
    error: Any
    spread: Any
    dose_range: Any
    simulations: Any

    def __call__(self, theta: Array, dose: Array) -> Array:
        """Scores of one patient, (m,).  theta: (6,), in [0, 1]; dose: (), cells."""
        low, high = jnp.asarray(self.dose_range)
        x = jnp.append(theta, jnp.log(dose / low) / jnp.log(high / low))
        return jnp.asarray(self.coefficients) @ _terms(2.0 * x - 1.0, jnp.asarray(self.factors))

    def check_doses(self, doses: np.ndarray) -> None:
        """Raise BadInput for a dose outside the bank's range: a polynomial knows nothing beyond it."""
        low, high = self.dose_range
        outside = [float(dose) for dose in np.ravel(doses) if not low <= dose <= high]
        if outside:
            remedy = "Build a bank over these doses (`oncotwin bank build FOLDER --least-dose X --most-dose Y`)"
            allowed = f"{low:g} to {high:g} cells"
            raise BadInput(
                "the emulator knows no such dose", where="doses", got=outside, allowed=allowed, remedy=remedy
            )


def scores_of(observables: Observables) -> np.ndarray:
    """The scores of observables, (n, m); those in `LOGARITHMIC` as natural logarithms."""
    columns = [np.asarray(getattr(observables, name), float) for name in SCORES]
    return np.stack(
        [np.log(column) if name in LOGARITHMIC else column for name, column in zip(SCORES, columns, strict=True)], -1
    )


def fit(bank: Bank, degree: int = DEGREE) -> Emulator:
    """The emulator of a bank: all terms up to a total degree, by least squares.

    Its error is that of `FOLDS`-fold cross-validation.  Simulations that are not trusted are left out.  Raises BadInput
    for a bank too small for the degree.
    """
    scores = scores_of(bank.observables)
    good = np.all(np.isfinite(scores), axis=1)
    doses = np.asarray(bank.design.doses_cells)
    low, high = (float(x) for x in bank.about["dose_cells"])
    inputs = np.column_stack([bank.design.latents, np.log(doses / low) / np.log(high / low)])[good]
    factors = _factors(inputs.shape[1], degree)
    if len(inputs) < 2 * len(factors):
        allowed = f"{2 * len(factors)} or more for degree {degree}"
        raise BadInput("too few simulations for this emulator", where="bank", got=len(inputs), allowed=allowed)
    terms = np.asarray(jax.vmap(_terms, (0, None))(jnp.asarray(2.0 * inputs - 1.0), jnp.asarray(factors)))
    scores = scores[good]
    coefficients = _least_squares(terms, scores).T
    error = np.sqrt(np.mean(_held_out(terms, scores) ** 2, axis=0))
    return Emulator(coefficients, factors, error, scores.std(axis=0), np.array([low, high]), len(inputs))


def _least_squares(terms: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Coefficients, (terms, m); the terms are nearly orthogonal over the design, so that their Gram matrix is tame."""
    return np.linalg.solve(terms.T @ terms, terms.T @ scores)


def _held_out(terms: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """What each simulation's scores differ from a fit to the other folds, (n, m)."""
    fold = np.random.default_rng(0).permutation(len(terms)) % FOLDS
    missed = np.empty_like(scores)
    for number in range(FOLDS):
        out = fold == number
        missed[out] = scores[out] - terms[out] @ _least_squares(terms[~out], scores[~out])
    return missed


def _factors(inputs: int, degree: int) -> np.ndarray:
    """Every product of Legendre polynomials up to a total degree, (terms, degree).

    A factor is the place of one input's polynomial in a table (inputs, degree + 1) read by rows; place 0 holds one.
    """
    rows = []
    for chosen in combinations_with_replacement(range(inputs + 1), degree):
        powers = Counter(i for i in chosen if i < inputs)  # the last choice stands for no input
        places = [i * (degree + 1) + power for i, power in powers.items()]
        rows.append(places + [0] * (degree - len(places)))
    return np.array(rows)


def _terms(x: Array, factors: Array) -> Array:
    """Products of Legendre polynomials, orthonormal over [-1, 1], (terms,).  x: (inputs,)."""
    polynomials = [jnp.ones_like(x), x]
    for k in range(2, factors.shape[1] + 1):
        polynomials.append(((2 * k - 1) * x * polynomials[-1] - (k - 1) * polynomials[-2]) / k)
    table = jnp.stack([p * np.sqrt(2.0 * k + 1.0) for k, p in enumerate(polynomials)], axis=-1).ravel()
    return jnp.prod(jnp.stack([table[factors[:, k]] for k in range(factors.shape[1])]), axis=0)
