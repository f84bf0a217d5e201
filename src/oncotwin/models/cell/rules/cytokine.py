"""Rules of IL-2, IL-7 and IL-15: shared chains, endocytosis, JAK, STAT5, CIS, and the induction of CD25."""

from typing import Any, NamedTuple

from pysb import ANY, Monomer

from oncotwin.models.cell.rules.draft import Draft


class Chains(NamedTuple):
    """Receptor chains: l binds a cytokine, m is surface (s) or endosome (e)."""

    a2: Monomer
    a15: Monomer
    a7: Monomer
    b: Monomer
    g: Monomer


def signal_cytokines(draft: Draft, activation: Any) -> Any:
    """Bind the cytokines, activate JAK and STAT5; gives the share of STAT5 that is phosphorylated.

    activation: share of NFAT that acts with AP-1, which induces CD25 with STAT5.
    """
    chains = _chains(draft)
    _il2(draft, chains)
    _il15(draft, chains)
    _il7(draft, chains)
    stat5 = _jak_stat(draft, chains)
    stat5_share = draft.expression("stat5", sum(stat5))
    drive = draft["ra_stat5"] * stat5_share + (1 - draft["ra_stat5"]) * activation
    synthesis = draft["k_ra"] * (draft["ra_resting"] + draft["ra_induced"] * drive)
    draft.rule("CD25_made", None >> chains.a2(l=None, m="s"), draft.expression("CD25_synthesis", synthesis))
    draft.rule("CD25_lost", chains.a2(l=None, m="s") >> None, draft["k_ra"])
    return stat5_share


def _chains(draft: Draft) -> Chains:
    """The chains at the surface, their totals, and their way back from the endosome."""
    chains = Chains(*(draft.monomer(name, "l m", m="s e") for name in ("IL2Ra", "IL15Ra", "IL7Ra", "IL2Rb")), g=None)
    chains = chains._replace(g=draft.monomer("Gc", "l m j", m="s e", j="u p"))
    for chain, amount in zip(chains[:4], ("ra_resting", "r15_total", "r7_total", "rb_total"), strict=True):
        draft.start(chain(l=None, m="s"), draft[amount])
    draft.start(chains.g(l=None, m="s", j="u"), draft["gc_total"])
    for chain in chains:
        draft.rule(f"{chain.name}_returns", chain(l=None, m="e") >> chain(l=None, m="s"), draft["k_recycling"])
    return chains


def _bind(draft: Draft, name: str, cytokine: Monomer, site: str, chain: Monomer, constant: str) -> None:
    """A cytokine of the medium and a free chain."""
    free = cytokine(dict.fromkeys(cytokine.sites))
    bound = cytokine({**dict.fromkeys(cytokine.sites), site: 1}) % chain(l=1, m="s")
    off = draft.expression(f"{name}_off", draft["k_bind"] * draft[constant])
    draft.rule(f"{name}_binds", free + chain(l=None, m="s") | bound, draft["k_bind"], off)


def _join(draft: Draft, name: str, complex_: Monomer, on: dict, site: str, chain: Monomer, off: Any) -> None:
    """A chain of the membrane joins a complex.  on: bonds that the complex must have, or must not."""
    before = complex_({**on, site: None}) + chain(l=None, m="s")
    after = complex_({**on, site: 1}) % chain(l=1, m="s")
    draft.rule(f"{name}_joins", before | after, draft["k_join"], off)


def _trimer(draft: Draft, name: str, alpha: Monomer, chains: Chains) -> Monomer:
    """A cytokine of alpha, beta and gamma, as IL-2 and IL-15: alpha or beta first, gamma only with beta.

    Three dissociations are given, the other two follow from detailed balance.
    """
    number = name.removeprefix("IL")
    cytokine = draft.monomer(name, "a b g")
    draft.hold(cytokine(a=None, b=None, g=None), draft[f"il{number}"])
    _bind(draft, f"{name}_a", cytokine, "a", alpha, f"K_{number}a")
    _bind(draft, f"{name}_b", cytokine, "b", chains.b, f"K_{number}b")
    b_off, g_off, ag_off = draft[f"k_{number}a_b"], draft[f"k_{number}b_g"], draft[f"k_{number}ab_g"]
    a_off = draft.expression(f"k_{number}b_a", draft[f"K_{number}a"] / draft[f"K_{number}b"] * b_off)
    abg_off = draft.expression(f"k_{number}bg_a", ag_off * a_off / g_off)
    _join(draft, f"{name}_ab", cytokine, {"a": ANY, "g": None}, "b", chains.b, b_off)
    _join(draft, f"{name}_ba", cytokine, {"b": ANY, "g": None}, "a", alpha, a_off)
    _join(draft, f"{name}_bga", cytokine, {"b": ANY, "g": ANY}, "a", alpha, abg_off)
    _join(draft, f"{name}_bg", cytokine, {"a": None, "b": ANY}, "g", chains.g, g_off)
    _join(draft, f"{name}_abg", cytokine, {"a": ANY, "b": ANY}, "g", chains.g, ag_off)
    pair = cytokine(a=None, b=2, g=3) % chains.b(l=2, m="s") % chains.g(l=3, m="s")
    left = chains.b(l=None, m="e") + chains.g(l=None, m="e")
    draft.rule(f"{name}_bg_enters", pair >> left, draft["k_endocytosis"])
    trimer = cytokine(a=1, b=2, g=3) % alpha(l=1, m="s") % chains.b(l=2, m="s") % chains.g(l=3, m="s")
    draft.rule(f"{name}_abg_enters", trimer >> left + alpha(l=None, m="e"), draft["k_endocytosis"])
    return cytokine


def _il2(draft: Draft, chains: Chains) -> None:
    _trimer(draft, "IL2", chains.a2, chains)


def _il15(draft: Draft, chains: Chains) -> None:
    _trimer(draft, "IL15", chains.a15, chains)


def _il7(draft: Draft, chains: Chains) -> None:
    """IL-7: its alpha chain, then gamma."""
    IL7 = draft.monomer("IL7", "a g")
    draft.hold(IL7(a=None, g=None), draft["il7"])
    _bind(draft, "IL7_a", IL7, "a", chains.a7, "K_7")
    _join(draft, "IL7_ag", IL7, {"a": ANY}, "g", chains.g, draft["k_7a_g"])
    pair = IL7(a=1, g=2) % chains.a7(l=1, m="s") % chains.g(l=2, m="s")
    draft.rule("IL7_enters", pair >> chains.a7(l=None, m="e") + chains.g(l=None, m="e"), draft["k_endocytosis"])


def _jak_stat(draft: Draft, chains: Chains) -> tuple[Any, Any]:
    """JAK on gamma chains in complexes, STAT5 and its dimer, CIS; gives monomers and pairs, phosphorylated."""
    cis = draft.switch("CIS")
    off = draft.expression("jak_off", draft["k_jak_off"] * (1 + draft["cis"] * cis))
    draft.rule("JAK_activation", chains.g(l=ANY, j="u") >> chains.g(l=ANY, j="p"), draft["k_jak"])
    draft.rule("JAK_inactivation", chains.g(j="p") >> chains.g(j="u"), off)
    active = draft.observable("JAK_active", chains.g(l=ANY, j="p"))
    STAT5 = draft.monomer("STAT5", "y d", y="u p")
    draft.start(STAT5(y="u", d=None), draft.whole)
    rate = draft.expression("STAT5_rise", draft["k_stat5"] * active / draft["jak_half"])
    draft.rule("STAT5_turns", STAT5(y="u", d=None) | STAT5(y="p", d=None), rate, draft["k_stat5"])
    one, two = STAT5(y="p", d=None), STAT5(y="p", d=1) % STAT5(y="p", d=1)
    draft.rule("STAT5_pairs", one + one | two, draft["k_dimer"], draft["k_monomer"])
    alone, paired = draft.observable("STAT5_p", one), draft.observable("STAT5_paired", STAT5(y="p", d=ANY))
    draft.turn(cis, "k_cis", "cis_half", paired)
    return alone, paired
