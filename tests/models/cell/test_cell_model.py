"""The virtual cell: what is conserved, which way each condition moves it, what the table holds."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oncotwin.core.exchange import Signals
from oncotwin.errors import BadInput
from oncotwin.io.networks.reaction_network import cell_network
from oncotwin.io.networks.signal_table import cell_table
from oncotwin.models.cell import Action, Cell, CellParameters, State, antigen_nmol_per_l
from oncotwin.models.cell.subunits import molecules
from oncotwin.models.cell.table import AXES, CONDITIONS, PRECISION, build_table, signals_at
from oncotwin.numerics.reaction_network import ReactionNetwork

P = CellParameters()
RATES = {"ifng", "il2", "gmcsf"}
CONSERVED = {
    "CAR": "car_total",
    "LCK": "lck_total",
    "ZAP70": "zap_total",
    "Gc": "gc_total",
    "IL2Rb": "rb_total",
    "IL7Ra": "r7_total",
    "IL15Ra": "r15_total",
}
"""Molecules that no rule makes or destroys: name -> parameter that holds their number."""


@pytest.fixture(scope="module")
def cell():
    return Cell(cell_network(), PRECISION)


@pytest.fixture(scope="module")
def day(cell):
    """What a resting cell shows after a day in each of many surroundings, fields of an action -> values."""
    settle = jax.jit(jax.vmap(lambda action: cell.observe(cell.advance(cell.initial(P), action, P, 1.0), P)))

    def after(**values):
        """Eight surroundings at a time, so that all share one compilation; the last is repeated."""
        count = max(len(np.atleast_1d(value)) for value in values.values())
        full = {name: np.resize(np.atleast_1d(value), count).astype(float) for name, value in values.items()}
        action = Action()._replace(**full)
        padded = [np.pad(np.broadcast_to(x, count).astype(float), (0, 8 - count), mode="edge") for x in action]
        return jax.tree.map(lambda x: np.asarray(x)[:count], settle(Action(*padded)))

    return after


def test_receptors_and_kinases_are_conserved(cell):
    """To the tolerance of the integration, whatever binds, enters or returns."""
    action = Action(10.0, 5.0, 5.0, 0.5, 1.0, 5.0)
    later = cell.advance(cell.initial(P), action, P, 1.0)
    for name, total in CONSERVED.items():
        held = float(molecules(cell.network, name) @ np.asarray(later.amounts))
        assert held == pytest.approx(getattr(P, total), rel=1e-6), name
    whole = {"NFAT": 1.0, "STAT5": 1.0, "Adenylate": 1.0, "AP1": P.ap1_total, "TCR": P.tcr_total * P.contact}
    for name, total in whole.items():
        assert float(molecules(cell.network, name) @ np.asarray(later.amounts)) == pytest.approx(total, rel=1e-6), name


def test_every_rule_conserves_what_is_conserved(cell):
    """The stoichiometry itself: no reaction changes the number of these molecules."""
    for name in [*CONSERVED, "TCR", "CD28", "NFAT", "AP1", "STAT5", "Adenylate", "TOX", "PD1", "ERK"]:
        held = molecules(cell.network, name)
        for one in cell.network.reactions:
            assert held[list(one.reactants)].sum() == held[list(one.products)].sum(), name


def test_cd25_is_made_and_lost(cell):
    made = molecules(cell.network, "IL2Ra")
    changes = {made[list(one.products)].sum() - made[list(one.reactants)].sum() for one in cell.network.reactions}
    assert changes == {-1.0, 0.0, 1.0}


@pytest.mark.parametrize("cytokine", ["il2_ng_per_ml", "il7_ng_per_ml", "il15_ng_per_ml"])
def test_stat5_rises_with_each_cytokine_and_saturates(day, cytokine):
    stat5 = day(**{cytokine: [0.0, 0.01, 0.1, 1.0, 10.0, 100.0]}).signals.stat5
    assert stat5[0] == pytest.approx(0.0, abs=1e-9)
    assert np.all(np.diff(stat5) > 0)
    assert stat5[-1] > 0.8
    assert stat5[-1] - stat5[-2] < 0.1 * stat5[-1]


def test_activation_rises_with_beads_and_with_antigen(day):
    for ligand, levels in (
        ("activator", [0.0, 0.003, 0.03, 0.3, 3.0]),
        ("antigen_nmol_per_l", [0.0, 0.01, 0.1, 1.0, 10.0]),
    ):
        seen = day(**{ligand: levels})
        for name in ("erk", "nfat", "nfkb", "exhaustion", "mtor", "granzyme", "il2", "gmcsf"):
            assert np.all(np.diff(getattr(seen.signals, name)) > 0), (ligand, name)
        assert np.all(np.diff(seen.cd25) > 0)
        assert seen.signals.ifng[0] == pytest.approx(0.0, abs=1e-6)
        assert seen.signals.ifng[-1] > 500


def test_low_glucose_wakes_ampk_and_stills_mtor(day):
    seen = day(glucose_mmol_per_l=[0.0, 0.3, 1.0, 5.0, 25.0], activator=1.0, il2_ng_per_ml=10.0)
    assert np.all(np.diff(seen.signals.ampk) < 0)
    assert np.all(np.diff(seen.signals.mtor) > 0)
    assert np.all(np.diff(seen.energy) > 0)
    assert np.all(np.diff(seen.signals.ifng) > 0)


def test_exhaustion_needs_time_and_goes_with_rest(cell):
    """Under lasting antigen it rises for days; without, it falls again."""
    antigen, rest = Action(10.0, antigen_nmol_per_l=5.0), Action(10.0)
    state, shares = cell.initial(P), []
    for action in (antigen, antigen, antigen, rest, rest):
        state = cell.advance(state, action, P, 1.0)
        shares.append(float(cell.observe(state, P).signals.exhaustion))
    assert shares[0] < shares[1] < shares[2]
    assert shares[2] > shares[3] > shares[4]


def test_exhausted_cells_release_less_and_pd1_holds_signalling_back(cell):
    action = Action(antigen_nmol_per_l=5.0)
    plain = cell.observe(cell.advance(cell.initial(P), action, P, 3.0), P)
    silent = P.with_values(tox_half=1e3)
    without_tox = cell.observe(cell.advance(cell.initial(silent), action, silent, 3.0), silent)
    blocked = P.with_values(pd1_ligand=0.0)
    without_pd1 = cell.observe(cell.advance(cell.initial(blocked), action, blocked, 3.0), blocked)
    assert plain.signals.ifng < without_tox.signals.ifng
    assert plain.signals.nfkb < without_pd1.signals.nfkb


def test_half_of_the_cars_are_bound_at_the_dissociation_constant(cell):
    """Singh et al. 2021: koff/kon is 33.7 nmol/L."""
    constant = float(P.k_off_car / P.k_on_car)
    assert constant == pytest.approx(2.39e-3 / 7.1e4 * 1e9, rel=1e-12)
    state = cell.advance(cell.initial(P), Action(antigen_nmol_per_l=constant), P, 0.25)
    assert float(cell.observe(state, P).car_bound) == pytest.approx(P.car_total / 2, rel=1e-5)


def test_target_cells_as_a_concentration():
    """2.5e9 tumour cells/L of 12,590 antigens each, the start of Singh's model: 0.0523 nmol/L."""
    assert antigen_nmol_per_l(2.5e6, P) == pytest.approx(12590 * 2.5e9 / 6.02214076e23 * 1e9, rel=1e-12)


def test_any_amounts_give_shares(cell):
    """Whatever the state, even none of anything, what is reported as a share lies in [0, 1]."""
    first = cell.initial(P).amounts
    noise = jax.random.uniform(jax.random.key(1), (5, first.shape[0]), maxval=10.0)
    for amounts in (jnp.zeros_like(first), *(first * scale for scale in noise), *noise):
        signals = cell.observe(State(jnp.zeros(()), amounts), P).signals
        for name in set(Signals._fields) - RATES:
            assert 0.0 <= float(getattr(signals, name)) <= 1.0, name


def test_another_network_is_refused():
    plain = cell_network()
    fewer = ReactionNetwork("lesser", "hour", plain.species[:5], plain.parameters, {"whole": "1"}, (), ())
    with pytest.raises(BadInput, match="lesser: unknown species"):
        Cell(fewer)


# --- the table ---


def test_the_table_holds_what_the_cell_does(cell):
    """A few points made anew, to 1e-6 of each signal's range."""
    table = cell_table()
    places = np.array(
        [[0, 0, 0, 0, 3], [4, 0, 0, 4, 3], [0, 3, 0, 7, 0], [7, 4, 4, 6, 4], [2, 1, 2, 2, 1], [5, 0, 1, 5, 2]]
    )
    axes = [getattr(table, name) for name in CONDITIONS]
    assert {name: tuple(getattr(table, name)) for name in CONDITIONS} == dict(AXES)
    conditions = np.array([[axis[i] for axis, i in zip(axes, row, strict=True)] for row in places])
    pairs = [signals_at(cell, P, conditions[i : i + 2]) for i in (0, 2, 4)]
    found = Signals(*(np.concatenate(leaves) for leaves in zip(*pairs, strict=True)))
    for name in Signals._fields:
        kept = getattr(table.signals, name)
        np.testing.assert_allclose(
            getattr(found, name), kept[tuple(places.T)], rtol=1e-6, atol=1e-6 * kept.max(), err_msg=name
        )


def test_the_table_moves_the_right_way():
    """Everywhere on the grid; two cytokines at once compete for chains, which costs STAT5 half a percent at most."""
    signals = cell_table().signals
    for axis in range(3):
        assert np.diff(signals.stat5, axis=axis).min() > -0.005
    for name in ("erk", "nfat", "nfkb", "exhaustion", "il2", "gmcsf"):
        assert np.diff(getattr(signals, name), axis=3).min() > 0, name
    assert np.diff(signals.mtor, axis=4).min() > 0
    assert np.diff(signals.ampk, axis=4).max() < 0


def test_a_table_is_built_in_batches(cell):
    """Three points in batches of two, the order of the axes kept."""
    axes = {"il2": (1.0,), "il7": (0.0,), "il15": (0.0,), "activator": (0.0, 0.1, 1.0), "glucose": (5.0,)}
    steps = list(build_table(cell, P, axes, batch=2))
    assert [(done, total) for done, total, _ in steps] == [(2, 3), (3, 3), (3, 3)]
    table = steps[-1][2]
    assert table.signals.erk.shape == (1, 1, 1, 3, 1)
    assert np.all(np.diff(table.signals.erk.ravel()) > 0)
