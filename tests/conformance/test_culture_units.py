"""The culture's rate functions, evaluated on quantities with units, give the units they state."""

from types import SimpleNamespace

import pint
import pytest

from oncotwin.io.specs.units import unit_registry
from oncotwin.models.culture import CultureParameters, acid_base, kinetics, states
from oncotwin.models.culture.product import crs_risk, dose_of

UNITS = unit_registry()
P = CultureParameters()
Q = SimpleNamespace(
    **{info.name: UNITS.Quantity(float(getattr(P, info.name)), info.unit) for info in CultureParameters.about()}
)
MM = UNITS.Quantity(2.0, "mmol/L")
ONE = UNITS.Quantity(0.4, "")
FLUX = "mmol/gram/hour"


def feels(**over):
    """What cells feel, with units."""
    names = ("stat5", "nfat", "mtor", "ampk", "exhaustion")
    signals = SimpleNamespace(**dict.fromkeys(names, ONE))
    usual = {"il2": ONE, "il7": ONE, "il15": ONE, "il21": ONE, "hypoxia": ONE}
    return SimpleNamespace(signals=signals, **(usual | over))


@pytest.mark.parametrize("info", CultureParameters.about(), ids=lambda info: info.name)
def test_every_parameter_has_a_unit_a_source_and_a_meaning(info):
    UNITS.Unit(info.unit if info.unit != "1" else "")
    assert info.source
    assert info.doc
    low, high = info.bounds
    assert low <= getattr(P, info.name) <= high


@pytest.mark.parametrize(
    ("rate", "unit"),
    [
        (lambda: kinetics.michaelis_menten(Q.v_glucose, MM, Q.K_glucose), FLUX),
        (lambda: kinetics.competitive(Q.v_glucose, MM, Q.K_glucose, MM, Q.K_deoxyglucose), FLUX),
        (
            lambda: kinetics.enzyme_bound(
                UNITS.Quantity(90.0, "1/hour"), UNITS.Quantity(0.01, "mmol/gram"), MM, Q.K_lactate
            ),
            FLUX,
        ),
        (lambda: kinetics.lactate_bound(MM, MM, Q), FLUX),
        (lambda: kinetics.expressed(Q.v_glutamine_rest, Q.v_glutamine, ONE), FLUX),
        (lambda: kinetics.undissociated(MM, UNITS.Quantity(7.2, ""), Q), "mmol/L"),
        (lambda: kinetics.inhibition(MM, Q.K_ammonia, Q.n_ammonia), ""),
        (lambda: kinetics.saturation(MM, Q.K_toxic_ammonia, Q.n_ammonia), ""),
        (lambda: kinetics.occupancy(UNITS.Quantity(6.0, "ng/mL"), Q.K_il2), ""),
        (lambda: kinetics.response(ONE, Q.K_stat5), ""),
        (lambda: kinetics.pH_factor(UNITS.Quantity(7.0, ""), Q), ""),
        (lambda: kinetics.temperature_factor(UNITS.Quantity(-2.0, "kelvin"), Q), ""),
        (lambda: kinetics.programme(Q.mu_activated, Q), ""),
        (lambda: states.activation(feels(), Q), "1/hour"),
        (lambda: states.leaving(feels(), Q), "1/hour"),
        (lambda: states.exhaustion(feels(), ONE, Q), "1/hour"),
        (lambda: states.recovery(feels(), Q), "1/hour"),
        (lambda: states.effector_share(feels(), ONE, Q), ""),
        (lambda: states.mitogen(feels(), Q), ""),
        (lambda: states.priming(feels(), Q)[0], "1/hour"),
        (lambda: states.priming(feels(), Q)[1], "1/hour"),
        (lambda: acid_base.bicarbonate(UNITS.Quantity(7.2, ""), UNITS.Quantity(36.0, "mmHg"), Q), "mmol/L"),
        (lambda: acid_base.base_form(MM, UNITS.Quantity(7.2, ""), Q.pK_lactate), "mmol/L"),
        (lambda: dose_of(UNITS.Quantity(1e8, "cell"), Q), "cell"),
        (lambda: crs_risk(ONE, UNITS.Quantity(1e8, "cell"), Q), ""),
        (lambda: Q.use_il2 / Q.il2_mass, "1/cell/hour"),
        (lambda: Q.kLa * Q.oxygen_saturation, "mmol/L/hour"),
    ],
)
def test_rates_have_their_units(rate, unit):
    assert UNITS.Quantity(rate()).check(UNITS.Unit(unit))


def test_values_with_units_are_the_values_without():
    with_units = states.exhaustion(feels(), ONE, Q).to("1/hour").magnitude
    plain = SimpleNamespace(signals=SimpleNamespace(exhaustion=0.4))
    assert with_units == pytest.approx(float(states.exhaustion(plain, 0.4, P)), rel=1e-12)


def test_a_wrong_unit_is_found():
    """The test can fail: a half-saturation in ng/mL is not one in mmol/L."""
    with pytest.raises(pint.DimensionalityError):
        kinetics.michaelis_menten(Q.v_glucose, MM, UNITS.Quantity(1.1, "1/hour"))
