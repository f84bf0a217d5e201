"""Personalisation from a CSV to its report: the study on a cohort whose truth is known, files, figures, refusals."""

import json
import os
import shutil
import signal
from types import SimpleNamespace

import numpy as np
import pytest
from made_up import N, made_up
from PIL import Image

from oncotwin.apps.cli import main as cli
from oncotwin.apps.figures import main as redraw
from oncotwin.apps.personal import patient as patients
from oncotwin.apps.personal import reference as references
from oncotwin.apps.personal.harmonise import READ, harmonise, row_of
from oncotwin.apps.personal.model_file import ask, read_model
from oncotwin.apps.personal.report import write_personal_report
from oncotwin.apps.personal.run import run_personalise
from oncotwin.apps.personal.study import Reference, unsettled
from oncotwin.apps.personal.tripod import TOPICS, checklist
from oncotwin.apps.personal.twin import TwinSpec
from oncotwin.core.cohort import Cohort
from oncotwin.core.features import feature_table, patient_of
from oncotwin.errors import BadInput, Interrupted, StorageFailure
from oncotwin.io.array_file import read_arrays, write_arrays
from oncotwin.io.cohorts.files import write_cohort
from oncotwin.io.cohorts.truth import write_truth
from oncotwin.io.manifest import verify_manifest
from oncotwin.io.rundir import MANIFEST, PARTS, SUMMARY, only_empty
from oncotwin.io.specs.personal import PersonalSpec, personal_spec, read_personal_spec
from oncotwin.studies.validation import protocols
from oncotwin.studies.validation.learning import given


def fake_estimates(observed, doses, key, train=None, emulator=None):
    """Reference estimates near the truth, without the inverse problem."""
    latents = made_up(len(doses))[1]
    sd = np.full(latents.shape, 0.05)
    low, high = (np.clip(latents + sign * sd, 0, 1) for sign in (-2, 2))
    one = np.ones_like(latents)
    return SimpleNamespace(latents=latents, mean=latents, sd=sd, low=low, high=high, r_hat=one)


def fake_teacher(observed, doses, emulator=None):
    """Targets near the truth, whoever is learnt from."""
    return given(made_up(len(doses))[1])


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A finished personalisation and its summary."""
    folder = tmp_path_factory.mktemp("personal")
    cohort, theta = made_up()
    write_cohort(folder / "cohort.csv", cohort)
    write_truth(folder / "truth.csv", [patient.name for patient in cohort], theta, ["made up"])
    files = {"cohort": str(folder / "cohort.csv"), "truth": str(folder / "truth.csv")}
    spec = PersonalSpec(**files, repeats=1, permutations=19)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(references, "reference_estimates", fake_estimates)
        patch.setattr(references, "teacher", fake_teacher)
        summary = run_personalise(spec, folder / "run", only_empty)
    return folder / "run", summary


def test_run_directory_is_whole(run):
    path, summary = run
    assert verify_manifest(path) == []
    assert summary["primary"] == "baseline+early"
    assert list(summary["table2"]) == ["baseline", "baseline+early", "baseline+early+outcome"]
    assert summary["excluded"] == {"peak_crp": 1}
    assert summary["constant"] == ["sex"]
    assert summary["gaps"].endswith("still read for the reference latents of the patients who have it: peak_crp")
    assert summary["endpoints_left_out"] == {}
    assert read_personal_spec(path / "spec.toml").repeats == 1
    assert json.loads((path / "summary.json").read_text()) == summary


def code(arguments):
    """The exit code of the command line."""
    with pytest.raises(SystemExit) as left:
        cli.main(arguments)
    return left.value.code


def test_a_run_that_was_stopped_goes_on_to_the_same_numbers(run, tmp_path, monkeypatch, capsys):
    """Some folds are kept, the rest is worked out; a finished run is left alone, one of other patients refused."""
    path, summary = run
    monkeypatch.setattr(references, "reference_estimates", fake_estimates)
    monkeypatch.setattr(references, "teacher", fake_teacher)
    stopped = shutil.copytree(path, tmp_path / "stopped")
    assert code(["personalise", "--resume", str(stopped)]) == 0
    assert "finished" in capsys.readouterr().err
    for name in (MANIFEST, SUMMARY):
        (stopped / name).unlink()
    folds = sorted((stopped / PARTS).glob("*.npz"))
    assert len(folds) == 3 * 5
    for fold in folds[3:]:
        fold.unlink()
    held, taken = protocols.hold_out, []
    monkeypatch.setattr(protocols, "hold_out", lambda *given: taken.append(given) or held(*given))
    assert code(["personalise", "--resume", str(stopped), "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert len(taken) == len(folds) - 3
    apart = ("wall_seconds", "run_dir")
    assert {k: v for k, v in again.items() if k not in apart} == {k: v for k, v in summary.items() if k not in apart}
    assert verify_manifest(stopped) == []

    (stopped / MANIFEST).unlink()
    others = tmp_path / "others.csv"
    write_cohort(others, made_up(seed=1)[0])
    spec = (stopped / "spec.toml").read_text()
    (stopped / "spec.toml").write_text(spec.replace(str(path.parent / "cohort.csv"), str(others)))
    assert code(["personalise", "--resume", str(stopped)]) == 4
    assert "another spec" in capsys.readouterr().err
    assert code(["personalise", "x.csv", "--resume", str(stopped)]) == 2
    assert "COHORT" in capsys.readouterr().err
    assert code(["personalise"]) == 2
    assert "no cohort" in capsys.readouterr().err


def test_ctrl_c_keeps_the_fold_in_hand(run, tmp_path, monkeypatch, capsys):
    path, _ = run
    monkeypatch.setattr(references, "reference_estimates", fake_estimates)
    monkeypatch.setattr(references, "teacher", fake_teacher)
    held, taken = protocols.hold_out, []

    def interrupted(*given):
        taken.append(os.kill(os.getpid(), signal.SIGINT) if len(taken) == 1 else None)
        return held(*given)

    monkeypatch.setattr(protocols, "hold_out", interrupted)
    spec = read_personal_spec(path / "spec.toml")
    with pytest.raises(Interrupted, match="SIGINT") as stopped:
        run_personalise(spec, tmp_path / "run", only_empty)
    assert stopped.value.exit_code == 130
    assert f"oncotwin personalise --resume {tmp_path / 'run'}" in stopped.value.remedy
    assert len(list((tmp_path / "run" / PARTS).glob("*.npz"))) == len(taken) == 2
    capsys.readouterr()


def test_what_the_features_tell_is_found_and_no_more(run):
    _, summary = run
    early, baseline = summary["table2"]["baseline+early"], summary["table2"]["baseline"]
    assert early["models"]["boosting"]["env"]["rho"]["median"] > 0.6
    assert baseline["models"]["boosting"]["inf"]["rho"]["median"] > 0.5
    assert baseline["null"]["env"]["p_rho"] > 0.05
    assert early["null"]["env"]["p_rho"] == 0.05  # the best of 20
    assert early["null"]["env"]["p_holm"] >= 6 * 0.05 - 1e-12
    assert set(summary["verdicts"].values()) == {"not told from chance"}  # 19 permutations are too few, and it is said
    assert any("119 or more can" in doubt for doubt in summary["doubts"])
    for row in early["intervals"].values():
        assert 0.6 <= row["coverage"] <= 1


def test_direct_baseline_effects_and_sample_size(run):
    _, summary = run
    direct = summary["direct"]["objective response"]
    assert "baseline+early+outcome" not in direct
    assert direct["baseline"]["always positive"]["called"]["value"] == 1
    assert summary["effects"]["reference"]["objective response"]["inf"]["delta"] > 0.3
    assert summary["effects"]["reference"]["objective response"]["env"]["delta"] < -0.3
    assert summary["sample_size"]["objective response"]["needed"] > 10 * N
    rows = summary["mechanisms"]
    assert len(rows) == N
    assert all(row["decided"] == (row["probability"] > 0.5) for row in rows)
    assert {row["hypothesis"] for row in rows if not row["decided"]} <= {
        "undecided: no mechanism leads with more than one half"
    }


def test_every_figure_is_drawn_and_redrawn_from_the_files(run, capsys):
    path, _ = run
    files = sorted((path / "figures").glob("*.png"))
    assert {f"figure{k}" for k in range(3, 10)} <= {file.name[:7] for file in files}
    before = {}
    for file in files:
        with Image.open(file) as picture:
            assert min(picture.size) > 400
            before[file] = np.asarray(picture)
            assert np.ptp(before[file]) > 100
        file.unlink()
    assert redraw([str(path)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(files)
    for file, pixels in before.items():
        with Image.open(file) as picture:
            np.testing.assert_array_equal(np.asarray(picture), pixels)


def test_report_says_what_it_must(run):
    path, summary = run
    text = (path / "report.html").read_text(encoding="utf-8")
    for said in (
        "Research use only",
        "hypotheses",
        "circular",
        "TRIPOD+AI",
        "Riley 2019",
        "another cohort",
        "peak_crp (1 missing)",
    ):
        assert said in text
    assert text.count("data:image/png") == len(list((path / "figures").glob("*.png")))
    items = checklist(summary)
    assert [item.number for item in items] == [str(k) for k in range(1, 28)] == list(TOPICS)
    answers = {item.number: item.answer for item in items}
    assert answers["17"] == "for the authors"
    assert "needed (Riley 2019)" in answers["10"]
    held = summary["endpoints"]["objective response"]["with"]
    assert f"objective response: {held} of {N} patients" in answers["21"]


def test_model_predicts_flags_and_refuses(run):
    path, summary = run
    model = read_model(path)
    cohort, theta = made_up()
    table = feature_table(cohort)
    asked = ask(model, row_of(table, model.variables, 5), 0.9)
    assert asked.place.known
    assert not asked.outside
    assert np.all((asked.low <= asked.high) & (asked.draws.min(axis=0) >= 0) & (asked.draws.max(axis=0) <= 1))
    assert np.mean(np.abs(asked.latents - theta[5])) < 0.25
    stranger = patient_of("far", {**cohort.patients[5].features, "dose": 1e10, "peak_il6": 5e5})
    far = ask(model, row_of(feature_table(Cohort((stranger,))), model.variables, 0), 0.9)
    assert not far.place.inside
    assert any("dose" in reason and "outside the training range" in reason for reason in far.outside)
    without = {k: v for k, v in cohort.patients[5].features.items() if k != "peak_il6"}
    with pytest.raises(BadInput, match="peak_il6"):
        ask(model, row_of(feature_table(Cohort((patient_of("gap", without),))), model.variables, 0), 0.9)
    assert model.manifest["training"]["sha256"] == summary["cohort_sha256"]
    assert model.manifest["schema"]["peak_il6"]["unit"] == "pg/mL"


def test_a_damaged_or_foreign_model_is_refused(run, tmp_path):
    path, _ = run
    arrays, about = read_arrays(path / "model.npz", "latent model")
    arrays["whole/inf/feature"][:] = 99
    write_arrays(tmp_path / "model.npz", arrays, about)
    with pytest.raises(BadInput, match="no trees"):
        read_model(tmp_path)
    (tmp_path / "model.npz").write_bytes((path / "model.npz").read_bytes()[:2000])
    with pytest.raises(StorageFailure, match="damaged"):
        read_model(tmp_path)
    with pytest.raises(StorageFailure, match="something else"):
        read_model(path / "results.npz")
    with pytest.raises(StorageFailure):
        read_model(tmp_path / "nothing.npz")


def test_one_patient_to_a_forecast(run, tmp_path, monkeypatch):
    path, _ = run
    small = TwinSpec(shape=(12,), lengths_cm=(2.0,), end_days=28.0, batch=4)
    monkeypatch.setitem(patients.SPACES, "2d", small)
    monkeypatch.setitem(patients.COURSES, "2d", 4)
    spec = PersonalSpec(cohort=read_personal_spec(path / "spec.toml").cohort, model=str(path), patient="p04")
    summary = patients.run_patient(spec, tmp_path / "patient", only_empty)
    forecast = summary["forecast"]
    assert sum(forecast["best_response"].values()) == pytest.approx(1)
    assert forecast["objective_response"] <= forecast["disease_control"]
    assert forecast["c_max"]["low"] <= forecast["c_max"]["median"] <= forecast["c_max"]["high"]
    assert summary["in_training"]
    assert verify_manifest(tmp_path / "patient") == []
    arrays, _ = read_arrays(tmp_path / "patient" / "course.npz", "patient's courses")
    assert arrays["sum_of_diameters_mm"].shape == (4, len(small.instants))
    assert (tmp_path / "patient" / "figures" / "course.png").stat().st_size > 10_000
    (tmp_path / "patient" / "figures" / "course.png").unlink()
    assert redraw([str(tmp_path / "patient")]) == 0
    assert (tmp_path / "patient" / "figures" / "course.png").is_file()
    with pytest.raises(BadInput, match="one patient has no report"):
        write_personal_report(tmp_path / "patient")
    with pytest.raises(BadInput, match=r"no such patient.*Did you mean 'p04'"):
        patients.run_patient(spec.model_copy(update={"patient": "p004"}), tmp_path / "other", only_empty)


def refused(tmp_path, capsys, people, *arguments) -> str:
    write_cohort(tmp_path / "bad.csv", Cohort(tuple(people)))
    with pytest.raises(SystemExit) as left:
        cli.main(["personalise", str(tmp_path / "bad.csv"), "--out", str(tmp_path / "out"), *arguments])
    assert left.value.code == 2
    return capsys.readouterr().err


def test_cohorts_that_cannot_be_used_are_refused_with_exit_code_2(tmp_path, capsys):
    people = made_up()[0].patients
    assert "too few patients; got 10; allowed: 16 or more" in refused(tmp_path, capsys, people[:10])
    bare = [patient_of(p.name, {k: v for k, v in p.features.items() if k != "dose"}) for p in people]
    assert "dose" in refused(tmp_path, capsys, bare)
    same = [patient_of(p.name, {"sex": "male", "dose": 2.5e8, **p.outcomes}) for p in people]
    assert "no baseline variable that all patients have and that varies" in refused(tmp_path, capsys, same)
    blind = [patient_of(p.name, {"age": 50.0 + i, "dose": 2.5e8}) for i, p in enumerate(people)]
    assert "nothing was observed" in refused(tmp_path, capsys, blind)
    unread = {"best_response": "NE", "target_change": -40.0, "os": 9.0, "os_event": 1.0}
    blind = [patient_of(p.name, {"age": 50.0 + i, "dose": 2.5e8, **unread}) for i, p in enumerate(people)]
    said = refused(tmp_path, capsys, blind)
    assert "nothing was observed" in said
    assert all(name in said for name in READ)
    assert "a response that is NE tells nothing" in said
    text = (tmp_path / "bad.csv").read_text().splitlines()
    (tmp_path / "twice.csv").write_text("\n".join([*text, text[-1]]))
    with pytest.raises(SystemExit) as left:
        cli.main(["personalise", str(tmp_path / "twice.csv")])
    assert left.value.code == 2
    assert "stands in row" in capsys.readouterr().err
    assert "--patient ID" in refused(tmp_path, capsys, people, "--model", "x.npz")
    assert "repeats" in refused(tmp_path, capsys, people, "--repeats", "0")


def test_truth_is_scored_against_and_unsettled_posteriors_are_doubted(run):
    path, summary = run
    assert summary["truth"]["recovery"]["reference"]["inf"]["mae"] == pytest.approx(0, abs=1e-12)
    assert set(summary["truth"]["reference_interval_holds"].values()) == {1.0}
    settled = fake_estimates(None, np.zeros(N), None)
    r_hat = settled.r_hat.copy()
    r_hat[4, 2] = 1.3
    parts = (settled.latents, settled.mean, settled.sd, settled.low, settled.high, r_hat)
    said = unsettled(harmonise(made_up()[0], "here"), Reference(*parts))
    assert said == ("the posterior of p04 has not settled (R-hat 1.30): trust its latents less than they look",)
    planted = [doubt for doubt in summary["doubts"] if "alone ranks the patients" in doubt]
    assert [doubt.split(" alone")[0] for doubt in planted] == ["c_max", "peak_il6"]  # functions of a latent
    assert not summary["synthetic"]


def test_spec_names_its_key():
    with pytest.raises(BadInput, match="repeats"):
        personal_spec({"cohort": "x.csv", "repeats": 0}, "here")
    with pytest.raises(BadInput, match="colour"):
        personal_spec({"cohort": "x.csv", "colour": 1}, "here")
