"""Clinical endpoints of time series: RECIST 1.1 response, progression, cellular kinetics, antigen escape.

Every function is written with jax.numpy: it may be jitted, mapped over a cohort and, where its value changes smoothly,
differentiated.  A series that cannot mean anything (empty, negative, times that do not increase) is refused with
BadInput while its numbers are concrete; inside jit, vmap and grad only its shape is checked.

Sources: RECIST 1.1: Eisenhauer et al. 2009, doi:10.1016/j.ejca.2008.10.026, and the EORTC's answers to questions on it.
Detection limit of the transgene: Haas et al. 2019, Molecular Therapy 27:1919.
"""

from enum import IntEnum
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.core import Tracer
from jax.typing import ArrayLike

from oncotwin.errors import BadInput

PARTIAL_FALL = 0.30  # of the baseline sum, RECIST 1.1, target lesions
PROGRESSION_RISE = 0.20  # of the nadir, RECIST 1.1, target lesions
PROGRESSION_MM = 5.0  # above the nadir, RECIST 1.1, target lesions
CONFIRMATION_DAYS = 28.0  # least interval to a confirming visit, RECIST 1.1, confirmation
DETECTION_LIMIT = 25.0  # copies per ug genomic DNA, Haas et al. 2019
_ROUNDING_MM = 1e-5  # a fall from 12.0 to 8.4 mm is 30 % whatever the last binary digit says


class Response(IntEnum):
    """RECIST 1.1 response category; the better the response, the larger the number."""

    NE = 0
    PD = 1
    SD = 2
    PR = 3
    CR = 4


def recist_category(
    sum_of_diameters: ArrayLike, baseline: ArrayLike, nadir: ArrayLike, new_lesion: ArrayLike = False
) -> Array:
    """Response category of one visit by RECIST 1.1, as the integer of a `Response`.

    sum_of_diameters: of the target lesions at this visit, mm; NaN where it was not assessed.  baseline: the sum before
    treatment, mm.  nadir: the smallest sum at any earlier visit, baseline included, mm.  new_lesion: whether one has
    appeared.  Any shapes that broadcast.

    CR: no target lesion left.  PR: a fall of 30 % or more from baseline.  PD: a rise of 20 % or more above the nadir
    that is also 5 mm or more, a new lesion, or any lesion back after a complete response (EORTC).  SD: none of these.
    NE: not assessed, or nothing to assess at baseline.  PD goes before PR.
    """
    now, first, least = (jnp.asarray(x, dtype=float) for x in (sum_of_diameters, baseline, nadir))
    rise = now - least
    grown = (rise >= PROGRESSION_RISE * least - _ROUNDING_MM) & (rise >= PROGRESSION_MM - _ROUNDING_MM)
    back = (least <= 0) & (now > 0)
    fallen = first - now >= PARTIAL_FALL * first - _ROUNDING_MM
    category = jnp.where(fallen, int(Response.PR), int(Response.SD))
    category = jnp.where(now <= 0, int(Response.CR), category)
    category = jnp.where(grown | back, int(Response.PD), category)
    category = jnp.where(jnp.isfinite(now), category, int(Response.NE))
    category = jnp.where(jnp.asarray(new_lesion, dtype=bool), int(Response.PD), category)
    return jnp.where(first > 0, category, int(Response.NE))


def recist_course(sums_of_diameters: ArrayLike, new_lesions: ArrayLike | None = None) -> Array:
    """Response category of every visit after baseline, as integers of `Response`, (n - 1,).

    sums_of_diameters: mm, (n,), in order of time, baseline first; NaN for a later visit without assessment.
    new_lesions: whether one has appeared by each of these visits, (n,); none where it is not given.  The nadir of a
    visit is the smallest sum before it, baseline included.  Raises BadInput for an empty or negative series.
    """
    sums = _series("sums of diameters", sums_of_diameters, missing=slice(1, None))
    appeared = jnp.zeros(sums.shape, dtype=bool) if new_lesions is None else jnp.asarray(new_lesions, dtype=bool)
    if appeared.shape != sums.shape:
        raise BadInput(
            "one entry a visit is needed", where="new_lesions", got=appeared.shape, allowed=f"shape {sums.shape}"
        )
    nadirs = jax.lax.cummin(jnp.where(jnp.isfinite(sums), sums, jnp.inf))
    return recist_category(sums[1:], sums[0], nadirs[:-1], appeared[1:])


def best_response(categories: ArrayLike) -> Array:
    """Best category before progression, or PD where the first assessed visit shows it; an integer of `Response`.

    categories: of the visits after baseline, in order, (n,).  NE where there is no visit, or none was assessed.  No
    least duration of SD is asked for, and no confirmation.
    """
    codes = _categories(categories)
    return jnp.max(jnp.where(_after_progression(codes), int(Response.NE), codes), initial=int(Response.NE))


def best_confirmed_response(times: ArrayLike, categories: ArrayLike, least_days: float = CONFIRMATION_DAYS) -> Array:
    """Best response where CR and PR count only if a later visit before progression still shows them.

    times: days of the visits after baseline, (n,); categories: theirs, (n,); least_days: from a visit to the one that
    confirms it.  Of two visits the lesser response is confirmed; an unconfirmed one counts as SD.
    """
    codes = _categories(categories)
    if codes.shape[0] == 0:
        return jnp.asarray(int(Response.NE))
    days = _times(times, codes.shape)
    counted = jnp.where(_after_progression(codes), int(Response.NE), codes)
    late_enough = days[None, :] - days[:, None] >= least_days
    confirmed = jnp.max(jnp.where(late_enough, jnp.minimum(counted[:, None], counted[None, :]), int(Response.NE)))
    unconfirmed = jnp.minimum(jnp.max(counted), int(Response.SD))
    return jnp.where(confirmed >= int(Response.PR), confirmed, unconfirmed)


def objective_response(response: ArrayLike) -> Array:
    """Whether a best response is CR or PR.  response: integers of `Response`, any shape."""
    return jnp.asarray(response) >= int(Response.PR)


def disease_control(response: ArrayLike) -> Array:
    """Whether a best response is CR, PR or SD.  response: integers of `Response`, any shape."""
    return jnp.asarray(response) >= int(Response.SD)


def time_to_progression(times: ArrayLike, categories: ArrayLike) -> Array:
    """Day of the first visit that shows PD; infinity where none does (censored at the last visit).

    times: days of the visits after baseline, counted from baseline, (n,); categories: theirs, (n,).
    """
    codes = _categories(categories)
    if codes.shape[0] == 0:
        return jnp.asarray(jnp.inf)
    days = _times(times, codes.shape)
    return jnp.min(jnp.where(codes == int(Response.PD), days, jnp.inf))


def c_max(values: ArrayLike) -> Array:
    """Largest value of a series, in its unit (transgene: copies per ug DNA).  values: (n,).  Differentiable."""
    return jnp.max(_series("values", values))


def t_max(times: ArrayLike, values: ArrayLike) -> Array:
    """Day of the first of the largest values.  times: days, increasing, (n,); values: (n,)."""
    series = _series("values", values)
    return _times(times, series.shape)[jnp.argmax(series)]


def persistence(times: ArrayLike, values: ArrayLike, limit: float = DETECTION_LIMIT) -> Array:
    """Day until which a series stays detectable: where its linear interpolant last falls to the limit.

    times: days, increasing, (n,); values: (n,), and limit, in one unit (copies per ug DNA; default 25, the lower limit
    of detection of Haas et al. 2019).  The last day of a series that ends above the limit, which is then a lower bound
    (see `detectable_at_end`); the first day of one that is never above it.
    """
    series = _series("values", values)
    days = _times(times, series.shape)
    above = series > limit
    last = series.shape[0] - 1 - jnp.argmax(above[::-1])
    after = jnp.minimum(last + 1, series.shape[0] - 1)
    drop = series[last] - series[after]
    share = jnp.where(drop > 0, (series[last] - limit) / jnp.where(drop > 0, drop, 1.0), 0.0)
    return jnp.where(jnp.any(above), days[last] + share * (days[after] - days[last]), days[0])


def detectable_at_end(values: ArrayLike, limit: float = DETECTION_LIMIT) -> Array:
    """Whether a series ends above the limit, so that `persistence` is a lower bound.  values: (n,); as there."""
    return _series("values", values)[-1] > limit


def auc_0_28(times: ArrayLike, values: ArrayLike) -> Array:
    """Area under the linear interpolant from day 0 to day 28, in the values' unit times day.  Differentiable.

    times: days since the infusion, increasing, (n,); values: (n,).  NaN unless they cover both days.
    """
    series = _series("values", values)
    days = _times(times, series.shape)
    knots = jnp.clip(days, 0.0, 28.0)
    area = jnp.trapezoid(jnp.interp(knots, days, series), knots)
    return jnp.where((days[0] <= 0) & (days[-1] >= 28), area, jnp.nan)


def escape_fraction(antigen_positive_fractions: ArrayLike) -> Array:
    """Share of the tumour cells that have lost the antigen at the end.  antigen_positive_fractions: (n,), in [0, 1]."""
    return 1.0 - _series("antigen-positive fractions", antigen_positive_fractions, missing=slice(None))[-1]


def volume_change(volumes: ArrayLike) -> Array:
    """Change of volume from the first to the last value over the first (-1: gone); NaN from nothing.  volumes: (n,)."""
    series = _series("volumes", volumes)
    first = jnp.where(series[0] > 0, series[0], jnp.nan)
    return series[-1] / first - 1.0


def _after_progression(codes: Array) -> Array:
    """Whether an earlier visit has shown PD, (n,)."""
    progressed = (codes == int(Response.PD)).astype(int)
    return jnp.cumsum(progressed) - progressed > 0


def _categories(categories: ArrayLike) -> Array:
    """The integers of `Response` of successive visits, (n,); none of them is a series too."""
    codes = jnp.asarray(categories)
    if codes.ndim != 1:
        raise BadInput("one category a visit is needed", where="categories", got=codes.shape, allowed="shape (n,)")
    if _concrete(codes) and not np.all(np.isin(codes, [int(r) for r in Response])):
        raise BadInput("not a response category", where="categories", got=codes, allowed="integers of Response")
    return codes.astype(int)


def _series(name: str, values: ArrayLike, missing: slice = slice(0)) -> Array:
    """The values as an array (n,), n >= 1.  Raises BadInput for one below 0, or a NaN outside `missing`."""
    series = jnp.asarray(values, dtype=float)
    if series.ndim != 1 or series.shape[0] == 0:
        raise BadInput("a series of one or more values is needed", where=name, got=series.shape, allowed="shape (n,)")
    if _concrete(series):
        numbers = np.array(series)
        good = np.isfinite(numbers) & (numbers >= 0)
        good[missing] |= np.isnan(numbers[missing])
        if not np.all(good):
            row = int(np.argmin(good))
            raise BadInput(f"value {row} cannot be used", where=name, got=float(numbers[row]), allowed="finite, >= 0")
    return series


def _times(times: ArrayLike, shape: tuple[int, ...]) -> Array:
    """The times as an array of the given shape.  Raises BadInput if they do not increase."""
    days = jnp.asarray(times, dtype=float)
    if days.shape != shape:
        raise BadInput("one time a value is needed", where="times", got=days.shape, allowed=f"shape {shape}")
    if _concrete(days) and not (np.all(np.isfinite(days)) and np.all(np.diff(days) > 0)):
        raise BadInput("times must increase", where="times", got=np.asarray(days).tolist(), allowed="days, ascending")
    return days


def _concrete(values: Any) -> bool:
    return not isinstance(values, Tracer)
