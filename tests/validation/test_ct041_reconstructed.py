"""The reconstructed cohort of CT041: its margins are the published ones, and its courses are the twin's."""

import csv

import numpy as np
import pytest

from oncotwin.apps.personal.twin import TwinSpec, simulate
from oncotwin.core.endpoints import Response
from oncotwin.core.features import VARIABLES, FeatureTable, feature_table
from oncotwin.io.cohorts.files import inspect_cohort
from oncotwin.io.cohorts.truth import read_truth, shipped
from oncotwin.studies.cohorts.clinic import DAYS_PER_MONTH

QI_2022 = {  # Nature Medicine 28:1189, Table 1 and abstract
    "tumour_type": {"gastric": 28, "pancreatic": 5, "other": 4},
    "cldn18_2": {"low": 5, "medium": 13, "high": 19},
    "prior_lines": {"1": 6, "2": 19, "3+": 12},
    "lauren": {"intestinal": 10, "diffuse": 9, "mixed": 7},
    "sex": {"male": 24, "female": 13},
    "ecog": {"0": 2, "1": 35},
    "peritoneal_metastases": {"yes": 23, "no": 14},
    "bridging": {"yes": 28, "no": 9},
    "prior_surgery": {"yes": 27, "no": 10},
    "prior_fluoropyrimidine": {"yes": 37},
    "prior_taxane": {"yes": 27, "no": 10},
    "prior_platinum": {"yes": 32, "no": 5},
    "prior_anti_pd1": {"yes": 13, "no": 24},
    "prior_kinase_inhibitor": {"yes": 11, "no": 26},
    "icans_grade": {"0": 37},
}


@pytest.fixture(scope="module")
def table() -> FeatureTable:
    with shipped("ct041-reconstructed") as path:
        cohort = inspect_cohort(path).cohort
    assert cohort is not None
    return feature_table(cohort)


@pytest.mark.parametrize("name", QI_2022)
def test_levels_are_counted_as_published(table, name):
    codes = table.column(name)
    levels = VARIABLES[name].levels
    assert {level: int(np.sum(codes == i)) for i, level in enumerate(levels) if np.any(codes == i)} == QI_2022[name]


def test_responses_grades_ages_and_doses_are_as_published(table):
    best, gastric = table.column("best_response"), table.column("tumour_type") == 0
    responded, controlled = best >= Response.PR, best >= Response.SD
    assert (responded.sum(), controlled.sum(), len(best)) == (18, 27, 37)
    assert ((responded & gastric).sum(), (controlled & gastric).sum()) == (16, 21)
    assert ((responded & ~gastric).sum(), (controlled & ~gastric).sum(), (~gastric).sum()) == (2, 6, 9)
    assert np.bincount(table.column("crs_grade").astype(int), minlength=3)[1:3].sum() == 35
    age, since = table.column("age"), table.column("since_metastasis")
    assert (np.median(age), age.min(), age.max()) == (53, 25, 74)
    assert (np.median(since), since.min(), since.max()) == (1.0, 0.1, 3.2)
    assert dict(zip(*np.unique(table.column("dose"), return_counts=True), strict=True)) == {
        2.5e8: 28,
        3.75e8: 6,
        5e8: 3,
    }


def test_every_patient_and_both_files_say_that_they_are_synthetic(table):
    assert all(name.startswith("synthetic-") for name in table.patients)
    for kind in ("", "-truth"):
        with shipped("ct041-reconstructed", kind) as path:
            first, *rest = path.read_text(encoding="utf-8").splitlines()
        assert first.startswith("# synthetic")
        assert len(list(csv.reader(line for line in rest if not line.startswith("#")))) == 38


def test_courses_are_those_of_the_twin(table):
    """Simulated again from their latents, 16 patients show what the file says, new lesions and noise apart.

    Single precision rounds otherwise on other processors, so a patient at a threshold may cross it.
    """
    with shipped("ct041-reconstructed", "-truth") as path:
        latents = read_truth(path, table.patients)[:16]
    seen = simulate(latents, table.column("dose")[:16], TwinSpec())
    np.testing.assert_allclose(100 * seen.target_change, table.column("target_change")[:16], atol=2.0)
    assert np.mean(seen.crs_grade == table.column("crs_grade")[:16]) > 0.9
    best = table.column("best_response")[:16]
    kept = best != Response.PD
    assert kept.sum() > 5
    assert np.sum(seen.best_response[kept] != best[kept]) <= 1
    assert np.sum(np.abs(seen.progression_days[kept] - table.column("pfs")[:16][kept] * DAYS_PER_MONTH) > 0.5) <= 1
    noise = np.log(table.column("c_max")[:16] / seen.c_max)
    assert 0.15 < noise.std() < 0.5
