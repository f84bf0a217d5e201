"""Reference latents of a cohort, equation (31), as the study takes them: of the whole, and fold by fold."""

import jax

from oncotwin.apps.personal.estimates import check_doses, reference_estimates, teacher, training_population
from oncotwin.apps.personal.harmonise import Harmonised, observables_of
from oncotwin.apps.personal.study import Reference, Tell
from oncotwin.apps.personal.teaching import masks_of, prepared
from oncotwin.errors import NumericalFailure
from oncotwin.studies.inverse.emulator import Emulator
from oncotwin.studies.inverse.likelihood import Population
from oncotwin.studies.validation.leaks import reached
from oncotwin.studies.validation.learning import Teach
from oncotwin.studies.validation.protocols import Protocol


def referred(ready: Harmonised, seed: int, tell: Tell, emulator: Emulator | None = None) -> Reference:
    """Reference latents of every patient by the inverse problem, the population fitted to all.

    emulator: of the twin; the shipped one where it is None, here and below.
    """
    tell(f"reference latents of {len(ready.table.patients)} patients")
    observed, doses = observables_of(ready.table), ready.table.column("dose")
    found = reference_estimates(observed, doses, jax.random.key(seed), emulator=emulator)
    return Reference(found.latents, found.mean, found.sd, found.low, found.high, found.r_hat)


def population_of_all(ready: Harmonised, emulator: Emulator | None = None) -> Population:
    """What all patients of a cohort share, among it how their outcomes scatter about the twin."""
    return training_population(observables_of(ready.table), ready.table.column("dose"), None, emulator)


def taught_of_all(ready: Harmonised, emulator: Emulator | None = None) -> Teach:
    """What teaches the reference latents of a cohort to whoever learns from some of it."""
    return teacher(observables_of(ready.table), ready.table.column("dose"), emulator)


def check_usable(ready: Harmonised, emulator: Emulator, where: str) -> None:
    """Raise BadInput where an emulator does not reach the doses of a cohort.  where: the cohort comes from."""
    check_doses(emulator, ready.table.column("dose"), ready.table.patients, where)


def taught_in_folds(ready: Harmonised, protocol: Protocol, tell: Tell, emulator: Emulator | None = None) -> Teach:
    """The same with its answers to every fold ready, after a trial that nothing of those held out gets through.

    In the trial the patients held out in the first fold are given the observations of others.  Raises NumericalFailure
    where that changes one bit of what the patients learnt from are taught.
    """
    masks = masks_of(len(ready.table.patients), protocol)
    tell(f"populations of {len(masks) - 1} training sets, none of which knows a patient held out")
    doses = ready.table.column("dose")
    if reached(lambda observed: teacher(observed, doses, emulator), observables_of(ready.table), masks[0]):
        raise NumericalFailure("observations of patients held out reach the patients learnt from", where="population")
    return prepared(taught_of_all(ready, emulator), masks)
