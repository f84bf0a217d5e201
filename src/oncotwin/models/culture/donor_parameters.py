"""Constants of the seeded cells, the sensors, the assays and the scores of the product."""

from jax import Array

from oncotwin.core.parameters import Parameters, param

_OURS = "uncalibrated"
_CHOICE = "a choice of the process"
_LOW = "uncalibrated; patients 10 to 30 %, donors 40 to 60 % naive: a secondary source, of low quality"


class SeedParameters(Parameters):
    """The cells of the donor that are seeded."""

    seed_density: Array = param(
        1e6, "cell/mL", bounds=(1e3, 1e8), scope="treatment", source=_CHOICE, doc="Viable cells at the start."
    )
    seed_viability: Array = param(
        0.95, "1", bounds=(0.01, 1), scope="patient", source=_OURS, doc="Viable share of the cells at the start."
    )
    naive_fraction: Array = param(
        0.5, "1", bounds=(0, 1), scope="patient", source=_LOW, doc="Naive and stem-memory share of viable cells."
    )
    memory_share: Array = param(
        0.5, "1", bounds=(0, 1), scope="patient", source=_OURS, doc="Central-memory share of those not naive."
    )
    exhausted_share: Array = param(
        0.05,
        "1",
        bounds=(0, 1),
        scope="patient",
        source=_OURS,
        doc="Exhausted share of those neither naive nor memory.",
    )


class SensorParameters(Parameters):
    """On-line noise, drift and response; at-line noise and delay."""

    sensor_response: Array = param(
        0.1, "hour", bounds=(1e-3, 5), source=f"{_OURS}; 0 to 15 min", doc="Response time of every on-line sensor."
    )
    noise_glucose: Array = param(0.05, "1", bounds=(0, 1), source=_OURS, doc="Relative noise of glucose.")
    noise_lactate: Array = param(0.05, "1", bounds=(0, 1), source=_OURS, doc="Relative noise of lactate.")
    noise_glutamine: Array = param(0.08, "1", bounds=(0, 1), source=_OURS, doc="Relative noise of glutamine.")
    noise_ammonia: Array = param(0.1, "1", bounds=(0, 1), source=_OURS, doc="Relative noise of ammonia.")
    noise_oxygen: Array = param(0.01, "1", bounds=(0, 1), source=_OURS, doc="Relative noise of dissolved oxygen.")
    noise_pH: Array = param(0.003, "1", bounds=(0, 1), source=f"{_OURS}; 0.02", doc="Relative noise of pH.")
    drift: Array = param(
        0.01, "1/day**0.5", bounds=(0, 1), source=_OURS, doc="Relative random walk of the metabolite sensors."
    )
    assay_every: Array = param(
        24.0, "hour", bounds=(1, 240), scope="treatment", source=_CHOICE, doc="Time between samples."
    )
    assay_delay: Array = param(
        18.0,
        "hour",
        bounds=(0, 240),
        source="12 to 24 h for flow cytometry",
        doc="Sample to result; at most one sample.",
    )
    noise_count: Array = param(0.1, "1", bounds=(0, 1), source=_OURS, doc="Relative noise of the cell count.")
    noise_viability: Array = param(0.02, "1", bounds=(0, 1), source=_OURS, doc="Noise of viability.")
    noise_flow: Array = param(0.03, "1", bounds=(0, 1), source=_OURS, doc="Noise of a share read by flow cytometry.")
    blast_ccr7: Array = param(
        0.6, "1", bounds=(0, 1), source=_OURS, doc="Share of blasts that flow cytometry reads as CCR7-positive."
    )


class ProductParameters(Parameters):
    """Scores of the product: potency, two risks, cost."""

    kill_naive: Array = param(0.2, "1", bounds=(0, 1), source=_OURS, doc="Immediate killing, relative.")
    kill_activated: Array = param(0.8, "1", bounds=(0, 1), source=_OURS, doc="Immediate killing, relative.")
    kill_central_memory: Array = param(0.5, "1", bounds=(0, 1), source=_OURS, doc="Immediate killing, relative.")
    kill_effector: Array = param(1.0, "1", bounds=(0, 1), source=_OURS, doc="Immediate killing, relative.")
    kill_exhausted: Array = param(0.3, "1", bounds=(0, 1), source=_OURS, doc="Immediate killing, relative.")
    stay_naive: Array = param(1.0, "1", bounds=(0, 1), source=_OURS, doc="Staying power under rechallenge, relative.")
    stay_activated: Array = param(0.7, "1", bounds=(0, 1), source=_OURS, doc="Staying power, relative.")
    stay_central_memory: Array = param(
        1.0,
        "1",
        bounds=(0, 1),
        source=f"{_OURS}; direction: Blood 123:3750, PMC8274631",
        doc="Staying power, relative.",
    )
    stay_effector: Array = param(0.4, "1", bounds=(0, 1), source=_OURS, doc="Staying power, relative.")
    stay_exhausted: Array = param(0.05, "1", bounds=(0, 1), source=_OURS, doc="Staying power, relative.")
    stay_weight: Array = param(
        0.5, "1", bounds=(0, 1), source=_OURS, doc="Weight of staying power beside immediate killing."
    )
    acid_damage: Array = param(
        0.5, "1", bounds=(0, 1), source="cytotoxicity -50 %, Blood 109:3812", doc="Loss of killing by lactic acid."
    )
    K_acid_damage: Array = param(
        0.01, "mmol/L", bounds=(1e-5, 1), source=_OURS, doc="Undissociated lactic acid at half of that loss."
    )
    acid_memory: Array = param(
        8.0, "hour", bounds=(0.1, 100), source="recovers in 24 h, Blood 109:3812: three times", doc="Time of recovery."
    )
    target_dose: Array = param(
        2.5e8, "cell", bounds=(1e5, 1e12), scope="treatment", source=_CHOICE, doc="CAR-positive cells infused at most."
    )
    release_activated: Array = param(1.0, "1", bounds=(0, 1), source=_OURS, doc="Cytokine release at infusion.")
    release_effector: Array = param(0.8, "1", bounds=(0, 1), source=_OURS, doc="Cytokine release at infusion.")
    release_central_memory: Array = param(0.4, "1", bounds=(0, 1), source=_OURS, doc="Cytokine release at infusion.")
    release_naive: Array = param(0.1, "1", bounds=(0, 1), source=_OURS, doc="Cytokine release at infusion.")
    release_exhausted: Array = param(0.2, "1", bounds=(0, 1), source=_OURS, doc="Cytokine release at infusion.")
    crs_base: Array = param(-2.6, "1", bounds=(-20, 20), source=_OURS, doc="Log odds of severe CRS, no release.")
    crs_release: Array = param(3.0, "1", bounds=(0, 20), source=_OURS, doc="Log odds for each unit of release.")
    crs_dose: Array = param(1.0, "1", bounds=(0, 20), source=_OURS, doc="Log odds for each decade of dose.")
    dose_reference: Array = param(1e8, "cell", bounds=(1e4, 1e12), source=_OURS, doc="Dose at which that is zero.")
    icans_base: Array = param(-3.2, "1", bounds=(-20, 20), source=_OURS, doc="Log odds of severe neurotoxicity.")
    icans_crs: Array = param(4.0, "1", bounds=(0, 20), source=_OURS, doc="Log odds for each unit of CRS risk.")
    icans_copies: Array = param(0.1, "1", bounds=(0, 20), source=_OURS, doc="Log odds for each vector copy above one.")
    cost_fixed: Array = param(0.4, "1", bounds=(0, 10), source=_OURS, doc="Share of a standard process that is fixed.")
    cost_medium: Array = param(0.15, "1/litre", bounds=(0, 10), source=_OURS, doc="Medium.")
    cost_day: Array = param(0.025, "1/day", bounds=(0, 10), source=_OURS, doc="Vessel and clean room.")
    cost_cytokine: Array = param(1e-5, "1/ng", bounds=(0, 1), source=_OURS, doc="Cytokines.")
    cost_vector: Array = param(1e-10, "1", bounds=(0, 1), source=_OURS, doc="Vector, for each infectious unit.")
