"""Kinetic bounds and inhibition, v = k [S]/(K + [S]), written once as plain arithmetic.

Every function holds for a number, an array, a cohort or a pint quantity.
"""

from typing import Any, NamedTuple

from oncotwin.core.parameters import Parameters
from oncotwin.models.culture.state import Medium
from oncotwin.numerics.elementary import exp, maximum, minimum, power

BODY_C = 37.0
"""Degrees Celsius at which the temperature factor is one."""
HEAT_STEEPNESS = 4.0
"""Steepness of the fall of growth by heat."""


def michaelis_menten(v_max: Any, S: Any, K: Any) -> Any:
    """Rate of a saturable step: v = v_max [S]/(K + [S]).  The unit of v_max."""
    return v_max * S / (K + S)


def competitive(v_max: Any, S: Any, K: Any, inhibitor: Any, K_inhibitor: Any) -> Any:
    """The same with a competitor for the binding site: K (1 + I/K_I) in place of K."""
    return v_max * S / (K * (1 + inhibitor / K_inhibitor) + S)


def enzyme_bound(k_cat: Any, enzyme: Any, S: Any, K: Any) -> Any:
    """Bound on a reaction from its enzyme: k_cat E [S]/(K + [S]); k_cat 1/hour and E mmol/gram give mmol/gram/hour."""
    return michaelis_menten(k_cat * enzyme, S, K)


def lactate_bound(glucose: Any, lactate: Any, p: Parameters) -> Any:
    """Greatest lactate uptake, mmol/gDW/h: a fuel once glucose is scarce."""
    return michaelis_menten(p.v_lactate, lactate, p.K_lactate) * p.K_switch / (p.K_switch + glucose)


def expressed(rest: Any, growing: Any, programme: Any) -> Any:
    """Capacity between that of a resting and of a growing cell; programme: share of the growth programme, [0, 1]."""
    return rest + (growing - rest) * programme


def programme(growth: Any, p: Parameters) -> Any:
    """Share of the growth programme that a cell runs which wants to grow at this rate."""
    return minimum(growth / p.mu_programme, 1.0)


def undissociated(lactate: Any, pH: Any, p: Parameters) -> Any:
    """Undissociated lactic acid, mmol/L: what crosses the membrane and acidifies the cell."""
    return lactate / (1 + power(10.0, pH - p.pK_lactate))


def inhibition(x: Any, K: Any, n: Any) -> Any:
    """Share of a rate that is left: 1/(1 + (x/K)^n)."""
    return 1 / (1 + power(x / K, n))


def saturation(x: Any, K: Any, n: Any) -> Any:
    """Share of an effect that is reached: (x/K)^n/(1 + (x/K)^n)."""
    return 1 - inhibition(x, K, n)


def occupancy(cytokine: Any, K: Any) -> Any:
    """Share of receptors bound at a concentration."""
    return cytokine / (K + cytokine)


def response(signal: Any, K: Any) -> Any:
    """Response to a signal in [0, 1] that is zero at none and one at a full signal."""
    return signal * (1 + K) / (K + signal)


def pH_factor(pH: Any, p: Parameters) -> Any:
    """Share of growth left at a pH: a bell about the best."""
    return exp(-power((pH - p.pH_best) / p.pH_width, 2))


def temperature_factor(excess: Any, p: Parameters) -> Any:
    """Share of growth left at a temperature; excess: kelvin above 37 degrees Celsius.  One at 37."""
    cold = exp(minimum(excess, 0 * excess) * p.cold_sensitivity)
    heated = maximum(excess, 0 * excess) / p.heat_tolerance
    heat = (1 + exp(-HEAT_STEEPNESS)) / (1 + exp(HEAT_STEEPNESS * (heated - 1)))
    return cold * heat


class RateLaw(NamedTuple):
    """A kinetic bound on any reaction of the network beside those that the model always has.

    reaction: its id.  substrate: a field of `Medium`.  k_cat: 1/hour and enzyme: mmol/gDW, or their product as `k_cat`
    with an enzyme level of one.  K: in the substrate's unit.
    """

    reaction: str
    substrate: str
    k_cat: float
    K: float
    enzyme: float = 1.0

    def bound(self, medium: Medium) -> Any:
        """The greatest flux, mmol/gDW/h."""
        return enzyme_bound(self.k_cat, self.enzyme, maximum(getattr(medium, self.substrate), 0.0), self.K)
