"""Parameters of antigen receptors, beads and proximal signalling.

A switch is a protein that its input turns on and that turns off by itself: speed `k`, and the input that holds half of
it on.  Its share at rest is input / (input + half).
"""

from jax import Array

from oncotwin.core.parameters import Parameters, param
from oncotwin.models.cell.scales import ANY, MANY, OURS, PER_MOLAR_SECOND, PER_SECOND, SHARE, SPEED

_SINGH = "Singh et al. 2021, idecabtagene model"
_LIPNIACKI = "Lipniacki et al. 2008, TCR model, as coded by Perley (TCell_Lipn.m)"


class AntigenReceptor(Parameters):
    """From antigen and beads to LAT: receptors, LCK, ITAMs, ZAP70, CD28."""

    antigen: Array = param(0.0, "nM", bounds=ANY, scope="treatment", source=OURS, doc="Antigen around the first state.")
    activator: Array = param(
        0.0,
        "1",
        bounds=ANY,
        scope="treatment",
        source=OURS,
        doc="Activator beads around the first state; one saturates half of the receptors in contact.",
    )
    antigen_per_target: Array = param(
        12590.0, "count", bounds=MANY, scope="patient", source=_SINGH, doc="Antigen on one target cell."
    )
    car_total: Array = param(15000.0, "count", bounds=MANY, scope="treatment", source=_SINGH, doc="CARs on one cell.")
    k_on_car: Array = param(
        7.1e4 * PER_MOLAR_SECOND,
        "1/nM/hour",
        bounds=ANY,
        scope="treatment",
        source=f"{_SINGH}: 7.1e4 /M/s",
        doc="Binding of antigen to the CAR.",
    )
    k_off_car: Array = param(
        2.39e-3 * PER_SECOND,
        "1/hour",
        bounds=SPEED,
        scope="treatment",
        source=f"{_SINGH}: 2.39e-3 /s",
        doc="Dissociation of antigen from the CAR.",
    )
    tcr_total: Array = param(30000.0, "count", bounds=MANY, source=_LIPNIACKI, doc="T-cell receptors on one cell.")
    cd28_total: Array = param(20000.0, "count", bounds=MANY, source=OURS, doc="CD28 on one cell.")
    contact: Array = param(
        0.05, "1", bounds=SHARE, source=OURS, doc="Share of the cell's surface that touches beads: what they can bind."
    )
    k_bead: Array = param(
        0.36,
        "1/hour",
        bounds=SPEED,
        source=OURS,
        doc="Dissociation of a bead's antibody, and binding at activator one.",
    )

    lck_total: Array = param(1e5, "count", bounds=MANY, source=_LIPNIACKI, doc="LCK in one cell.")
    k_lck_on: Array = param(24.0, "1/hour", bounds=SPEED, source=OURS, doc="Activation of LCK by CD45.")
    k_lck_off: Array = param(36.0, "1/hour", bounds=SPEED, source=OURS, doc="Inactivation of LCK by CSK.")
    k_itam: Array = param(
        0.05 * PER_SECOND,
        "1/hour",
        bounds=SPEED,
        source=f"{_LIPNIACKI}: tp = 0.05 /s",
        doc="Phosphorylation of an ITAM of an engaged receptor where all LCK is active.",
    )
    k_cd28: Array = param(
        60.0, "1/hour", bounds=SPEED, source=OURS, doc="Phosphorylation of engaged CD28 where all LCK is active."
    )
    k_cd45: Array = param(40.0, "1/hour", bounds=SPEED, source=OURS, doc="Dephosphorylation of ITAMs and CD28 by CD45.")
    k_shp2: Array = param(
        80.0, "1/hour", bounds=SPEED, source=OURS, doc="The same by SHP2 where all PD-1 is expressed and engaged."
    )
    zap_total: Array = param(1e5, "count", bounds=MANY, source=_LIPNIACKI, doc="ZAP70 in one cell.")
    k_on_zap: Array = param(
        3.6e-3, "1/count/hour", bounds=ANY, source=OURS, doc="Binding of ZAP70 to a phosphorylated ITAM."
    )
    k_off_zap: Array = param(180.0, "1/hour", bounds=SPEED, source=OURS, doc="Dissociation of ZAP70.")
    car_yield: Array = param(
        0.3,
        "1",
        bounds=SHARE,
        source=f"{OURS}; TCRs are at least 100-fold more sensitive to antigen, Salter et al. 2021, PMC8613804",
        doc="LAT phosphorylated by ZAP70 on a CAR relative to ZAP70 on a T-cell receptor.",
    )
    k_lat: Array = param(
        0.02 * PER_SECOND, "1/hour", bounds=SPEED, source=f"{_LIPNIACKI}: z2 = 0.02 /s", doc="Speed of LAT and SLP-76."
    )
    zap_half: Array = param(
        60.0, "count", bounds=MANY, source=OURS, doc="ZAP70 on T-cell receptors that holds half of LAT phosphorylated."
    )
    cd28_half: Array = param(
        200.0,
        "count",
        bounds=MANY,
        source=OURS,
        doc="Phosphorylated CD28 domains that give half of co-stimulation.",
    )
