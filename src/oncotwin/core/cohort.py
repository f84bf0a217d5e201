"""Patients and cohorts: features, regimen, observed outcomes; and the same task run for many patients at once."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import jax
import jax.numpy as jnp

from oncotwin.core.controller import Controller
from oncotwin.core.exchange import Infusion
from oncotwin.core.rollout import rollout
from oncotwin.core.task import Task
from oncotwin.core.trajectory import Trajectory
from oncotwin.errors import BadInput


@dataclass(frozen=True)
class Patient:
    """One person or virtual person.

    features: what is known before or early in therapy.  infusions: the regimen.  outcomes: what was observed after it.
    A feature or outcome that was not observed is absent, never imputed.
    """

    name: str
    features: Mapping[str, float | str] = field(default_factory=dict)
    infusions: tuple[Infusion, ...] = ()
    outcomes: Mapping[str, float | str] = field(default_factory=dict)


@dataclass(frozen=True)
class Cohort:
    """Patients with distinct names, in order."""

    patients: tuple[Patient, ...]

    def __post_init__(self) -> None:
        times = Counter(patient.name for patient in self.patients)
        twice = sorted(name for name, count in times.items() if count > 1)
        if twice:
            raise BadInput("patients share a name", where="Cohort", got=twice, remedy="Give each patient its own.")

    def __len__(self) -> int:
        return len(self.patients)

    def __iter__(self) -> Iterator[Patient]:
        return iter(self.patients)


def stack(records: list[Any]) -> Any:
    """One record whose leaves have a leading patient axis, from records of one family."""
    if not records:
        raise BadInput("no patient to stack", where="Cohort", allowed="one or more")
    return jax.tree.map(lambda *leaves: jnp.stack([jnp.asarray(x) for x in leaves]), *records)


def rollout_each(task: Task, controller: Controller, parameters: Any, *, batch: int) -> Trajectory:
    """The task under the controller for every patient; leaves gain a leading patient axis.

    parameters: leaves (patients, ...), as `stack` makes them.  batch: patients that are advanced together; more of them
    use wider arithmetic, fewer fit nearer caches, and the results are the same.
    """

    def one(p: Any) -> Trajectory:
        return rollout(replace(task, parameters=p), controller)

    return jax.lax.map(one, parameters, batch_size=batch)
