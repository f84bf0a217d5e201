"""What limits the response: each obstacle taken away, one at a time."""

from typing import Any, NamedTuple

import numpy as np

from oncotwin.apps.loop.twin import Case, Found, Slab, constants_of, follow_given
from oncotwin.core.cohort import stack

SAME = 1e-6
"""Relative change of a constant that counts as none."""
AT_BOUND = "already at its bound"
SHOWN_AT_FIRST = "every cell shows it at first"


class Obstacle(NamedTuple):
    """One thing that may limit the response.

    latents: set in the patient, before the product moves them.  constants: multiplied.  told: constant -> what its
    ratio, taken away over as it is, says of it.
    """

    name: str
    latents: dict[str, float]
    constants: dict[str, float]
    told: dict[str, str]


OBSTACLES = (
    Obstacle(
        "antigen escape",
        {"esc": 0.0},
        {"negative_fraction": 1e-6},
        {"mu_0": "the antigen is lost {} as fast", "negative_fraction": SHOWN_AT_FIRST},
    ),
    Obstacle("exhaustion", {"exh": 0.0}, {}, {"k_e0": "cells tire {} as fast", "p_r": "recover {} as fast"}),
    Obstacle(
        "suppression",
        {"env": 0.0},
        {},
        {"beta_A": "the suppressive factor acts {} as much", "alpha_A": "is made {} as fast"},
    ),
    Obstacle("infiltration", {"inf": 1.0}, {}, {"k_in": "cells enter {} as fast", "D_C": "move {} as fast"}),
    Obstacle("potency", {"cyt": 1.0}, {}, {"gamma": "each contact kills {} as much"}),
    Obstacle("tumour growth", {}, {"r_T": 0.5}, {"r_T": "the tumour grows {} as fast"}),
    Obstacle("dose", {}, {"engraftment": 2.0}, {"engraftment": "{} as many cells engraft"}),
)


class Freed(NamedTuple):
    """What comes of the patient without each obstacle.

    base: as he is.  rows: (name, what was changed, whether nothing could be, change of the decimal logarithm of the
    last burden, change of the days in response).  found: of all, the base first.
    """

    base: dict[str, float]
    rows: tuple[tuple[str, str, bool, float, float], ...]
    found: Found


def without_each(case: Case, slab: Slab) -> Found:
    """The courses of one case as it is and without each obstacle, in the slab."""
    cases = [case, *(_without(case, one) for one in OBSTACLES)]
    return follow_given(stack(cases), slab, np.zeros((len(slab.instants) - 1, 2)))


def freed(found: Found, case: Case) -> Freed:
    """What the courses of `without_each` of this case, numbers, say."""
    burden, lasting = np.asarray(found.log_burden, float), np.asarray(found.response_days, float)
    rows = tuple(
        (one.name, *changed_words(case, one), float(burden[i] - burden[0]), float(lasting[i] - lasting[0]))
        for i, one in enumerate(OBSTACLES, start=1)
    )
    return Freed({"log_burden": float(burden[0]), "response_days": float(lasting[0])}, rows, found)


def changed_words(case: Case, one: Obstacle) -> tuple[str, bool]:
    """What taking an obstacle away changes, from the tumour's constants before and after; and whether nothing can be.

    A latent that the product has moved to its bound leaves the constants as they are.
    """
    before, after = constants_of(case), constants_of(_without(case, one))
    said = []
    for name, words in one.told.items():
        old, new = float(getattr(before, name)), float(getattr(after, name))
        if abs(new - old) > SAME * abs(old):
            said.append(words.format(f"{new / old:.2g} times"))
    return (", ".join(said), False) if said else (AT_BOUND, True)


def _without(case: Case, one: Obstacle) -> Case:
    values: dict[str, Any] = {name: getattr(case.tumour, name) * factor for name, factor in one.constants.items()}
    return case._replace(latents=case.latents._replace(**one.latents), tumour=case.tumour.with_values(**values))
