"""PySB models converted: the same course as in PySB's simulator, a clear word where a tool or a meaning is missing."""

import importlib
import subprocess
import warnings
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

pytest.importorskip("pysb", reason="the extra `pysb` is not installed")
from pysb import Compartment, Expression, Initial, Model, Monomer, Observable, Parameter, Rule
from pysb.core import Tag
from sympy import Min, Piecewise, ceiling, exp, pi, sqrt, tanh

from oncotwin.errors import BadInput
from oncotwin.io.networks import pysb_network
from oncotwin.io.networks.pysb_network import check_tools, network_of
from oncotwin.io.networks.sympy_text import text_of
from oncotwin.numerics.expressions import read_expression
from oncotwin.numerics.mass_action import MassAction, Tolerances

with warnings.catch_warnings():  # PySB 1.17.0, simulator/ssa_base.py, when it is compiled for the first time
    warnings.filterwarnings("ignore", message="invalid escape sequence")
    from pysb.simulator import ScipyOdeSimulator


def ours(network, times, tight):
    law = MassAction(network)
    follow = jax.jit(lambda constants, times: law.integrate(law.initial(constants), constants, times, tight))
    return np.asarray(follow(law.constants({}), jnp.asarray(times)))


def theirs(model, times, tolerance):
    options = {"rtol": 1e-11, "atol": tolerance}
    simulator = ScipyOdeSimulator(model, times, integrator="lsoda", compiler="python", integrator_options=options)
    return np.asarray(simulator.run().species)


def agree(model, end, smallest=1e-12):
    """Every species at every time to 1e-6 of itself, or of a millionth of the largest."""
    times = np.linspace(0.0, end, 6)
    expected = theirs(model, times, smallest)
    found = ours(network_of(model), times, Tolerances(1e-9, smallest))
    scale = np.abs(expected) + 1e-6 * np.abs(expected).max()
    assert np.max(np.abs(found - expected) / scale) < 1e-6


@pytest.mark.parametrize(
    ("name", "end", "smallest"),
    [
        ("robertson", 40.0, 1e-14),
        ("earm_1_0", 4000.0, 1e-10),
        ("bngwiki_enzymatic_cycle_mm", 10.0, 1e-10),  # a rate that is a function of observables
        ("fixed_initial", 10.0, 1e-10),  # a species of the medium
        ("synth_deg", 10.0, 1e-10),  # made of nothing, lost to nothing
        pytest.param(  # a rate that depends on time
            "time",
            10.0,
            1e-10,
            marks=pytest.mark.filterwarnings("ignore:Model does not contain any initial conditions:UserWarning"),
        ),
        ("localfunc", 5.0, 1e-10),  # rates that BioNetGen works out for each species
    ],
)
def test_examples_of_pysb_run_as_in_pysb(name, end, smallest):
    agree(importlib.import_module(f"pysb.examples.{name}").model, end, smallest)


def small(rate=None):
    """A decays at a rate that may be an expression."""
    model = Model("small", _export=False)

    def added(component):
        model.add_component(component)
        return component

    A = added(Monomer("A", _export=False))
    k = added(Parameter("k", 0.7, _export=False))
    seen = added(Observable("seen", A(), _export=False))
    law = k if rate is None else added(Expression("law", rate(k, seen), _export=False))
    model.add_initial(Initial(A(), k, _export=False))
    added(Rule("decay", A() >> None, law, _export=False))
    return model


def test_piecewise_rates_run_as_in_pysb():
    agree(small(lambda k, seen: Piecewise((k * seen, seen > 0.3), (sqrt(k), True))), 3.0)


def test_compartments_are_refused_by_name():
    model = Model("divided", _export=False)
    model.add_component(Compartment("cytosol", _export=False))
    with pytest.raises(BadInput, match="divided: compartments are not supported; got 'cytosol'"):
        network_of(model)


def test_what_the_language_lacks_is_refused_by_name():
    with pytest.raises(BadInput, match=r"small, law: not in the language.*tanh"):
        network_of(small(lambda k, seen: tanh(k * seen)))


def test_a_model_without_rules_is_refused():
    empty = Model("empty", _export=False)
    empty.add_component(Monomer("A", _export=False))
    with pytest.raises(BadInput, match="model empty: BioNetGen cannot expand this model; got 'Model has no rules'"):
        network_of(empty)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        (lambda x: 3 * x**2 / 7 - x / 3, 3 * 4 / 7 - 2 / 3),
        (lambda x: exp(-x) + pi, np.exp(-2) + np.pi),
        (lambda x: Min(x, 3, 1.5), 1.5),
        (lambda x: Piecewise((1, x > 5), (2, (x > 1) & (x < 3)), (3, True)), 2.0),
        (lambda x: 0.1 + 1e-17 * x, 0.1),
    ],
)
def test_sympy_becomes_text_of_the_same_value(expression, value):
    symbol = Parameter("x", 2.0, _export=False)
    text = text_of(expression(symbol), lambda atom: atom.name, "test")
    assert float(read_expression(text, "test").evaluate({"x": 2.0})) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize("expression", [lambda x: ceiling(x), lambda x: Piecewise((1, x > 5)), lambda x: x * 1j])
def test_other_sympy_is_refused(expression):
    with pytest.raises(BadInput, match=r"test: (not in the language|a piecewise function)"):
        text_of(expression(Tag("x", _export=False)), lambda atom: atom.name, "test")


def test_a_missing_library_is_named(monkeypatch):
    monkeypatch.setattr(pysb_network, "pysb", None)
    with pytest.raises(
        BadInput, match=r"PySB, which is not installed. Install it with: pip install 'oncotwin\[pysb\]'"
    ):
        check_tools()


def test_a_missing_perl_is_named(monkeypatch):
    monkeypatch.setattr(pysb_network.shutil, "which", lambda name: None)
    with pytest.raises(BadInput, match="needs perl, which was not found"):
        check_tools()


def test_a_perl_without_its_modules_is_named(monkeypatch):
    answer = SimpleNamespace(returncode=2, stderr="Can't locate FindBin.pm in @INC\n")
    monkeypatch.setattr(subprocess, "run", lambda *args, **kwargs: answer)
    with pytest.raises(BadInput, match=r"the whole of perl.*FindBin\.pm.*apt install perl"):
        check_tools()


def test_a_missing_bionetgen_is_named(monkeypatch):
    def lost(name):
        raise Exception("The program BioNetGen was not found")

    monkeypatch.setattr(pysb_network.pathfinder, "get_path", lost)
    monkeypatch.setattr(pysb_network, "find_spec", lambda name: None)
    with pytest.raises(BadInput, match="needs BioNetGen, which was not found"):
        check_tools()


def test_bionetgen_is_found_without_its_interface(monkeypatch):
    """Where PySB cannot import bionetgen, the generator inside it is still used."""
    pointed = []

    def lost(name):
        raise Exception("The program BioNetGen was not found")

    monkeypatch.setattr(pysb_network.pathfinder, "get_path", lost)
    monkeypatch.setattr(pysb_network.pathfinder, "set_path", lambda name, path: pointed.append(path))
    check_tools()
    assert pointed
    assert "bng-" in pointed[0]
