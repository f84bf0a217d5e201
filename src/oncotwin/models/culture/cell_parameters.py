"""Constants of the cells: growth under signals, inhibition, death, transitions between states, lineage steering."""

from jax import Array

from oncotwin.core.parameters import Parameters, param

_OURS = "uncalibrated"
_CHO = "uncalibrated; CHO cells 6.5 mM, PMC5874891; hybridoma 2 to 4 mM"
_AMBR = "Duran-Villalobos, T cells in ambr15, github.com/CarlosADuranVIllalobos/webappdemo"
_RATE = "1/hour"


class GrowthParameters(Parameters):
    """Greatest growth of every state, what drives it and what inhibits it."""

    mu_naive: Array = param(0.004, _RATE, bounds=(0, 0.2), source=_OURS, doc="Homeostatic growth of naive cells.")
    mu_activated: Array = param(
        0.05,
        _RATE,
        bounds=(0, 0.2),
        scope="patient",
        source="0.029 to 0.053 /h in spinners, 0.046 in a bioreactor: J Biol Eng 2019, s13036-019-0167-2, Table 1",
        doc="Greatest growth of activated blasts.",
    )
    mu_central_memory: Array = param(
        0.028, _RATE, bounds=(0, 0.2), source=_OURS, doc="Greatest growth under cytokines."
    )
    mu_effector: Array = param(0.03, _RATE, bounds=(0, 0.2), source=_OURS, doc="Greatest growth under cytokines.")
    mu_exhausted: Array = param(0.006, _RATE, bounds=(0, 0.2), source=_OURS, doc="Greatest growth under cytokines.")
    fitness: Array = param(
        1.0, "1", bounds=(0, 2), scope="patient", source=_OURS, doc="Growth relative to a healthy young donor."
    )
    senescent_fraction: Array = param(
        0.08,
        "1",
        bounds=(0, 1),
        scope="patient",
        source="CD57+ below 10 % of CD8+ cells in donors, 15 to 40 % in patients: a secondary source, of low quality",
        doc="Share of effector and exhausted cells that no longer divides.",
    )
    K_stat5: Array = param(
        0.25, "1", bounds=(1e-3, 10), source=_OURS, doc="STAT5 signal at half of the response, before normalisation."
    )
    costimulation: Array = param(
        0.4, "1", bounds=(0, 1), source=_OURS, doc="Share of a blast's growth that needs the activator's signal."
    )
    K_nfat: Array = param(
        0.15, "1", bounds=(1e-3, 10), source=_OURS, doc="NFAT signal at half of the response, before normalisation."
    )
    k_priming: Array = param(
        0.06, _RATE, bounds=(0, 1), source=_OURS, doc="Rate at which a full NFAT signal primes cells for cytokines."
    )
    k_fading: Array = param(
        0.004, _RATE, bounds=(0, 1), source=f"{_OURS}; half-life 7 days", doc="Rate at which priming fades."
    )
    unprimed: Array = param(
        0.1, "1", bounds=(0, 1), source=_OURS, doc="Share of cytokine-driven growth of cells that were not primed."
    )
    il21_growth: Array = param(
        0.1,
        "1",
        bounds=(0, 1),
        source=f"{_OURS}; interleukin 21 alone does not accumulate cells",
        doc="STAT5-like signal at saturating interleukin 21, which the cell model does not hold.",
    )

    # --- inhibition ---
    K_anoxia: Array = param(
        0.006,
        "mmol/L",
        bounds=(1e-6, 1),
        source=f"{_OURS}; 3 % air saturation: growth kept at 2 % oxygen in the gas and lost at 1 %",
        doc="Oxygen at which hypoxia signalling halves growth.",
    )
    n_anoxia: Array = param(3.0, "1", bounds=(1, 8), source=_OURS, doc="Steepness of that arrest.")
    K_lactic_acid: Array = param(
        0.02,
        "mmol/L",
        bounds=(1e-5, 1),
        source=f"{_OURS}; so that 20 mM of lactic acid takes 95 % of proliferation, Blood 109:3812",
        doc="Undissociated lactic acid that halves growth.",
    )
    n_lactic_acid: Array = param(3.0, "1", bounds=(1, 8), source=_OURS, doc="Steepness of the inhibition.")
    K_ammonia: Array = param(5.0, "mmol/L", bounds=(0.1, 100), source=_CHO, doc="Ammonia that halves growth.")
    n_ammonia: Array = param(2.0, "1", bounds=(1, 8), source=_OURS, doc="Steepness of the inhibition.")
    pH_best: Array = param(
        7.2, "1", bounds=(6.5, 7.8), source="optimum of hybridoma growth, Ozturk and Palsson 1991", doc="Best pH."
    )
    pH_width: Array = param(0.6, "1", bounds=(0.05, 3), source=_OURS, doc="pH difference at which growth falls to 1/e.")
    cold_sensitivity: Array = param(
        0.069, "1/kelvin", bounds=(0, 1), source=f"{_OURS}; a Q10 of 2", doc="Relative fall of growth below 37 degrees."
    )
    heat_tolerance: Array = param(
        2.5, "kelvin", bounds=(0.5, 10), source=_OURS, doc="Degrees above 37 at which heat halves growth."
    )


class DeathParameters(Parameters):
    """Causes of death, each a rate, and lysis."""

    death_naive: Array = param(0.001, _RATE, bounds=(0, 1), source=_OURS, doc="Death in good conditions.")
    death_activated: Array = param(0.0015, _RATE, bounds=(0, 1), source=_OURS, doc="Death in good conditions.")
    death_central_memory: Array = param(0.001, _RATE, bounds=(0, 1), source=_OURS, doc="Death in good conditions.")
    death_effector: Array = param(0.0015, _RATE, bounds=(0, 1), source=_OURS, doc="Death in good conditions.")
    death_exhausted: Array = param(
        0.007, _RATE, bounds=(0, 1), source=f"{_AMBR}: death of exhausted cells", doc="Death in good conditions."
    )
    neglect_naive: Array = param(0.004, _RATE, bounds=(0, 1), source=_OURS, doc="Death without a cytokine.")
    neglect_activated: Array = param(0.01, _RATE, bounds=(0, 1), source=_OURS, doc="Death without a cytokine.")
    neglect_central_memory: Array = param(0.008, _RATE, bounds=(0, 1), source=_OURS, doc="Death without a cytokine.")
    neglect_effector: Array = param(0.008, _RATE, bounds=(0, 1), source=_OURS, doc="Death without a cytokine.")
    neglect_exhausted: Array = param(0.015, _RATE, bounds=(0, 1), source=_OURS, doc="Death without a cytokine.")
    K_survival: Array = param(
        0.05, "1", bounds=(1e-3, 10), source=_OURS, doc="STAT5 signal at half of the survival, before normalisation."
    )
    death_hunger: Array = param(
        0.083, _RATE, bounds=(0, 1), source=f"{_AMBR}: death without glucose", doc="Death of a blast without glucose."
    )
    K_hunger: Array = param(
        0.28, "mmol/L", bounds=(1e-3, 20), source=f"{_AMBR}: threshold 0.05 g/L", doc="Glucose at half of that death."
    )
    n_hunger: Array = param(4.0, "1", bounds=(1, 8), source=_OURS, doc="Steepness of the threshold.")
    death_energy: Array = param(
        0.1, _RATE, bounds=(0, 1), source=_OURS, doc="Death of a cell that makes none of the ATP of its maintenance."
    )
    death_ammonia: Array = param(0.03, _RATE, bounds=(0, 1), source=_OURS, doc="Death at saturating ammonia.")
    K_toxic_ammonia: Array = param(10.0, "mmol/L", bounds=(0.1, 100), source=_OURS, doc="Ammonia at half of it.")
    death_acid: Array = param(0.006, _RATE, bounds=(0, 1), source=_OURS, doc="Death at saturating lactic acid.")
    K_toxic_acid: Array = param(
        0.08, "mmol/L", bounds=(1e-4, 1), source=_OURS, doc="Undissociated lactic acid at half of it."
    )
    death_induced: Array = param(
        0.006, _RATE, bounds=(0, 1), source=_OURS, doc="Activation-induced death of effector and exhausted cells."
    )
    lysis: Array = param(0.02, _RATE, bounds=(0, 1), source=_OURS, doc="Rate at which dead cells fall apart.")


class TransitionParameters(Parameters):
    """Rates of the transitions between states and the weights that steer the lineage."""

    k_activation: Array = param(
        0.08, _RATE, bounds=(0, 1), source=_OURS, doc="Naive and memory cells that become blasts under the activator."
    )
    k_rest: Array = param(0.016, _RATE, bounds=(0, 1), source=_OURS, doc="Blasts that leave the blast state.")
    rest_hold: Array = param(
        0.7, "1", bounds=(0, 1), source=_OURS, doc="Share by which a full NFAT signal slows that leaving."
    )
    k_differentiation: Array = param(
        0.008, _RATE, bounds=(0, 1), source=_OURS, doc="Central-memory cells that become effectors at full drive."
    )
    k_exhaustion: Array = param(
        0.015, _RATE, bounds=(0, 1), scope="patient", source=_OURS, doc="Effectors that tire at a full chronic signal."
    )
    exhaustion_blast: Array = param(0.3, "1", bounds=(0, 1), source=_OURS, doc="That rate of blasts, relative.")
    exhaustion_spare: Array = param(
        1.0, "1", bounds=(0, 10), source=_OURS, doc="Rise of exhaustion in a cell without spare respiratory capacity."
    )
    k_wear: Array = param(0.0005, _RATE, bounds=(0, 1), source=_OURS, doc="Effectors that tire without a signal.")
    k_recovery: Array = param(
        0.002, _RATE, bounds=(0, 1), source=_OURS, doc="Exhausted cells that recover without a chronic signal."
    )

    # --- what steers a blast to effector or to memory ---
    effector_base: Array = param(0.3, "1", bounds=(0, 10), source=_OURS, doc="Drive to effector without signals.")
    effector_mtor: Array = param(1.0, "1", bounds=(0, 10), source=_OURS, doc="Drive to effector of the mTOR signal.")
    effector_il2: Array = param(0.6, "1", bounds=(0, 10), source=_OURS, doc="Drive to effector of interleukin 2.")
    memory_base: Array = param(0.3, "1", bounds=(0, 10), source=_OURS, doc="Drive to memory without signals.")
    memory_il7: Array = param(
        0.6, "1", bounds=(0, 10), source=f"{_OURS}; direction: Blood 123:3750", doc="Drive to memory of interleukin 7."
    )
    memory_il15: Array = param(
        0.6, "1", bounds=(0, 10), source=f"{_OURS}; direction: Blood 123:3750", doc="Drive to memory of interleukin 15."
    )
    memory_il21: Array = param(
        0.5, "1", bounds=(0, 10), source=f"{_OURS}; direction: Blood 128:519", doc="Drive to memory of interleukin 21."
    )
    memory_ampk: Array = param(
        0.8, "1", bounds=(0, 10), source=f"{_OURS}; direction: PMC3784544", doc="Drive to memory of the AMPK signal."
    )
    memory_spare: Array = param(
        0.5, "1", bounds=(0, 10), source=f"{_OURS}; direction: PMC3269311", doc="Drive to memory of spare respiration."
    )
    memory_hypoxia: Array = param(
        1.5, "1", bounds=(0, 10), source=f"{_OURS}; direction: Cancers 11:602", doc="Drive to memory of hypoxia."
    )
    K_hypoxia: Array = param(
        0.015, "mmol/L", bounds=(1e-5, 1), source=f"{_OURS}; 7 % air saturation", doc="Oxygen at half of hypoxia."
    )
    K_il2: Array = param(0.5, "ng/mL", bounds=(1e-3, 100), source=_OURS, doc="Interleukin 2 at half occupancy.")
    K_il7: Array = param(1.0, "ng/mL", bounds=(1e-3, 100), source=_OURS, doc="Interleukin 7 at half occupancy.")
    K_il15: Array = param(0.5, "ng/mL", bounds=(1e-3, 100), source=_OURS, doc="Interleukin 15 at half occupancy.")
    K_il21: Array = param(5.0, "ng/mL", bounds=(1e-3, 100), source=_OURS, doc="Interleukin 21 at half occupancy.")
    activator_half: Array = param(
        8.0,
        "1/cell",
        bounds=(1e-3, 100),
        source=_OURS,
        doc="Activator equivalents (beads) for each cell that saturate half of the receptors.",
    )
    transduction: Array = param(
        0.35, "1", bounds=(0, 1), scope="treatment", source=_OURS, doc="Copies for each infectious unit and blast."
    )
