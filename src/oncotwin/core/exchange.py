"""Records that pass between families and studies."""

from typing import Any, Literal, NamedTuple

Route = Literal["intravenous", "layer", "ball"]


class Infusion(NamedTuple):
    """One administration of CAR-T cells.

    time_days: days from the first state.  cells: number given.  route: `intravenous` (through the blood), `layer` (a
    disc at the wall x = 0, as the published solver starts) or `ball` (injected into the field).  centre_cm: of the
    ball, None for the middle of the field.  radius_cm: of disc or ball.  depth_cm: thickness of the layer.
    exhausted_fraction: share of the cells given that are exhausted.
    """

    time_days: float
    cells: float
    route: Route = "intravenous"
    centre_cm: tuple[float, ...] | None = None
    radius_cm: float = 0.2
    depth_cm: float = 0.05
    exhausted_fraction: float = 0.0


class Adjunct(NamedTuple):
    """Drugs beside the CAR-T cells, at levels held from one day to another.

    start_days, end_days: days from the first state.  chemotherapy: level, one being a standard one.
    inhibitor_mg_per_kg: level of an inhibitor of angiogenesis.
    """

    start_days: float
    end_days: float
    chemotherapy: float = 0.0
    inhibitor_mg_per_kg: float = 0.0


class Latents(NamedTuple):
    """The reduced patient vector, equation (26); each in [0, 1], one half being the preset's patient.

    inf: infiltration.  exh: exhaustion.  cyt: cytotoxic potency.  esc: antigen escape.  env: suppressive
    microenvironment.  init: size and antigen heterogeneity of the first tumour.
    """

    inf: float = 0.5
    exh: float = 0.5
    cyt: float = 0.5
    esc: float = 0.5
    env: float = 0.5
    init: float = 0.5


class Signals(NamedTuple):
    """Quasi-steady signalling of one CAR-T cell.

    stat5, erk, nfat, nfkb, mtor, ampk, exhaustion, granzyme: share of the most the cell can reach, in [0, 1].  ifng,
    il2, gmcsf: release, molecules per cell and hour.  Leaves may carry leading axes.
    """

    stat5: Any
    erk: Any
    nfat: Any
    nfkb: Any
    mtor: Any
    ampk: Any
    exhaustion: Any
    granzyme: Any
    ifng: Any
    il2: Any
    gmcsf: Any


class SignalTable(NamedTuple):
    """Quasi-steady signals over the conditions of a culture, on a product grid.

    il2, il7, il15: cytokines around the cell, ng/mL.  activator: ligands of the receptor at the cell, relative to one
    that saturates half of the receptors.  glucose: mmol/L.  Each an increasing axis; every leaf of `signals` has the
    axes' lengths as its shape, in this order.
    """

    il2: Any
    il7: Any
    il15: Any
    activator: Any
    glucose: Any
    signals: Signals


class Product(NamedTuple):
    """What a culture has made: what decides the infusion.

    car_positive_cells: viable cells that carry the receptor.  viability: viable share of all cells.  expansion_fold:
    viable cells made for each one seeded.  naive, activated, central_memory, effector, exhausted: shares of the viable
    cells.  cytotoxicity, crs_risk, neurotoxicity_risk: scores in [0, 1].  copies_per_cell: vector copies for each
    CAR-positive cell.  culture_days: from seeding to harvest.  cost: consumables and vessel time, relative to one
    standard process.
    """

    car_positive_cells: Any
    viability: Any
    expansion_fold: Any
    naive: Any
    activated: Any
    central_memory: Any
    effector: Any
    exhausted: Any
    cytotoxicity: Any
    crs_risk: Any
    neurotoxicity_risk: Any
    copies_per_cell: Any
    culture_days: Any
    cost: Any
