"""The virtual cell as a PySB model: the source of the committed network.  Needs the extra `pysb`.

`oncotwin cell rebuild` generates the network from it with BioNetGen; running the cell needs neither.
"""

from pysb import Model

from oncotwin.models.cell.parameters import CellParameters
from oncotwin.models.cell.rules.antigen import engage
from oncotwin.models.cell.rules.cytokine import signal_cytokines
from oncotwin.models.cell.rules.draft import Draft
from oncotwin.models.cell.rules.metabolism import metabolise
from oncotwin.models.cell.rules.programme import exhaust, release, transcribe


def write_cell(parameters: CellParameters) -> Model:
    """The rules of one CAR-T cell, with these values."""
    draft = Draft("cart_cell", parameters)
    pd1 = draft.switch("PD1")
    engaged = engage(draft, pd1)
    factors = transcribe(draft, engaged)
    tox = exhaust(draft, pd1, factors)
    stat5 = signal_cytokines(draft, factors.paired)
    mtor = metabolise(draft, engaged.cd28, stat5)
    release(draft, factors, tox, stat5, mtor)
    return draft.model
