"""Reference latents of a cohort, equation (31), as the study takes them: of the whole, and fold by fold."""

import jax

from oncotwin.apps.personal.estimates import reference_estimates, teacher
from oncotwin.apps.personal.harmonise import Harmonised, observables_of
from oncotwin.apps.personal.study import Reference, Tell
from oncotwin.apps.personal.teaching import masks_of, prepared
from oncotwin.errors import NumericalFailure
from oncotwin.studies.validation.leaks import reached
from oncotwin.studies.validation.learning import Teach
from oncotwin.studies.validation.protocols import Protocol


def referred(ready: Harmonised, seed: int, tell: Tell) -> Reference:
    """Reference latents of every patient by the inverse problem, the population fitted to all."""
    tell(f"reference latents of {len(ready.table.patients)} patients")
    found = reference_estimates(observables_of(ready.table), ready.table.column("dose"), jax.random.key(seed))
    return Reference(found.latents, found.mean, found.sd, found.low, found.high, found.r_hat)


def taught_of_all(ready: Harmonised) -> Teach:
    """What teaches the reference latents of a cohort to whoever learns from some of it."""
    return teacher(observables_of(ready.table), ready.table.column("dose"))


def taught_in_folds(ready: Harmonised, protocol: Protocol, tell: Tell) -> Teach:
    """The same with its answers to every fold ready, after a trial that nothing of those held out gets through.

    In the trial the patients held out in the first fold are given the observations of others.  Raises NumericalFailure
    where that changes one bit of what the patients learnt from are taught.
    """
    masks = masks_of(len(ready.table.patients), protocol)
    tell(f"populations of {len(masks) - 1} training sets, none of which knows a patient held out")
    doses = ready.table.column("dose")
    if reached(lambda observed: teacher(observed, doses), observables_of(ready.table), masks[0]):
        raise NumericalFailure("observations of patients held out reach the patients learnt from", where="population")
    return prepared(taught_of_all(ready), masks)
