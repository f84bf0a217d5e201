"""Elementary functions follow the kind of their argument."""

import casadi
import jax
import numpy as np
import pint
import pytest

from oncotwin.numerics import elementary

PURE = ("exp", "log", "sqrt")
UNITS = pint.UnitRegistry()


@pytest.mark.parametrize("name", PURE)
def test_numbers_arrays_symbols_and_quantities_give_the_same(name):
    function = getattr(elementary, name)
    wanted = float(getattr(np, name)(0.7))
    symbol = casadi.SX.sym("x")
    assert float(function(0.7)) == pytest.approx(wanted, rel=1e-15)
    assert isinstance(function(jax.numpy.asarray(0.7)), jax.Array)
    assert float(casadi.Function("f", [symbol], [function(symbol)])(0.7)) == pytest.approx(wanted, rel=1e-15)
    assert function(UNITS.Quantity(0.7, "")).magnitude == pytest.approx(wanted, rel=1e-15)


@pytest.mark.parametrize(("name", "wanted"), [("maximum", 2.0), ("minimum", 0.7)])
def test_extremes_of_every_kind(name, wanted):
    function = getattr(elementary, name)
    symbol = casadi.SX.sym("x")
    assert float(function(0.7, 2.0)) == wanted
    assert float(casadi.Function("f", [symbol], [function(symbol, 2.0)])(0.7)) == wanted
    assert function(UNITS.Quantity(0.7, "day"), UNITS.Quantity(2.0, "day")).to("day").magnitude == wanted


def test_choice_of_every_kind():
    symbol = casadi.SX.sym("x")
    chosen = elementary.where(symbol > 1, symbol, -symbol)
    assert float(casadi.Function("f", [symbol], [chosen])(0.7)) == -0.7
    assert float(elementary.where(jax.numpy.asarray(True), 1.0, 2.0)) == 1.0


def test_a_root_has_the_root_of_the_unit_and_a_power_its_power():
    area = UNITS.Quantity(4.0, "cm**2")
    assert elementary.sqrt(area).to("cm").magnitude == 2.0
    assert elementary.power(area, 2).to("cm**4").magnitude == 16.0


def test_the_exponential_of_a_quantity_with_a_unit_is_refused():
    with pytest.raises(pint.DimensionalityError):
        elementary.exp(UNITS.Quantity(1.0, "day"))
