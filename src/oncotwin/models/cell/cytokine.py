"""Parameters of the receptors of the common gamma chain, STAT5 and the metabolic switch.

Names: 2, 15, 7 are the cytokines; a, b, g the alpha, beta and common gamma chains they share.
"""

from jax import Array

from oncotwin.core.parameters import Parameters, param
from oncotwin.models.cell.scales import ANY, HALF, MANY, OURS, PER_MINUTE, PER_MOLAR_SECOND, SHARE, SPEED

_MEYER = "common gamma chain model, github.com/meyer-lab/gc-cytokines"
_METHODS = f"{_MEYER}, Methods"
_COUNTS = f"{_MEYER}, final_receptor_levels.csv"
_FIT = f"{_MEYER}, model.py, a fitted value"
_K5 = 0.1233 * PER_MINUTE


class CytokineReceptor(Parameters):
    """IL-2, IL-7 and IL-15 to STAT5."""

    il2: Array = param(0.0, "nM", bounds=ANY, scope="treatment", source=OURS, doc="IL-2 around the first state.")
    il7: Array = param(0.0, "nM", bounds=ANY, scope="treatment", source=OURS, doc="IL-7 around the first state.")
    il15: Array = param(0.0, "nM", bounds=ANY, scope="treatment", source=OURS, doc="IL-15 around the first state.")
    il2_mass: Array = param(
        15.4,
        "kg/mol",
        bounds=(1, 100),
        source="page on recombinant IL-2, gm-csf.com",
        doc="Molar mass of IL-2.",
    )
    il7_mass: Array = param(
        17.4, "kg/mol", bounds=(1, 100), source="page on IL-7 assays, quanterix.com", doc="Molar mass of IL-7."
    )
    il15_mass: Array = param(
        12.8,
        "kg/mol",
        bounds=(1, 100),
        source="page on recombinant IL-15, pan-biotech.de",
        doc="Molar mass of IL-15.",
    )

    gc_total: Array = param(
        12524.0, "count", bounds=MANY, source=f"{_COUNTS}: CD8+, mean of four", doc="Common gamma chains of one cell."
    )
    rb_total: Array = param(
        521.0,
        "count",
        bounds=MANY,
        source=f"{_COUNTS}: CD8+, mean of four",
        doc="IL-2 receptor beta chains of a cell.",
    )
    r7_total: Array = param(
        16767.0,
        "count",
        bounds=MANY,
        scope="patient",
        source=f"{_COUNTS}: CD3+CD4+, mean of two",
        doc="IL-7 receptor alpha chains of one cell.",
    )
    r15_total: Array = param(
        200.0,
        "count",
        bounds=MANY,
        source=f"{OURS}; below detection on blood T cells, {_COUNTS}",
        doc="IL-15 receptor alpha chains of one cell.",
    )
    ra_resting: Array = param(
        425.0,
        "count",
        bounds=MANY,
        source=f"{_COUNTS}: CD3+CD4+, mean of four",
        doc="IL-2 receptor alpha chains (CD25) of a resting cell.",
    )
    ra_induced: Array = param(
        8000.0, "count", bounds=MANY, source=OURS, doc="CD25 that activation and STAT5 add where both are at one."
    )
    ra_stat5: Array = param(0.3, "1", bounds=SHARE, source=OURS, doc="Share of the induction of CD25 by STAT5.")
    k_ra: Array = param(0.1, "1/hour", bounds=SPEED, source=OURS, doc="Turnover of free CD25.")

    k_bind: Array = param(
        1e7 * PER_MOLAR_SECOND,
        "1/nM/hour",
        bounds=ANY,
        source=f"{_METHODS}: 1e7 /M/s",
        doc="Binding of a cytokine from the medium.",
    )
    K_2a: Array = param(10.0, "nM", bounds=ANY, source=_METHODS, doc="Dissociation constant, IL-2 and alpha chain.")
    K_2b: Array = param(144.0, "nM", bounds=ANY, source=_METHODS, doc="Dissociation constant, IL-2 and beta chain.")
    K_15a: Array = param(0.065, "nM", bounds=ANY, source=_METHODS, doc="Dissociation constant, IL-15 and alpha chain.")
    K_15b: Array = param(438.0, "nM", bounds=ANY, source=_METHODS, doc="Dissociation constant, IL-15 and beta chain.")
    K_7: Array = param(59.0, "nM", bounds=ANY, source=_METHODS, doc="Dissociation constant, IL-7 and alpha chain.")
    k_join: Array = param(
        0.00449 * PER_MINUTE,
        "1/count/hour",
        bounds=ANY,
        source=f"{_FIT}: kfwd = 0.00449 /min",
        doc="Joining of a chain to a complex in the membrane.",
    )
    k_2b_g: Array = param(
        _K5, "1/hour", bounds=SPEED, source=f"{_FIT}: k5rev = 0.1233 /min", doc="Gamma leaves IL-2 and beta."
    )
    k_2ab_g: Array = param(
        _K5 * 12 / 1.5,
        "1/hour",
        bounds=SPEED,
        source=f"{_METHODS}, 12 to 1.5",
        doc="Gamma leaves IL-2, alpha and beta.",
    )
    k_2a_b: Array = param(
        _K5 * 63 / 1.5, "1/hour", bounds=SPEED, source=f"{_METHODS}: 63 to 1.5", doc="Beta leaves IL-2 and alpha."
    )
    k_15b_g: Array = param(_K5, "1/hour", bounds=SPEED, source=f"{OURS}; as IL-2", doc="Gamma leaves IL-15 and beta.")
    k_15ab_g: Array = param(
        _K5, "1/hour", bounds=SPEED, source=f"{OURS}; as without alpha", doc="Gamma leaves IL-15, alpha and beta."
    )
    k_15a_b: Array = param(
        _K5 * 63 / 1.5, "1/hour", bounds=SPEED, source=f"{OURS}; as IL-2", doc="Beta leaves IL-15 and alpha."
    )
    k_7a_g: Array = param(
        20 * _K5, "1/hour", bounds=SPEED, source=f"{OURS}; 20 times IL-2's", doc="Gamma leaves IL-7 and alpha."
    )
    k_endocytosis: Array = param(
        2.8, "1/hour", bounds=SPEED, source=OURS, doc="Endocytosis of a signalling complex; its cytokine is destroyed."
    )
    k_recycling: Array = param(6.0, "1/hour", bounds=SPEED, source=OURS, doc="Return of a chain to the surface.")

    k_jak: Array = param(60.0, "1/hour", bounds=SPEED, source=OURS, doc="Activation of JAK1 and JAK3 in a complex.")
    k_jak_off: Array = param(30.0, "1/hour", bounds=SPEED, source=OURS, doc="Their inactivation.")
    k_stat5: Array = param(12.0, "1/hour", bounds=SPEED, source=OURS, doc="Speed of STAT5.")
    jak_half: Array = param(
        60.0,
        "count",
        bounds=MANY,
        source=OURS,
        doc="Complexes with active JAK that hold half of STAT5 phosphorylated.",
    )
    k_dimer: Array = param(120.0, "1/hour", bounds=SPEED, source=OURS, doc="Dimerisation of phosphorylated STAT5.")
    k_monomer: Array = param(12.0, "1/hour", bounds=SPEED, source=OURS, doc="Its dissociation.")
    k_cis: Array = param(0.7, "1/hour", bounds=SPEED, source=OURS, doc="Speed of CIS and SOCS.")
    cis_half: Array = param(0.5, "1", bounds=HALF, source=OURS, doc="STAT5 that holds half of them.")
    cis: Array = param(1.0, "1", bounds=ANY, source=OURS, doc="What they add to the inactivation of JAK.")


class Metabolism(Parameters):
    """Glucose, energy charge, AMPK, AKT and mTOR; every protein is a share of its total."""

    glucose: Array = param(
        11.1,
        "mM",
        bounds=ANY,
        scope="treatment",
        source="RPMI-1640 holds 2 g/L of glucose",
        doc="Glucose around the first state.",
    )
    glucose_half: Array = param(
        1.1,
        "mM",
        bounds=HALF,
        source="T cells in ambr15, Duran-Villalobos, github.com/CarlosADuranVIllalobos/webappdemo: 0.2 g/L",
        doc="Glucose that gives half of the greatest uptake.",
    )
    k_energy: Array = param(60.0, "1/hour", bounds=SPEED, source=OURS, doc="Speed of phosphorylation of ADP.")
    respiration: Array = param(0.12, "1", bounds=ANY, source=OURS, doc="Share of it that needs no glucose.")
    glut: Array = param(0.5, "1", bounds=ANY, source=OURS, doc="What AKT adds to the uptake of glucose.")
    demand: Array = param(0.04, "1", bounds=ANY, source=OURS, doc="Use of ATP at rest.")
    anabolism: Array = param(1.5, "1", bounds=ANY, source=OURS, doc="What mTOR adds to the use of ATP.")
    k_ampk: Array = param(20.0, "1/hour", bounds=SPEED, source=OURS, doc="Speed of AMPK.")
    ampk_half: Array = param(
        0.03,
        "1",
        bounds=HALF,
        source=f"{OURS}; AMPK senses glucose stress in T cells, Rolf et al. 2013, PMC3734624",
        doc="Square of the share of ADP, as AMP goes, that holds half of AMPK active.",
    )
    k_akt: Array = param(20.0, "1/hour", bounds=SPEED, source=OURS, doc="Speed of AKT.")
    akt_half: Array = param(0.5, "1", bounds=HALF, source=OURS, doc="CD28 and cytokines that hold half of AKT.")
    akt_stat5: Array = param(0.6, "1", bounds=ANY, source=OURS, doc="Drive of AKT by cytokines, as STAT5 shows it.")
    k_mtor: Array = param(4.0, "1/hour", bounds=SPEED, source=OURS, doc="Speed of mTOR complex 1.")
    mtor_half: Array = param(0.4, "1", bounds=HALF, source=OURS, doc="AKT that holds half of mTOR active without AMPK.")
    mtor_basal: Array = param(0.05, "1", bounds=ANY, source=OURS, doc="Drive of mTOR without AKT.")
    mtor_ampk: Array = param(
        6.0,
        "1",
        bounds=ANY,
        source=f"{OURS}; AMPK restrains mTOR under glucose stress, Rolf et al. 2013, PMC3734624",
        doc="What AMPK adds to the inactivation of mTOR.",
    )
    translation: Array = param(0.3, "1", bounds=SHARE, source=OURS, doc="Share of protein synthesis without mTOR.")
