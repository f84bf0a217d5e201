"""Rules of antigen, beads and proximal signalling: ligand, LCK, three ITAMs of a CAR, ZAP70, CD28, LAT."""

from typing import Any, NamedTuple

from pysb import ANY, Monomer

from oncotwin.models.cell.rules.draft import Draft


class Engaged(NamedTuple):
    """What antigen and beads give.  lat: share phosphorylated.  cd28: co-stimulation, in [0, 1]."""

    lat: Any
    cd28: Any


def engage(draft: Draft, pd1: Any) -> Engaged:
    """Bind antigen and beads, phosphorylate ITAMs and CD28, recruit ZAP70, phosphorylate LAT.

    pd1: share of PD-1 that is expressed; SHP2 goes with it.
    """
    lat = draft.switch("LAT")
    CAR, TCR, CD28 = _receptors(draft)
    lck = _lck(draft)
    _phosphorylate(draft, (CAR, TCR, CD28), lck, pd1)
    zap = _zap(draft, CAR, TCR)
    draft.turn(lat, "k_lat", "zap_half", zap)
    phosphorylated = [draft.observable("CAR_CD28_p", CAR(c28="p")), draft.observable("CD28_p", CD28(y="p"))]
    domains = sum(phosphorylated)
    return Engaged(lat, draft.expression("cd28", domains / (domains + draft["cd28_half"])))


def _receptors(draft: Draft) -> tuple[Monomer, Monomer, Monomer]:
    """The CAR with its three ITAMs, the T-cell receptor with its ten as one, CD28, and what they bind."""
    Antigen, Bead = draft.monomer("Antigen", "r"), draft.monomer("Bead", "r")
    CAR = draft.monomer("CAR", "ag c28 i i i", c28="u p", i="u p")
    TCR = draft.monomer("TCR", "b i", i="u p")
    CD28 = draft.monomer("CD28", "b y", y="u p")
    draft.hold(Antigen(r=None), draft["antigen"])
    draft.hold(Bead(r=None), draft["activator"])
    draft.start(CAR({"ag": None, "c28": "u", "i": draft.alike("u", 3)}), draft["car_total"])
    for molecule, total in ((TCR(b=None, i="u"), "tcr_total"), (CD28(b=None, y="u"), "cd28_total")):
        draft.start(molecule, draft.expression(f"{total}_in_contact", draft[total] * draft["contact"]))
    draft.rule(
        "antigen_binds",
        CAR(ag=None) + Antigen(r=None) | CAR(ag=1) % Antigen(r=1),
        draft["k_on_car"],
        draft["k_off_car"],
    )
    for molecule in (TCR, CD28):
        bound = molecule(b=1) % Bead(r=1)
        draft.rule(
            f"bead_binds_{molecule.name}", molecule(b=None) + Bead(r=None) | bound, draft["k_bead"], draft["k_bead"]
        )
    return CAR, TCR, CD28


def _lck(draft: Draft) -> Any:
    """LCK between CD45 and CSK, at balance in the first state; gives the share that is active."""
    LCK = draft.monomer("LCK", "s", s="off on")
    on, off, total = draft["k_lck_on"], draft["k_lck_off"], draft["lck_total"]
    draft.start(LCK(s="on"), draft.expression("lck_on_first", total * on / (on + off)))
    draft.start(LCK(s="off"), draft.expression("lck_off_first", total * off / (on + off)))
    draft.rule("LCK_turns", LCK(s="off") | LCK(s="on"), on, off)
    return draft.observable("LCK_on", LCK(s="on")) / total


def _phosphorylate(draft: Draft, receptors: tuple[Monomer, Monomer, Monomer], lck: Any, pd1: Any) -> None:
    """Tyrosines of engaged receptors by LCK; of all by CD45 and SHP2."""
    CAR, TCR, CD28 = receptors
    itam = draft.expression("itam_rate", draft["k_itam"] * lck)
    domain = draft.expression("cd28_rate", draft["k_cd28"] * lck)
    undo = draft.expression("phosphatase_rate", draft["k_cd45"] + draft["k_shp2"] * draft["pd1_ligand"] * pd1)
    for name, molecule, ligand, site, rate in (
        ("CAR_ITAM", CAR, "ag", "i", itam),
        ("TCR_ITAM", TCR, "b", "i", itam),
        ("CAR_CD28", CAR, "ag", "c28", domain),
        ("CD28", CD28, "b", "y", domain),
    ):
        engaged = {ligand: ANY}
        draft.rule(
            f"{name}_phosphorylation", molecule({**engaged, site: "u"}) >> molecule({**engaged, site: "p"}), rate
        )
        draft.rule(f"{name}_dephosphorylation", molecule({site: "p"}) >> molecule({site: "u"}), undo)


def _zap(draft: Draft, CAR: Monomer, TCR: Monomer) -> Any:
    """ZAP70 on phosphorylated ITAMs; gives what acts on LAT, in molecules on T-cell receptors."""
    ZAP70 = draft.monomer("ZAP70", "r")
    draft.start(ZAP70(r=None), draft["zap_total"])
    for receptor in (CAR, TCR):
        bound = receptor(i=("p", 1)) % ZAP70(r=1)
        draft.rule(
            f"ZAP70_binds_{receptor.name}",
            receptor(i="p") + ZAP70(r=None) | bound,
            draft["k_on_zap"],
            draft["k_off_zap"],
        )
    on_car = draft.observable("ZAP70_on_CAR", CAR(i=("p", 1)) % ZAP70(r=1))
    on_tcr = draft.observable("ZAP70_on_TCR", TCR(i=("p", 1)) % ZAP70(r=1))
    return draft["car_yield"] * on_car + on_tcr
