"""How observations scatter about what a model predicts: the mismatch of equation (31), mixed in kind.

RECIST category and grade of cytokine release are ordinal, by a cumulative logistic link on the change of the sum of
diameters and on the decades of interleukin 6; kinetics, markers and time to progression are log-normal, the last and
persistence right-censored where they are lower bounds.  What was not observed has no term: nothing is imputed.  The
emulator's held-out error widens every term.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.scipy.stats import norm

from oncotwin.core.observables import Observables
from oncotwin.errors import BadInput
from oncotwin.studies.inverse.emulator import SCORES

Forward = Callable[[Array, Array], Array]
"""(latents (6,), dose in cells ()) -> scores (m,), in the order of `emulator.SCORES`; an emulator, or the twin."""

CONTINUOUS = ("c_max", "t_max_days", "persistence_days", "peak_il6", "peak_crp", "peak_ferritin", "progression_days")
"""Log-normal observations."""

_PREDICTED = [SCORES.index("regrowth_days" if name == "progression_days" else name) for name in CONTINUOUS]
_CHANGE, _IL6 = SCORES.index("target_change"), SCORES.index("peak_il6")
_LOGISTIC = np.pi / np.sqrt(3.0)  # standard deviation of the logistic distribution of scale one


class Population(NamedTuple):
    """What patients share, Theta_POP of the observations; fitted on training patients only (`calibrate`).

    mean, spread: of the latents' logits before anything is observed, (6,); R of equation (31).  offset: of the
    logarithm of each entry of `CONTINUOUS` from the model, (7,).  noise: its standard deviation, (7,).  recist_cuts:
    change of the sum of diameters below which SD, PR and CR begin, decreasing, (3,).  recist_scale: of the logistic
    link, ().  crs_cuts: decades of interleukin 6 (pg/mL) from which grades 1 to 4 begin, increasing, (4,).  crs_scale:
    of the link, ().
    """

    mean: Array
    spread: Array
    offset: Array
    noise: Array
    recist_cuts: Array
    recist_scale: Array
    crs_cuts: Array
    crs_scale: Array


def first_population() -> Population:
    """The population before any patient is seen: all uncalibrated.

    Logits of standard deviation 1.5 make each latent nearly uniform on [0, 1].  The noise is our guess of assay and
    patient together; PR begins where RECIST 1.1 has it, CR a little before nothing is left, PD where nothing has shrunk
    by 28 days; the grades begin at the decades of `core.grades`.
    """
    return Population(
        mean=jnp.zeros(6),
        spread=jnp.full(6, 1.5),
        offset=jnp.zeros(len(CONTINUOUS)),
        noise=jnp.array([0.5, 0.3, 0.5, 0.7, 0.5, 0.6, 0.4]),
        recist_cuts=jnp.array([0.0, -0.3, -0.9]),
        recist_scale=jnp.asarray(0.08),
        crs_cuts=jnp.array([1.0, 2.0, 3.0, 4.0]),
        crs_scale=jnp.asarray(0.2),
    )


class Data(NamedTuple):
    """Observations ready for the likelihood; leaves (n, ...) for n patients.

    response: integer of `Response`, 0 where missing.  grade: 0 to 4, -1 where missing.  logs: natural logarithms of
    `CONTINUOUS`, 0 where missing, (n, 7).  seen: 1 where observed, (n, 7).  beyond: 1 where a lower bound, (n, 7).
    """

    response: Array
    grade: Array
    logs: Array
    seen: Array
    beyond: Array


def data_of(observed: Observables, patients: Sequence[str] = ()) -> Data:
    """The data of n patients.  observed: leaves (n,), NaN where not observed (for the response also NE).

    Only the response, the grade, `CONTINUOUS` and its two flags are read.  patients: who they are, for messages.
    Raises BadInput naming patient and observable for what cannot be: a grade outside 0 to 4, a value of 0 or less.
    """
    response = _codes("best_response", observed.best_response, 0, 4, patients)
    grade = _codes("crs_grade", observed.crs_grade, -1, 4, patients)
    values = np.stack([np.asarray(getattr(observed, name), float) for name in CONTINUOUS], axis=-1)
    seen = ~np.isnan(values)
    if np.any(seen & ~((values > 0) & np.isfinite(values))):
        row, column = np.argwhere(seen & ~((values > 0) & np.isfinite(values)))[0]
        remedy = "Leave out what was not measured or lies below detection"
        where = f"{patients[row] if patients else f'patient {row}'}, {CONTINUOUS[column]}"
        raise BadInput("no logarithm", where=where, got=values[row, column], allowed="above 0", remedy=remedy)
    beyond = np.zeros_like(values)
    beyond[:, CONTINUOUS.index("progression_days")] = np.asarray(observed.progressed, float) == 0
    lower = np.asarray(observed.persistence_is_lower_bound, float) == 1
    beyond[:, CONTINUOUS.index("persistence_days")] = lower
    logs = np.log(np.where(seen, values, 1.0))
    return Data(*(jnp.asarray(x) for x in (response, grade, logs, seen.astype(float), beyond)))


def log_likelihood(scores: Array, error: Array, data: Data, population: Population) -> Array:
    """Logarithm of the probability of one patient's observations, ().

    scores: predicted, (m,).  error: standard deviation of what they miss, (m,), zero for the twin itself.  data: leaves
    of one patient.
    """
    change = _ordinal(
        (population.recist_cuts - scores[_CHANGE]) / _widened(population.recist_scale, error[_CHANGE]),
        data.response - 1,
    )
    decades, per_decade = scores[_IL6] / np.log(10.0), error[_IL6] / np.log(10.0)
    release = _ordinal((decades - population.crs_cuts) / _widened(population.crs_scale, per_decade), data.grade)
    predicted = scores[np.array(_PREDICTED)] + population.offset
    sd = jnp.sqrt(population.noise**2 + error[np.array(_PREDICTED)] ** 2)
    z = (data.logs - predicted) / sd
    each = jnp.where(data.beyond > 0, norm.logsf(z), norm.logpdf(z) - jnp.log(sd))
    return change + release + jnp.sum(data.seen * each)


def score_information(scores: Array, error: Array, population: Population) -> tuple[Array, np.ndarray]:
    """Expected information of each observation on the score that it reads, (9,), and that score's place, (9,).

    In order: response, grade, `CONTINUOUS`.  scores, error: (m,).  Of an ordinal level it is the sum over levels of the
    squared derivative of the probability over the probability.
    """
    per_decade = error[_IL6] / np.log(10.0)
    narrow, wide = _widened(population.recist_scale, error[_CHANGE]), _widened(population.crs_scale, per_decade)
    response = _ordinal_information((population.recist_cuts - scores[_CHANGE]) / narrow) / narrow**2
    grade = (
        _ordinal_information((scores[_IL6] / np.log(10.0) - population.crs_cuts) / wide) / (wide * np.log(10.0)) ** 2
    )
    continuous = 1.0 / (population.noise**2 + error[np.array(_PREDICTED)] ** 2)
    return jnp.concatenate([response[None], grade[None], continuous]), np.array([_CHANGE, _IL6, *_PREDICTED])


def draw(scores: Array, error: Array, population: Population, key: Array, follow_up_days: float) -> Observables:
    """Observations of one patient as the likelihood has them; leaves (), what it does not read NaN.

    scores: (m,).  error: standard deviation of what they miss, (m,).  follow_up_days: after which progression and
    persistence are censored.
    """
    keys = jax.random.split(key, 3)
    shift = jax.random.logistic(keys[0]) * _widened(population.recist_scale, error[_CHANGE])
    response = 1 + jnp.sum(scores[_CHANGE] + shift < population.recist_cuts)
    wide = _widened(population.crs_scale, error[_IL6] / np.log(10.0))
    grade = jnp.sum(scores[_IL6] / np.log(10.0) + jax.random.logistic(keys[1]) * wide > population.crs_cuts)
    sd = jnp.sqrt(population.noise**2 + error[np.array(_PREDICTED)] ** 2)
    logs = scores[np.array(_PREDICTED)] + population.offset + sd * jax.random.normal(keys[2], sd.shape)
    values = dict(zip(CONTINUOUS, jnp.exp(logs), strict=True))
    censored = {name: jnp.minimum(values[name], follow_up_days) for name in ("progression_days", "persistence_days")}
    nothing = Observables(*(jnp.asarray(jnp.nan) for _ in Observables._fields))
    return nothing._replace(
        **{**values, **censored},
        best_response=response.astype(float),
        crs_grade=grade.astype(float),
        progressed=(values["progression_days"] <= follow_up_days).astype(float),
        persistence_is_lower_bound=(values["persistence_days"] > follow_up_days).astype(float),
    )


def _ordinal(above: Array, level: Array) -> Array:
    """Log-probability of a level, 0 to k, by a cumulative logistic link; 0 where the level is negative (not observed).

    above: logits of reaching level 1 to k, decreasing, (k,).  The difference of two logistic functions is formed as
    s(a) s(-b) (1 - exp(b - a)), which loses no digits.
    """
    reach = jnp.concatenate([jnp.full(1, 50.0), above, jnp.full(1, -50.0)])
    held = jnp.maximum(level, 0)
    a, b = reach[held], reach[held + 1]
    log_p = jax.nn.log_sigmoid(a) + jax.nn.log_sigmoid(-b) + jnp.log(-jnp.expm1(jnp.minimum(b - a, -1e-9)))
    return jnp.where(level >= 0, log_p, 0.0)


def _ordinal_information(above: Array) -> Array:
    """Information of a level on a shift of its logits, ().  above: as in `_ordinal`."""
    reach = jnp.concatenate([jnp.ones(1), jax.nn.sigmoid(above), jnp.zeros(1)])
    p, slope = reach[:-1] - reach[1:], reach * (1.0 - reach)
    return jnp.sum((slope[:-1] - slope[1:]) ** 2 / jnp.maximum(p, 1e-12))


def _widened(scale: Array, error: Array) -> Array:
    """Scale of a logistic distribution with the variance of the link and of an error together."""
    return jnp.sqrt(scale**2 + (error / _LOGISTIC) ** 2)


def _codes(name: str, values: object, least: int, most: int, patients: Sequence[str]) -> np.ndarray:
    """Integers of an ordinal observable, `least` where missing."""
    numbers = np.asarray(values, float)
    codes = np.where(np.isnan(numbers), least, numbers)
    bad = ~((codes >= least) & (codes <= most) & (codes == np.round(codes)))
    if np.any(bad) or numbers.ndim != 1:
        row = int(np.argmax(bad)) if numbers.ndim == 1 else -1
        who = "all patients" if row < 0 else patients[row] if patients else f"patient {row}"
        allowed = f"whole numbers {max(least, 0)} to {most}, NaN where missing; shape (n,)"
        got = numbers if row < 0 else float(numbers[row])
        raise BadInput("not an ordinal code", where=f"{who}, {name}", got=got, allowed=allowed)
    return codes.astype(int)
