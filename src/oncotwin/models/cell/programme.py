"""Parameters from LAT to transcription: calcium, ERK, NFAT, NF-kB, AP-1, exhaustion, release."""

from jax import Array

from oncotwin.core.parameters import Parameters, param
from oncotwin.models.cell.scales import ANY, HALF, OURS, PER_SECOND, SHARE, SPEED

_LIPNIACKI = "Lipniacki et al. 2008, TCR model, as coded by Perley (TCell_Lipn.m)"
_EXHAUSTION = "NFAT promotes exhaustion, Martinez et al. 2015, doi:10.1016/j.immuni.2015.01.006"


class Programme(Parameters):
    """Switches behind LAT; every protein is a share of its total."""

    costimulation: Array = param(
        0.6, "1", bounds=SHARE, source=OURS, doc="Share of the drive of PLCg, NF-kB and AP-1 that needs CD28."
    )
    k_plc: Array = param(36.0, "1/hour", bounds=SPEED, source=OURS, doc="Speed of PLCg.")
    plc_half: Array = param(0.5, "1", bounds=HALF, source=OURS, doc="LAT that holds half of PLCg active.")
    k_calcium: Array = param(60.0, "1/hour", bounds=SPEED, source=OURS, doc="Speed of calcium entry and clearance.")
    calcium_half: Array = param(0.5, "1", bounds=HALF, source=OURS, doc="PLCg that gives half of the calcium.")
    k_nfat_in: Array = param(8.0, "1/hour", bounds=SPEED, source=OURS, doc="Import of NFAT at high calcium.")
    k_nfat_out: Array = param(3.0, "1/hour", bounds=SPEED, source=OURS, doc="Export of NFAT.")
    nfat_half: Array = param(
        0.5,
        "1",
        bounds=HALF,
        source=OURS,
        doc="Calcium, squared, that gives half of that import.",
    )

    k_ras: Array = param(20.0, "1/hour", bounds=SPEED, source=OURS, doc="Speed of Ras.")
    ras_half: Array = param(0.5, "1", bounds=HALF, source=OURS, doc="PLCg that holds half of Ras active.")
    sos: Array = param(0.2, "1", bounds=ANY, source=OURS, doc="Drive of Ras by active Ras, through SOS.")
    k_mek: Array = param(
        0.02 * PER_SECOND, "1/hour", bounds=SPEED, source=f"{_LIPNIACKI}: m2 = 0.02 /s", doc="Speed of MEK."
    )
    mek_half: Array = param(0.5, "1", bounds=HALF, source=OURS, doc="Ras that holds half of MEK active.")
    k_erk: Array = param(
        0.02 * PER_SECOND, "1/hour", bounds=SPEED, source=f"{_LIPNIACKI}: e2 = 0.02 /s", doc="Speed of ERK."
    )
    erk_half: Array = param(0.4, "1", bounds=HALF, source=OURS, doc="MEK that holds half of ERK active.")
    k_dusp: Array = param(0.2, "1/hour", bounds=SPEED, source=OURS, doc="Speed of the phosphatases that ERK induces.")
    dusp_half: Array = param(0.5, "1", bounds=HALF, source=OURS, doc="ERK that induces half of them.")
    dusp: Array = param(2.0, "1", bounds=ANY, source=OURS, doc="What they add to ERK's dephosphorylation.")

    k_nfkb: Array = param(3.0, "1/hour", bounds=SPEED, source=OURS, doc="Speed of NF-kB's way into the nucleus.")
    nfkb_half: Array = param(0.3, "1", bounds=HALF, source=OURS, doc="Drive by PLCg that holds half of NF-kB there.")
    k_ap1: Array = param(1.5, "1/hour", bounds=SPEED, source=OURS, doc="Speed of AP-1.")
    ap1_half: Array = param(0.3, "1", bounds=HALF, source=OURS, doc="Drive by ERK that holds half of AP-1 active.")
    ap1_total: Array = param(0.5, "1", bounds=ANY, source=OURS, doc="AP-1 relative to NFAT.")
    k_on_pair: Array = param(60.0, "1/hour", bounds=SPEED, source=OURS, doc="Binding of nuclear NFAT to active AP-1.")
    k_off_pair: Array = param(6.0, "1/hour", bounds=SPEED, source=OURS, doc="Their dissociation.")

    k_tox: Array = param(0.03, "1/hour", bounds=SPEED, source=OURS, doc="Speed of TOX and what it turns on.")
    tox_half: Array = param(
        0.3,
        "1",
        bounds=HALF,
        scope="patient",
        source=f"{OURS}; {_EXHAUSTION}",
        doc="Nuclear NFAT without AP-1 that holds half of TOX on.",
    )
    k_pd1: Array = param(0.1, "1/hour", bounds=SPEED, source=OURS, doc="Speed of PD-1.")
    pd1_half: Array = param(0.8, "1", bounds=HALF, source=OURS, doc="NFAT and TOX together that hold half of PD-1.")
    pd1_ligand: Array = param(
        0.3, "1", bounds=SHARE, scope="patient", source=OURS, doc="Share of PD-1 that meets its ligand."
    )

    release_half: Array = param(
        0.3, "1", bounds=HALF, source=OURS, doc="NFAT bound to AP-1 that gives half of the transcription of cytokines."
    )
    ifng_max: Array = param(
        3e4, "count/hour", bounds=(0, 1e8), source=OURS, doc="Synthesis of interferon gamma, all drives at one."
    )
    il2_max: Array = param(
        1.5e4, "count/hour", bounds=(0, 1e8), source=OURS, doc="Synthesis of IL-2, all drives at one."
    )
    gmcsf_max: Array = param(
        1.2e4, "count/hour", bounds=(0, 1e8), source=OURS, doc="Synthesis of GM-CSF, all drives at one."
    )
    k_secretion: Array = param(1.5, "1/hour", bounds=SPEED, source=OURS, doc="Release of what was made.")
    tox_silence: Array = param(
        0.8, "1", bounds=SHARE, scope="patient", source=OURS, doc="Loss of transcription of cytokines where TOX is on."
    )
    stat5_ifng: Array = param(0.5, "1", bounds=SHARE, source=OURS, doc="Share of interferon gamma that needs STAT5.")
    stat5_il2: Array = param(1.0, "1", bounds=ANY, source=OURS, doc="Repression of IL-2 by STAT5.")
    k_granzyme: Array = param(0.06, "1/hour", bounds=SPEED, source=OURS, doc="Speed of granzyme B's content.")
    granzyme_half: Array = param(
        0.6, "1", bounds=HALF, source=OURS, doc="STAT5 and NFAT with AP-1 together that hold half of granzyme B."
    )
