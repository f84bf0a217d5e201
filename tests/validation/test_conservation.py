"""The ledger closes, nothing falls below zero, and runs keep the symmetries of the equations: V16 of the plan."""

import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from marching import living, march, observed_orders

from oncotwin.models.tumour3d import (
    Accurate,
    CartLayer,
    Extensions,
    Fields,
    Grid,
    Seeding,
    State,
    Tissue,
    Tumour,
    TumourParameters,
)
from oncotwin.models.tumour3d.state import integrals

CUBE = Grid((8, 8, 8), (1.2, 1.2, 1.2))
RANDOM = np.random.default_rng(0)
INSIDE = np.ones(CUBE.shape, bool)
INSIDE[:3, :3] = INSIDE[5:7, 4:, 6:] = False
UNEVEN = RANDOM.uniform(0.1, 3.0, CUBE.shape)


class Case(NamedTuple):
    """A run: where, with which numbers, and how well its ledger must close."""

    tissue: Tissue = Tissue()
    preset: str = "normalised"
    dtype: str = "float64"
    closure: float = 1e-12


CASES = {
    "box": Case(),
    "mask and map": Case(Tissue(relative=UNEVEN, inside=INSIDE)),
    "published preset": Case(preset="published"),
    "single precision": Case(Tissue(inside=INSIDE), dtype="float32", closure=1e-4),
}


@pytest.fixture(scope="module", params=CASES)
def run(request: pytest.FixtureRequest) -> tuple[Case, Tumour, State]:
    """Eight days after an infusion of every route."""
    case = CASES[request.param]
    p = TumourParameters.preset(case.preset)
    seeding = Seeding(cart=CartLayer(0.15, 0.4, 0.1 * float(p.tumour_value)))
    model = Tumour(CUBE, seeding, Accurate(dtype=case.dtype), tissue=case.tissue)
    advance = jax.jit(model.advance)
    nothing = model.no_action()
    cells = 0.01 * p.tumour_value * p.T_ref
    everything = nothing._replace(blood_cells=2.5e8, layer_cells=cells, ball_cells=cells)
    state = model.initial(p)
    for action in (everything, nothing, nothing, nothing):
        state = advance(state, action, p, 2.0)
    return case, model, state


def test_ledger_closes(run: tuple[Case, Tumour, State]) -> None:
    case, model, state = run
    assert int(model.status(state)) == 0
    assert np.asarray(state.ledger.closure()) == pytest.approx(np.zeros(7), abs=case.closure)
    start, kill, turnover, arrivals, transport = (np.asarray(x) for x in state.ledger)
    passed = abs(start) + abs(kill) + abs(turnover) + abs(arrivals)
    end = np.asarray(integrals(state.fields, model.grid.voxel_volume))
    assert (passed > 0).all()
    assert abs(start + kill + turnover + arrivals + transport - end) / passed == pytest.approx(np.zeros(7), abs=1e-12)


def test_signs_of_the_ledger(run: tuple[Case, Tumour, State]) -> None:
    """Contact only takes, from C and T_A alone; only C arrives."""
    _, _, state = run
    ledger = state.ledger
    passed = np.asarray(abs(ledger.start) + abs(ledger.turnover) + abs(ledger.kill) + abs(ledger.arrivals))
    kill, arrivals = Fields(*(ledger.kill / passed)), Fields(*(ledger.arrivals / passed))
    assert kill.C < -1e-3
    assert kill.T_A < -1e-3
    assert np.array([kill.E, kill.T_B, kill.S, kill.A, kill.H]) == pytest.approx(np.zeros(5), abs=1e-15)
    assert arrivals.C > 1e-3
    assert np.array(arrivals)[1:] == pytest.approx(np.zeros(6), abs=1e-15)


def test_never_negative_and_nothing_outside(run: tuple[Case, Tumour, State]) -> None:
    case, _, state = run
    inside = np.ones(CUBE.shape, bool) if case.tissue.inside is None else case.tissue.inside
    for field in state.fields:
        values = np.asarray(field)
        assert values.min() >= 0
        assert (values[~inside] == 0).all()
        assert values[inside].max() > 0


def waves(grid: Grid) -> Fields:
    """Smooth positive fields without any symmetry."""
    random = np.random.default_rng(1)
    x = np.stack(np.broadcast_arrays(*grid.coordinates()), -1)
    made = [1 + 0.8 * np.cos(x @ random.normal(size=grid.dimension) * 4 + random.normal()) for _ in range(7)]
    return Fields(*(jnp.asarray(0.3 * wave) for wave in made))


def test_reflection_to_round_off() -> None:
    """A state turned about any axes ends as the end turned."""
    model, p = Tumour(CUBE), TumourParameters()
    advance = jax.jit(model.advance)
    state = model.infuse(model.initial(p), model.no_action()._replace(blood_cells=2.5e8), p)
    fields = waves(CUBE)
    straight = advance(state._replace(fields=fields), model.no_action(), p, 2.0).fields
    for axes in ((0,), (1, 2), (0, 1, 2)):
        turned = Fields(*(jnp.flip(u, axes) for u in fields))
        turned = advance(state._replace(fields=turned), model.no_action(), p, 2.0).fields
        for u, v in zip(straight, turned, strict=True):
            assert np.flip(np.asarray(v), axes) == pytest.approx(np.asarray(u), rel=1e-12)


def test_exchanged_axes_agree_to_second_order() -> None:
    """The drift takes the axes in turn, so their order is seen in C, by no more than the splitting error."""
    grid, p = Grid((12, 12), (1.2, 1.2)), TumourParameters()
    model = Tumour(grid, extensions=Extensions(False, False))
    fields = waves(grid)
    start = [living(model, p, u) for u in (fields, Fields(*(u.T for u in fields)))]
    apart = []
    for count in (16, 32, 64):
        one, other = (march(model, p, y, 1.0 / count, count).fields for y in start)
        apart.append(max(float(jnp.abs(u - v.T).max() / u.max()) for u, v in zip(one, other, strict=True)))
    assert apart[0] < 1e-4
    assert observed_orders(apart) == pytest.approx(2, abs=0.2)


def test_a_mask_is_a_smaller_box() -> None:
    """A box behind a wall of the mask does what the box alone does."""
    p = TumourParameters()
    whole, part = Grid((9, 8), (1.8, 1.6)), Grid((5, 8), (1.0, 1.6))
    inside = np.zeros(whole.shape, bool)
    inside[:5] = True
    ends = []
    for grid, mask in ((whole, inside), (part, np.ones(part.shape, bool))):
        density = np.zeros(grid.shape)
        density[1:4, 2:5] = 1.0
        model = Tumour(grid, Seeding(density_map=density), tissue=Tissue(inside=mask))
        state = jax.jit(model.advance)(model.initial(p), model.no_action()._replace(blood_cells=2.5e8), p, 3.0)
        ends.append([np.asarray(u)[:5] for u in state.fields])
    for u, v in zip(*ends, strict=True):
        assert u == pytest.approx(v, rel=1e-11)


THREADED = """
import os, sys
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(sys.argv[1])])
import jax, numpy as np
from oncotwin.models.tumour3d import Grid, Tumour, TumourParameters
model, p = Tumour(Grid((24, 24, 24), (2.0, 2.0, 2.0))), TumourParameters()
given = model.no_action()._replace(blood_cells=2.5e8)
state = jax.jit(model.advance)(model.initial(p), given, p, 4.0)
np.save(sys.argv[2], np.stack(state.fields))
"""


def test_one_processor_or_several(tmp_path: Path) -> None:
    """V16: sums are taken in another order, so runs agree to round-off, not to the bit."""
    ends = []
    for count in (1, 2):
        file = tmp_path / f"{count}.npy"
        subprocess.run([sys.executable, "-c", THREADED, str(count), str(file)], check=True)
        ends.append(np.load(file))
    for one, several in zip(*ends, strict=True):
        assert one == pytest.approx(several, rel=1e-10, abs=1e-13 * several.max())
