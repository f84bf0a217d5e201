"""Personalisation end to end: with the real inverse problem, few draws apart, and on a cohort that tells nothing."""

from functools import partial
from io import StringIO
from types import SimpleNamespace

import numpy as np
import pytest
from rich.console import Console

from oncotwin.apps.cohorts.reading import cohort_file
from oncotwin.apps.personal import reference as references
from oncotwin.apps.personal.estimates import reference_estimates
from oncotwin.apps.personal.figures_mechanisms import draw_landscape
from oncotwin.apps.personal.figures_recovery import draw_table2
from oncotwin.apps.personal.results import read_results
from oncotwin.apps.personal.run import run_personalise
from oncotwin.apps.personal.study import LATENTS
from oncotwin.apps.personal.tables import personal_tables
from oncotwin.apps.personal.tripod import checklist
from oncotwin.core.cohort import Cohort
from oncotwin.core.features import patient_of
from oncotwin.io.cohorts.files import read_cohort, write_cohort
from oncotwin.io.manifest import verify_manifest
from oncotwin.io.rundir import only_empty
from oncotwin.io.specs.personal import PersonalSpec
from oncotwin.studies.inverse.likelihood import first_population
from oncotwin.studies.inverse.posterior import Sampling
from oncotwin.studies.validation.learning import given

N = 17
BASELINE, OBSERVED = ("age", "cldn18_2", "prior_lines", "dose"), ("best_response", "c_max", "peak_il6")


def quick(path) -> PersonalSpec:
    return PersonalSpec(cohort=str(path), repeats=1, permutations=19, processes=1, figures=False)


def printed(summary) -> str:
    """What the terminal shows, in one line."""
    console = Console(width=240, file=StringIO())
    for shown in personal_tables(summary):
        console.print(shown)
    return " ".join(console.file.getvalue().split())


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """A run on synthetic patients of whom the last lacks every observation but one; its folder and summary."""
    folder = tmp_path_factory.mktemp("real")
    with cohort_file("ct041-reconstructed") as file:
        people = read_cohort(file).patients[:N]
    known = [{**p.features, **p.outcomes} for p in people]
    kept = [(*BASELINE, *OBSERVED)] * (N - 1) + [(*BASELINE, "c_max")]
    kept[0] = (*BASELINE, "best_response")
    cohort = [
        patient_of(p.name, {k: v for k, v in values.items() if k in names})
        for p, values, names in zip(people, known, kept, strict=True)
    ]
    write_cohort(folder / "cohort.csv", Cohort(tuple(cohort)))
    few = partial(reference_estimates, sampling=Sampling(chains=2, warm_up=40, draws=60, kept=60))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(references, "reference_estimates", few)
        return folder / "run", run_personalise(quick(folder / "cohort.csv"), folder / "run", only_empty)


def test_the_real_inverse_problem_goes_through(real):
    path, summary = real
    assert verify_manifest(path) == []
    assert summary["synthetic"]
    results = read_results(path)
    reference, sd = results.arrays["reference"], results.arrays["reference_sd"]
    assert reference.shape == (N, 6)
    assert np.all((reference > 0) & (reference < 1))
    assert np.all((sd > 0) & (sd < 0.35))
    assert np.ptp(results.arrays["targets"][0], axis=0).min() > 0.01  # the observations part the patients
    assert list(summary["table2"]) == ["baseline"]
    assert np.isfinite([summary["table2"]["baseline"]["null"][latent]["probe_rho"] for latent in LATENTS]).all()
    assert set(summary["verdicts"]) == set(LATENTS)


def test_gaps_are_no_features_and_outcomes_are_of_those_who_have_one(real):
    path, summary = real
    assert summary["excluded"] == {"c_max": 1, "peak_il6": 2, "best_response": 1}
    assert summary["gaps"].endswith("of the patients who have it: c_max, peak_il6, best_response")
    results = read_results(path)
    positive = results.arrays["objective response/positive"]
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(positive)), [N - 1])
    chance = results.arrays["objective response/baseline/probability"]
    np.testing.assert_array_equal(np.isnan(chance).any(axis=(0, 1)), np.isnan(positive))
    held = summary["endpoints"]["objective response"]
    assert (held["with"], held["unknown"]) == (int(np.nansum(positive)), 1)
    effect = summary["effects"]["reference"]["objective response"]["inf"]
    assert (effect["above"], effect["below"]) == (held["with"], held["without"])
    assert draw_landscape(results, summary).axes
    said = printed(summary)
    assert f"1 of {N} patients have no best_response" in said
    assert "Latents from baseline, out of fold, 1 repeat, 17 patients" in said
    assert "incomplete: no feature for its gaps" in said


@pytest.fixture(scope="module")
def uninformative(tmp_path_factory):
    """A run on patients who are all the same but for their age, and whose latents are all the same."""
    folder = tmp_path_factory.mktemp("uninformative")
    people = [
        patient_of(f"p{i:02d}", {"age": 40.0 + i, "sex": "male", "dose": 2.5e8, "best_response": "PR"})
        for i in range(N)
    ]
    write_cohort(folder / "cohort.csv", Cohort(tuple(people)))
    half = np.full((N, 6), 0.5)
    parts = {"latents": half, "mean": half, "low": half - 0.2, "high": half + 0.2}
    found = SimpleNamespace(**parts, sd=np.full((N, 6), 0.1), r_hat=np.ones((N, 6)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(references, "reference_estimates", lambda *given, **named: found)
        patch.setattr(references, "teacher", lambda *arguments, **named: given(half))
        patch.setattr(references, "training_population", lambda *given, **named: first_population())
        return folder / "run", run_personalise(quick(folder / "cohort.csv"), folder / "run", only_empty)


def test_a_cohort_that_tells_nothing_is_above_no_chance(uninformative):
    """And no warning of NumPy reaches the user: here it would be an error."""
    path, summary = uninformative
    assert set(summary["verdicts"].values()) == {"not defined"}
    for table in summary["table2"].values():
        assert {(row["p_rho"], row["p_r2"], row["p_holm"]) for row in table["null"].values()} == {(1.0, 1.0, 1.0)}
        assert {row["probe_rho"] for row in table["null"].values()} == {None}
    assert draw_table2(read_results(path)).axes
    assert "above chance" not in (path / "report.html").read_text(encoding="utf-8")


def test_one_class_is_left_out_with_its_reason_wherever_results_are_shown(uninformative):
    path, summary = uninformative
    why = f"{N} of {N} patients have it; 2 at least must have it, and 2 must not"
    assert summary["direct"] == summary["sample_size"] == {}
    assert summary["endpoints_left_out"] == {"objective response": why, "disease control": why}
    assert "so no feature: dose, sex, best_response" in printed(summary)
    for text in (printed(summary), (path / "report.html").read_text(encoding="utf-8"), " ".join(summary["doubts"])):
        assert text.count(why) >= 2
        assert "no landscape (figure 9)" in text
    answers = {item.number: item.answer for item in checklist(summary)}
    assert f"objective response: {N} of {N} patients; not analysed: {why}" in answers["21"]
