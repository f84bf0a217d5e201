"""Margins are read from TOML, or refused with the key, what was got and what is allowed; latents are read back."""

import numpy as np
import pytest

from oncotwin.core.margins import Count, Group, Median, Range
from oncotwin.errors import BadInput
from oncotwin.io.cohorts.margins import margins_names, plain, read_margins
from oncotwin.io.cohorts.truth import read_truth, shipped, shipped_names, write_truth

HEAD = 'title = "t"\nsource = "s"\npatients = 10\n'
DOSE = "[[dose]]\ncells = 2.5e8\ncount = 10\n"


def given_file(tmp_path, text, head=HEAD, dose=DOSE) -> str:
    file = tmp_path / "margins.toml"
    file.write_text(head + text + dose, encoding="utf-8")
    return str(file)


def test_every_kind_of_margin_is_understood(tmp_path):
    text = """
[levels.sex]
male = 6
[[count]]
variable = "best_response"
levels = ["CR", "PR"]
among = { sex = ["male"] }
count = 4
source = "there"
[[count]]
variable = "age"
low = 60
count = 3
[[median]]
variable = "age"
value = 53
within = 2
[[range]]
variable = "c_max"
low = 0.5
high = 20
"""
    found = read_margins(given_file(tmp_path, text, dose='[[dose]]\ncells = "250e6 cells"\ncount = 10\n'))
    assert found.margins == (
        Count(Group("sex", ("male",)), 6, {}, "s"),
        Count(Group("dose", (), 2.5e8, 2.5e8), 10, {}, "s"),
        Count(Group("best_response", ("CR", "PR")), 4, {"sex": ("male",)}, "there"),
        Count(Group("age", (), 60, float("inf")), 3, {}, "s"),
        Median("age", 53, 2, "s"),
        Range("c_max", 0.5, 20, "s"),
    )
    assert [str(m) for m in found.margins[2:]] == [
        "best_response CR or PR, of sex male",
        "age 60 to inf",
        "median of age",
        "range of c_max",
    ]
    assert plain(found.spec)["plausible"] == {"number": 2048, "seed": 41, "latents": {}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("patient = 3\n", "patient: unknown key; got 'patient'.*Did you mean 'patients'"),
        ("[levels.sexx]\nmale = 1\n", "levels.sexx: unknown variable; got 'sexx'.*Did you mean 'sex'"),
        ("[levels.sex]\nm = 1\n", "levels.sex: no level of sex; got 'm'; allowed: female, male"),
        ("[levels.age]\n50 = 1\n", "levels.age: no level of age; got '50'; allowed: an interval"),
        ("[levels.sex]\nmale = 6\nfemale = 5\n", "levels.sex: more than there are patients; got 11.0; allowed: to 10"),
        ("[levels.sex]\nmale = -1\n", "levels.sex.male: out of range; got -1"),
        ('[[count]]\nvariable = "sex"\ncount = 1\n', "count.0: neither levels nor an interval"),
        (
            '[[count]]\nvariable = "sex"\nlow = 1\ncount = 1\n',
            "count.0.variable: not a number without censoring; got 'sex'",
        ),
        ('[[count]]\nvariable = "sx"\nlow = 1\ncount = 1\n', "count.0.variable: unknown variable.*'sex'"),
        ('[[count]]\nvariable = "age"\nlow = 1\nlevels = ["x"]\ncount = 1\n', "count.0: levels and an interval"),
        ('[[count]]\nvariable = "age"\nlow = 1\ncount = 11\n', "count.0.count: more than there are patients; got 11.0"),
        (
            '[[count]]\nvariable = "age"\nlow = 1\ncount = 1\namong = { sex = ["x"] }\n',
            "count.0.among.sex: no level of sex; got 'x'",
        ),
        ('[[median]]\nvariable = "sex"\nvalue = 1\n', "median.0.variable: not a number without censoring; got 'sex'"),
        ('[[range]]\nvariable = "ag"\nlow = 1\nhigh = 2\n', "range.0.variable: unknown variable; got 'ag'"),
        ('[[median]]\nvariable = "os"\nvalue = 1\n', "median.0.variable: not a number without censoring; got 'os'"),
        ("[plausible.latents]\nenf = [0, 1]\n", "plausible.latents.enf: unknown latent; got 'enf'"),
        ("[plausible.latents]\ninf = [0.6, 0.5]\n", "plausible.latents.inf: least above greatest"),
        ("[plausible.latents]\ninf = [0, 2]\n", "plausible.latents.inf.1: out of range; got 2"),
        ('[choice]\nrule = "best"\n', "choice.rule: unknown name; got 'best'.*exchange"),
        ('[[keep]]\nvariable = "age"\nlow = 3\n', "keep.0: missing key 'why'"),
        (
            "[[dose]]\ncells = 5e8\ncount = 1\n",
            "dose: not one dose a patient; got 11.0; allowed: counts that sum to 10",
        ),
        ('[[dose]]\ncells = "5 mg"\ncount = 0\n', "dose.0.cells: 'mg' does not measure the same as 'cell'"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_key(tmp_path, text, message):
    with pytest.raises(BadInput, match=f"margins.toml, {message}"):
        read_margins(given_file(tmp_path, text))


def test_absent_files_and_unknown_names_are_refused(tmp_path):
    with pytest.raises(BadInput, match=r"absent.toml: no such file.*Shipped ones: ct041"):
        read_margins(str(tmp_path / "absent.toml"))
    with pytest.raises(BadInput, match="unknown margin; got 'ct042'; allowed: ct041"):
        read_margins("ct042")
    with pytest.raises(BadInput, match="malformed TOML"):
        read_margins(given_file(tmp_path, "[[[", dose=""))
    assert "ct041" in margins_names()


def test_latents_are_read_back_in_any_order(tmp_path):
    file, latents = tmp_path / "truth.csv", np.random.default_rng(0).random((3, 6))
    write_truth(file, ["a", "b,c", "d"], latents, ["synthetic"])
    assert file.read_text().startswith("# synthetic\npatient,inf,exh,cyt,esc,env,init\n")
    np.testing.assert_array_equal(read_truth(file, ["d", "a"]), latents[[2, 0]])
    with pytest.raises(BadInput, match="patients without latents; got 'e'"):
        read_truth(file, ["a", "e"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a table of latents"),
        ("patient,inf\na,1\n", "not a table of latents; got 'patient,inf'; allowed: patient,inf,exh,cyt,esc,env,init"),
        ("patient,inf,exh,cyt,esc,env,init\na,0,0,0,0,0,2\n", "row 2: not a patient's latents; got 'a,0,0,0,0,0,2'"),
        ("patient,inf,exh,cyt,esc,env,init\na,0,0,0,0,0\n", "row 2: not a patient's latents"),
        ("patient,inf,exh,cyt,esc,env,init\na,0,0,0,0,0,x\n", "row 2: not a patient's latents"),
        ("patient,inf,exh,cyt,esc,env,init\na,0,0,0,0,0,1\na,0,0,0,0,0,1\n", "row 3: not a patient's latents"),
    ],
)
def test_other_tables_are_no_latents(tmp_path, text, message):
    (tmp_path / "truth.csv").write_text(text)
    with pytest.raises(BadInput, match=message):
        read_truth(tmp_path / "truth.csv", ["a"])


def test_cohorts_that_ship_have_their_latents():
    assert shipped_names() == ("ct041-reconstructed",)
    for kind in ("", "-truth"):
        with shipped("ct041-reconstructed", kind) as path:
            assert path.read_text().startswith("# synthetic")
    with pytest.raises(BadInput, match="nor a cohort that ships.*ct041-reconstructed"):
        shipped("ct041")
