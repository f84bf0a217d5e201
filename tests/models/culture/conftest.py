"""Fixtures of the culture's tests: the model on the shipped core, and its courses, simulated once."""

from types import SimpleNamespace

import jax
import numpy as np
import pytest
from culture_bench import CASES, courses, formula_table

from oncotwin.apps.culture.fluxes import taught
from oncotwin.io.networks.core import core_network
from oncotwin.models.culture import Culture


@pytest.fixture(scope="session")
def solve():
    """The flux balance of the shipped core, in JAX."""
    return taught(core_network()).solver()


@pytest.fixture(scope="session")
def model(solve):
    """The culture with its usual step."""
    return Culture(solve, formula_table())


@pytest.fixture(scope="session")
def ran(model):
    """Every case simulated: `ran("static")` gives its states at the ends of its intervals as NumPy arrays."""
    states = jax.tree.map(np.asarray, courses(model, list(CASES.values())))
    return _by_name(states)


@pytest.fixture(scope="session")
def ran_finely(solve):
    """The same with steps of half the length."""
    states = jax.tree.map(np.asarray, courses(Culture(solve, formula_table(), step_hours=0.125), list(CASES.values())))
    return _by_name(states)


def _by_name(states):
    names = list(CASES)
    return lambda name: jax.tree.map(lambda x: x[names.index(name)], states)


@pytest.fixture(scope="session")
def parameters():
    """The parameters of every case."""
    return SimpleNamespace(**{name: case.p for name, case in CASES.items()})
