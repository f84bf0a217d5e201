"""One patient asked of a model: what is refused and in which words, the domain, the forecast as recorded, the files."""

import json

import numpy as np
import pytest

from oncotwin.apps.cli import main as cli
from oncotwin.apps.personal import patient as patients
from oncotwin.apps.personal.course import RECORDS, Ensemble, forecast, recorded
from oncotwin.apps.personal.harmonise import harmonise
from oncotwin.apps.personal.model_file import FILE, FORMAT, ask, model_of, read_model, write_model
from oncotwin.apps.personal.study import keep
from oncotwin.apps.personal.twin import TwinSpec
from oncotwin.core.cohort import Cohort
from oncotwin.core.endpoints import Response
from oncotwin.core.features import feature_table, patient_of
from oncotwin.core.observables import Observables
from oncotwin.errors import NumericalFailure, StorageFailure
from oncotwin.io.array_file import read_arrays, write_arrays
from oncotwin.io.cohorts.files import write_cohort
from oncotwin.io.manifest import verify_manifest
from oncotwin.io.rundir import only_empty, only_run
from oncotwin.io.specs.personal import PersonalSpec
from oncotwin.studies.inverse.likelihood import first_population
from oncotwin.studies.validation.learning import given
from oncotwin.studies.validation.protocols import default_protocol

N = 16
SMALL = TwinSpec(shape=(12,), lengths_cm=(2.0,), end_days=28.0, batch=4)


def people(n: int = N, **more) -> tuple:
    """Patients of one dose whose other features vary."""
    rng = np.random.default_rng(0)
    return tuple(
        patient_of(
            f"p{i:02d}",
            {
                "age": float(rng.integers(30, 75)),
                "sex": "male",
                "dose": 2.5e8,
                "c_max": float(np.exp(rng.normal(10, 1))),
            }
            | {"peak_il6": float(np.exp(rng.normal(5, 1))), "best_response": ("PD", "SD", "PR")[i % 3]}
            | more,
        )
        for i in range(n)
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The file of a model trained on a single dose, and of the cohort that it was trained on."""
    folder = tmp_path_factory.mktemp("model")
    cohort = Cohort(people())
    write_cohort(folder / "cohort.csv", cohort)
    ready = harmonise(cohort, "here")
    theta = np.random.default_rng(1).uniform(0.1, 0.9, (N, 6))
    kept = keep(ready, given(theta), default_protocol(0, 1))
    training = {"cohort": "cohort.csv", "patients": N, "features": ready.primary, "bank": "none", "responses": N}
    model = model_of(kept, first_population(), ready.tables[ready.primary], "exact", training)
    write_model(folder / FILE, model)
    return folder


def asked(model, values):
    return ask(model, feature_table(Cohort((patient_of("new", values),))), 0.9)


def refused(capsys, *arguments) -> tuple[int, str]:
    with pytest.raises(SystemExit) as left:
        cli.main(["personalise", *map(str, arguments)])
    return left.value.code, capsys.readouterr().err


def test_a_dose_that_no_training_patient_had_is_outside(made):
    model = read_model(made)
    mine = dict(people()[4].features)
    assert asked(model, mine).place.inside
    for change, said in (({"dose": 9e8}, "dose = 9e+08 cell, and 2.5e+08 cell in every"), ({"sex": "female"}, "sex=")):
        other = asked(model, mine | change)
        assert not other.place.inside
        assert not other.place.known
        assert any(said in reason for reason in other.outside)
    far = asked(model, mine | {"c_max": 1e7}).outside
    assert any("c_max = 1e+07 copy/ug lies outside the training range" in reason for reason in far)


def test_what_a_patient_lacks_is_named_with_its_patient_and_columns(made, tmp_path, capsys):
    lacking = [patient_of("n07", {k: v for k, v in people()[7].features.items() if k not in ("c_max", "peak_il6")})]
    write_cohort(tmp_path / "new.csv", Cohort((*people()[:3], *lacking)))
    out = tmp_path / "out"
    code, said = refused(capsys, tmp_path / "new.csv", "--patient", "n07", "--model", made, "--out", out)
    assert code == 2
    assert "new.csv, patient 4 of 4, patient n07: this patient lacks values that the model reads" in said
    assert "nothing in c_max, peak_il6" in said
    assert "Give them as columns" not in said
    assert not out.exists()


def test_what_is_no_model_is_told_in_our_words(made, tmp_path, capsys):
    cohort = made / "cohort.csv"
    code, said = refused(capsys, cohort, "--patient", "p01", "--model", cohort, "--out", tmp_path / "out")
    assert code == 4
    assert "this is no latent model" in said
    assert "allowed: an .npz archive in which oncotwin has written a latent model" in said
    assert "pickle" not in said
    np.save(tmp_path / "array.npy", np.zeros(3))
    np.savez(tmp_path / "objects.npz", about=np.array([{}], dtype=object))
    for name in ("array.npy", "objects.npz"):
        code, said = refused(capsys, cohort, "--patient", "p01", "--model", tmp_path / name, "--out", tmp_path / "out")
        assert (code, "pickle" in said) == (4, False)
    assert not (tmp_path / "out").exists()


def test_a_model_of_the_older_layout_is_refused(made, tmp_path):
    arrays, about = read_arrays(made / FILE, "latent model")
    old = {name: values for name, values in arrays.items() if not name.startswith("population/")}
    for found in ({}, {"format": FORMAT + 1}):
        write_arrays(tmp_path / FILE, old, {k: v for k, v in about.items() if k != "format"} | found)
        with pytest.raises(StorageFailure, match=r"another format; got 'format .*allowed: format 2\. Train it again"):
            read_model(tmp_path)


def test_the_population_is_read_back(made):
    for stored, first in zip(read_model(made).population, first_population(), strict=True):
        np.testing.assert_array_equal(stored, np.asarray(first))


def courses(changes, bad=0) -> Ensemble:
    """Courses that differ in the change of the sum of diameters; the last `bad` are not to be trusted."""
    n = len(changes)
    change = np.asarray(changes, float)
    leaves = {name: np.ones(n) for name in Observables._fields}
    leaves |= {"target_change": change, "depth": np.log10(1 + change), "regrowth_days": np.full(n, 100.0)}
    leaves |= {"peak_il6": np.full(n, 50.0), "best_response": np.where(change < -0.3, 3, 2)}
    status = np.arange(n) >= n - bad
    return Ensemble(np.arange(3.0), {}, Observables(**leaves)._replace(status=status.astype(int)))


def test_the_forecast_has_the_likelihoods_categories_and_noise():
    spec, population = TwinSpec(), first_population()
    change = -0.05
    said = forecast(courses([change] * 40), population, spec, 0)
    assert said["by_twin"]["SD"] == 1
    above = (np.asarray(population.recist_cuts) - change) / float(population.recist_scale)
    reach = np.concatenate([[1.0], 1 / (1 + np.exp(-above)), [0.0]])
    expected = dict(zip(("PD", "SD", "PR", "CR"), reach[:-1] - reach[1:], strict=True))
    room = 4 * 0.5 / np.sqrt(40 * RECORDS)
    for name, share in expected.items():
        assert said["best_response"][name] == pytest.approx(share, abs=room)
    assert said["best_response"]["PD"] > 0.3
    assert said["disease_control"] == pytest.approx(1 - said["best_response"]["PD"])
    spread = np.log(said["c_max"]["high"] / said["c_max"]["low"]) / (2 * 1.645)
    assert spread == pytest.approx(float(population.noise[0]), rel=0.1)
    later = population._replace(recist_cuts=population.recist_cuts - 0.2)  # fitted to more who progressed
    assert forecast(courses([change] * 40), later, spec, 0)["best_response"]["PD"] > 0.8
    assert said["new_lesion"] == pytest.approx(1 / (1 + np.exp(-6 * (np.log10(0.95) + 0.15))))


def test_courses_not_trusted_are_not_counted():
    spec, population = TwinSpec(), first_population()
    said = forecast(courses([-0.6, -0.6, 0.5], bad=1), population, spec, 0)
    assert (said["courses"], said["not_trusted"]) == (2, 1)
    assert said["best_response"]["PD"] < 0.05
    assert len(recorded(courses([-0.6, 0.5], bad=1), population, spec, 0).c_max) == RECORDS
    with pytest.raises(NumericalFailure, match="no course"):
        forecast(courses([0.5], bad=1), population, spec, 0)


def test_a_run_says_what_its_forecast_holds(made, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(patients.SPACES, "2d", SMALL)
    monkeypatch.setitem(patients.COURSES, "2d", 4)
    spec = PersonalSpec(cohort=str(made / "cohort.csv"), model=str(made), patient="p04")
    summary = patients.run_patient(spec, tmp_path / "one", only_empty)
    assert sum(summary["forecast"]["best_response"].values()) == pytest.approx(1)
    assert any("fitted to 16 training patients" in caveat for caveat in summary["caveats"])
    assert any("progression by new ones is no event of a course" in caveat for caveat in summary["caveats"])
    assert verify_manifest(tmp_path / "one") == []
    inputs = [entry["path"] for entry in json.loads((tmp_path / "one" / "manifest.json").read_text())["inputs"]]
    assert str(made / FILE) in inputs
    again = patients.run_patient(spec, tmp_path / "one", only_run)  # --force replaces what we wrote
    assert again["forecast"] == summary["forecast"]
    code, said = refused(capsys, "--resume", tmp_path / "one")
    assert (code, "finished" in said) == (0, True)
    (tmp_path / "one" / "manifest.json").unlink()
    code, said = refused(capsys, "--resume", tmp_path / "one")
    assert (code, "keeps no parts" in said) == (2, True)


def test_without_recorded_responses_the_cut_points_are_said_to_be_guesses():
    said = patients.caveats_of({"new_lesion": 0.25}, 0, "2d")
    assert "guesses" in said[0]
    assert "25 %" in said[0]
    assert Response.PD.name not in said[0]


def test_doses_beyond_the_bank_are_told_before_a_folder_is_made(tmp_path, capsys):
    high = [patient_of(f"h{i}", {**people()[i].features, "dose": 2e9, "best_response": "SD"}) for i in range(2)]
    write_cohort(tmp_path / "high.csv", Cohort((*people(), *high)))
    for more in ([], ["--patient", "p01"]):
        code, said = refused(capsys, tmp_path / "high.csv", "--out", tmp_path / "out", *more)
        assert code == 2
        assert "the bank of simulations does not reach the dose of 2 of" in said
        assert "h0 2e+09, h1 2e+09" in said
        assert "allowed: 1e+08 to 1e+09 CAR-T cells" in said
        assert "oncotwin bank build FOLDER --least-dose 1e+08 --most-dose 2e+09`, then `--bank FOLDER`" in said
        assert not (tmp_path / "out").exists()
    code, said = refused(capsys, tmp_path / "high.csv", "--bank", tmp_path / "high.csv", "--out", tmp_path / "out")
    assert (code, "no bank of simulations" in said, "pickle" in said) == (4, True, False)
    code, said = refused(capsys, tmp_path / "high.csv", "--patient", "p01", "--bank", "x", "--model", "y")
    assert (code, "takes no --bank" in said) == (2, True)
