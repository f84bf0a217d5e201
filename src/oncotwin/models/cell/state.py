"""Records of the virtual cell: state, action, observation."""

from typing import Any, NamedTuple

from oncotwin.core.exchange import Signals


class State(NamedTuple):
    """One cell and what is around it.  time_days: since the first state.  amounts: of the network's species, (n,)."""

    time_days: Any
    amounts: Any


class Action(NamedTuple):
    """What surrounds the cell, held over an interval.

    il2, il7, il15_ng_per_ml: cytokines.  antigen_nmol_per_l: antigen of target cells, as if dissolved.  activator:
    beads at the cell; one saturates half of the receptors in contact.  glucose_mmol_per_l: in the medium.
    """

    il2_ng_per_ml: Any = 0.0
    il7_ng_per_ml: Any = 0.0
    il15_ng_per_ml: Any = 0.0
    antigen_nmol_per_l: Any = 0.0
    activator: Any = 0.0
    glucose_mmol_per_l: Any = 11.1


class Observation(NamedTuple):
    """What is seen of a cell.

    signals: shares and rates of release.  ifng, il2, gmcsf_released: molecules since the first state.  car_bound: CARs
    with antigen, molecules.  cd25: IL-2 receptor alpha chains on the surface, molecules.  energy: share of ATP.
    """

    signals: Signals
    ifng_released: Any
    il2_released: Any
    gmcsf_released: Any
    car_bound: Any
    cd25: Any
    energy: Any
