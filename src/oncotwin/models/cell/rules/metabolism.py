"""Rules of the metabolic switch: glucose, energy charge, AMPK, AKT, mTOR."""

from typing import Any

from oncotwin.models.cell.rules.draft import Draft


def metabolise(draft: Draft, cd28: Any, stat5: Any) -> Any:
    """ATP from glucose and respiration, AMPK by ADP, mTOR between AKT and AMPK; gives the share of mTOR that is on.

    cd28: co-stimulation.  stat5: share phosphorylated; both drive AKT.
    """
    Glucose = draft.monomer("Glucose")
    draft.hold(Glucose(), draft["glucose"])
    glucose = draft.observable("glucose_around", Glucose())
    akt, mtor, ampk = draft.switch("AKT"), draft.switch("mTOR"), draft.switch("AMPK")
    energy = draft.monomer("Adenylate", "s", s="adp atp")
    draft.start(energy(s="atp"), draft.whole)
    adp = draft.observable("ADP", energy(s="adp"))
    uptake = glucose / (glucose + draft["glucose_half"]) * (1 + draft["glut"] * akt)
    k = draft["k_energy"]
    charge = draft.expression("ATP_made", k * (draft["respiration"] + (1 - draft["respiration"]) * uptake))
    use = draft.expression("ATP_used", k * draft["demand"] * (1 + draft["anabolism"] * mtor))
    draft.rule("energy_turns", energy(s="adp") | energy(s="atp"), charge, use)
    draft.turn(ampk, "k_ampk", "ampk_half", adp**2)
    draft.turn(akt, "k_akt", "akt_half", cd28 + draft["akt_stat5"] * stat5)
    draft.turn(mtor, "k_mtor", "mtor_half", draft["mtor_basal"] + akt, brake=1 + draft["mtor_ampk"] * ampk)
    return mtor
