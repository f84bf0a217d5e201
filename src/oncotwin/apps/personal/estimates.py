"""Reference estimates of a cohort: the shipped emulator, a population fitted on training patients, the posterior."""

from functools import cache, partial

import jax.numpy as jnp
import numpy as np
from jax import Array

from oncotwin.apps.personal.bank import shipped_bank
from oncotwin.core.observables import Observables
from oncotwin.errors import BadInput
from oncotwin.studies.inverse.calibrate import calibrate, known_of
from oncotwin.studies.inverse.emulator import Emulator, fit
from oncotwin.studies.inverse.likelihood import Population, first_population
from oncotwin.studies.inverse.posterior import Estimates, Sampling, estimate
from oncotwin.studies.inverse.problem import Problem
from oncotwin.studies.validation.learning import Teach
from oncotwin.studies.validation.taught import taught


@cache
def shipped_emulator() -> Emulator:
    """The emulator of the shipped bank, fitted once a process."""
    return fit(shipped_bank())


def emulated() -> Problem:
    """The inverse problem with the shipped emulator in place of the twin, and its error."""
    emulator = shipped_emulator()
    return Problem(emulator, jnp.asarray(emulator.error))


def reference_estimates(
    observed: Observables,
    doses_cells: np.ndarray,
    key: Array,
    *,
    train: np.ndarray | None = None,
    sampling: Sampling | None = None,
) -> Estimates:
    """Latents of n patients with their uncertainty, by the shipped emulator.

    observed: leaves (n,), NaN where not observed.  doses_cells: (n,).  train: whether a patient takes part in the
    calibration of the population, (n,); all, where it is None.  Raises BadInput for a dose outside the bank's, for
    shapes that do not fit, and where nobody is left to train on.
    """
    population = training_population(observed, doses_cells, train)
    return estimate(observed, np.asarray(doses_cells, float), emulated(), population, key, sampling)


def training_population(observed: Observables, doses_cells: np.ndarray, train: np.ndarray | None) -> Population:
    """The population of the training patients alone; arguments as in `reference_estimates`."""
    doses = _checked(observed, doses_cells)
    chosen = np.ones(doses.shape, bool) if train is None else np.asarray(train, bool)
    if chosen.shape != doses.shape:
        raise _unequal(observed, doses, chosen)
    if not chosen.any():
        raise BadInput("nobody to train on", where="train", got=0, allowed="one patient or more")
    theirs = Observables(*(np.asarray(leaf, float)[chosen] for leaf in observed))
    return calibrate(theirs, doses[chosen], emulated(), first_population())


def teacher(observed: Observables, doses_cells: np.ndarray) -> Teach:
    """What teaches reference latents fold by fold, by the shipped emulator; see `studies.validation.taught.taught`.

    observed, doses_cells: as in `reference_estimates`.  Raises BadInput as it does.
    """
    doses, problem, start = _checked(observed, doses_cells), emulated(), first_population()
    return partial(taught, known_of(observed, doses, problem, start), problem, start)


def _checked(observed: Observables, doses_cells: np.ndarray) -> np.ndarray:
    """Doses, (n,).  Raises BadInput where the emulator does not reach, or shapes do not fit."""
    doses = np.asarray(doses_cells, float)
    shipped_emulator().check_doses(doses)
    if doses.ndim != 1 or np.shape(observed.best_response) != doses.shape:
        raise _unequal(observed, doses, doses)
    return doses


def _unequal(observed: Observables, doses: np.ndarray, train: np.ndarray) -> BadInput:
    shapes = (np.shape(observed.best_response), doses.shape, train.shape)
    return BadInput("one entry a patient is needed", where="observed, doses_cells, train", got=shapes)
