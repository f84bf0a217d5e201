"""The virtual cell: signalling and release of one CAR-T cell, a rule-based network run in JAX.

`Cell` is the model; `source.write_cell` writes the same rules in PySB, for which the extra `pysb` is needed.
"""

from oncotwin.models.cell.dynamics import antigen_nmol_per_l
from oncotwin.models.cell.model import Cell
from oncotwin.models.cell.parameters import CellParameters
from oncotwin.models.cell.state import Action, Observation, State

__all__ = ["Action", "Cell", "CellParameters", "Observation", "State", "antigen_nmol_per_l"]
