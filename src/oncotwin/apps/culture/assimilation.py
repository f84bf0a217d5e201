"""A sensor log taken into a culture: the state and some parameters, and the forecast before and after."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

import oncotwin
from oncotwin.apps.compiled import keep_compiled
from oncotwin.apps.culture.estimand import ESTIMATED, QUANTITIES, estimand, measured, natural, noise_of, prior
from oncotwin.apps.culture.figure_assimilation import draw_assimilation
from oncotwin.apps.culture.setup import CultureRun, actions_of, build
from oncotwin.apps.style import save
from oncotwin.errors import BadInput, NumericalFailure
from oncotwin.io.cultures.sensor_log import SensorLog, read_sensor_log
from oncotwin.io.cultures.timeline import timeline
from oncotwin.io.durable import storage, write_atomically
from oncotwin.io.fields import NOTICE
from oncotwin.io.rundir import FIGURES, SPEC, SUMMARY, begin, new_path
from oncotwin.io.specs.culture import CultureSpec
from oncotwin.io.specs.culture_consistency import steps_of
from oncotwin.io.specs.kinds import CULTURE
from oncotwin.io.specs.resolve import resolve, write_spec
from oncotwin.models.culture import CultureParameters
from oncotwin.studies.assimilate import Assimilation, assimilate

HOURS = 24.0
SAME_INSTANT = 1e-6
Z95 = 1.959964
"""Standard deviations on each side that hold 95 % of a Gaussian."""
CAPTION = (
    "A sensor log taken into the model. Points: measured. Grey: the forecast before any of it was known; colour: after "
    "all of it was, with the past corrected as it came in. Bands hold 95 %."
)


class Bands(NamedTuple):
    """What should be measured over time, in the units of a log: median and ends of the band of 95 %, (t, m) each."""

    low: np.ndarray
    median: np.ndarray
    high: np.ndarray


class Learnt(NamedTuple):
    """What a log has taught.  days: (t,).  parameters: name -> (before, after), each (low, median, high)."""

    days: np.ndarray
    before: Bands
    after: Bands
    parameters: Mapping[str, tuple[tuple[float, float, float], tuple[float, float, float]]]
    log_likelihood: float


def assimilate_log(
    log_file: Path, spec_file: Path | None, overrides: Sequence[str], names: Mapping[str, float], out: Path | None
) -> dict[str, Any]:
    """Take a log into the culture that a spec describes; the summary.

    names: parameters to estimate -> standard deviation of their logarithm before; empty for the usual ones.  out: an
    empty folder for summary, bands, figure and the spec with what was learnt; None for a new one in runs/.
    """
    log = read_sensor_log(log_file)
    spec = resolve(spec_file, overrides, CultureParameters, CULTURE)
    keep_compiled()
    learnt = learn(spec, log, names or ESTIMATED)
    summary = summarised(learnt, log, spec)
    path = new_path("assimilation") if out is None else out
    with begin(path) as run:
        summary["run_dir"] = str(path)
        after = {name: values[1][1] for name, values in learnt.parameters.items()}
        write_spec(run / SPEC, spec.model_copy(update={"parameters": {**spec.parameters, **after}}))
        run.write_json(SUMMARY, summary)
        with storage("write the bands", run / "bands.csv"):
            write_atomically(run / "bands.csv", bands_table(learnt).encode())
        save(draw_assimilation(learnt, log), run / FIGURES / "assimilation.png", CAPTION)
        return run.read_json(SUMMARY)


def learn(spec: CultureSpec, log: SensorLog, names: Mapping[str, float]) -> Learnt:
    """The forecast of a culture before and after a log.

    Raises BadInput if the log shows nothing that can be taken in or goes beyond the harvest.
    """
    usable = {key: values for key, values in log.values.items() if key in QUANTITIES}
    if not usable:
        allowed = ", ".join(QUANTITIES)
        raise BadInput("nothing in this log can be taken in", where=log.origin, got=list(log.values), allowed=allowed)
    ready = with_instants(spec, build(spec), log.days)
    times = np.asarray(ready.plan.times)
    rows = [int(np.argmin(np.abs(times - day))) for day in log.days]
    if np.max(np.abs(times[rows] - log.days)) > 10 * SAME_INSTANT:
        allowed = f"up to day {times[-1]:g}"
        raise BadInput("the log goes on after the harvest", where=log.origin, got=float(log.days[-1]), allowed=allowed)
    shown = measured(usable, rows, len(times))
    before, after = filtered(ready, names, [np.full(shown.shape, np.nan), shown])
    count = len(names)
    return Learnt(
        days=times,
        before=bands(before),
        after=bands(after),
        parameters={name: (_interval(before, i - count), _interval(after, i - count)) for i, name in enumerate(names)},
        log_likelihood=float(after.log_likelihood),
    )


def with_instants(spec: CultureSpec, ready: CultureRun, days: np.ndarray) -> CultureRun:
    """The culture with intervals that begin at some more days."""
    every = spec.time.output_every_hours / HOURS
    plan = timeline(steps_of(spec), every, spec.time.harvest_days, tuple(map(float, days)))
    controller = ready.controller._replace(actions=actions_of(plan, ready.task.model))
    return ready._replace(plan=plan, controller=controller, task=replace(ready.task, times=plan.times))


def filtered(ready: CultureRun, names: Mapping[str, float], several: Sequence[np.ndarray]) -> list[Assimilation]:
    """The filter on several sets of measurements.  Raises NumericalFailure if it leaves the finite numbers.

    First with the flux solver of known regions, whose compiled code is kept; with HiGHS at hand where that is not
    enough.
    """
    for solve in (ready.cache.known_solver, ready.cache.solver):
        filter_ = compiled_filter(ready, names, solve())
        found = [jax.device_get(filter_(jnp.asarray(shown))) for shown in several]
        if all(np.all(np.isfinite(one.estimated.mean)) for one in found):
            return found
    raise NumericalFailure(
        "the filter left the finite numbers", where="assimilate", remedy="Estimate fewer parameters, or narrower ones"
    )


def compiled_filter(ready: CultureRun, names: Mapping[str, float], solve: Any) -> Callable[[jax.Array], Assimilation]:
    """The filter as one compiled function of the measurements, (t, m)."""
    task = replace(ready.task, model=replace(ready.task.model, solve=solve))
    believed, drift = prior(names, ready.first, task.parameters)
    wanted, noise = estimand(tuple(names), ready.first), jnp.asarray(noise_of(task.parameters))

    def run(shown: jax.Array) -> Assimilation:
        return assimilate(task, ready.controller.actions, wanted, believed, drift, shown, noise, state=ready.first)

    return jax.jit(run)


def bands(found: Assimilation) -> Bands:
    """What should be measured, in the units of a log."""
    mean, wide = np.asarray(found.seen.mean), Z95 * np.asarray(found.seen.deviation)
    return Bands(*(natural(mean + sign * wide) for sign in (-1, 0, 1)))


def summarised(learnt: Learnt, log: SensorLog, spec: CultureSpec) -> dict[str, Any]:
    """What was learnt, in numbers."""
    keys = list(QUANTITIES)
    forecast = {}
    for key in ("viable_density_per_ml", "viability", "glucose_mmol_per_l", "lactate_mmol_per_l"):
        column = keys.index(key)
        forecast[key] = {
            name: dict(zip(Bands._fields, (float(x[-1, column]) for x in band), strict=True))
            for name, band in (("before", learnt.before), ("after", learnt.after))
        }
    ends = ("low", "median", "high")
    return {
        "status": "done",
        "log": log.origin,
        "protocol": spec.protocol,
        "measurements": int(sum(np.sum(np.isfinite(v)) for k, v in log.values.items() if k in QUANTITIES)),
        "not_taken_in": [key for key in log.values if key not in QUANTITIES],
        "parameters": {
            name: {"before": dict(zip(ends, b, strict=True)), "after": dict(zip(ends, a, strict=True))}
            for name, (b, a) in learnt.parameters.items()
        },
        "forecast_at_harvest": forecast,
        "log_likelihood": learnt.log_likelihood,
        "version": oncotwin.__version__,
        "notice": NOTICE,
    }


def bands_table(learnt: Learnt) -> str:
    """Bands before and after as CSV, a row an instant."""
    heads, columns = ["time [day]"], [learnt.days]
    for name, band in (("before", learnt.before), ("after", learnt.after)):
        for column, key in enumerate(QUANTITIES):
            heads += [f"{key} {name} {end}" for end in Bands._fields]
            columns += [values[:, column] for values in band]
    rows = np.stack(columns, axis=1)
    return "\n".join([",".join(heads), *(",".join(f"{x:.8g}" for x in row) for row in rows)]) + "\n"


def _interval(found: Assimilation, entry: int) -> tuple[float, float, float]:
    """Ends and median of a parameter at the end, from the entry of its logarithm."""
    mean = float(found.estimated.mean[-1, entry])
    wide = Z95 * float(np.sqrt(np.sum(found.estimated.factor[-1, entry] ** 2)))
    return tuple(float(np.exp(mean + sign * wide)) for sign in (-1, 0, 1))
