"""A cohort's file is read as it stands, or every one of its faults is told with row, column, got and allowed."""

import string
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oncotwin.core.cohort import Cohort
from oncotwin.core.features import SCHEMA, VARIABLES, feature_table, patient_of
from oncotwin.errors import BadInput
from oncotwin.io.cohorts.columns import Fault, all_columns, header_of
from oncotwin.io.cohorts.files import cohort_csv, cohort_template, inspect_cohort, read_cohort, write_cohort

HEAD = "patient,tumour_type,dose [cell],age [year],sex,best_response,pfs [month],pfs_event\n"
ANNA = "anna,gastric,2.5e8,61,female,PR,5.6,1\n"
BODO = "bodo,pancreatic,5e8,47,male,SD,2,0\n"


def given_file(tmp_path, text):
    file = tmp_path / "cohort.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def faults(tmp_path, text) -> list[Fault]:
    return list(inspect_cohort(given_file(tmp_path, text)).faults)


def test_cells_become_values_in_the_variables_units(tmp_path):
    anna, bodo = read_cohort(given_file(tmp_path, HEAD + ANNA + BODO))
    assert (anna.name, bodo.name) == ("anna", "bodo")
    assert anna.features == {"tumour_type": "gastric", "dose": 2.5e8, "age": 61.0, "sex": "female"}
    assert anna.outcomes == {"best_response": "PR", "pfs": 5.6, "pfs_event": 1.0}
    assert bodo.infusions[0].cells == 5e8


@pytest.mark.parametrize(
    ("header", "cell", "name", "value"),
    [
        ("dose [1e6 cells]", "250", "dose", 2.5e8),
        ("dose [10^8 cells]", "2.5", "dose", 2.5e8),
        ("dose[cell]", "2.5e8", "dose", 2.5e8),
        ("age [months]", "732", "age", 61.0),
        ("peak_crp [mg/dL]", "12.5", "peak_crp", 125.0),
        ("peak_il6 [ng/L]", "80", "peak_il6", 80.0),
        ("peak_ferritin [ug/L]", "600", "peak_ferritin", 600.0),
        ("c_max [copies/ug]", "24000", "c_max", 24000.0),
        ("t_max [weeks]", "2", "t_max", 14.0),
        ("cldn18_2_stained [%]", "60", "cldn18_2_stained", 60.0),
        ("cldn18_2_stained [1]", "0.6", "cldn18_2_stained", 60.0),
        ("since_metastasis [day]", "365.25", "since_metastasis", 1.0),
        ("ecog", "1.0", "ecog", "1"),
        ("prior_lines", "3+", "prior_lines", "3+"),
    ],
)
def test_units_are_converted_at_the_door(tmp_path, header, cell, name, value):
    dose = "" if name == "dose" else ",dose [cell]"
    text = f"patient,{header}{dose}\nanna,{cell}{dose and ',2.5e8'}\n"
    found = read_cohort(given_file(tmp_path, text)).patients[0].features[name]
    assert found == (value if isinstance(value, str) else pytest.approx(value, rel=1e-12))


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "BOM"])
def test_separators_line_ends_and_byte_order_marks(tmp_path, separator, end, mark):
    text = (HEAD + ANNA + "\n" + ",,,,,,,\n" + BODO).replace(",", separator).replace("\n", end)
    assert len(read_cohort(given_file(tmp_path, mark + text.encode()))) == 2


def test_empty_cells_are_missing_and_nothing_is_imputed(tmp_path):
    text = HEAD + "anna,,2.5e8,NA,n/a,unknown,,\nbodo,gastric,5e8,nan,male,NULL,3,0\n"
    cohort = read_cohort(given_file(tmp_path, text))
    assert cohort.patients[0].features == {"dose": 2.5e8}
    assert cohort.patients[0].outcomes == {}
    assert feature_table(cohort).incomplete() == {"tumour_type": 1, "sex": 1, "pfs": 1}


def test_remarks_and_columns_after_a_number_sign_are_left_out(tmp_path):
    text = "# synthetic\npatient,dose [cell],#note\nanna,2.5e8,anything [really]\n# late\n"
    inspection = inspect_cohort(given_file(tmp_path, text))
    assert inspection.cohort is not None
    assert inspection.cohort.patients[0].features == {"dose": 2.5e8}
    assert inspection.remarks == ("synthetic", "late")


ONE_FAULT = [
    ("", Fault(None, "", "this file is empty", None, "a line of headers, then a line a patient")),
    ("\n \n# a remark\n", Fault(None, "", "this file is empty")),
    (HEAD, Fault(None, "", "this file has headers only", None, "a line a patient")),
    ("dose [cell]\n2.5e8\n", Fault(1, "", "missing column", None, "patient")),
    ("patient\nanna\n", Fault(1, "", "missing column", None, "dose [cell]")),
    ("patient,dose [cell],aeg [year]\na,2.5e8,1\n", Fault(1, "aeg [year]", "unknown column")),
    ("patient,dose [cell],weight [kg]\na,2.5e8,1\n", Fault(1, "weight [kg]", "unknown column")),
    ("patient,dose [cell],age [year\na,2.5e8,1\n", Fault(1, "age [year", "unknown column")),
    ("patient,dose\na,2.5e8\n", Fault(1, "dose", "no unit", "dose", "dose [cell], or a unit that measures the same")),
    ("patient,dose []\na,2.5e8\n", Fault(1, "dose []", "no unit")),
    (
        "patient,dose [cells/kg]\na,1e6\n",
        Fault(1, "dose [cells/kg]", "'cells/kg' does not measure", "cells/kg", "cell,"),
    ),
    ("patient,dose [cell],age [y]\na,1e8,5\n", Fault(1, "age [y]", "unknown unit 'y'", "y", "year,")),
    ("patient,dose [0 cell]\na,1\n", Fault(1, "dose [0 cell]", "'0 cell' is no unit", "0 cell")),
    ("patient,dose [-1 cell]\na,1\n", Fault(1, "dose [-1 cell]", "'-1 cell' is no unit")),
    ("patient,dose [1e999 cell]\na,1\n", Fault(1, "dose [1e999 cell]", "'1e999 cell' is no unit")),
    ("patient,dose [cell],sex [1]\na,1e8,male\n", Fault(1, "sex [1]", "this variable has no unit", "1", "sex")),
    ("patient,dose [cell],dose [1e6 cells]\na,1e8,100\n", Fault(1, "dose [1e6 cells]", "this column holds the same")),
    ("patient,dose [cell],os [month]\na,1e8,3\n", Fault(1, "", "column 'os' without 'os_event'", None, "os_event")),
    ("patient,dose [cell],os_event\na,1e8,1\n", Fault(1, "", "column 'os_event' without 'os'", None, "os [month]")),
    (HEAD + ANNA + ANNA, Fault(3, "patient", "this patient stands in row 2 too", "anna")),
    (HEAD + ANNA[4:], Fault(2, "patient", "missing, and needed", "", "a name")),
    (HEAD + "a\x07b" + ANNA[4:], Fault(2, "patient", "not a name", "a\x07b")),
    (HEAD + "a" * 81 + ANNA[4:], Fault(2, "patient", "not a name")),
    (HEAD + ANNA.replace("2.5e8", ""), Fault(2, "dose [cell]", "missing, and needed", "", "100000 to 1e+12")),
    (HEAD + ANNA.replace("2.5e8", "250"), Fault(2, "dose [cell]", "out of range", "250", "100000 to 1e+12")),
    (HEAD + ANNA.replace("61", "610"), Fault(2, "age [year]", "out of range", "610", "0 to 120")),
    (HEAD + ANNA.replace("61", "-1"), Fault(2, "age [year]", "out of range", "-1")),
    (HEAD + ANNA.replace("61", "61 years"), Fault(2, "age [year]", "not a number", "61 years")),
    (HEAD + ANNA.replace("61", '"6,1"'), Fault(2, "age [year]", "not a number", "6,1")),
    (HEAD + ANNA.replace("61", "<60"), Fault(2, "age [year]", "not a number", "<60")),
    (HEAD + ANNA.replace("61", "inf"), Fault(2, "age [year]", "not a number", "inf")),
    (HEAD + ANNA.replace("61", "1e999"), Fault(2, "age [year]", "out of range", "1e999")),
    (HEAD + ANNA.replace("61", "٦١"), Fault(2, "age [year]", "not a number", "٦١")),
    (HEAD + ANNA.replace("61", "=1+60"), Fault(2, "age [year]", "not a number", "=1+60")),
    (HEAD + ANNA.replace("female", "F"), Fault(2, "sex", "unknown level", "F", "female, male")),
    (HEAD + ANNA.replace("PR", "pr"), Fault(2, "best_response", "unknown level", "pr", "NE, PD, SD, PR, CR")),
    (HEAD + ANNA.replace("5.6,1", "5.6,yes"), Fault(2, "pfs_event", "unknown level", "yes", "0, 1")),
    (HEAD + ANNA.replace("5.6,1", "5.6,"), Fault(2, "pfs_event", "empty beside 'pfs'", "", "both, or neither")),
    (HEAD + ANNA.replace("5.6,1", ",1"), Fault(2, "pfs [month]", "empty beside 'pfs_event'", "")),
    (HEAD + "anna,gastric\n", Fault(2, "", "not as many cells as headers", "2", "8")),
    (HEAD + ANNA.replace("61", "6,1"), Fault(2, "", "not as many cells as headers", "9", "8")),
    (HEAD + ANNA + '"open\n', Fault(3, "", "malformed: unexpected end of data")),
    (HEAD + ANNA + "bo\0do" + BODO[4:], Fault(3, "patient", "not a name")),
    ("patient,dose [cell],\na,1e8,stray\n", Fault(2, "", "a cell under no header (column 3)", "stray")),
    (
        "patient,dose [cell],cldn18_2,cldn18_2_stained [%]\na,1e8,negative,40\n",
        Fault(2, "", "class and stained cells contradict each other", "cldn18_2 negative, cldn18_2_stained 40"),
    ),
    (
        "patient,dose [cell],cldn18_2,cldn18_2_stained [%]\na,1e8,low,39\n",
        Fault(2, "", "class and stained cells contradict each other"),
    ),
    (
        "patient,dose [cell],tumour_type,lauren\na,1e8,other,mixed\n",
        Fault(2, "", "a Lauren class for a tumour that is not"),
    ),
    (
        "patient,dose [cell],pfs [day],pfs_event,os [month],os_event\na,1e8,100,1,3,1\n",
        Fault(2, "", "progression-free for longer than alive", "pfs 3.28542, os 3"),
    ),
    (
        "patient,dose [cell],c_max [copy/ug],t_max [day],persistence [day],persistence_event\na,1e8,1e4,10,9,1\n",
        Fault(2, "", "the largest level after the last detectable one"),
    ),
    (
        "patient,dose [cell],best_response,target_change [%]\na,1e8,PR,-29\n",
        Fault(2, "", "a response without the fall that RECIST 1.1 asks for", "best_response PR, target_change -29"),
    ),
]


@pytest.mark.parametrize(
    ("text", "expected"), ONE_FAULT, ids=[f"{i}-{f.what[:24]}" for i, (_, f) in enumerate(ONE_FAULT)]
)
def test_one_fault_is_told_with_its_place(tmp_path, text, expected):
    (fault,) = faults(tmp_path, text)
    assert (fault.row, fault.column) == (expected.row, expected.column)
    assert fault.what.startswith(expected.what)
    assert expected.got is None or fault.got == expected.got
    assert fault.allowed.startswith(expected.allowed)
    with pytest.raises(BadInput, match="cohort.csv: 1 fault in this cohort:"):
        read_cohort(tmp_path / "cohort.csv")


@pytest.mark.parametrize(
    ("header", "hint"),
    [("tumor_type", "tumour_type"), ("Age [year]", "age"), ("response", "best_response"), ("PFS_event", "pfs_event")],
)
def test_the_nearest_name_is_offered(tmp_path, header, hint):
    (fault,) = [f for f in faults(tmp_path, f"patient,dose [cell],{header}\na,1e8,\n") if f.what == "unknown column"]
    assert repr(hint) in fault.remedy


def test_all_faults_are_told_in_one_message(tmp_path):
    text = "patient,dose [cell],tumor_type,age [year]\na,1e8,x,610\na,2,x,old\nc,,x,\n"
    with pytest.raises(BadInput) as caught:
        read_cohort(given_file(tmp_path, text))
    lines = str(caught.value).splitlines()
    assert "6 faults in this cohort" in lines[0]
    places = ["row 1, column 'tumor_type'", "row 2, column 'age [year]'", "row 3, column 'dose [cell]'"]
    places += ["row 3, column 'age [year]'", "row 3, column 'patient'", "row 4, column 'dose [cell]'"]
    assert len(lines) == 7
    assert all(any(place in line for line in lines) for place in places)


def test_a_long_list_of_faults_is_cut(tmp_path):
    text = HEAD + "".join(f"p{i}" + ANNA[4:].replace("61", "610") for i in range(60))
    with pytest.raises(BadInput, match=r"60 faults(.|\n)*and 10 more") as caught:
        read_cohort(given_file(tmp_path, text))
    assert len(str(caught.value).splitlines()) == 52


def test_a_long_cell_is_cut(tmp_path):
    (fault,) = faults(tmp_path, HEAD + ANNA.replace("female", "f" * 10_000))
    assert len(str(fault)) < 250
    (fault,) = faults(tmp_path, f"patient,dose [cell],{'a' * 10_000}\na,1e8,1\n")
    assert len(str(fault)) < 1000
    (fault,) = faults(tmp_path, f"patient,dose [{'m*' * 5_000}]\na,1e8\n")
    assert len(str(fault)) < 500


@pytest.mark.parametrize(
    ("data", "message"),
    [(b"\xff\xfep\0a\0", "not UTF-8 text"), (b"patient,dose [cell]\na,\xe9\n", "not UTF-8 text")],
)
def test_other_encodings_are_refused(tmp_path, data, message):
    with pytest.raises(BadInput, match=f"cohort.csv: {message}"):
        inspect_cohort(given_file(tmp_path, data))


def test_absent_files_and_folders_are_refused(tmp_path):
    with pytest.raises(BadInput, match=r"absent.csv: no such file"):
        read_cohort(tmp_path / "absent.csv")
    with pytest.raises(BadInput, match="cannot be read"):
        read_cohort(tmp_path)


def test_template_can_be_filled(tmp_path):
    text = cohort_template()
    assert len(text.splitlines()[-1].split(",")) == len(all_columns())
    for variable in SCHEMA:
        assert f"# {variable.name}: {variable.doc}" in text
    (fault,) = faults(tmp_path, text)
    assert fault.what == "this file has headers only"
    row = {"patient": "anna", "dose": "2.5e8", "os": "3", "os_event": "0"}
    line = ",".join(row.get(variable.name, "") for variable in all_columns())
    assert read_cohort(given_file(tmp_path, text + line)).patients[0].outcomes == {"os": 3.0, "os_event": 0.0}


def test_remarks_that_would_be_headers_are_refused():
    with pytest.raises(BadInput, match="a remark with a bracket"):
        cohort_csv(Cohort(()), ["dose [cell]"])


names = (
    st.text(string.printable + "äß;,\"'µ", min_size=1, max_size=20)
    .map(str.strip)
    .filter(
        lambda s: (
            s.isprintable() and s and not s.startswith("#") and s.lower() not in ("na", "n/a", "nan", "null", "unknown")
        )
    )
)


@st.composite
def patients(draw):
    """A patient with any of the variables that cannot contradict each other."""
    free = [v for v in SCHEMA if v.name not in ("lauren", "cldn18_2_stained", "t_max", "target_change", "os")]
    values = {}
    for v in draw(st.lists(st.sampled_from(free), unique=True)) + [VARIABLES["dose"]]:
        values[v.name] = draw(st.sampled_from(v.levels) if v.levels else st.floats(v.low, v.high))
        if v.kind == "time-to-event":
            values[v.event] = draw(st.sampled_from([0.0, 1.0]))
    return patient_of(draw(names), values)


@settings(max_examples=50)
@given(people=st.lists(patients(), min_size=1, max_size=5, unique_by=lambda p: p.name))
def test_what_is_written_is_read_back(tmp_path_factory, people):
    file = tmp_path_factory.mktemp("round") / "cohort.csv"
    write_cohort(file, Cohort(tuple(people)), ["synthetic: made by a test"])
    inspection = inspect_cohort(file)
    assert inspection.faults == ()
    assert inspection.cohort == Cohort(tuple(people))
    assert inspection.remarks == ("synthetic: made by a test",)


@settings(max_examples=150)
@given(st.text(max_size=200) | st.text("patient,dose [cell]\n\"';#0123456789e.", max_size=200))
def test_no_text_does_anything_but_be_read_or_be_refused(tmp_path_factory, text):
    file = tmp_path_factory.mktemp("odd") / "cohort.csv"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        inspection = inspect_cohort(file)
    except BadInput:
        return
    assert (inspection.cohort is None) == bool(inspection.faults)


def test_headers_name_the_schemas_units():
    assert header_of(VARIABLES["dose"]) == "dose [cell]"
    assert header_of(VARIABLES["sex"]) == "sex"


def test_large_cohorts_are_read_in_linear_time(tmp_path):
    text = "patient,dose [cell],sex\n" + "".join(f"p{i},1e8,male\n" for i in range(20_000))
    began = time.process_time()
    assert len(read_cohort(given_file(tmp_path, text))) == 20_000
    assert time.process_time() - began < 10
