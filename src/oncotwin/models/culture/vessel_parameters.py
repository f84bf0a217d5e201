"""Constants of vessel, gas, medium and cytokines."""

from jax import Array

from oncotwin.core.parameters import Parameters, param

_OURS = "uncalibrated"
_CHOICE = "a choice of the process"
_TEXTBOOK = "textbook value for plasma at 37 C"
_SIN = "perfusion microbioreactor, github.com/nsuhasj/perfReactorCarT: 24 to 44 /h"


class VesselParameters(Parameters):
    """Volume, gas transfer and what the vessel's controllers can do."""

    volume_start: Array = param(100.0, "mL", bounds=(0.1, 1e5), scope="treatment", source=_CHOICE, doc="First volume.")
    volume_most: Array = param(
        1000.0, "mL", bounds=(0.1, 1e6), scope="treatment", source=_CHOICE, doc="Volume at which feeds stop."
    )
    kLa: Array = param(
        2.0,
        "1/hour",
        bounds=(0.01, 1e3),
        scope="treatment",
        source=f"{_OURS} for static vessels; {_SIN}",
        doc="Oxygen transfer coefficient; of a static vessel that of its membrane or surface over its depth.",
    )
    kLa_ratio: Array = param(0.9, "1", bounds=(0.1, 2), source=_OURS, doc="Transfer of CO2 relative to oxygen.")
    oxygen_saturation: Array = param(
        0.203,
        "mmol/L",
        bounds=(0.05, 1),
        source="6.5 mg/L, Duran-Villalobos, T cells in ambr15",
        doc="Dissolved oxygen in equilibrium with air.",
    )
    oxygen_gas_most: Array = param(
        100.0,
        "1",
        bounds=(0, 480),
        scope="treatment",
        source=_CHOICE,
        doc="Richest gas, in per cent of the oxygen of air: 100 is air, 476 pure oxygen.",
    )
    oxygen_control: Array = param(
        0.0,
        "1",
        bounds=(0, 1),
        scope="treatment",
        source=_CHOICE,
        doc="0: the set-point is the gas of the incubator; 1: the gas follows until the medium is at the set-point.",
    )
    CO2_gas: Array = param(
        36.0, "mmHg", bounds=(0, 200), scope="treatment", source="5 % of 713 mmHg", doc="CO2 in the gas."
    )
    CO2_gas_least: Array = param(
        1.0, "mmHg", bounds=(0, 200), scope="treatment", source=_CHOICE, doc="Least CO2 that control can reach."
    )
    CO2_gas_most: Array = param(
        100.0, "mmHg", bounds=(0, 700), scope="treatment", source=_CHOICE, doc="Most CO2 that control can reach."
    )
    pH_control: Array = param(
        0.0, "1", bounds=(0, 1), scope="treatment", source=_CHOICE, doc="Share of the CO2 correction that is made."
    )
    base_control: Array = param(
        0.0,
        "1",
        bounds=(0, 1),
        scope="treatment",
        source=_CHOICE,
        doc="Share of the base correction that is made; the base is strong, its volume neglected.",
    )
    clearance: Array = param(
        0.0, "1", bounds=(0, 1), scope="treatment", source=_CHOICE, doc="Share of dead cells that leaves with outflow."
    )


class MediumParameters(Parameters):
    """The fresh medium, the feeds and the chemistry of the medium."""

    medium_glucose: Array = param(
        20.0, "mmol/L", bounds=(0, 200), scope="treatment", source=f"{_OURS}; RPMI-1640 has 11.1", doc="Fresh medium."
    )
    medium_lactate: Array = param(
        0.0, "mmol/L", bounds=(0, 100), scope="treatment", source=_CHOICE, doc="Fresh medium; as lactic acid."
    )
    medium_glutamine: Array = param(
        4.0, "mmol/L", bounds=(0, 50), scope="treatment", source=f"{_OURS}; RPMI-1640 has 2.05", doc="Fresh medium."
    )
    medium_glutamate: Array = param(
        0.14, "mmol/L", bounds=(0, 50), scope="treatment", source="RPMI-1640: 20 mg/L", doc="Fresh medium."
    )
    medium_ammonia: Array = param(0.1, "mmol/L", bounds=(0, 50), scope="treatment", source=_OURS, doc="Fresh medium.")
    medium_amino_acids: Array = param(
        0.8,
        "mmol/L",
        bounds=(0, 50),
        scope="treatment",
        source=f"{_OURS}; RPMI-1640 has 0.22 of lysine, serum-free media more",
        doc="Scarcest essential amino acid (lysine) in fresh medium.",
    )
    medium_strong_ions: Array = param(
        29.0,
        "mmol/L",
        bounds=(0, 200),
        scope="treatment",
        source="RPMI-1640: 23.8 mM NaHCO3 and the base form of the buffer",
        doc="Strong ion difference of fresh medium without lactate, ammonium and glutamate.",
    )
    buffer: Array = param(
        8.0, "mmol/L", bounds=(0, 100), scope="treatment", source="RPMI-1640: phosphate 5.6, amino acids", doc="Buffer."
    )
    buffer_pK: Array = param(6.8, "1", bounds=(5, 9), source="phosphate", doc="Its pK.")
    medium_il2: Array = param(
        0.0, "ng/mL", bounds=(0, 1e4), scope="treatment", source=_CHOICE, doc="Interleukin 2 in fresh medium."
    )
    medium_il7: Array = param(
        0.0, "ng/mL", bounds=(0, 1e4), scope="treatment", source=_CHOICE, doc="Interleukin 7 in fresh medium."
    )
    medium_il15: Array = param(
        0.0, "ng/mL", bounds=(0, 1e4), scope="treatment", source=_CHOICE, doc="Interleukin 15 in fresh medium."
    )
    medium_il21: Array = param(
        0.0, "ng/mL", bounds=(0, 1e4), scope="treatment", source=_CHOICE, doc="Interleukin 21 in fresh medium."
    )
    feed_glucose: Array = param(
        1110.0, "mmol/L", bounds=(0, 5000), scope="treatment", source=f"{_CHOICE}: 200 g/L", doc="The glucose feed."
    )
    feed_glutamine: Array = param(
        200.0, "mmol/L", bounds=(0, 1000), scope="treatment", source=_CHOICE, doc="The glutamine feed."
    )
    k_glutamine: Array = param(
        0.0036,
        "1/hour",
        bounds=(0, 1),
        source="half-life 6 to 20 days in media, depending on pH; 8 taken",
        doc="Decay of glutamine to ammonia and pyrrolidone carboxylic acid.",
    )
    pK_bicarbonate: Array = param(6.1, "1", bounds=(5, 8), source=_TEXTBOOK, doc="Of carbonic acid.")
    pK_lactate: Array = param(3.86, "1", bounds=(2, 6), source="textbook", doc="Of lactic acid.")
    CO2_solubility: Array = param(0.0307, "mmol/L/mmHg", bounds=(0.001, 0.1), source=_TEXTBOOK, doc="Henry constant.")


class CytokineParameters(Parameters):
    """Consumption and decay of cytokines, loss of the activator."""

    use_il2: Array = param(
        5e-8,
        "ng/cell/hour",
        bounds=(0, 1e-3),
        source=f"{_OURS}; about 2000 molecules/cell/h",
        doc="Greatest consumption by a blast or effector.",
    )
    use_il7: Array = param(5e-8, "ng/cell/hour", bounds=(0, 1e-3), source=_OURS, doc="Greatest consumption.")
    use_il15: Array = param(5e-8, "ng/cell/hour", bounds=(0, 1e-3), source=_OURS, doc="Greatest consumption.")
    use_il21: Array = param(5e-8, "ng/cell/hour", bounds=(0, 1e-3), source=_OURS, doc="Greatest consumption.")
    use_rest: Array = param(
        0.2,
        "1",
        bounds=(0, 1),
        source=f"{_OURS}; blasts carry the most receptors",
        doc="Use by other states, relative.",
    )
    decay_cytokine: Array = param(
        0.007, "1/hour", bounds=(0, 1), source=f"{_OURS}; half-life 4 days", doc="Decay of every cytokine at 37 C."
    )
    decay_activator: Array = param(
        0.01, "1/hour", bounds=(0, 1), scope="treatment", source=_OURS, doc="Loss of the activator's signal."
    )
    il2_mass: Array = param(
        2.57e-11, "ng", bounds=(1e-12, 1e-9), source="15.5 kDa", doc="Mass of one molecule of interleukin 2."
    )
