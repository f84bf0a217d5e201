"""The acid-base state of the medium from its charge balance (Henderson and Hasselbalch; Stewart's strong ions).

    strong ions + ammonium + H = bicarbonate + lactate + glutamate + buffer base

Bicarbonate, lactate and buffer follow pH and pCO2; carbonate and hydroxide are left out, below 0.1 mM at any pH of a
culture.
"""

from typing import Any, NamedTuple, Self

import jax
import jax.numpy as jnp

from oncotwin.core.parameters import Parameters
from oncotwin.models.culture.state import Medium
from oncotwin.numerics.elementary import maximum, power

NEUTRAL = 7.2
"""pH from which Newton's method starts."""
ITERATIONS = 12
LONGEST = 1.0
"""Largest change of pH in one iteration."""
LN10 = 2.302585092994046


class Charges(NamedTuple):
    """What decides the pH: of the medium, then of the parameters."""

    lactate: Any
    glutamate: Any
    ammonia: Any
    strong_ions: Any
    carbon_dioxide: Any
    CO2_solubility: Any
    pK_bicarbonate: Any
    pK_lactate: Any
    buffer: Any
    buffer_pK: Any

    @classmethod
    def of(cls, medium: Any, p: Any) -> Self:
        """Those of a medium under parameters."""
        names = cls._fields
        return cls(*(getattr(medium, x) for x in names[:5]), *(getattr(p, x) for x in names[5:]))


def bicarbonate(pH: Any, pCO2: Any, p: Parameters | Charges) -> Any:
    """Bicarbonate in equilibrium with CO2, mmol/L."""
    return p.CO2_solubility * pCO2 * power(10.0, pH - p.pK_bicarbonate)


def base_form(total: Any, pH: Any, pK: Any) -> Any:
    """The dissociated part of a weak acid, in its unit."""
    return total / (1 + power(10.0, pK - pH))


def weak_charge(pH: Any, medium: Medium | Charges, p: Parameters | Charges) -> Any:
    """Negative charge of lactate, glutamate and buffer less that of ammonium, mmol/L."""
    return (
        base_form(medium.lactate, pH, p.pK_lactate)
        + medium.glutamate
        + base_form(p.buffer, pH, p.buffer_pK)
        - medium.ammonia
    )


def proton(pH: Any) -> Any:
    """Protons, mmol/L."""
    return 1e3 * power(10.0, -pH)


def charge_excess(pH: Any, medium: Medium | Charges, p: Parameters | Charges) -> Any:
    """Negative less positive charge at a pH, mmol/L; zero at the medium's own, and it rises with pH."""
    pCO2 = medium.carbon_dioxide
    return bicarbonate(pH, pCO2, p) + weak_charge(pH, medium, p) - medium.strong_ions - proton(pH)


def pH_of(medium: Medium, p: Parameters) -> Any:
    """The pH at which charges balance, by Newton's method with bounded steps.

    Only the last step, from the root, is differentiated, which gives the derivative of the root.
    """
    charged = Charges.of(medium, p)
    held = jax.lax.stop_gradient(charged)
    start = NEUTRAL + jnp.zeros(jnp.shape(medium.strong_ions))
    root = jax.lax.fori_loop(0, ITERATIONS, lambda _, pH: _improved(pH, held, held), start)
    return _improved(jax.lax.stop_gradient(root), charged, charged)


def _improved(pH: Any, medium: Charges, p: Charges) -> Any:
    """The pH after one of Newton's steps."""
    steep = LN10 * (
        bicarbonate(pH, medium.carbon_dioxide, p)
        + _steepness(medium.lactate, pH, p.pK_lactate)
        + _steepness(p.buffer, pH, p.buffer_pK)
        + proton(pH)
    )
    return pH - jnp.clip(charge_excess(pH, medium, p) / steep, -LONGEST, LONGEST)


def _steepness(total: Any, pH: Any, pK: Any) -> Any:
    """Slope of the base form in ln 10 times pH, in its unit."""
    free = 1 / (1 + power(10.0, pK - pH))
    return total * free * (1 - free)


def pCO2_at(pH: Any, medium: Medium, p: Parameters) -> Any:
    """The pCO2 that gives a pH, mmHg; below zero where no CO2 is little enough."""
    left = medium.strong_ions + proton(pH) - weak_charge(pH, medium, p)
    return left / bicarbonate(pH, 1.0, p)


def base_at(pH: Any, medium: Medium, p: Parameters) -> Any:
    """Strong base that must be added to reach a pH at the medium's pCO2, mmol/L; zero if none."""
    return maximum(charge_excess(pH, medium, p), 0.0)
