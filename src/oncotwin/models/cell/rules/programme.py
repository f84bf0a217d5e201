"""Rules from LAT to transcription: calcium, ERK, NFAT, NF-kB, AP-1, exhaustion, release."""

from typing import Any, NamedTuple

from oncotwin.models.cell.rules.antigen import Engaged
from oncotwin.models.cell.rules.draft import Draft


class Factors(NamedTuple):
    """Shares in the nucleus.  nfat: all of it.  alone: NFAT without AP-1.  paired: NFAT with AP-1.  nfkb: NF-kB."""

    nfat: Any
    alone: Any
    paired: Any
    nfkb: Any


def transcribe(draft: Draft, engaged: Engaged) -> Factors:
    """From LAT to the transcription factors."""
    help_ = draft.expression("costimulated", 1 - draft["costimulation"] * (1 - engaged.cd28))
    plc = draft.switch("PLCg")
    draft.turn(plc, "k_plc", "plc_half", engaged.lat * help_)
    erk = _erk(draft, plc)
    nfkb = draft.switch("NFkB")
    draft.turn(nfkb, "k_nfkb", "nfkb_half", plc * help_)
    alone, paired = _nfat(draft, plc, erk * help_)
    return Factors(draft.expression("nfat", alone + paired), alone, paired, nfkb)


def _erk(draft: Draft, plc: Any) -> Any:
    """Ras with SOS, MEK, ERK and the phosphatases that ERK induces; gives the share of ERK that is active."""
    ras, mek, erk, dusp = (draft.switch(name) for name in ("Ras", "MEK", "ERK", "DUSP"))
    draft.turn(ras, "k_ras", "ras_half", plc + draft["sos"] * plc * ras)
    draft.turn(mek, "k_mek", "mek_half", ras)
    draft.turn(erk, "k_erk", "erk_half", mek, brake=1 + draft["dusp"] * dusp)
    draft.turn(dusp, "k_dusp", "dusp_half", erk)
    return erk


def _nfat(draft: Draft, plc: Any, jun: Any) -> tuple[Any, Any]:
    """Calcium, NFAT's import, AP-1 and their pair; gives nuclear NFAT alone and with AP-1."""
    calcium = draft.switch("Calcium")
    draft.turn(calcium, "k_calcium", "calcium_half", plc)
    calcineurin = calcium**2 / (draft["nfat_half"] ** 2 + calcium**2)
    NFAT, AP1 = draft.monomer("NFAT", "m p", m="c n"), draft.monomer("AP1", "s p", s="off on")
    draft.start(NFAT(m="c", p=None), draft.whole)
    draft.start(AP1(s="off", p=None), draft["ap1_total"])
    entry = draft.expression("NFAT_entry", draft["k_nfat_in"] * calcineurin)
    draft.rule("NFAT_moves", NFAT(m="c", p=None) | NFAT(m="n", p=None), entry, draft["k_nfat_out"])
    rise = draft.expression("AP1_rise", draft["k_ap1"] * jun / draft["ap1_half"])
    draft.rule("AP1_turns", AP1(s="off", p=None) | AP1(s="on", p=None), rise, draft["k_ap1"])
    pair = NFAT(m="n", p=1) % AP1(s="on", p=1)
    draft.rule("NFAT_AP1", NFAT(m="n", p=None) + AP1(s="on", p=None) | pair, draft["k_on_pair"], draft["k_off_pair"])
    return draft.observable("NFAT_alone", NFAT(m="n", p=None)), draft.observable("NFAT_paired", pair)


def exhaust(draft: Draft, pd1: Any, factors: Factors) -> Any:
    """TOX by NFAT without its partner, PD-1 by NFAT and TOX; gives the share of TOX that is on."""
    tox = draft.switch("TOX")
    draft.turn(tox, "k_tox", "tox_half", factors.alone)
    draft.turn(pd1, "k_pd1", "pd1_half", factors.nfat + tox)
    return tox


def release(draft: Draft, factors: Factors, tox: Any, stat5: Any, mtor: Any) -> None:
    """Synthesis and release of interferon gamma, IL-2 and GM-CSF; the content of granzyme B."""
    written = factors.paired / (factors.paired + draft["release_half"]) * (1 - draft["tox_silence"] * tox)
    made = draft.expression("made", written * (draft["translation"] + (1 - draft["translation"]) * mtor))
    helped = 1 - draft["stat5_ifng"] * (1 - stat5)
    for name, rate in (
        ("IFNg", draft["ifng_max"] * made * helped),
        ("IL2out", draft["il2_max"] * made * factors.nfkb / (1 + draft["stat5_il2"] * stat5)),
        ("GMCSF", draft["gmcsf_max"] * made * factors.nfkb),
    ):
        protein = draft.monomer(name, "m", m="in out")
        draft.start(protein(m="in"), draft.nothing)
        draft.rule(f"{name}_made", None >> protein(m="in"), draft.expression(f"{name}_synthesis", rate))
        draft.rule(f"{name}_released", protein(m="in") >> protein(m="out"), draft["k_secretion"])
        draft.observable(f"{name}_inside", protein(m="in"))
        draft.observable(f"{name}_released_total", protein(m="out"))
    granzyme = draft.switch("GZMB")
    draft.turn(granzyme, "k_granzyme", "granzyme_half", stat5 + factors.paired)
