"""Parameters of the tumour twin: equations (1)-(9), the first state, the blood compartment and inflammation.

Densities are counted in units of a stated reference: one unit of C and E is `C_ref` cells/cm3 (pint unit `cart`), one
unit of T_A and T_B is `T_ref` cells/cm3 (`tumour`); S is counted in `attractant`; A and H are pure numbers.  The default
preset `normalised` has C_ref = 1e7 and T_ref = 2.4e8, so that every rate is of order one per day; `published` has both
equal to one and holds the published solver's values, which are degenerate: gamma and delta_CT of 0.41 multiply densities
of 1e7 cells/cm3, so contact annihilates both populations at once, and A of order 1e5 makes exhaustion instantaneous.
"""

from types import MappingProxyType
from typing import ClassVar

from jax import Array

from oncotwin.core.parameters import param
from oncotwin.models.tumour3d.adjunct_parameters import AdjunctParameters

_SOLVER = "published solver, github.com/maximvpolyakov/CAR-T-model"
_OWENS = "Owens, Rahman & Bozic, github.com/lacyk3/RadiallySymmetricCART"
_STEIN = "Stein et al. 2019, doi:10.1002/psp4.12388, tisagenlecleucel population fit"
_HARDIANSYAH = "Hardiansyah & Ng 2019, doi:10.1111/cts.12636"
_SCALED = "uncalibrated; scaled so that the equilibrium at one unit of tumour is one"
_OURS = "uncalibrated"
_ANY = (0.0, 1e12)


class TumourParameters(AdjunctParameters):
    """Constants of the tumour twin, equations (1)-(9) of the spatiotemporal paper and our extensions.

    Those of the drugs, first here, stand in `adjunct_parameters`.
    """

    # --- scales ---
    C_ref: Array = param(
        1e7,
        "cell/cm**3/cart",
        bounds=(1, 1e9),
        source="reference CAR-T density of the published start",
        doc="CAR-T cells per cm3 in one unit of C.",
    )
    T_ref: Array = param(
        2.4e8,
        "cell/cm**3/tumour",
        bounds=(1, 1e9),
        source=f"{_OWENS}: 1/b = 2.387e8 cells/cm3",
        doc="Tumour cells per cm3 in one unit of T.",
    )

    # --- transport, equations (1)-(8) ---
    D_C: Array = param(
        0.014,
        "cm**2/day",
        bounds=(0, 1),
        scope="patient",
        source=f"{_SOLVER}; {_OWENS}: 0.0138",
        doc="Diffusion of functional CAR-T cells; times the tissue map where one is given.",
    )
    D_E: Array = param(0.001, "cm**2/day", bounds=(0, 1), source=_SOLVER, doc="Diffusion of exhausted CAR-T cells.")
    D_T: Array = param(
        5e-5,
        "cm**2/day",
        bounds=(0, 1),
        scope="patient",
        source=f"{_SOLVER}; {_OWENS}: 1e-5 to 1e-4",
        doc="Diffusion of tumour cells.",
    )
    D_S: Array = param(0.0045, "cm**2/day", bounds=(0, 10), source=_SOLVER, doc="Diffusion of the chemoattractant.")
    D_A: Array = param(0.02, "cm**2/day", bounds=(0, 10), source=_SOLVER, doc="Diffusion of the suppressive factor.")
    D_H: Array = param(
        1.5,
        "cm**2/day",
        bounds=(0, 10),
        source=f"{_SOLVER}; oxygen 1.44 cm2/day in CARTopiaX",
        doc="Diffusion of hypoxia (oxygen).",
    )
    chi_0: Array = param(
        0.02,
        "cm**2/day/attractant",
        bounds=(0, 10),
        scope="patient",
        source=f"{_OURS}; 0.001 to 0.04 explored",
        doc="Chemotactic sensitivity without suppression.",
    )
    alpha_A: Array = param(
        1.0, "1", bounds=(0, 100), scope="patient", source=_SOLVER, doc="Suppression of chemotaxis by A."
    )

    # --- CAR-T cells, equations (1) and (2) ---
    rho_C: Array = param(
        1.5,
        "cart/tumour/day",
        bounds=(0, 100),
        source=f"{_OURS}; doubling in 0.8 d in vivo gives 0.9, {_STEIN}",
        doc="Antigen-driven proliferation.",
    )
    K_C: Array = param(1.0, "cart", bounds=(1e-9, 1e12), source=_OURS, doc="Saturation of proliferation.")
    delta_CT: Array = param(
        0.1, "1/tumour/day", bounds=(0, 1e3), source=_OURS, doc="Loss of CAR-T cells by contact with tumour cells."
    )
    k_e0: Array = param(
        0.05,
        "1/day",
        bounds=(0, 10),
        scope="patient",
        source=f"{_SOLVER}; 0.04 to 0.1 explored",
        doc="Exhaustion without suppression or hypoxia.",
    )
    beta_A: Array = param(
        3.0,
        "1",
        bounds=(0, 100),
        scope="patient",
        source=f"{_OURS}; 1 to 25 explored",
        doc="Promotion of exhaustion by A.",
    )
    beta_H: Array = param(2.0, "1", bounds=(0, 100), source=_OURS, doc="Promotion of exhaustion by H.")
    p_r: Array = param(
        0.1,
        "1/day",
        bounds=(0, 10),
        scope="patient",
        source=_SOLVER,
        doc="Recovery of exhausted cells without suppression.",
    )
    d_C: Array = param(0.08, "1/day", bounds=(0, 10), source=_SOLVER, doc="Death of functional CAR-T cells.")
    d_E: Array = param(0.04, "1/day", bounds=(0, 10), source=_SOLVER, doc="Death of exhausted CAR-T cells.")

    # --- tumour cells, equations (3), (4), (8), (9) ---
    r_T: Array = param(
        0.06,
        "1/day",
        bounds=(0, 10),
        scope="patient",
        source=f"{_OURS}; 0.04 to 0.12 explored; {_OWENS}: 0.025 to 0.25",
        doc="Growth of tumour cells.",
    )
    K_T: Array = param(
        1.0, "tumour", bounds=(1e-9, 1e12), source=f"one unit is 2.4e8 cells/cm3, {_OWENS}", doc="Carrying capacity."
    )
    gamma: Array = param(
        1.5,
        "1/cart/day",
        bounds=(0, 1e3),
        scope="patient",
        source=f"{_OURS}; 0.3 to 3 explored; {_OWENS}: 1.8 at saturation",
        doc="Kill of antigen-positive cells.",
    )
    d_TA: Array = param(0.01, "1/day", bounds=(0, 10), source=_SOLVER, doc="Death of antigen-positive cells.")
    d_TB: Array = param(0.01, "1/day", bounds=(0, 10), source=_SOLVER, doc="Death of antigen-reduced cells.")
    mu_0: Array = param(
        0.001, "1/day", bounds=(0, 10), scope="patient", source=_OURS, doc="Loss of antigen without pressure."
    )
    mu_1: Array = param(
        0.01, "1/day", bounds=(0, 10), scope="patient", source=_OURS, doc="Regain of antigen without pressure."
    )
    nu: Array = param(
        0.02,
        "1/cart/day",
        bounds=(0, 1e3),
        scope="patient",
        source=f"{_OURS}; 0.003 to 0.2 explored",
        doc="Loss of antigen under pressure of C.",
    )
    zeta: Array = param(1.0, "1/cart", bounds=(0, 1e3), source=_OURS, doc="Suppression of antigen regain by C.")

    # --- microenvironment, equations (5)-(7), (9) ---
    sigma_S: Array = param(
        0.46,
        "attractant/tumour/day",
        bounds=_ANY,
        source=_SCALED,
        doc="Release of chemoattractant by antigen-positive cells.",
    )
    lambda_S: Array = param(0.46, "1/day", bounds=(0, 1e3), source=_SOLVER, doc="Decay of the chemoattractant.")
    sigma_A: Array = param(
        0.75, "1/tumour/day", bounds=_ANY, source=_SCALED, doc="Release of the suppressive factor by tumour cells."
    )
    sigma_M: Array = param(
        0.225,
        "1/day",
        bounds=_ANY,
        scope="patient",
        source=f"{_OURS}; 0.3 of lambda_A",
        doc="Release of the suppressive factor under hypoxia.",
    )
    lambda_A: Array = param(0.75, "1/day", bounds=(0, 1e3), source=_SOLVER, doc="Decay of the suppressive factor.")
    eta: Array = param(
        0.12, "1/tumour/day", bounds=_ANY, source=f"{_OURS}; 0.28 of lambda_H", doc="Hypoxia made by tumour cells."
    )
    lambda_H: Array = param(0.43, "1/day", bounds=(0, 1e3), source=_SOLVER, doc="Relief of hypoxia.")
    K_H: Array = param(0.5, "1", bounds=(1e-9, 1e3), source=_SOLVER, doc="Half-saturation of the hypoxic effect.")

    # --- the first state ---
    tumour_radius: Array = param(
        0.5,
        "cm",
        bounds=(1e-3, 20),
        scope="patient",
        source="a lesion of 10 mm, the least that RECIST 1.1 measures",
        doc="Radius of the first nodule.",
    )
    tumour_value: Array = param(
        0.6, "tumour", bounds=(0, 1e12), scope="patient", source=_OURS, doc="Tumour density of the first nodule."
    )
    negative_fraction: Array = param(
        0.05,
        "1",
        bounds=(0, 1),
        scope="patient",
        source=f"{_OURS}; CT041 asks for 2+ staining in at least 40 % of cells",
        doc="Antigen-reduced share of the first nodule.",
    )

    T_visible: Array = param(
        0.2,
        "tumour",
        bounds=(1e-9, 1e12),
        source=f"{_OURS}; {_OWENS} takes 1e8 cells/cm3, 0.42",
        doc="Tumour density that imaging shows.",
    )

    # --- blood compartment (ours; off in the published preset's runs) ---
    blood_volume: Array = param(
        5.0,
        "litre",
        bounds=(0.1, 10),
        scope="patient",
        source="Singh et al. 2021, idecabtagene model",
        doc="Blood volume.",
    )
    engraftment: Array = param(
        5e-4,
        "1",
        bounds=(0, 1),
        scope="treatment",
        source=f"{_OURS}; Stein 2019 puts the first level 3900-fold below Cmax",
        doc="Share of infused cells that circulates after distribution.",
    )
    rho_B: Array = param(
        0.889,
        "1/day",
        bounds=(0, 5),
        source=f"{_STEIN}: 3900-fold in 9.3 d",
        doc="Expansion in blood at full antigen stimulation.",
    )
    T_expansion: Array = param(
        9.3,
        "day",
        bounds=(0.1, 60),
        scope="patient",
        source=_STEIN,
        doc="Clone age at which expansion turns to contraction.",
    )
    G_half: Array = param(
        3e7,
        "cell",
        bounds=(1, 1e13),
        source=_OURS,
        doc="Antigen-positive cells in the field that stimulate half maximal expansion.",
    )
    alpha_B: Array = param(0.16, "1/day", bounds=(0, 5), source=_STEIN, doc="Contraction of effector cells in blood.")
    F_B: Array = param(0.0079, "1", bounds=(0, 1), source=_STEIN, doc="Share of contracting cells that persists.")
    beta_B: Array = param(0.0032, "1/day", bounds=(0, 5), source=_STEIN, doc="Loss of persisting cells.")
    k_in: Array = param(
        30.0,
        "1/day",
        bounds=(0, 1e3),
        scope="patient",
        source=f"{_OURS}; perfusion 0.2 mL/min/cm3 with a tenth extracted",
        doc="Extravasation: blood volumes cleared of CAR-T cells per tissue volume and day.",
    )
    copies_per_cell: Array = param(
        0.002,
        "copy/ug*litre/cell",
        bounds=(1e-6, 1),
        source="Singh et al. 2021, idecabtagene model",
        doc="Transgene copies per ug DNA for one CAR-T cell per litre of blood.",
    )

    # --- inflammation (ours) ---
    burden_scale: Array = param(
        50.0,
        "1",
        bounds=(1, 1e6),
        scope="patient",
        source=_OURS,
        doc="Whole-body tumour burden over the burden in the field.",
    )
    il6_base: Array = param(
        1.7,
        "pg/mL",
        bounds=(0, 1e3),
        scope="patient",
        source=f"{_HARDIANSYAH}, UPN1",
        doc="Interleukin 6 before infusion.",
    )
    p_IL6: Array = param(
        2.5e-6, "pg/mL/cell", bounds=(0, 1), source=_OURS, doc="Interleukin 6 released per tumour cell killed."
    )
    k_IL6: Array = param(3.96, "1/day", bounds=(0.01, 100), source=_HARDIANSYAH, doc="Elimination of interleukin 6.")
    crp_base: Array = param(
        5.0, "mg/L", bounds=(0, 500), scope="patient", source=_OURS, doc="C-reactive protein before infusion."
    )
    crp_max: Array = param(
        250.0, "mg/L", bounds=(0, 1e3), source=_OURS, doc="C-reactive protein at saturating interleukin 6."
    )
    il6_half: Array = param(
        150.0,
        "pg/mL",
        bounds=(0.1, 1e5),
        source=_OURS,
        doc="Interleukin 6 that drives half of the acute-phase response.",
    )
    k_CRP: Array = param(
        0.88, "1/day", bounds=(0.01, 100), source=f"{_OURS}; half-life 19 h", doc="Turnover of C-reactive protein."
    )
    ferritin_base: Array = param(
        300.0, "ng/mL", bounds=(0, 1e5), scope="patient", source=_OURS, doc="Ferritin before infusion."
    )
    ferritin_max: Array = param(
        8000.0, "ng/mL", bounds=(0, 1e6), source=_OURS, doc="Ferritin at saturating interleukin 6."
    )
    k_ferritin: Array = param(
        0.35, "1/day", bounds=(0.01, 100), source=f"{_OURS}; half-life 2 d", doc="Turnover of ferritin."
    )

    presets: ClassVar = MappingProxyType(
        {
            "normalised": MappingProxyType({}),
            "published": MappingProxyType(
                {
                    "C_ref": 1.0,
                    "T_ref": 1.0,
                    "chi_0": 0.1,
                    "rho_C": 0.55,
                    "K_C": 2e9,
                    "delta_CT": 0.41,
                    "beta_A": 1.0,
                    "beta_H": 1.0,
                    "r_T": 0.13,
                    "K_T": 2.4e8,
                    "gamma": 0.41,
                    "mu_0": 0.13,
                    "mu_1": 0.07,
                    "nu": 1e-10,
                    "zeta": 1e-9,
                    "sigma_S": 5e-4,
                    "sigma_A": 5e-3,
                    "sigma_M": 0.002,
                    "eta": 5e-10,
                    "tumour_radius": 0.2,
                    "tumour_value": 2.4e7,
                    "negative_fraction": 0.0,
                    "T_visible": 1.2e7,
                }
            ),
        }
    )
