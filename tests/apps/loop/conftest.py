"""The small loop, run once for all tests."""

import pytest
from small_loop import SETTINGS, grown

from oncotwin.apps import style
from oncotwin.apps.loop import run
from oncotwin.apps.loop.settings import LoopPatient


def coarse(patched):
    """Figures are drawn whole, but with few dots to the inch."""
    patched.setattr(style, "DPI", 40)


@pytest.fixture(autouse=True)
def coarse_pictures(monkeypatch):
    coarse(monkeypatch)


@pytest.fixture(scope="session")
def looped(tmp_path_factory):
    """The whole loop, its cultures apart: its folder and its summary."""
    folder = tmp_path_factory.mktemp("loop") / "patient"
    with pytest.MonkeyPatch.context() as patched:
        coarse(patched)
        patched.setattr(run, "grow", grown)
        summary = run.run_loop(LoopPatient(), SETTINGS, folder)
    return folder, summary
