"""The PEtab-style export: what was observed and nothing else, priors as fitted, read back as written."""

import numpy as np
import pytest

from oncotwin.apps.personal.petab import tables_of
from oncotwin.core.observables import Observables
from oncotwin.errors import BadInput
from oncotwin.io.cohorts.petab import read_petab, write_petab
from oncotwin.studies.inverse.likelihood import first_population


def observed() -> Observables:
    """Two patients; the second has a censored progression and no kinetics."""
    missing = Observables(*(np.full(2, np.nan) for _ in Observables._fields))
    return missing._replace(
        best_response=np.array([3.0, 0.0]),
        crs_grade=np.array([1.0, 2.0]),
        c_max=np.array([2.5e4, np.nan]),
        progression_days=np.array([84.0, 168.0]),
        progressed=np.array([1.0, 0.0]),
    )


def test_the_problem_is_read_back_as_written(tmp_path):
    tables = tables_of(observed(), np.array([2.5e8, 5e8]), ["P 1", "P 2"], first_population())
    paths = write_petab(tmp_path / "problem", tables)
    assert [path.name for path in paths][-1] == "problem.yaml"
    assert "sbml_files: []" in paths[-1].read_text()
    back = read_petab(tmp_path / "problem")
    kinds = {(row["simulationConditionId"], row["observableId"]): row for row in back["measurements"]}
    assert set(kinds) == {
        ("P_1", "best_response"), ("P_1", "crs_grade"), ("P_1", "c_max"), ("P_1", "progression_days"),
        ("P_2", "crs_grade"), ("P_2", "progression_days"),
    }  # fmt: skip
    assert kinds["P_1", "progression_days"]["measurementType"] == "exact"
    assert kinds["P_2", "progression_days"]["measurementType"] == "right-censored"
    assert float(kinds["P_1", "c_max"]["measurement"]) == 2.5e4
    assert len(back["parameters"]) == 12
    assert {row["objectivePriorParameters"] for row in back["parameters"]} == {"0;1.5"}
    assert back["conditions"][1]["z_esc"] == "z_esc_P_2"
    assert {row["conditionId"] for row in back["conditions"]} == {"P_1", "P_2"}
    ids = {row["observableId"] for row in back["observables"]}
    assert {row["observableId"] for row in back["measurements"]} <= ids


def test_a_problem_is_not_written_over_another(tmp_path):
    tables = tables_of(observed(), np.array([2.5e8, 5e8]), ["a", "b"], first_population())
    write_petab(tmp_path, tables)
    with pytest.raises(BadInput, match="stands here"):
        write_petab(tmp_path, tables)


def test_names_that_become_one_identifier_are_refused():
    with pytest.raises(BadInput, match="stay apart"):
        tables_of(observed(), np.array([2.5e8, 5e8]), ["P 1", "P-1"], first_population())
