"""Constants of the drugs beside the CAR-T cells; `oncotwin.models.tumour3d.adjuncts` says what they do."""

from jax import Array

from oncotwin.core.parameters import Parameters, param

_OURS = "uncalibrated"
_WEAK = (
    "weak, as 4 % of patients like these responded to the physician's choice of drugs in CT041-ST-01, "
    "doi:10.1016/S0140-6736(25)00860-8; 0.34 in mice, Dolbniak and Swierniak 2013, doi:10.1155/2013/567213"
)
_JAIN = "uncalibrated; direction: Jain 2005, doi:10.1126/science.1104819"


class AdjunctParameters(Parameters):
    """Constants of chemotherapy and of the inhibitor of angiogenesis."""

    psi_T: Array = param(
        0.04,
        "1/day",
        bounds=(0, 5),
        scope="treatment",
        source=f"{_OURS}; {_WEAK}",
        doc="Kill of tumour cells by one level of chemotherapy.",
    )
    psi_C: Array = param(
        0.2, "1/day", bounds=(0, 5), scope="treatment", source=_OURS, doc="Kill of CAR-T cells by one level of it."
    )
    psi_L: Array = param(
        0.7,
        "1/day",
        bounds=(0, 5),
        scope="treatment",
        source=_OURS,
        doc="Depletion of the patient's lymphocytes by one level of it.",
    )
    k_L: Array = param(
        0.05, "1/day", bounds=(0, 5), scope="patient", source=f"{_OURS}; half in 14 d", doc="Return of lymphocytes."
    )
    g_L: Array = param(
        1.0,
        "1",
        bounds=(0, 20),
        scope="treatment",
        source=f"{_OURS}; direction: Lickefett et al. 2023, doi:10.3389/fimmu.2023.1303935",
        doc="Gain of engraftment once every lymphocyte is gone, beyond the usual lymphodepletion.",
    )
    d_B: Array = param(
        0.0, "1/day", bounds=(0, 10), source=_OURS, doc="Loss of CAR-T cells in blood beside contraction."
    )
    u_N: Array = param(
        5.0, "mg/kg", bounds=(0.01, 1e3), scope="treatment", source=_JAIN, doc="Level that normalises vessels best."
    )
    u_P: Array = param(
        15.0, "mg/kg", bounds=(0.01, 1e3), scope="treatment", source=_OURS, doc="Level that prunes half of vessels."
    )
    n_H: Array = param(
        0.5, "1", bounds=(0, 10), scope="treatment", source=_JAIN, doc="Gain of the relief of hypoxia, normalised."
    )
    n_in: Array = param(
        1.0,
        "1",
        bounds=(0, 10),
        scope="treatment",
        source=f"{_JAIN}; a model of CAR-T delivery (arXiv, 2025) finds a tenth of the cells enough",
        doc="Gain of extravasation, normalised.",
    )
    p_H: Array = param(
        0.6,
        "1",
        bounds=(0, 0.99),
        scope="treatment",
        source=_OURS,
        doc="Share of the relief of hypoxia that pruning takes.",
    )
    p_in: Array = param(
        0.8, "1", bounds=(0, 0.99), scope="treatment", source=_OURS, doc="Share of extravasation that pruning takes."
    )
    p_K: Array = param(
        0.7,
        "1",
        bounds=(0, 0.99),
        scope="treatment",
        source=_OURS,
        doc="Share of the carrying capacity that pruning takes.",
    )
