"""Synthetic patients of a learning curve: simulations of the shipped bank, recorded as a trial would record them."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from oncotwin.apps.cohorts.reading import SYNTHETIC
from oncotwin.apps.personal.bank import shipped_bank
from oncotwin.apps.personal.harmonise import harmonise
from oncotwin.apps.personal.reference import taught_of_all
from oncotwin.apps.personal.study import Tell
from oncotwin.apps.personal.teaching import masks_of, prepared
from oncotwin.apps.personal.twin import TwinSpec
from oncotwin.core.cohort import Cohort
from oncotwin.core.features import patient_of
from oncotwin.core.observables import Observables
from oncotwin.errors import BadInput
from oncotwin.studies.cohorts.clinic import Visits, record
from oncotwin.studies.cohorts.feature_prior import draw_features
from oncotwin.studies.validation.learning_curve import Drawn
from oncotwin.studies.validation.protocols import Protocol

_FEATURES, _RECORDS, _ORDER = range(3)  # streams of random numbers


class Pool(NamedTuple):
    """All patients there are, in a random order.  latents: true, (n, 6)."""

    cohort: Cohort
    latents: np.ndarray


def pool(seed: int) -> Pool:
    """Every simulation of the shipped bank that can be trusted, as a patient with a cohort's variables.

    Baseline variables follow the declared priors of `studies.cohorts.feature_prior`, the record
    `studies.cohorts.clinic`.
    """
    bank, visits = shipped_bank(), TwinSpec().visits
    good = np.flatnonzero(np.asarray(bank.observables.status) == 0)
    good = np.random.default_rng([seed, _ORDER]).permutation(good)
    latents, doses = bank.design.latents[good], bank.design.doses_cells[good]
    seen = Observables(*(np.asarray(leaf)[good] for leaf in bank.observables))
    features = draw_features(latents, np.random.default_rng([seed, _FEATURES]))
    records = record(seen, Visits(float(visits[1]), float(visits[-1])), np.random.default_rng([seed, _RECORDS]))
    people = tuple(
        patient_of(f"{SYNTHETIC}-{number + 1:04d}", {**known, "dose": float(dose), **recorded})
        for number, (known, dose, recorded) in enumerate(zip(features, doses, records, strict=True))
    )
    return Pool(Cohort(people), latents)


def counts(people: Pool, sizes: list[int], most: int) -> list[int]:
    """How many cohorts of each size there can be that share no patient, `most` at most.  Raises BadInput for none."""
    there = len(people.latents)
    if max(sizes) > there:
        raise BadInput("too few synthetic patients", where="--sizes", got=max(sizes), allowed=f"{there} at most")
    return [min(most, there // size) for size in sizes]


def drawer(people: Pool, protocol: Protocol, tell: Tell) -> Callable[[int, int], Drawn]:
    """What draws a cohort: harmonised, with its folds' reference latents, on the features of `Harmonised.primary`."""

    def draw(size: int, number: int) -> Drawn:
        tell(f"{size} patients, cohort {number + 1}")
        rows = range(number * size, (number + 1) * size)
        ready = harmonise(Cohort(tuple(people.cohort.patients[i] for i in rows)), f"{size} synthetic patients")
        masks = masks_of(size, protocol._replace(repeats=1))[:-1]
        teach = prepared(taught_of_all(ready), masks)
        return Drawn(ready.designs[ready.primary].X, teach, people.latents[rows.start : rows.stop])

    return draw
