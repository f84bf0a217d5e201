"""Folds of a validation, each kept as a part of the run as soon as it is done."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from oncotwin.apps.parts import Parts
from oncotwin.apps.personal.study import Tell
from oncotwin.studies.validation.protocols import Each, Held

TOLD = 10
"""How often, at the most, a validation says how far it has come."""


def keeping(parts: Parts, each: Each, label: str, tell: Tell) -> Each:
    """A map of folds that takes from the parts what is there, and has `each` work out and keeps the others.

    label: of the validation, in the names of its parts.
    """

    def kept(hold_out: Callable[[Any], Held], jobs: Sequence[Any]) -> Iterator[Held]:
        names = [f"{label}-{job.repeat:03}-{job.fold:02}" for job in jobs]
        made = iter(each(hold_out, [job for job, name in zip(jobs, names, strict=True) if not parts.has(name)]))
        often = -(-len(jobs) // TOLD)
        for done, name in enumerate(names, 1):
            yield parts.kept(name, Held, lambda: next(made))
            if done % often == 0:
                tell(f"features {label}: {done} of {len(jobs)} folds")

    return kept
