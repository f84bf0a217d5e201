"""How sure: many courses in a slab, paired over the arms, and the spread of their outcomes by source."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from oncotwin.apps.loop.draws import SOURCES, cases_of, others
from oncotwin.apps.loop.settings import LoopPatient, Settings
from oncotwin.apps.loop.twin import Found, Keep, follow_given
from oncotwin.core.endpoints import Response
from oncotwin.core.exchange import Product
from oncotwin.studies.sources import design, split

OUTCOMES: Mapping[str, tuple[str, Callable[[Found], np.ndarray]]] = {
    "log_burden": ("last tumour burden, log₁₀ of first", lambda found: np.asarray(found.log_burden, float)),
    "response_days": ("days in response", lambda found: np.asarray(found.response_days, float)),
    "depth": ("smallest tumour burden, log₁₀ of first", lambda found: np.asarray(found.seen.depth, float)),
    "escape_fraction": (
        "antigen-reduced share at the end",
        lambda found: np.asarray(found.seen.escape_fraction, float),
    ),
    "log_il6": ("peak interleukin 6, log₁₀ pg/mL", lambda found: np.log10(np.asarray(found.seen.peak_il6, float))),
}
"""Outcomes whose spread is split: name -> words, and what reads it off courses."""


class Arm(NamedTuple):
    """An arm of the comparison: whose cells, and drug levels, (m, 2)."""

    product: Product
    levels: np.ndarray


class Likely(NamedTuple):
    """The courses of every arm over the same draws.

    arms: name -> courses of the draws A and B, leaves (2 pairs, ...).  mixed: of the arm that was split, all runs of
    the design.  trusted: rows of the draws in which no arm failed.
    """

    arms: dict[str, Found]
    mixed: Found
    trusted: np.ndarray


def draw_courses(
    arms: Mapping[str, Arm], parted: str, patient: LoopPatient, settings: Settings, keep: Callable[[str], Keep]
) -> Likely:
    """The courses of all arms; of the arm `parted` those of the whole design.  keep: arm -> what may have a batch."""
    rows = design(settings.pairs, len(SOURCES))
    plain, found = rows[: 2 * settings.pairs], {}
    for name, arm in arms.items():
        chosen = rows if name == parted else plain
        cases = cases_of(chosen, others(arm.product), patient, settings.population, settings.seed)
        found[name] = follow_given(cases, settings.slab, arm.levels, keep(name))
    mixed = found[parted]
    found = {name: _head(one, len(plain)) for name, one in found.items()}
    failed = np.any([np.asarray(one.seen.status) != 0 for one in found.values()], axis=0)
    return Likely(found, mixed, np.flatnonzero(~failed))


def parted_by_source(likely: Likely) -> dict[str, dict[str, Any]]:
    """Shares of the variance of every outcome of the parted arm by source; outcome -> table."""
    tables = {}
    for name, (words, read) in OUTCOMES.items():
        shares = split(read(likely.mixed), len(SOURCES))
        tables[name] = {
            "words": words,
            "deviation": float(np.sqrt(shares.variance)),
            **{part: getattr(shares, part).tolist() for part in ("first", "total", "first_error", "total_error")},
        }
    return tables


def described(likely: Likely) -> dict[str, dict[str, Any]]:
    """Of every arm: quantiles of the sum of diameters in time, outcomes of each draw, shares of responses."""
    return {name: _described(found, likely.trusted) for name, found in likely.arms.items()}


def _described(found: Found, rows: np.ndarray) -> dict[str, Any]:
    sizes = np.asarray(found.series.sum_of_diameters_mm)[rows]
    best = np.asarray(found.seen.best_response)[rows]
    return {
        "sizes_mm": {str(q): np.quantile(sizes, q, axis=0).tolist() for q in (0.05, 0.25, 0.5, 0.75, 0.95)},
        "outcomes": {name: read(found)[rows].tolist() for name, (_, read) in OUTCOMES.items()},
        "response_rate": float(np.mean(best >= int(Response.PR))),
        "control_rate": float(np.mean(best >= int(Response.SD))),
        "crs_grade": np.asarray(found.seen.crs_grade)[rows].tolist(),
        "chemotherapy": float(np.mean(found.chemotherapy)),
        "inhibitor": float(np.mean(found.inhibitor)),
    }


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Paired differences, `one` less `other`, of every outcome: median, 90 % range of draws, and interval of the mean.

    The interval is that of 2000 bootstrap samples of the draws, 95 %.
    """
    tables = {}
    for name in OUTCOMES:
        gaps = np.asarray(one["outcomes"][name]) - np.asarray(other["outcomes"][name])
        rows = np.random.default_rng(0).integers(0, len(gaps), (2000, len(gaps)))
        low, high = np.quantile(gaps[rows].mean(axis=1), (0.025, 0.975))
        fifth, median, last = np.quantile(gaps, (0.05, 0.5, 0.95))
        tables[name] = {
            "mean": float(gaps.mean()),
            "low": float(low),
            "high": float(high),
            "median": float(median),
            "q05": float(fifth),
            "q95": float(last),
            "better": float(np.mean(gaps > 0) if name == "response_days" else np.mean(gaps < 0)),
        }
    return tables


def _head(found: Found, count: int) -> Found:
    return type(found)(*(_rows(part, count) for part in found))


def _rows(part: Any, count: int) -> Any:
    return type(part)(*(np.asarray(x)[:count] for x in part)) if isinstance(part, tuple) else np.asarray(part)[:count]
