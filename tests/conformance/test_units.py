"""Every rate function, evaluated on quantities with units, gives a state's unit per day."""

from typing import Any

import pint
import pytest

from oncotwin.io.specs.units import unit_registry
from oncotwin.models.tumour3d import FIELD_UNITS, Fields, TumourParameters, dynamics
from oncotwin.models.tumour3d import blood as circulation

UNITS = unit_registry()
DAY = UNITS.Unit("day")


def with_units(preset: str) -> TumourParameters:
    """The preset's parameters as quantities in their declared units."""
    values = TumourParameters.preset(preset)
    return TumourParameters(
        **{info.name: UNITS.Quantity(getattr(values, info.name), info.unit) for info in TumourParameters.about()}
    )


def state_with_units() -> Fields:
    """A voxel in which every term acts."""
    return Fields(*(UNITS.Quantity(0.1 * (i + 1), unit) for i, (unit, _) in enumerate(FIELD_UNITS.values())))


P = with_units("normalised")
U = state_with_units()


def is_in(quantity: Any, unit: str) -> bool:
    """Whether a quantity measures the same as a unit."""
    return UNITS.Quantity(quantity).check(UNITS.Unit(unit) if unit != "1" else "")


@pytest.mark.parametrize("law", [dynamics.kill, dynamics.turnover, dynamics.reaction])
def test_rates_of_the_fields_are_their_units_per_day(law):
    for (name, (unit, _)), rate in zip(FIELD_UNITS.items(), law(U, P), strict=True):
        assert rate.check(UNITS.Unit(unit) / DAY if unit != "1" else 1 / DAY), name


@pytest.mark.parametrize(
    ("rate", "unit"),
    [
        (lambda: dynamics.chi_C(U.A, P), "cm**2/day/attractant"),
        (lambda: dynamics.k_e(U.A, U.H, P), "1/day"),
        (lambda: dynamics.mu_AB(U.C, P), "1/day"),
        (lambda: dynamics.mu_BA(U.C, P), "1/day"),
        (lambda: dynamics.f(U.H, P), "1"),
        (lambda: dynamics.recovery(U.A, P), "1/day"),
        (lambda: dynamics.proliferation(U.C, U.T_A, P), "1/day"),
        (lambda: dynamics.growth(U.T_A, U.T_B, P), "1/day"),
        (lambda: circulation.contracting(UNITS.Quantity(4.0, "day"), P), "1"),
        (lambda: circulation.effector_rates(UNITS.Quantity(4.0, "day"), UNITS.Quantity(1e7, "cell"), P)[0], "1/day"),
        (lambda: circulation.effector_rates(UNITS.Quantity(4.0, "day"), UNITS.Quantity(1e7, "cell"), P)[1], "1/day"),
        (lambda: circulation.extravasation(UNITS.Quantity(8.0, "cm**3"), P), "1/day"),
        (lambda: circulation.acute_phase(UNITS.Quantity(30.0, "pg/mL"), P), "1"),
        (lambda: circulation.release(UNITS.Quantity(1e6, "cell/day"), P), "pg/mL/day"),
    ],
)
def test_rates_have_their_units(rate, unit):
    assert is_in(rate(), unit)


def test_diffusivities_are_areas_per_day():
    assert all(D.check(UNITS.Unit("cm**2/day")) for D in dynamics.diffusivities(P))


def test_a_wrong_unit_is_found():
    """The test can fail: a rate given as a number per cart is not a rate per day."""
    wrong = with_units("normalised").with_values(d_C=UNITS.Quantity(0.08, "1/cart"))
    with pytest.raises(pint.DimensionalityError):
        dynamics.turnover(U, wrong)


@pytest.mark.parametrize("preset", TumourParameters.presets)
def test_values_with_units_are_the_values_without(preset):
    """The same function gives the same number with units and without."""
    plain = Fields(*(q.magnitude for q in U))
    for a, b in zip(
        dynamics.reaction(U, with_units(preset)), dynamics.reaction(plain, TumourParameters.preset(preset)), strict=True
    ):
        assert a.magnitude == pytest.approx(float(b), rel=1e-12)
