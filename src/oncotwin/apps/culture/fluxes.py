"""The flux balance of a culture, made ready: a cache taught beforehand, and how a run goes on where it knows nothing.

A run asks the cache only for what it knows, in compiled code that never calls the host and so can be kept between
runs.  Where it knows nothing the answer is NaN: then the rest of the run is simulated once with the cache that asks
HiGHS, which teaches it, and the interval is taken again.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files
from typing import Any

import numpy as np

from oncotwin.core.controller import Controller
from oncotwin.core.rollout import Transition, transitions
from oncotwin.core.task import Task
from oncotwin.models.culture import GROWTH, MAINTENANCE, OUTPUTS, VARYING
from oncotwin.numerics.flux_balance import FluxCache
from oncotwin.numerics.network import Network

WITHIN = 10.0
"""Largest varying bound that the cache keeps regions for, mmol/gDW/h."""

_CONDITIONS = files("oncotwin").joinpath("data", "culture", "conditions.csv")


def conditions() -> np.ndarray:
    """Varying bounds met in shipped protocols, (points, k), found by `oncotwin.apps.culture.conditions`."""
    rows = csv.DictReader(io.StringIO(_CONDITIONS.read_text(encoding="utf-8")))
    return np.array([[float(row[name]) for name in VARYING] for row in rows])


def cache_of(network: Network, outputs: tuple[str, ...] = OUTPUTS) -> FluxCache:
    """A cache for a culture's cells that knows next to nothing.

    Raises BadInput for a network without the reactions that the culture needs.
    """
    return FluxCache.build(
        network, varying=VARYING, outputs=outputs, growth=GROWTH, maintenance=MAINTENANCE, within=WITHIN
    )


def taught(network: Network, outputs: tuple[str, ...] = OUTPUTS) -> FluxCache:
    """A cache for a culture's cells that knows the regions of `conditions`.  Raises BadInput as `cache_of`."""
    cache = cache_of(network, outputs)
    cache.learn(conditions())
    return cache


def learning_transitions(
    task: Task, controller: Controller, cache: FluxCache, *, state: Any, memory: Any, first: int
) -> Iterator[Transition]:
    """As `core.rollout.transitions`, for a culture whose model asks for known regions only.

    An interval that ends in numbers which cannot be trusted is handed on only if nothing could be learnt from it.
    """
    while first < len(task.times) - 1:
        for transition in transitions(task, controller, state=state, memory=memory, first=first):
            if transition.numerics:
                break
            state, memory, first = transition.state, transition.decision.memory, first + 1
            yield transition
        else:
            return
        if not _learn(task, controller, cache, state=state, memory=memory, first=first):
            yield transition
            return
        task = replace(task, model=replace(task.model, solve=cache.known_solver()))


def _learn(task: Task, controller: Controller, cache: FluxCache, **where: Any) -> int:
    """How many regions the rest of a run teaches the cache."""
    known = len(cache)
    asking = replace(task, model=replace(task.model, solve=cache.solver()))
    for transition in transitions(asking, controller, **where):
        if transition.numerics:
            break
    return len(cache) - known
