"""Reference latents as the patients of a training set let them be known: equation (31) with their population, no other.

Nothing that a patient held out shows can reach what the others are taught.  The population is fitted to rows of the
training patients alone; under it each patient's latents and their uncertainty rest on its own observations.  A patient
held out is treated as one who comes later: its observations are read with the population of the others.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from oncotwin.errors import BadInput
from oncotwin.studies.inverse.calibrate import Known, calibrated
from oncotwin.studies.inverse.likelihood import Data, Population
from oncotwin.studies.inverse.posterior import weights_of
from oncotwin.studies.inverse.problem import Problem, curvature, modes_near
from oncotwin.studies.validation.learning import Targets

_NODES, _SHARES = np.polynomial.hermite_e.hermegauss(15)


def taught(known: Known, problem: Problem, start: Population, train: np.ndarray) -> Targets:
    """Latents of all n patients under the population of the training patients; weights by their posterior's width.

    known: under `start`.  train: who is learnt from, (n,) bool.  The width is that of the normal approximation at the
    mode; weights have the mean one over the training patients, and are 0 for the others.  Raises BadInput where nobody
    is left to train on.
    """
    population = training_population(known, problem, start, train)
    best = modes_near(known.data, known.doses, problem, population, known.first.logits)
    sd = np.asarray(widths(best.logits, known.doses, known.data, problem, population))
    w = np.zeros(sd.shape)
    w[train] = weights_of(sd[train])
    return Targets(np.asarray(best.latents), w)


def training_population(known: Known, problem: Problem, start: Population, train: np.ndarray) -> Population:
    """The population of the training patients.  Rows of the others are not so much as handed over."""
    chosen = np.flatnonzero(train)
    if not len(chosen):
        raise BadInput("nobody to train on", where="train", got=0, allowed="one patient or more")
    filled = np.concatenate([chosen, np.full(len(train) - len(chosen), chosen[0])])  # one shape, one compiled program
    return calibrated(known.rows(filled), np.arange(len(train)) < len(chosen), problem, start)


@jax.jit
def widths(logits: Array, doses: Array, data: Data, problem: Problem, population: Population) -> Array:
    """Standard deviations of the latents where their logits are normal about the mode, (n, 6).  logits: z, (n, 6)."""
    return jax.vmap(partial(_width, problem=problem, population=population))(logits, doses, data)


def _width(z: Array, dose: Array, row: Data, problem: Problem, population: Population) -> Array:
    """Of one patient, (6,), by Gauss-Hermite quadrature of each latent alone."""
    spread = jnp.sqrt(jnp.diagonal(jnp.linalg.inv(curvature(z, dose, row, problem, population))))
    theta = jax.nn.sigmoid(z[:, None] + spread[:, None] * _NODES)
    shares = jnp.asarray(_SHARES / _SHARES.sum())
    mean = theta @ shares
    return jnp.sqrt((theta - mean[:, None]) ** 2 @ shares)
