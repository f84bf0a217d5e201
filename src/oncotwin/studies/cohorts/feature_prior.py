"""What a plausible patient's baseline variables tell of the latents: prior assumptions, declared here and nowhere else.

Every number of this page is an assumption of ours, uncalibrated.  Directions follow the meaning of the latents below
equation (26) of the spatiotemporal paper; sizes are moderate, so that one variable alone says little.  x stands for
2 theta - 1: -1 to 1, zero at the population's patient.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from oncotwin.core.exchange import Latents

ABSENT = ""
"""Stands in for a level where the variable is missing."""


class Choice(NamedTuple):
    """A variable with levels: the chance of each is proportional to exp(log share + slopes' x).

    levels: of the variable, or `ABSENT`.  shares: chances at x = 0.  slopes: of each level's logarithm, by latent.
    """

    variable: str
    levels: tuple[str, ...]
    shares: tuple[float, ...]
    slopes: tuple[dict[str, float], ...] = ()


class Number(NamedTuple):
    """A number: scale(centre + slopes' x + spread times a standard normal), drawn again until between low and high.

    step: it is rounded to.  scale: from the normal's axis to the number's.
    """

    variable: str
    centre: float
    spread: float
    low: float
    high: float
    step: float
    slopes: dict[str, float]
    scale: Callable[[np.ndarray], np.ndarray] = np.positive


def _steps(variable: str, levels: tuple[str, ...], shares: tuple[float, ...], slopes: dict[str, float]) -> Choice:
    """An ordinal variable: each level further multiplies the odds by the same factor."""
    return Choice(variable, levels, shares, tuple({k: i * v for k, v in slopes.items()} for i in range(len(levels))))


def _yes(variable: str, share: float, slopes: dict[str, float]) -> Choice:
    return _steps(variable, ("no", "yes"), (1 - share, share), slopes)


CHOICES: tuple[Choice, ...] = (
    Choice(
        "tumour_type",
        ("gastric", "pancreatic", "other"),
        (0.70, 0.15, 0.15),
        ({}, {"env": 1.0, "inf": -1.0}, {}),  # dense stroma: suppressive, hard to enter
    ),
    Choice(
        "lauren",
        ("intestinal", "diffuse", "mixed", ABSENT),
        (0.36, 0.32, 0.25, 0.07),
        ({}, {"env": 0.8, "inf": -0.4}, {}, {}),  # diffuse: much stroma
    ),
    _steps("cldn18_2", ("negative", "low", "medium", "high"), (0.05, 0.15, 0.35, 0.45), {"init": -0.8, "esc": -0.5}),
    _steps("prior_lines", ("0", "1", "2", "3+"), (0.05, 0.20, 0.45, 0.30), {"exh": 0.6, "cyt": -0.4}),
    _yes("prior_surgery", 0.7, {"init": -0.6}),  # less tumour is left
    _yes("prior_fluoropyrimidine", 0.95, {}),
    _yes("prior_taxane", 0.7, {}),
    _yes("prior_platinum", 0.85, {}),
    _yes("prior_anti_pd1", 0.35, {"exh": 0.6}),
    _yes("prior_kinase_inhibitor", 0.3, {}),
    _yes("bridging", 0.75, {"init": 0.5}),  # given to those with more tumour
    _steps("ecog", ("0", "1", "2"), (0.15, 0.80, 0.05), {"init": 0.5, "env": 0.5}),
    _yes("peritoneal_metastases", 0.6, {"inf": -0.8, "env": 0.6}),
    Choice("sex", ("female", "male"), (0.4, 0.6)),
)
"""Variables with levels; a slope left out is zero, and without any the variable tells nothing."""

NUMBERS: tuple[Number, ...] = (
    Number("age", 53.0, 14.0, 18.0, 85.0, 1.0, {"exh": 6.0}),  # years; older cells tire sooner
    Number("since_metastasis", 0.0, 1.5, 0.1, 10.0, 0.1, {"esc": 0.3}, np.exp2),  # years, by factors of two
)
"""Numbers."""

ONLY = {"lauren": ("tumour_type", "gastric")}
"""Variables that only patients with this level of another one have."""


def draw_features(latents: np.ndarray, random: np.random.Generator) -> list[dict[str, float | str]]:
    """Baseline variables of plausible patients, without the dose; one dict a patient, what is missing left out.

    latents: (n, 6), each in [0, 1], in the order of `Latents`.
    """
    x = 2.0 * np.asarray(latents, float) - 1.0
    columns: dict[str, list] = {choice.variable: _chosen(choice, x, random) for choice in CHOICES}
    columns |= {number.variable: _drawn(number, x, random) for number in NUMBERS}
    people = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    for person in people:
        for name, (other, level) in ONLY.items():
            if person[other] != level:
                person[name] = ABSENT
    return [{name: value for name, value in person.items() if value != ABSENT} for person in people]


def slopes_of(slopes: dict[str, float]) -> np.ndarray:
    """Slopes as an array in the order of `Latents`, (6,)."""
    return np.array([slopes.get(name, 0.0) for name in Latents._fields])


def _chosen(choice: Choice, x: np.ndarray, random: np.random.Generator) -> list[str]:
    """One level a patient: the largest of the logits plus Gumbel noise has the chances of their softmax."""
    slopes = choice.slopes or tuple({} for _ in choice.levels)
    logits = np.log(choice.shares) + x @ np.array([slopes_of(s) for s in slopes]).T
    return [choice.levels[i] for i in np.argmax(logits + random.gumbel(size=logits.shape), axis=1)]


def _drawn(number: Number, x: np.ndarray, random: np.random.Generator) -> list[float]:
    middle = number.centre + x @ slopes_of(number.slopes)
    found = np.full(len(x), np.nan)
    while (lacking := np.flatnonzero(np.isnan(found))).size:
        drawn = number.scale(middle[lacking] + number.spread * random.standard_normal(len(lacking)))
        rounded = np.round(np.round(drawn / number.step) * number.step, 6)
        found[lacking] = np.where((rounded >= number.low) & (rounded <= number.high), rounded, np.nan)
    return [float(value) for value in found]
