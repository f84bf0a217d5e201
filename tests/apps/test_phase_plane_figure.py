"""The phase plane as a picture: what is in it, at the right place."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from oncotwin.apps.dosing import phase_plane
from oncotwin.models import lumped
from oncotwin.models.lumped.stepanova import State

MODEL, P = lumped.Stepanova(lumped.Stepped(0.25)), lumped.StepanovaParameters()
WINDOW = (State(1.0, 0.0), State(790.0, 2.5))


@pytest.fixture(scope="module")
def figure():
    course = State(np.array([600.0, 400.0, 100.0]), np.array([0.1, 0.3, 1.0]))
    return phase_plane.draw_phase_plane(MODEL, P, WINDOW, ("tumour", "immune density"), {"A course": course}, days=40.0)


def test_axes_carry_units(figure):
    (panel,) = figure.axes
    assert panel.get_xlabel() == "Tumour (10⁶ cells)"
    assert panel.get_ylabel() == "Immune density"
    assert panel.get_xlim() == (1.0, 790.0)


def test_the_legend_names_what_is_drawn(figure):
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == [
        "Tumour at rest",
        "Immune density at rest",
        "Basin of (73.1, 1.33)",
        "Basin of (737, 0.0315)",
        "Separatrix",
        "A course",
        "Stable node",
        "Stable focus",
        "Saddle",
    ]


def test_the_separatrix_goes_through_the_saddle(figure):
    (panel,) = figure.axes
    (line,) = [line for line in panel.lines if line.get_label() == "Separatrix"]
    x, y = line.get_data()
    assert np.min(np.hypot((x - 355.412) / 355, (y - 0.44009) / 0.44)) < 1e-4
    saddle = [line for line in panel.lines if line.get_marker() == "X"]
    assert [float(line.get_xdata()[0]) for line in saddle] == pytest.approx([355.412], abs=1e-3)


def test_one_colour_means_one_thing(figure):
    (panel,) = figure.axes
    curves = {to_hex(line.get_color()) for line in panel.lines if len(line.get_xdata()) > 2}
    nullclines = {to_hex(c) for c in (phase_plane.ORANGE, phase_plane.GREEN)}
    assert curves.isdisjoint(nullclines)
    assert len(phase_plane.COURSES) == len(set(phase_plane.COURSES))
