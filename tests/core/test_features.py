"""The schema is coherent, and a cohort becomes arrays without anything being invented or lost."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncotwin.core.cohort import Cohort, Patient
from oncotwin.core.endpoints import Response
from oncotwin.core.features import SCHEMA, TAGS, VARIABLES, Variable, feature_table, patient_of
from oncotwin.errors import BadInput
from oncotwin.io.specs.units import in_unit

ANNA = {"dose": 2.5e8, "age": 61.0, "sex": "female", "best_response": "PR", "pfs": 5.6, "pfs_event": 1}
BODO = {"dose": 5e8, "sex": "male", "cldn18_2": "high", "pfs": 2.0, "pfs_event": 0}


def cohort(*rows) -> Cohort:
    return Cohort(tuple(patient_of(f"p{i}", row) for i, row in enumerate(rows)))


@pytest.mark.parametrize("variable", SCHEMA, ids=lambda v: v.name)
def test_every_variable_is_declared_in_full(variable):
    assert variable.tag in TAGS
    assert variable.doc.endswith(".")
    assert in_unit(f"1 {variable.unit}", variable.unit) == 1
    assert bool(variable.levels) == (variable.kind in ("ordinal", "nominal"))
    assert len(set(variable.levels)) == len(variable.levels)
    if not variable.levels:
        assert variable.low < variable.high < math.inf


def test_names_are_unique_and_events_are_no_variables():
    names = [v.name for v in SCHEMA] + [v.event for v in SCHEMA if v.kind == "time-to-event"]
    assert len(set(names)) == len(names)


def test_the_variables_of_the_paper_are_there():
    wanted = "tumour_type cldn18_2 prior_lines dose best_response pfs os crs_grade c_max t_max persistence peak_crp"
    assert {*wanted.split(), "peak_il6", "peak_ferritin", "age", "sex", "ecog"} <= set(VARIABLES)
    assert VARIABLES["best_response"].levels == tuple(r.name for r in Response)
    assert VARIABLES["cldn18_2"].kind == "ordinal"
    assert VARIABLES["dose"].unit == "cell"
    assert VARIABLES["pfs"].unit == "month"


def test_table_holds_codes_numbers_and_events():
    table = feature_table(cohort(ANNA, BODO))
    assert table.names == ("cldn18_2", "dose", "age", "sex", "best_response", "pfs")
    assert table.column("best_response")[0] == Response.PR
    np.testing.assert_array_equal(table.column("cldn18_2"), [np.nan, 3])
    np.testing.assert_array_equal(table.column("sex"), [0, 1])
    np.testing.assert_array_equal(table.column("pfs"), [5.6, 2.0])
    np.testing.assert_array_equal(table.event("pfs"), [1, 0])
    assert np.all(np.isnan(table.event("dose")))


def test_tags_part_the_table():
    table = feature_table(cohort(ANNA, BODO))
    parts = [table.select([tag]) for tag in TAGS]
    assert [part.names for part in parts] == [("cldn18_2", "dose", "age", "sex"), (), ("best_response", "pfs")]
    assert table.select(TAGS).names == table.names
    with pytest.raises(BadInput, match="unknown time tag.*'late'.*baseline, early, outcome"):
        table.select(["late"])


def test_nothing_is_imputed_and_what_is_incomplete_is_named():
    table = feature_table(cohort(ANNA, BODO))
    assert table.complete().names == ("dose", "sex", "pfs")
    assert table.incomplete() == {"cldn18_2": 1, "age": 1, "best_response": 1}


def test_absent_variables_are_all_named():
    with pytest.raises(BadInput, match="needed: c_max, ecog.*There are: cldn18_2"):
        feature_table(cohort(ANNA, BODO)).pick(["c_max", "sex", "ecog"])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"sex": "m"}, "patient p0, sex: unknown level; got 'm'; allowed: female, male"),
        ({"dose": 2.5}, "patient p0, dose: out of range; got 2.5; allowed: 100000 to 1e.12 cell"),
        ({"age": math.nan}, "patient p0, age: out of range; got nan"),
        ({"age": "old"}, "patient p0, age: out of range; got 'old'"),
        ({"aeg": 50.0}, "patient p0: unknown variable; got 'aeg'. Did you mean 'age'"),
        ({"pfs": 3.0}, "patient p0, pfs_event: time and event indicator do not go together; allowed: 0 or 1"),
        ({"pfs_event": 1}, "patient p0, pfs_event: time and event indicator do not go together; got 1"),
        ({"pfs": 3.0, "pfs_event": 2}, "patient p0, pfs_event: .*got 2; allowed: 0 or 1"),
    ],
)
def test_what_the_schema_does_not_allow_is_refused(values, message):
    with pytest.raises(BadInput, match=message):
        feature_table(cohort(values))


def test_a_patient_is_parted_into_features_regimen_and_outcomes():
    anna = patient_of("anna", ANNA)
    assert set(anna.features) == {"dose", "age", "sex"}
    assert set(anna.outcomes) == {"best_response", "pfs", "pfs_event"}
    assert [(i.time_days, i.cells, i.route) for i in anna.infusions] == [(0.0, 2.5e8, "intravenous")]
    assert patient_of("bodo", {"sex": "male"}).infusions == ()


def test_other_schemas_serve_too():
    grip = Variable("grip", "continuous", "baseline", "Strength of the hand.", "newton", 0.0, 1e3)
    table = feature_table(Cohort((Patient("a", {"grip": 300.0}),)), (grip,))
    assert table.column("grip") == 300.0


@given(st.data())
def test_codes_lead_back_to_the_values(data):
    chosen = data.draw(st.lists(st.sampled_from(SCHEMA), unique=True, min_size=1))
    row: dict[str, float | str] = {}
    for v in chosen:
        row[v.name] = data.draw(st.sampled_from(v.levels) if v.levels else st.floats(v.low, v.high))
        if v.kind == "time-to-event":
            row[v.event] = data.draw(st.sampled_from([0, 1]))
    table = feature_table(cohort(row))
    assert set(table.names) == {v.name for v in chosen}
    for v in chosen:
        code = table.column(v.name)[0]
        assert (v.levels[int(code)] if v.levels else code) == row[v.name]
