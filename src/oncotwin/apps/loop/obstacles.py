"""What limits the response: each obstacle taken away, one at a time."""

from typing import Any, NamedTuple

import numpy as np

from oncotwin.apps.loop.twin import Case, Found, Slab, follow_given
from oncotwin.core.cohort import stack

OBSTACLES = (
    (
        "antigen escape",
        "the antigen is lost a fifth as fast, and every cell shows it at first",
        {"esc": 0.0},
        {"negative_fraction": 1e-6},
    ),
    ("exhaustion", "cells tire a third as fast", {"exh": 0.0}, {}),
    ("suppression", "the suppressive factor acts a third as much", {"env": 0.0}, {}),
    ("infiltration", "cells enter five times as fast and move twice as fast", {"inf": 1.0}, {}),
    ("potency", "each contact kills up to three times as much", {"cyt": 1.0}, {}),
    ("tumour growth", "the tumour grows half as fast", {}, {"r_T": 0.5}),
    ("dose", "twice the cells", {}, {"engraftment": 2.0}),
)
"""Name, what is changed, latents set, constants multiplied."""


class Freed(NamedTuple):
    """What comes of the patient without each obstacle.

    base: as he is.  rows: (name, what was changed, change of the decimal logarithm of the last burden, change of the
    days in response).  found: of all, the base first.
    """

    base: dict[str, float]
    rows: tuple[tuple[str, str, float, float], ...]
    found: Found


def without_each(case: Case, slab: Slab) -> Found:
    """The courses of one case as it is and without each obstacle, in the slab."""
    cases = [case, *(_without(case, latents, constants) for _, _, latents, constants in OBSTACLES)]
    return follow_given(stack(cases), slab, np.zeros((len(slab.instants) - 1, 2)))


def freed(found: Found) -> Freed:
    """What the courses of `without_each` say."""
    burden, lasting = np.asarray(found.log_burden, float), np.asarray(found.response_days, float)
    rows = tuple(
        (name, words, float(burden[i] - burden[0]), float(lasting[i] - lasting[0]))
        for i, (name, words, _, _) in enumerate(OBSTACLES, start=1)
    )
    return Freed({"log_burden": float(burden[0]), "response_days": float(lasting[0])}, rows, found)


def _without(case: Case, latents: dict[str, float], constants: dict[str, float]) -> Case:
    values: dict[str, Any] = {name: getattr(case.tumour, name) * factor for name, factor in constants.items()}
    return case._replace(latents=case.latents._replace(**latents), tumour=case.tumour.with_values(**values))
