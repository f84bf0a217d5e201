"""Reference estimates of a cohort: the emulator of a bank, a population fitted on training patients, the posterior.

Every function takes the shipped emulator where it is handed none.
"""

import math
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path

import jax.numpy as jnp
import numpy as np
from jax import Array

from oncotwin.apps.personal.bank import read_bank, shipped_bank
from oncotwin.core.observables import Observables
from oncotwin.errors import BadInput
from oncotwin.studies.inverse.calibrate import calibrate, known_of
from oncotwin.studies.inverse.emulator import Emulator, fit
from oncotwin.studies.inverse.likelihood import Population, first_population
from oncotwin.studies.inverse.posterior import Estimates, Sampling, estimate
from oncotwin.studies.inverse.problem import Problem
from oncotwin.studies.validation.learning import Teach
from oncotwin.studies.validation.taught import taught

_NAMED = 5  # patients that a message names


@cache
def shipped_emulator() -> Emulator:
    """The emulator of the shipped bank, fitted once a process."""
    return fit(shipped_bank())


def emulator_of(bank: str) -> Emulator:
    """The emulator of a bank's file or folder, of the shipped bank where it is empty.

    Raises StorageFailure for what is no bank, BadInput for one that is too small.
    """
    if not bank:
        return shipped_emulator()
    made = read_bank(Path(bank))
    try:
        return fit(made)
    except BadInput as error:
        remedy = "Build a larger one: `oncotwin bank build FOLDER --count 2048`"
        raise BadInput(error.what, where=bank, got=error.got, allowed=error.allowed, remedy=remedy) from error


def check_doses(emulator: Emulator, doses_cells: np.ndarray, patients: Sequence[str], where: str) -> None:
    """Raise BadInput that names the patients whose dose lies outside an emulator's bank.

    doses_cells: (n,).  where: they come from.
    """
    low, high = (float(end) for end in emulator.dose_range)
    outside = [(name, dose) for name, dose in zip(patients, doses_cells, strict=True) if not low <= dose <= high]
    if not outside:
        return
    got = ", ".join(f"{name} {dose:g}" for name, dose in outside[:_NAMED])
    more = f" and {len(outside) - _NAMED} more" if len(outside) > _NAMED else ""
    least = _rounded(min(low, np.min(doses_cells)), math.floor)
    most = _rounded(max(high, np.max(doses_cells)), math.ceil)
    remedy = (
        f"Build a bank that holds them and name it: `oncotwin bank build FOLDER --least-dose {least:g} --most-dose "
        f"{most:g}`, then `--bank FOLDER`"
    )
    raise BadInput(
        f"the bank of simulations does not reach the dose of {len(outside)} of {len(patients)} patients", where=where,
        got=got + more, allowed=f"{low:g} to {high:g} CAR-T cells", remedy=remedy,
    )  # fmt: skip


def emulated(emulator: Emulator | None = None) -> Problem:
    """The inverse problem with an emulator in place of the twin, and its error."""
    chosen = shipped_emulator() if emulator is None else emulator
    return Problem(chosen, jnp.asarray(chosen.error))


def reference_estimates(
    observed: Observables,
    doses_cells: np.ndarray,
    key: Array,
    *,
    train: np.ndarray | None = None,
    sampling: Sampling | None = None,
    emulator: Emulator | None = None,
) -> Estimates:
    """Latents of n patients with their uncertainty, by an emulator.

    observed: leaves (n,), NaN where not observed.  doses_cells: (n,).  train: whether a patient takes part in the
    calibration of the population, (n,); all, where it is None.  Raises BadInput for a dose outside the bank's, for
    shapes that do not fit, and where nobody is left to train on.
    """
    population = training_population(observed, doses_cells, train, emulator)
    return estimate(observed, np.asarray(doses_cells, float), emulated(emulator), population, key, sampling)


def training_population(
    observed: Observables, doses_cells: np.ndarray, train: np.ndarray | None, emulator: Emulator | None = None
) -> Population:
    """The population of the training patients alone; arguments as in `reference_estimates`."""
    doses = _checked(observed, doses_cells, emulator)
    chosen = np.ones(doses.shape, bool) if train is None else np.asarray(train, bool)
    if chosen.shape != doses.shape:
        raise _unequal(observed, doses, chosen)
    if not chosen.any():
        raise BadInput("nobody to train on", where="train", got=0, allowed="one patient or more")
    theirs = Observables(*(np.asarray(leaf, float)[chosen] for leaf in observed))
    return calibrate(theirs, doses[chosen], emulated(emulator), first_population())


def teacher(observed: Observables, doses_cells: np.ndarray, emulator: Emulator | None = None) -> Teach:
    """What teaches reference latents fold by fold, by an emulator; see `studies.validation.taught.taught`.

    observed, doses_cells: as in `reference_estimates`.  Raises BadInput as it does.
    """
    doses, problem, start = _checked(observed, doses_cells, emulator), emulated(emulator), first_population()
    return partial(taught, known_of(observed, doses, problem, start), problem, start)


def _checked(observed: Observables, doses_cells: np.ndarray, emulator: Emulator | None) -> np.ndarray:
    """Doses, (n,).  Raises BadInput where the emulator does not reach, or shapes do not fit."""
    doses = np.asarray(doses_cells, float)
    (shipped_emulator() if emulator is None else emulator).check_doses(doses)
    if doses.ndim != 1 or np.shape(observed.best_response) != doses.shape:
        raise _unequal(observed, doses, doses)
    return doses


def _rounded(value: float, end: Callable[[float], int]) -> float:
    """A number to one significant digit.  end: which way."""
    size = 10.0 ** math.floor(math.log10(value))
    return end(value / size) * size


def _unequal(observed: Observables, doses: np.ndarray, train: np.ndarray) -> BadInput:
    shapes = (np.shape(observed.best_response), doses.shape, train.shape)
    return BadInput("one entry a patient is needed", where="observed, doses_cells, train", got=shapes)
