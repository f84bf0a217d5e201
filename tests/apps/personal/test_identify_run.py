"""The study of identifiability as a run: what is told before anything is computed, what is written, drawn again."""

import numpy as np
import pytest

from oncotwin.apps.cli import main as cli
from oncotwin.apps.personal import identify as study
from oncotwin.errors import BadInput
from oncotwin.io.manifest import verify_manifest
from oncotwin.io.rundir import only_empty, only_run
from oncotwin.io.specs.identify import IdentifySpec, identify_spec


def code(arguments) -> int:
    with pytest.raises(SystemExit) as left:
        cli.main(["inverse", *map(str, arguments)])
    return left.value.code


@pytest.fixture
def nothing_computed(monkeypatch):
    """Fail where a study begins to compute."""

    def refuse(*given):
        raise AssertionError("computed")

    monkeypatch.setattr(study, "studied", refuse)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--patients", "-5"], "patients: out of range; got -5; allowed: whole number from 2 to 100000"),
        (["--patients", "0"], "allowed: whole number from 2"),
        (["--seed", "-1"], "seed: out of range; got -1; allowed: whole number from 0"),
    ],
)
def test_numbers_out_of_bounds_are_refused(tmp_path, capsys, nothing_computed, arguments, said):
    assert code(["identify", tmp_path / "out", *arguments]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_what_stands_there_is_told_before_anything_is_computed(tmp_path, capsys, nothing_computed):
    (tmp_path / "file").write_text("mine")
    assert code(["identify", tmp_path / "file"]) == 4
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "thesis.txt").write_text("mine")
    assert code(["identify", tmp_path / "folder"]) == 2
    said = capsys.readouterr().err
    assert "this folder is not empty" in said
    assert "--resume" not in said
    assert code(["identify", tmp_path / "folder", "--force"]) == 2
    assert (tmp_path / "file").read_text() == (tmp_path / "folder" / "thesis.txt").read_text() == "mine"


def some(n: int) -> tuple[study.Found, np.ndarray]:
    """What a study of n patients might find, and R-hats."""
    rng = np.random.default_rng(0)
    share = np.full(6, 0.9)
    screened = rng.random((12, 7)), rng.random((12, 7)), rng.random((10, 6)), rng.random((n, 6)), np.eye(6)
    profiled = np.linspace(0.01, 0.99, 9), 4 * rng.random((6, 9)), rng.random(6)
    found = study.Found(*screened, *profiled, share, share - 0.1, share + 0.1, rng.integers(0, 100, (n, 6)))
    return found, np.ones((n, 6))


def test_a_study_is_a_run_that_is_replaced_only_when_asked(tmp_path, capsys, monkeypatch):
    spec = IdentifySpec(patients=2)
    monkeypatch.setattr(study, "studied", lambda spec, by_twin: some(spec.patients))
    summary = study.identify(spec, tmp_path / "run", only_empty, by_twin=None)
    assert verify_manifest(tmp_path / "run") == []
    assert (summary["status"], summary["patients"]) == ("done", 2)
    with pytest.raises(BadInput, match="not empty"):
        study.identify(spec, tmp_path / "run", only_empty, by_twin=None)
    figures = sorted((tmp_path / "run" / "figures").glob("*.png"))
    assert len(figures) == 3
    figures[0].unlink()
    assert code(["redraw", tmp_path / "run"]) == 0
    assert figures[0].is_file()
    capsys.readouterr()
    (tmp_path / "run" / study.ARRAYS).write_text("patient,age\n")
    assert code(["redraw", tmp_path / "run"]) == 4
    assert "no study of identifiability" in capsys.readouterr().err
    only_run(tmp_path / "run")  # --force may replace it


def test_an_unknown_key_is_named():
    with pytest.raises(BadInput, match="colour"):
        identify_spec({"colour": 1}, "here")
