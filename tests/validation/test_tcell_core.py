"""The shipped T-cell core against the numbers known of it: balances, ATP yields, conditions, knockouts."""

import csv

import numpy as np
import pytest

from oncotwin.io.networks.core import core_network, read_equation
from oncotwin.numerics.flux_analysis import fba, fva, pfba, single_knockouts
from oncotwin.numerics.flux_balance import FluxCache
from oncotwin.numerics.mass_balance import balance, molar_mass

CORE = core_network()
SECRETED = (0.0, 1000.0)
EXCHANGED_FREELY = ("EX_co2_e", "EX_h2o_e", "EX_h_e", "EX_pi_e")
DISPENSABLE = ("ala", "asn", "asp", "glu", "gly", "pro", "ser")  # amino acids that the cell can make


def exchange(name: str) -> str:
    """Id of an exchange reaction from the short name of what is exchanged."""
    long = {"glc": "glc__D", "lac": "lac__L", "gln": "gln__L", "leu": "leu__L"}
    amino = name if name == "gly" else f"{name}__L"
    return f"EX_{long.get(name) or (amino if name in DISPENSABLE else name)}_e"


def fed(network=CORE, **uptake: float):
    """The network with other greatest uptakes, mmol/gDW/h."""
    return network.bounded({exchange(name): (-value, 1000.0) for name, value in uptake.items()})


BASAL = fed(**dict.fromkeys(DISPENSABLE, 0.0))  # the conditions of the table: no dispensable amino acid but glutamine


def flux_of(network, *names: str) -> list[float]:
    """Fluxes of some exchanges in the parsimonious optimum."""
    found = pfba(network).fluxes
    return [float(found[network.place(exchange(name))]) for name in names]


def atp_yield(**uptake: float):
    """The network fed with one substrate, maintenance as the objective."""
    bounds = {name: (-1000.0, 1000.0) if name in EXCHANGED_FREELY else SECRETED for name in CORE.exchanges}
    return fed(CORE.bounded(bounds | {"ATPM": SECRETED}), **uptake).aimed("ATPM")


class TestBalance:
    """Mass, charge, and no free energy."""

    def test_every_reaction_but_those_of_the_protein_pool_is_balanced(self):
        found = balance(CORE)
        assert found.gained == {}
        assert found.unchecked == ("PROTSYN", "BIOMASS_tcell")

    def test_biomass_weighs_a_gram(self):
        def mass(reaction: str) -> float:
            column = CORE.S[:, [CORE.place(reaction)]].toarray()[:, 0]
            return -sum(x * molar_mass(f) / 1000 for x, f in zip(column, CORE.formulas, strict=True) if x and f)

        protein = -CORE.S[CORE.metabolites.index("prot_c"), CORE.place("BIOMASS_tcell")]
        assert mass("BIOMASS_tcell") + protein == pytest.approx(0.9426, abs=5e-5)  # 0.054 g of other things to one
        assert mass("PROTSYN") == pytest.approx(1.001, abs=5e-4)

    def test_no_energy_from_nothing(self):
        assert fba(atp_yield()).objective == pytest.approx(0, abs=1e-9)
        assert fba(atp_yield(o2=1000.0)).objective == pytest.approx(0, abs=1e-9)

    def test_nothing_is_blocked(self):
        ends = fva(CORE.bounded(dict.fromkeys(CORE.exchanges, (-1000.0, 1000.0)) | {"ATPM": SECRETED}), fraction=0.0)
        assert np.maximum(np.abs(ends.minimum), np.abs(ends.maximum)).min() > 1e-6

    @pytest.mark.parametrize(
        ("uptake", "atp", "made"),
        [
            ({"glc": 1, "o2": 1000}, 31.5, {"o2": -6, "co2": 6}),
            ({"glc": 1}, 2, {"lac": 2}),
            ({"gln": 1, "o2": 1000}, 22.5, {"nh4": 2}),
            ({"hdca": 1, "o2": 1000}, 106, {"o2": -23, "co2": 16}),
            ({"lac": 1, "o2": 1000}, 14.75, {"o2": -3, "co2": 3}),
        ],
    )
    def test_atp_yield(self, uptake, atp, made):
        network = atp_yield(**uptake)
        assert fba(network).objective == pytest.approx(atp, abs=1e-6)
        assert flux_of(network, *made) == pytest.approx(list(made.values()), abs=1e-6)


class TestConditions:
    """Growth of the four kinds of cell, and what lack of oxygen does."""

    def test_blast(self):
        glucose, lactate, glutamine, ammonia, oxygen = flux_of(BASAL, "glc", "lac", "gln", "nh4", "o2")
        assert fba(BASAL).objective == pytest.approx(0.0583, abs=5e-5)
        assert fba(CORE).objective == pytest.approx(0.0603, abs=5e-5)
        assert (lactate, ammonia, oxygen) == pytest.approx((2.08, 0.13, -0.60), abs=0.005)
        assert -lactate / glucose == pytest.approx(1.73, abs=0.005)
        assert -ammonia / glutamine == pytest.approx(0.65, abs=0.005)

    @pytest.mark.parametrize(
        ("uptake", "growth"),
        [
            ({"glc": 0.8, "gln": 0.12, "o2": 0.5}, 0.0409),  # expanding effector
            ({"glc": 0.15, "gln": 0.06, "o2": 0.7, "hdca": 0.02}, 0.0259),  # memory-like
        ],
    )
    def test_effector_and_memory(self, uptake, growth):
        assert fba(fed(BASAL, **uptake)).objective == pytest.approx(growth, abs=5e-5)

    def test_a_resting_cell_that_is_fed_would_grow(self):
        resting = fed(BASAL, glc=0.1, gln=0.02, o2=0.25)
        assert fba(resting.bounded({"ATPM": (0.8, 0.8)})).objective == pytest.approx(0.0084, abs=5e-5)
        assert fba(resting).objective == pytest.approx(0.0057, abs=5e-5)  # with the maintenance of a blast

    def test_lack_of_oxygen_makes_lactate(self):
        growth, share = [], []
        for oxygen in (1.5, 1.0, 0.6, 0.3, 0.05):
            network = fed(BASAL, o2=oxygen)
            glucose, lactate = flux_of(network, "glc", "lac")
            growth.append(fba(network).objective)
            share.append(-lactate / glucose)
        assert growth[0] == pytest.approx(0.0862, abs=5e-5)
        assert growth[-1] == pytest.approx(0.0221, abs=5e-5)
        assert (np.diff(growth) < 0).all()
        assert share[0] == pytest.approx(0, abs=1e-9)
        assert share[-1] == pytest.approx(1.97, abs=0.005)
        assert (np.diff(share) > 0).all()

    def test_the_cache_agrees(self):
        names = ("glc", "gln", "o2", "hdca")
        cache = FluxCache.build(BASAL, varying=tuple(map(exchange, names)), outputs=("EX_lac__L_e",), within=10.0)
        found = cache.solve(np.array([[1.2, 0.2, 0.6, 0], [0.8, 0.12, 0.5, 0], [0.15, 0.06, 0.7, 0.02], [0, 0, 0, 0]]))
        np.testing.assert_allclose(found.growth, [0.0583, 0.0409, 0.0259, 0], atol=5e-5)
        np.testing.assert_allclose(found.shortage, [0, 0, 0, 1], atol=1e-9)
        assert found.exchange[0, 0] == pytest.approx(2.08, abs=0.005)


class TestKnockouts:
    """Growth of the blast in open RPMI-like medium, relative to that without the knockout."""

    @pytest.mark.parametrize(
        ("reaction", "ratio"),
        [
            ("HEX1", 0),
            ("LDH_L", 0.757),
            ("NADH2_u10mi", 0.773),
            ("CYOR_u10mi", 0),
            ("ATPS4mi", 0.396),
            ("GLUNm", 0.601),
            ("CPT_160", 1),
            ("PYRt2m", 0.990),
            ("G6PDH2r", 1),
            ("DHFR", 0),
            ("PYRSYN", 0),
            ("GMPSYN", 0),
            ("ACITL", 0),
            ("ASNS1", 1),
            ("PGCD", 0.952),
            ("EX_o2_e", 0),
            ("EX_gln__L_e", 0.252),
            ("EX_leu__L_e", 0),
            ("EX_glc__D_e", 0),
        ],
    )
    def test_single(self, reaction, ratio):
        assert single_knockouts(CORE, [reaction]).ratio[0] == pytest.approx(ratio, abs=6e-4)

    def test_both_serine_hydroxymethyltransferases(self):
        assert fba(CORE.without(["GHMT2r", "GHMT2rm"])).objective == pytest.approx(0, abs=1e-9)
        assert single_knockouts(CORE, ["GHMT2r", "GHMT2rm"]).ratio.min() > 0.5

    def test_fatty_acids_feed_a_memory_cell_that_lacks_glucose(self):
        memory = fed(BASAL, gln=0.06, o2=0.7, hdca=0.02)
        assert single_knockouts(fed(memory, glc=0.15), ["CPT_160"]).ratio[0] == pytest.approx(1, abs=1e-9)
        assert single_knockouts(fed(memory, glc=0.05), ["CPT_160"]).ratio[0] == pytest.approx(0.536, abs=0.02)


def test_the_tables_are_those_of_the_reference(root):
    folder = root.parent / "shared" / "data" / "tcell_core"
    if not folder.is_dir():
        pytest.skip("the reference tables are not at ../shared/data/tcell_core")
    with (folder / "tcell_core_reactions.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with (folder / "tcell_core_metabolites.csv").open(encoding="utf-8") as file:
        metabolites = list(csv.DictReader(file))
    assert CORE.reactions == tuple(row["id"] for row in rows)
    assert CORE.metabolites == tuple(row["id"] for row in metabolites)
    assert CORE.formulas == tuple(row["formula"] for row in metabolites)
    assert CORE.charges == tuple(float(row["charge"]) for row in metabolites)
    for j, row in enumerate(rows):
        assert (CORE.lb[j], CORE.ub[j]) == (float(row["lb"]), float(row["ub"]))
        column = {CORE.metabolites[i]: CORE.S[i, j] for i in CORE.S[:, [j]].nonzero()[0]}
        assert column == read_equation(row["equation"])
        assert read_equation(CORE.equation(row["id"])) == column


def test_size():
    assert CORE.S.shape == (166, 181)
    assert len(CORE.exchanges) == 32
    assert all(CORE.reaction_names)
    assert all(CORE.metabolite_names)
    assert np.linalg.matrix_rank(CORE.S.toarray()) < 166  # conserved moieties
