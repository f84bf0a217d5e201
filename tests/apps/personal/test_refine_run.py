"""Modes by the twin as a run: what is refused before anything is computed, what is written, what is said."""

import json

import numpy as np
import pytest

from oncotwin.apps.cli import main as cli
from oncotwin.apps.personal import refined
from oncotwin.io.cohorts.truth import read_truth
from oncotwin.io.manifest import verify_manifest
from oncotwin.studies.inverse.refine import Refined

COHORT = "ct041-reconstructed"


def code(*arguments) -> int:
    with pytest.raises(SystemExit) as left:
        cli.main(["inverse", "refine", *map(str, arguments)])
    return left.value.code


@pytest.fixture
def some(monkeypatch):
    """Modes of which the twin has moved those of the second patient, by 0.1, and knows nothing of the first."""

    def compared(ready, emulator, rounds, tell):
        count = len(ready.table.patients)
        start = np.full((count, 6), 0.5)
        moved, first = start.copy(), np.full(count, 2.0)
        moved[1], first[0] = 0.6, np.nan
        cost = first.copy()
        cost[1] = 1.5
        return refined.Compared(ready.table.patients, start, Refined(moved, cost, first))

    monkeypatch.setattr(refined, "compared", compared)


def test_what_cannot_be_used_is_refused_before_anything_is_written(tmp_path, capsys, some):
    out = tmp_path / "out"
    assert code(COHORT, out, "--rounds", "0") == 2
    assert "rounds: out of range; got 0; allowed: whole number from 1 to 20" in capsys.readouterr().err
    assert code("nowhere", out) == 2
    (tmp_path / "mine.csv").write_text("patient,inf\n")
    assert code(COHORT, out, "--truth", tmp_path / "mine.csv") == 2
    assert "not a table of latents" in capsys.readouterr().err
    assert not out.exists()


def test_the_modes_are_written_compared_and_told(tmp_path, capsys, some):
    out = tmp_path / "out"
    assert code(COHORT, out) == 0
    said = capsys.readouterr().out
    assert verify_manifest(out) == []
    summary = json.loads((out / "summary.json").read_text())
    first, second = summary["failed"][0], f"J by the twin fell in 1 of {summary['patients']} patients, in all"
    assert second in said
    assert "72.00 to 71.50" in said  # 36 patients with a number
    assert f"left where they were: {first}" in said
    assert summary["moved"]["inf"] == {"median": 0.0, "most": pytest.approx(0.1)}
    names = [line.split(",")[0] for line in (out / "latents.csv").read_text().splitlines() if not line.startswith("#")]
    found = read_truth(out / "latents.csv", names[1:])
    assert found[1].tolist() == [0.6] * 6
    assert read_truth(out / "latents-emulator.csv", names[1:])[1].tolist() == [0.5] * 6
    assert (out / "figures" / "modes.png").stat().st_size > 10_000
    truth = summary["error"]["inf"]
    assert 0 < abs(truth["twin"] - truth["emulator"]) <= 0.1 / 37 + 1e-12
    assert code(COHORT, out) == 2
    assert code(COHORT, out, "--force", "--json") == 0
    assert json.loads(capsys.readouterr().out)["status"] == "done"
