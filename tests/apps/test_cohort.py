"""`oncotwin cohort`: what it prints, writes and refuses."""

import json

import numpy as np
import pytest

from oncotwin.apps.cli.main import main
from oncotwin.apps.cohorts import virtual
from oncotwin.apps.personal.twin import TwinSpec
from oncotwin.core.endpoints import Response
from oncotwin.core.features import SCHEMA
from oncotwin.core.observables import Observables
from oncotwin.io.cohorts.files import read_cohort
from oncotwin.io.cohorts.truth import read_truth

COHORT = "patient,dose [cell],sex,age [year],pfs [month],pfs_event,best_response\n"
ROWS = "anna,2.5e8,female,61,5.6,1,PR\nbodo,5e8,male,,2,0,SD\n"
MARGINS = """
title = "half of them respond"
source = "a test"
patients = 20
[levels.sex]
male = 12
[[dose]]
cells = 2.5e8
count = 20
[[count]]
variable = "best_response"
levels = ["CR", "PR"]
count = 10
[plausible]
number = 400
[[keep]]
variable = "age"
low = 30
why = "adults only"
"""


@pytest.fixture
def cli(capsys):
    """Run the command line here; its exit code, stdout and stderr."""

    def run(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return left.value.code, printed.out, printed.err

    return run


@pytest.fixture
def toy(monkeypatch):
    """A closed formula in place of the twin: patients respond where potency is above one half."""

    def simulate(latents, doses, spec, *, report):
        fields = {name: np.ones(len(latents)) for name in Observables._fields}
        good = latents[:, 2] > 0.5
        fields |= {"depth": np.full(len(latents), -2.0), "status": np.zeros(len(latents))}
        fields |= {"best_response": np.where(good, int(Response.PR), int(Response.SD))}
        fields |= {"target_change": np.where(good, -0.6, 0.1), "progression_days": np.full(len(latents), 84.0)}
        report(len(latents), len(latents))
        return Observables(**fields)

    monkeypatch.setattr(virtual, "simulate", simulate)


def given_file(tmp_path, text, name="cohort.csv"):
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    return file


def test_template_is_written_once(cli, tmp_path):
    code, out, _ = cli("cohort", "template")
    assert code == 0
    assert out.splitlines()[-1].startswith("patient,tumour_type,")
    code, said, _ = cli("cohort", "template", tmp_path / "mine.csv")
    assert (code, said.strip()) == (0, str(tmp_path / "mine.csv"))
    assert (tmp_path / "mine.csv").read_text() == out
    code, _, err = cli("cohort", "template", tmp_path / "mine.csv")
    assert (code, "this file exists" in err) == (2, True)
    assert cli("cohort", "template", tmp_path / "mine.csv", "--force")[0] == 0
    code, out, _ = cli("cohort", "template", "--json")
    assert [record["name"] for record in json.loads(out)] == [v.name for v in SCHEMA]


def test_check_says_what_can_be_used(cli, tmp_path):
    file = given_file(tmp_path, COHORT + ROWS)
    code, out, _ = cli("cohort", "check", file)
    assert code == 0
    assert "has no faults: 2 patients; variables: 3 baseline, 2 outcome" in out
    assert "can be used" not in out
    assert "`oncotwin personalise` refuses this cohort:" in out
    assert "too few patients; got 2; allowed: 16 or more" in out
    assert "nothing being imputed: age (1 missing)" in out
    code, out, _ = cli("cohort", "check", file, "--json")
    report = json.loads(out)
    assert (code, report["usable"], report["faults"], report["incomplete"]) == (0, True, [], {"age": 1})
    assert report["variables"] == {"baseline": ["dose", "age", "sex"], "outcome": ["best_response", "pfs"]}
    assert not report["personalise"]["accepted"]


def test_check_says_what_personalise_will_do(cli, tmp_path):
    people = [f"p{i:02d},{'2e9' if i == 3 else '2.5e8'},female,{40 + i},,,PR\n" for i in range(18)]
    file = given_file(tmp_path, COHORT + "".join(people[:17]) + people[17].replace("PR", ""))
    code, out, _ = cli("cohort", "check", file)
    assert code == 0
    said = " ".join(out.split())
    assert "does not reach the dose of 1 of 18 patients; got 'p03 2e+09'; allowed: 1e+08 to 1e+09" in said
    assert "features baseline: dose, age" in said
    assert "the same in everybody, so no feature: sex" in said
    assert "best_response (1 missing); still read for the reference latents of the patients who have it" in said
    assert "nothing that the twin is compared with was observed of p17" in said
    assert "objective response is left out" in said
    about = json.loads(cli("cohort", "check", file, "--json")[1])["personalise"]
    assert (about["accepted"], about["doses_outside_bank"], len(about["refusals"])) == (False, ["p03"], 1)
    assert about["endpoints"]["objective response"] == {"with": 17, "without": 0, "unknown": 1}
    assert about["endpoints_left_out"]["objective response"].startswith("17 of 17 patients have it")
    file = given_file(tmp_path, COHORT + "".join(people).replace("2e9", "3e8").replace("PR", "SD", 5))
    about = json.loads(cli("cohort", "check", file, "--json")[1])["personalise"]
    assert (about["accepted"], about["refusals"], about["primary"]) == (True, [], "baseline")
    assert list(about["endpoints_left_out"]) == ["disease control"]


def test_check_tells_all_faults_and_leaves_with_two(cli, tmp_path):
    file = given_file(tmp_path, COHORT + ROWS.replace("61", "610").replace("SD", "XX"))
    code, out, err = cli("cohort", "check", file)
    assert (code, out) == (2, "")
    assert "row 2, column 'age [year]': out of range; got '610'; allowed: 0 to 120" in err
    assert "row 3, column 'best_response': unknown level; got 'XX'" in err
    faulty = given_file(tmp_path, COHORT + ROWS.replace("61", "610"), "faulty.csv")
    assert cli("cohort", "check", faulty)[2].rstrip().endswith("Is the header's unit right?")
    odd = given_file(tmp_path, COHORT.replace("sex", "zzzz") + ROWS, "odd.csv")
    assert ". A column whose header begins with # is left out." in cli("cohort", "check", odd)[2]
    code, out, err = cli("cohort", "check", file, "--json")
    faults = json.loads(out)["faults"]
    assert (code, [(f["row"], f["column"], f["got"]) for f in faults]) == (
        2,
        [(2, "age [year]", "610"), (3, "best_response", "XX")],
    )


def test_describe_prints_counts_medians_and_what_is_missing(cli, tmp_path):
    file = given_file(tmp_path, COHORT + ROWS)
    code, out, _ = cli("cohort", "describe", file)
    assert code == 0
    assert "2 patients" in out
    assert "objective response 1 of 2 (50.0%)" in " ".join(out.split())
    assert "female: 1, male: 1" in out
    code, out, _ = cli("cohort", "describe", file, "--json")
    rows = {row["variable"]: row for row in json.loads(out)["table"]}
    assert (rows["age"]["median"], rows["age"]["missing"]) == (61.0, 1)
    code, _, err = cli("cohort", "describe", given_file(tmp_path, "patient\n"))
    assert (code, "missing column" in err) == (2, True)


def test_names_that_look_like_markup_are_printed_as_they_are(cli, tmp_path, monkeypatch):
    given_file(tmp_path, COHORT + ROWS, "[red]x.csv")
    monkeypatch.chdir(tmp_path)
    code, out, _ = cli("cohort", "describe", "[red]x.csv")
    assert (code, "[red]x.csv" in out) == (0, True)


def test_the_shipped_cohort_is_labelled_synthetic(cli):
    code, out, _ = cli("cohort", "describe", "ct041-reconstructed")
    assert code == 0
    assert "37 synthetic patients" in out
    assert "37 synthetic patients" in cli("cohort", "check", "ct041-reconstructed")[1]
    code, _, err = cli("cohort", "check", "ct041")
    assert (code, "nor a cohort that ships" in err) == (2, True)


def test_virtual_patients_have_the_margins(cli, tmp_path, toy):
    margins = given_file(tmp_path, MARGINS, "margins.toml")
    code, out, err = cli("cohort", "virtual", margins, "-n", 40, "--out", tmp_path / "made", "--json")
    assert code == 0
    assert "400 of 400 plausible patients simulated" in err
    summary = json.loads(out)
    cohort = read_cohort(tmp_path / "made" / "cohort.csv")
    assert [patient.name for patient in cohort][:2] == ["synthetic-01", "synthetic-02"]
    assert sum(patient.features["sex"] == "male" for patient in cohort) == 24
    responders = [patient.outcomes["best_response"] == "PR" for patient in cohort]
    assert sum(responders) == 20
    truth = read_truth(tmp_path / "made" / "truth.csv", [patient.name for patient in cohort])
    np.testing.assert_array_equal(truth[:, 2] > 0.5, responders)
    assert all(patient.features["age"] >= 30 for patient in cohort)
    assert summary["all_exact"]
    left_out = summary["plausible"]["left_out"]
    assert left_out["not age 30 to inf: adults only"] == 400 - summary["plausible"]["left"] > 0
    design = summary["design"]
    assert design["rule"] == "exchange"
    assert {"bounds", "twin", "population", "assumptions", "margins_file"} <= set(design)
    for name in ("cohort.csv", "truth.csv"):
        assert (tmp_path / "made" / name).read_text().startswith("# synthetic: 40 virtual patients")
    assert {"manifest.json", "summary.json"} <= {file.name for file in (tmp_path / "made").iterdir()}


def test_virtual_patients_are_the_same_again_and_shown_in_a_table(cli, tmp_path, toy):
    margins = given_file(
        tmp_path, MARGINS.replace("[plausible]", '[choice]\nrule = "acceptance"\n[plausible]'), "m.toml"
    )
    for name in ("one", "two"):
        code, out, _ = cli("cohort", "virtual", margins, "--out", tmp_path / name)
        assert code == 0
    assert "20 synthetic patients chosen from" in out
    assert "best_response CR or PR" in out
    for name in ("cohort.csv", "truth.csv"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_virtual_refuses_what_it_cannot_do(cli, tmp_path, toy):
    margins = given_file(tmp_path, MARGINS, "margins.toml")
    code, _, err = cli("cohort", "virtual", margins, "-n", 0, "--out", tmp_path / "a")
    assert (code, "-n: cannot choose so many patients; got 0; allowed: 1 to 400" in err) == (2, True)
    code, _, err = cli("cohort", "virtual", given_file(tmp_path, MARGINS + "x = 1\n", "odd.toml"))
    assert (code, "unknown key" in err) == (2, True)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "mine").touch()
    code, _, err = cli("cohort", "virtual", margins, "--out", tmp_path / "b")
    assert (code, "this folder is not empty" in err) == (2, True)


def test_plausible_patients_are_kept_and_taken_again(cli, tmp_path, toy, monkeypatch):
    margins, kept = given_file(tmp_path, MARGINS, "margins.toml"), tmp_path / "kept.npz"

    def made(name, *more):
        code, _, err = cli("cohort", "virtual", margins, "--out", tmp_path / name, *more)
        assert code == 0, err
        return (tmp_path / name / "cohort.csv").read_bytes(), (tmp_path / name / "truth.csv").read_bytes()

    fresh, more = made("fresh"), ("--plausible", kept)
    larger = made("fresh-900", "--set", "plausible.number=900")
    asked = []
    twin = virtual.simulate
    monkeypatch.setattr(virtual, "simulate", lambda x, *rest, **named: asked.append(len(x)) or twin(x, *rest, **named))
    assert made("first", *more) == fresh
    assert asked == [256, 144]
    assert made("again", *more) == fresh
    assert asked == [256, 144]
    assert made("more", *more, "--set", "plausible.number=900") == larger
    assert asked == [256, 144, 256, 244]
    assert made("fewer", *more) == fresh


def test_files_of_other_plausible_patients_are_refused(cli, tmp_path, toy, monkeypatch):
    margins, kept = given_file(tmp_path, MARGINS, "margins.toml"), tmp_path / "kept.npz"
    arguments = ("cohort", "virtual", margins, "--plausible", kept, "--out", tmp_path / "out")
    assert cli(*arguments)[0] == 0
    for name in ("cohort.csv", "truth.csv", "summary.json", "manifest.json", "ro-crate-metadata.json"):
        (tmp_path / "out" / name).unlink()
    code, _, err = cli(*arguments, "--set", "plausible.seed=2")
    assert (code, "kept.npz: this file holds other patients" in err) == (2, True)
    monkeypatch.setattr(virtual, "TwinSpec", lambda: TwinSpec(end_days=84.0))
    code, _, err = cli(*arguments)
    assert (code, "kept.npz: made with another twin or version" in err) == (2, True)
    for damage in (b"PK\x03\x04 no archive", b"", b"text"):
        kept.write_bytes(damage)
        code, _, err = cli(*arguments)
        assert (code, "kept.npz" in err) == (2, True)
    np.savez(kept, latents=np.zeros((3, 6)))
    code, _, err = cli(*arguments)
    assert (code, "not plausible patients" in err) == (2, True)
