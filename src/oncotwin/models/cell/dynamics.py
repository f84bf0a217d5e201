"""What surrounds a cell and what is seen of it, as functions of the amounts of its network's species."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from oncotwin.core.exchange import Signals
from oncotwin.models.cell.parameters import CellParameters
from oncotwin.models.cell.state import Action, Observation
from oncotwin.models.cell.subunits import Readout
from oncotwin.numerics.elementary import where

AVOGADRO = 6.02214076e23
"""Molecules in one mole; exact by the definition of the mole."""


def medium(amounts: Any, action: Action, p: CellParameters, readout: Readout) -> Any:
    """The amounts with the species of the medium as the action has them: nmol/L, beads as given, mmol/L.

    One ng/mL of a molar mass of M kg/mol is 1/M nmol/L.
    """
    around = (
        action.il2_ng_per_ml / p.il2_mass,
        action.il7_ng_per_ml / p.il7_mass,
        action.il15_ng_per_ml / p.il15_mass,
        action.antigen_nmol_per_l,
        action.activator,
        action.glucose_mmol_per_l,
    )
    return amounts.at[readout.medium].set(jnp.stack([jnp.asarray(x, amounts.dtype) for x in around]))


def antigen_nmol_per_l(targets_per_ml: Any, p: CellParameters) -> Any:
    """Antigen of target cells as a concentration, nmol/L: what binds with the rates of Singh et al. 2021."""
    per_litre = 1e3 * targets_per_ml * p.antigen_per_target
    return 1e9 * per_litre / AVOGADRO


def seen(amounts: Any, p: CellParameters, readout: Readout) -> Observation:
    """The observation of a cell.  amounts: (n,)."""
    shares = {name: _share(amounts, *weights) for name, weights in readout.shares.items()}
    held = {name: jnp.asarray(weights, amounts.dtype) @ amounts for name, weights in readout.amounts.items()}
    signals = Signals(
        stat5=shares["STAT5"],
        erk=shares["ERK"],
        nfat=shares["NFAT"],
        nfkb=shares["NFkB"],
        mtor=shares["mTOR"],
        ampk=shares["AMPK"],
        exhaustion=shares["TOX"],
        granzyme=shares["GZMB"],
        ifng=p.k_secretion * held["IFNg_in"],
        il2=p.k_secretion * held["IL2out_in"],
        gmcsf=p.k_secretion * held["GMCSF_in"],
    )
    return Observation(
        signals,
        ifng_released=held["IFNg_out"],
        il2_released=held["IL2out_out"],
        gmcsf_released=held["GMCSF_out"],
        car_bound=held["car_bound"],
        cd25=held["cd25"],
        energy=shares["ATP"],
    )


def _share(amounts: Any, part: np.ndarray, whole: np.ndarray) -> Any:
    """Part of the whole that the weights pick, in [0, 1]; zero of nothing."""
    all_of_it = jnp.asarray(whole, amounts.dtype) @ amounts
    some = all_of_it > 0
    return where(some, jnp.asarray(part, amounts.dtype) @ amounts / where(some, all_of_it, 1.0), 0.0)
