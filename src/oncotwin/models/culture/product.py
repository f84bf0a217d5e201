"""What a culture has made: counts, potency, risks, cost, and the reward of a policy.

The scores are ours and uncalibrated: they rank processes, they predict no patient.  Each is monotone in what it should
follow from (`tests/models/culture/test_product.py`).
"""

from typing import Any, NamedTuple

import jax.numpy as jnp

from oncotwin.core.exchange import Product
from oncotwin.core.parameters import Parameters
from oncotwin.models.culture.state import State, over_states
from oncotwin.numerics.elementary import exp, log, maximum, minimum

LN10 = 2.302585092994046


class Weights(NamedTuple):
    """Weights of the reward: a1 of cytotoxicity, a2 of CRS risk, a3 of neurotoxicity risk."""

    cytotoxicity: Any = 1.0
    crs: Any = 0.5
    neurotoxicity: Any = 0.5


def logistic(x: Any) -> Any:
    """Probability of log odds."""
    return 1 / (1 + exp(-x))


def potency(shares: Any, acid_stress: Any, p: Parameters) -> Any:
    """Killing by one cell, [0, 1]: immediate and under rechallenge, less what lactic acid took.

    shares: (5,) of viable cells.  acid_stress: [0, 1].
    """
    score = (1 - p.stay_weight) * over_states(p, "kill") + p.stay_weight * over_states(p, "stay")
    return jnp.sum(shares * score) * (1 - p.acid_damage * acid_stress)


def release(shares: Any, p: Parameters) -> Any:
    """Cytokines that one infused cell releases on contact, relative to a blast.  shares: (5,)."""
    return jnp.sum(shares * over_states(p, "release"))


def dose_of(car_positive: Any, p: Parameters) -> Any:
    """CAR-positive cells infused: the target, or all there are."""
    return minimum(car_positive, p.target_dose)


def crs_risk(released: Any, dose: Any, p: Parameters) -> Any:
    """Probability-like score of severe cytokine release: rises with release by a cell and with dose."""
    decades = log(maximum(dose, 1e-6 * p.dose_reference) / p.dose_reference) / LN10
    return logistic(p.crs_base + p.crs_release * released + p.crs_dose * decades)


def neurotoxicity_risk(crs: Any, copies: Any, p: Parameters) -> Any:
    """Probability-like score of severe neurotoxicity: follows cytokine release, and rises with vector copies."""
    return logistic(p.icans_base + p.icans_crs * crs + p.icans_copies * maximum(copies - 1.0, 0.0))


def cost(state: State, p: Parameters) -> Any:
    """Consumables and vessel time relative to a standard process: medium, days, cytokines, vector."""
    ledger = state.ledger
    return (
        p.cost_fixed
        + p.cost_medium * ledger.medium_ml / 1000.0
        + p.cost_day * state.culture_days
        + p.cost_cytokine * ledger.cytokine_ng
        + p.cost_vector * ledger.vector_units
    )


def product(state: State, p: Parameters) -> Product:
    """The product if the culture were harvested now."""
    viable = maximum(state.cells.viable, 1e-30)
    shares = jnp.stack(state.cells[:5]) / viable
    positive = state.cells.viable * state.car_fraction
    per_cell = state.copies / jnp.where(state.car_fraction > 0, state.car_fraction, 1.0)
    crs = crs_risk(release(shares, p), dose_of(positive, p), p)
    return Product(
        car_positive_cells=positive,
        viability=state.cells.viable / maximum(state.cells.viable + state.cells.dead, 1e-30),
        expansion_fold=state.cells.viable / state.seeded_cells,
        naive=shares[0],
        activated=shares[1],
        central_memory=shares[2],
        effector=shares[3],
        exhausted=shares[4],
        cytotoxicity=potency(shares, state.acid_stress, p),
        crs_risk=crs,
        neurotoxicity_risk=neurotoxicity_risk(crs, per_cell, p),
        copies_per_cell=per_cell,
        culture_days=state.culture_days,
        cost=cost(state, p),
    )


def reward(made: Product, weights: Weights) -> Any:
    """R = a1 cytotoxicity - a2 CRS risk - a3 neurotoxicity risk."""
    return (
        weights.cytotoxicity * made.cytotoxicity
        - weights.crs * made.crs_risk
        - weights.neurotoxicity * made.neurotoxicity_risk
    )
