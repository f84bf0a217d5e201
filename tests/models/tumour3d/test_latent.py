"""The reduced vector of equation (26): neutral, monotone, invertible."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncotwin.core.exchange import Latents
from oncotwin.errors import BadInput
from oncotwin.models.tumour3d import TumourParameters, apply_latents, latents_of
from oncotwin.models.tumour3d.latent import SPANS

P = TumourParameters()


@pytest.mark.parametrize("preset", TumourParameters.presets)
def test_one_half_is_the_preset(preset):
    p = TumourParameters.preset(preset)
    same = apply_latents(p, Latents())
    assert same.table() == p.table()


@given(st.tuples(*[st.floats(0, 1)] * 6))
def test_the_map_has_an_inverse(thetas):
    back = latents_of(apply_latents(P, Latents(*thetas)), P)
    assert [float(x) for x in back] == pytest.approx(list(thetas), abs=1e-12)


@pytest.mark.parametrize(("latent", "parameter"), [(name, q) for name, spans in SPANS.items() for q in spans])
def test_each_parameter_moves_one_way_and_within_bounds(latent, parameter):
    values = [getattr(apply_latents(P, Latents(**{latent: t})), parameter) for t in (0.0, 0.25, 0.5, 0.75, 1.0)]
    steps = [b - a for a, b in zip(values, values[1:], strict=False)]
    wanted = 1 if SPANS[latent][parameter] > 1 else -1
    assert all(wanted * step > 0 for step in steps)


@pytest.mark.parametrize("theta", [-0.01, 1.01, float("nan")])
def test_a_latent_outside_its_range_is_refused_by_name(theta):
    with pytest.raises(BadInput, match=r"latents\.esc.*0 to 1"):
        apply_latents(P, Latents(esc=theta))


def test_latents_move_disjoint_parameters():
    moved = [parameter for spans in SPANS.values() for parameter in spans]
    assert len(moved) == len(set(moved))
