"""Parameters of the virtual cell: time in hours, soluble ligands in nmol/L, receptors in molecules, the rest in shares.

The rule-based source and the run in JAX take every value from here, under the same name.
"""

from oncotwin.models.cell.antigen import AntigenReceptor
from oncotwin.models.cell.cytokine import CytokineReceptor, Metabolism
from oncotwin.models.cell.programme import Programme


class CellParameters(AntigenReceptor, CytokineReceptor, Metabolism, Programme):
    """Constants of one CAR-T cell."""
