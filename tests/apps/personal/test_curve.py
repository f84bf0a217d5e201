"""`oncotwin cohort curve`: from the command to its figure, report and table; what it refuses."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

from oncotwin.apps.cli import main as cli
from oncotwin.apps.figures import main as redraw
from oncotwin.apps.personal import curve_patients
from oncotwin.apps.personal.curve_patients import counts, pool
from oncotwin.apps.reports import REPORTS
from oncotwin.core.features import feature_table
from oncotwin.errors import BadInput
from oncotwin.io.manifest import verify_manifest
from oncotwin.io.specs.kinds import kind_of
from oncotwin.studies.validation.learning import given


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A finished learning curve of one small cohort, its reference latents made up, and what it printed."""
    path = tmp_path_factory.mktemp("curve") / "run"
    theta = np.random.default_rng(0).uniform(0.1, 0.9, (16, 6))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(curve_patients, "taught_of_all", lambda ready: given(theta))
        with pytest.raises(SystemExit) as left:
            cli.main(["cohort", "curve", "--sizes", "16", "--cohorts", "1", "--processes", "1", "--out", str(path)])
    assert left.value.code in (0, None)
    return path


def test_the_run_directory_is_whole(run):
    assert verify_manifest(run) == []
    assert kind_of(run).name == "curve"
    summary = json.loads((run / "summary.json").read_text())
    assert summary["sizes"] == [16]
    assert summary["cohorts"] == [1]
    rows = list(csv.DictReader((run / "table.csv").read_text().splitlines()))
    assert len(rows) == len(summary["rows"]) == 6 * (4 + 4 + 1)
    assert {row["against"] for row in rows} == {"reference", "truth", "ceiling"}
    assert "synthetic" in (run / "report.html").read_text()


def test_figure_and_report_are_made_again_from_the_files(run):
    (figure,) = (run / "figures").glob("*.png")
    with Image.open(figure) as picture:
        before = np.asarray(picture)
    page = (run / "report.html").read_text()
    figure.unlink()
    assert redraw([str(run)]) == 0
    with Image.open(figure) as picture:
        np.testing.assert_array_equal(np.asarray(picture), before)
    REPORTS["curve"](run)
    assert (run / "report.html").read_text() == page


def test_patients_have_a_trial_s_variables_and_their_own_latents():
    one, again, other = pool(0), pool(0), pool(1)
    assert [p.features for p in one.cohort] == [p.features for p in again.cohort]
    assert not np.array_equal(one.latents, other.latents)
    table = feature_table(one.cohort)
    assert {"dose", "c_max", "crs_grade", "best_response", "cldn18_2"} <= set(table.names)
    assert np.corrcoef(table.column("prior_lines"), one.latents[:, 1])[0, 1] > 0.05  # exhausted by earlier lines
    assert counts(one, [37, 1000], 5) == [5, 2]
    with pytest.raises(BadInput, match="too few synthetic patients"):
        counts(one, [5000], 1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--sizes", "37,many"], "sizes.1"),
        (["--sizes", "100,37"], "must ascend"),
        (["--sizes", "4"], "out of range; got 4; allowed: a list of 1 or more: whole number from 16"),
        (["--sizes", "37,9999"], "too few synthetic patients"),
        (["--cohorts", "0"], "cohorts"),
    ],
)
def test_what_cannot_be_drawn_is_refused(arguments, said, tmp_path, capsys):
    with pytest.raises(SystemExit) as left:
        cli.main(["cohort", "curve", *arguments, "--out", str(tmp_path / "run")])
    assert left.value.code == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
