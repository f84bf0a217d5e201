"""Both schemes as settings of the model: what they refuse, and that the error follows the tolerance."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oncotwin.errors import BadInput
from oncotwin.models.tumour3d import (
    Accurate,
    Extensions,
    Fields,
    Grid,
    Published,
    Seeding,
    State,
    Tissue,
    Tumour,
    TumourParameters,
)

P = TumourParameters()
LINE = Grid((24,), (2.0,))


def course(scheme: Accurate, p: TumourParameters = P, days: float = 4.0) -> State:
    """The state some days after an infusion, along a line."""
    model = Tumour(LINE, scheme=scheme)
    advance = jax.jit(model.advance)
    return advance(model.initial(p), model.no_action()._replace(blood_cells=2.5e8), p, days)


@pytest.fixture(scope="module")
def exact() -> Fields:
    return course(Accurate(rtol=1e-6)).fields


def test_the_error_follows_the_tolerance(exact: Fields) -> None:
    """Each step errs by the tolerance at most, a scheme of second order in all by rtol^(2/3), 4.6-fold a decade."""
    errors = []
    for rtol in (1e-2, 1e-3, 1e-4):
        end = course(Accurate(rtol=rtol, max_step_days=4.0)).fields
        gaps = [float(jnp.sqrt(jnp.mean((u - v) ** 2) / jnp.mean(v**2))) for u, v in zip(end, exact, strict=True)]
        errors.append(max(gaps))
        assert errors[-1] < 5 * rtol
    assert errors[0] > 4 * errors[1] > 16 * errors[2]


def test_the_longest_step_is_kept() -> None:
    state = course(Accurate(rtol=0.5, max_step_days=0.5))
    assert int(state.progress.accepted) == 8
    assert float(state.progress.step) == 0.5


def test_single_precision_agrees_with_double(exact: Fields) -> None:
    state = course(Accurate(rtol=1e-4, dtype="float32"))
    for u, v in zip(state.fields, exact, strict=True):
        assert u.dtype == jnp.float32
        assert np.asarray(u) == pytest.approx(np.asarray(v), rel=1e-3, abs=1e-3 * float(v.max()))


@pytest.mark.parametrize(
    "values",
    [
        {"chi_0": 0.0, "D_C": 0.0},
        {"D_C": 0.0, "sigma_S": 0.0},
        {"D_C": 0.0, "D_E": 0.0, "D_T": 0.0, "D_S": 0.0, "D_A": 0.0, "D_H": 0.0},
        {"gamma": 0.0, "delta_CT": 0.0},
        {"tumour_value": 0.0},
    ],
    ids=lambda values: ", ".join(values),
)
def test_a_mechanism_can_be_switched_off(values: dict[str, float]) -> None:
    state = course(Accurate(), P.with_values(**values), 1.0)
    assert int(state.progress.failed) == 0
    assert all(np.isfinite(u).all() and (np.asarray(u) >= 0).all() for u in state.fields)


def test_what_cannot_be_trusted_has_a_status() -> None:
    model = Tumour(LINE)
    state = model.initial(P)
    lost = state._replace(fields=state.fields._replace(A=state.fields.A.at[3].set(jnp.nan)))
    assert int(model.status(state)) == 0
    assert int(model.status(lost)) == 1
    after = jax.jit(model.advance)(lost, model.no_action(), P, 1.0)
    assert int(model.status(after)) == 2
    assert int(after.progress.accepted) == 0


@pytest.mark.parametrize(
    "settings", [{"rtol": 0.0}, {"rtol": 1.0}, {"floor": 0.0}, {"max_step_days": 0.0}, {"max_step_days": float("nan")}]
)
def test_tolerances_are_positive(settings: dict[str, float]) -> None:
    with pytest.raises(BadInput, match="tolerances must be positive"):
        Accurate(**settings)


def test_an_unknown_number_format_is_refused() -> None:
    with pytest.raises(BadInput, match=r"unknown number format; got 'float16'; allowed: float64, float32"):
        Accurate(dtype="float16")


@pytest.mark.parametrize("settings", [{"step_days": 0.0}, {"exp_substeps": 0}, {"diff_iters": 0}, {"diff_tol": -1.0}])
def test_settings_of_the_published_scheme_are_positive(settings: dict[str, float]) -> None:
    with pytest.raises(BadInput, match="settings of the published scheme must be positive"):
        Published(**settings)


def test_each_scheme_asks_for_its_layout() -> None:
    with pytest.raises(BadInput, match="grid and scheme differ in layout; got 'centred'; allowed: vertex"):
        Tumour(LINE, scheme=Published())


def test_tissue_has_the_shape_of_the_grid() -> None:
    with pytest.raises(BadInput, match=r"tissue.inside and grid differ; got \(3,\); allowed: \(24,\)"):
        Tumour(LINE, tissue=Tissue(inside=np.ones(3, bool)))


@pytest.mark.parametrize(
    "more", [{}, {"extensions": Extensions(False, False), "tissue": Tissue(relative=np.ones(24))}], ids=["blood", "map"]
)
def test_the_published_scheme_refuses_what_it_does_not_know(more: dict) -> None:
    model = Tumour(Grid((24,), (2.0,), "vertex"), Seeding(), Published(), **more)
    with pytest.raises(BadInput, match="knows neither blood, inflammation, tissue maps nor masks"):
        model.advance(model.initial(P), model.no_action(), P, 1.0)


def test_the_published_scheme_shortens_its_last_step() -> None:
    """Half a step more is half a step, not a whole one and not none."""
    off = Extensions(False, False)
    grid = Grid((24,), (2.0,), "vertex")
    coarse, fine = (
        Tumour(grid, scheme=Published(step, diff_iters=5000, diff_tol=1e-14), extensions=off) for step in (0.1, 0.05)
    )
    state = coarse.initial(P)
    nothing = coarse.no_action()
    advance, refined = jax.jit(coarse.advance), jax.jit(fine.advance)
    whole = advance(advance(state, nothing, P, 0.2), nothing, P, 0.05)
    odd = advance(state, nothing, P, 0.25)
    assert int(odd.progress.accepted) == 3
    for u, v in zip(whole.fields, odd.fields, strict=True):
        assert np.asarray(u) == pytest.approx(np.asarray(v), rel=1e-14)
    short, half = advance(state, nothing, P, 0.05), refined(state, nothing, P, 0.05)
    for u, v in zip(half.fields, short.fields, strict=True):
        assert np.asarray(u) == pytest.approx(np.asarray(v), rel=1e-14)
