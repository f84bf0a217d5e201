"""Constants of metabolism: cell mass, kinetic bounds on uptake, respiration, maintenance.

Fluxes are per gram of dry mass, as the network counts them; a rate per cell is a flux times the cell's mass.
"""

from jax import Array

from oncotwin.core.parameters import Parameters, param

_OURS = "uncalibrated"
_BLAST = "uncalibrated; the activated-blast bounds of the T-cell core"
_AMBR = "Duran-Villalobos, T cells in ambr15, github.com/CarlosADuranVIllalobos/webappdemo"
_FLUX = "mmol/gram/hour"


class MetabolicParameters(Parameters):
    """Cell mass, uptake and respiration of every cell state."""

    # --- dry mass ---
    mass_naive: Array = param(
        36.0, "pg/cell", bounds=(5, 500), source=f"{_OURS}; a blast over 2.8", doc="Dry mass of a naive cell."
    )
    mass_activated: Array = param(
        100.0,
        "pg/cell",
        bounds=(5, 500),
        source=f"{_OURS}; mass rises 2.8-fold on activation (live-cell interferometry)",
        doc="Dry mass of an activated blast.",
    )
    mass_central_memory: Array = param(
        50.0, "pg/cell", bounds=(5, 500), source=_OURS, doc="Dry mass of a central-memory cell."
    )
    mass_effector: Array = param(80.0, "pg/cell", bounds=(5, 500), source=_OURS, doc="Dry mass of an effector cell.")
    mass_exhausted: Array = param(70.0, "pg/cell", bounds=(5, 500), source=_OURS, doc="Dry mass of an exhausted cell.")

    # --- greatest uptake, of a resting and of a fully growing cell ---
    v_glucose_rest: Array = param(
        0.1, _FLUX, bounds=(0, 20), source=f"{_OURS}; the resting bound of the core", doc="Glucose uptake at rest."
    )
    v_glucose: Array = param(
        2.78,
        _FLUX,
        bounds=(0, 20),
        scope="patient",
        source=f"{_AMBR}: 0.05 mg/(1e6 cells h) = 278 fmol/cell/h, at 100 pg",
        doc="Greatest glucose uptake of a growing cell.",
    )
    v_glutamine_rest: Array = param(
        0.005,
        _FLUX,
        bounds=(0, 5),
        source=f"{_OURS}; the resting bound of the core is 0.02",
        doc="Glutamine uptake at rest.",
    )
    v_glutamine: Array = param(
        0.08,
        _FLUX,
        bounds=(0, 5),
        source=f"{_OURS}; the effector bound of the core",
        doc="Greatest glutamine uptake of a growing cell.",
    )
    v_glutamate_rest: Array = param(0.002, _FLUX, bounds=(0, 5), source=_OURS, doc="Glutamate uptake at rest.")
    v_glutamate: Array = param(
        0.02, _FLUX, bounds=(0, 5), source=_BLAST, doc="Greatest glutamate uptake of a growing cell."
    )
    v_amino_acids_rest: Array = param(
        0.01, _FLUX, bounds=(0, 5), source=_OURS, doc="Uptake of the scarcest essential amino acid at rest."
    )
    v_amino_acids: Array = param(
        0.1, _FLUX, bounds=(0, 5), source=_BLAST, doc="Greatest uptake of the scarcest essential amino acid."
    )
    v_lactate: Array = param(0.5, _FLUX, bounds=(0, 20), source=_OURS, doc="Greatest lactate uptake as a fuel.")
    mu_programme: Array = param(
        0.05,
        "1/hour",
        bounds=(1e-3, 1),
        source=f"{_OURS}; the fastest growth",
        doc="Growth at which the transporters are fully expressed.",
    )

    # --- half-saturation ---
    K_glucose: Array = param(
        1.1, "mmol/L", bounds=(1e-3, 50), source=f"{_AMBR}: 0.2 g/L", doc="Glucose at half of the greatest uptake."
    )
    K_glutamine: Array = param(
        0.21,
        "mmol/L",
        bounds=(1e-4, 10),
        source="Truskey et al. 1990, HuT-78, growth on glutamine",
        doc="Glutamine at half of the greatest uptake.",
    )
    K_glutamate: Array = param(
        0.05, "mmol/L", bounds=(1e-4, 10), source=_OURS, doc="Glutamate at half of the greatest uptake."
    )
    K_amino_acids: Array = param(
        0.05, "mmol/L", bounds=(1e-4, 10), source=_OURS, doc="Essential amino acid at half of the greatest uptake."
    )
    K_oxygen: Array = param(
        0.003, "mmol/L", bounds=(1e-6, 1), source=f"{_OURS}; 1.5 % air saturation", doc="Oxygen at half respiration."
    )
    K_lactate: Array = param(
        10.0, "mmol/L", bounds=(1e-3, 100), source=_OURS, doc="Lactate at half of the greatest lactate uptake."
    )
    K_switch: Array = param(
        1.0, "mmol/L", bounds=(1e-3, 50), source=_OURS, doc="Glucose that halves the uptake of lactate."
    )
    deoxyglucose: Array = param(
        0.0,
        "mmol/L",
        bounds=(0, 50),
        scope="treatment",
        source="a choice of the process",
        doc="2-deoxyglucose in the medium, which competes with glucose.",
    )
    K_deoxyglucose: Array = param(
        0.2, "mmol/L", bounds=(1e-3, 50), source=_OURS, doc="2-deoxyglucose that doubles the apparent K_glucose."
    )

    # --- respiration: the electron-transport cap that makes activated cells overflow ---
    respiration_naive: Array = param(
        0.25, _FLUX, bounds=(0, 5), source=f"{_OURS}; the resting bound of the core", doc="Greatest oxygen use, naive."
    )
    respiration_activated: Array = param(
        0.4,
        _FLUX,
        bounds=(0, 5),
        scope="patient",
        source=f"{_OURS}; animal cells use up to 200 fmol/cell/h",
        doc="Greatest oxygen use of a blast; below its demand, so that it makes lactate.",
    )
    respiration_central_memory: Array = param(
        0.7, _FLUX, bounds=(0, 5), source=f"{_OURS}; the memory-like bound of the core", doc="Greatest oxygen use."
    )
    respiration_effector: Array = param(
        0.3, _FLUX, bounds=(0, 5), source=f"{_OURS}; the effector bound of the core", doc="Greatest oxygen use."
    )
    respiration_exhausted: Array = param(
        0.25, _FLUX, bounds=(0, 5), source=_OURS, doc="Greatest oxygen use; exhausted cells respire poorly."
    )
    respiration_il15: Array = param(
        0.3,
        "1",
        bounds=(0, 5),
        source=f"{_OURS}; interleukin 15 gives spare respiratory capacity, interleukin 2 does not (PMC3269311)",
        doc="Rise of the respiratory cap at saturating interleukin 15.",
    )

    # --- maintenance ---
    maintenance_naive: Array = param(0.5, _FLUX, bounds=(0, 20), source=_OURS, doc="ATP demand without growth.")
    maintenance_activated: Array = param(2.0, _FLUX, bounds=(0, 20), source=_OURS, doc="ATP demand without growth.")
    maintenance_central_memory: Array = param(
        0.8, _FLUX, bounds=(0, 20), source=_OURS, doc="ATP demand without growth."
    )
    maintenance_effector: Array = param(1.6, _FLUX, bounds=(0, 20), source=_OURS, doc="ATP demand without growth.")
    maintenance_exhausted: Array = param(1.0, _FLUX, bounds=(0, 20), source=_OURS, doc="ATP demand without growth.")
