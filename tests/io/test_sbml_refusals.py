"""SBML that flux balance cannot use, and files from strangers: every refusal by name."""

import bz2
import gzip

import pytest
from sbml_models import LEGACY, MATHS, NAMESPACE, SMALL, before, changed, refusal, same, written

from oncotwin.errors import BadInput
from oncotwin.io import packed
from oncotwin.io.networks import sbml
from oncotwin.io.networks.sbml import read_sbml

RULES = f"""<listOfRules><assignmentRule variable="low">{MATHS}</assignmentRule></listOfRules>"""
ASSIGNED = '<listOfInitialAssignments><initialAssignment symbol="{}">' + MATHS + "</initialAssignment>"
EVENT = f"""<listOfEvents><event id="jump" useValuesFromTriggerTime="true">
<trigger initialValue="true" persistent="true">{MATHS}</trigger></event></listOfEvents>"""
CONSTANT = 'stoichiometry="1" constant="true"'
FACTOR = 'boundaryCondition="false" conversionFactor="low"'

REFUSED = {
    "assignment rule": (before("listOfReactions", RULES), ("an assignment rule", "'low'")),
    "rate rule": (before("listOfReactions", RULES.replace("assignment", "rate")), ("a rate rule", "'low'")),
    "algebraic rule": (
        before("listOfReactions", RULES.replace("assignment", "algebraic").replace(' variable="low"', "")),
        ("an algebraic rule",),
    ),
    "event": (changed("</listOfReactions>", f"</listOfReactions>{EVENT}"), ("an event", "'jump'")),
    "constraint": (
        before("listOfReactions", f"<listOfConstraints><constraint>{MATHS}</constraint></listOfConstraints>"),
        ("a constraint",),
    ),
    "assigned stoichiometry": (
        before("listOfReactions", ASSIGNED.format("sr") + "</listOfInitialAssignments>"),
        ("an initial assignment to a stoichiometry", "'sr'"),
    ),
    "assigned bound": (
        before("listOfReactions", ASSIGNED.format("high") + "</listOfInitialAssignments>"),
        ("an initial assignment to a flux bound", "high, upper of R_in"),
    ),
    "varying stoichiometry": (
        changed(CONSTANT, CONSTANT.replace("true", "false"), times=1),
        ("a stoichiometry that is not constant", "'sr'"),
    ),
    "varying bound": (
        changed('value="1000" constant="true"', 'value="1000" constant="false"'),
        ("a flux bound that is not constant", "high, upper of R_in"),
    ),
    "conversion factor": (changed('boundaryCondition="false"', FACTOR, times=1), ("a conversion factor", "'M_a'")),
    "factor of the model": (
        changed('strict="true"', 'strict="true" conversionFactor="low"'),
        ("a conversion factor", "'low'"),
    ),
    "fast reaction": (changed('fast="false"', 'fast="true"', times=1), ("a fast reaction", "'R_in'")),
    "constant species": (
        changed('boundaryCondition="false" constant="false"', 'boundaryCondition="false" constant="true"', times=1),
        ("a constant species", "'sr'"),
    ),
    "missing bound": (changed('fbc:lowerFluxBound="low" ', "", times=1), ("reaction R_in has no lower flux bound",)),
    "unknown bound": (
        changed('fbc:upperFluxBound="high"', 'fbc:upperFluxBound="tall"', times=1),
        ("reaction R_in has no upper flux bound", "'tall'"),
    ),
    "NaN bound": (
        changed('value="1000"', 'value="NaN"', SMALL.replace('strict="true"', 'strict="false"')),
        ("R_in", "not a number"),
    ),
    "bound without value": (changed(' value="1000"', ""), ("the upper bound of R_in", "not a number", "'high'")),
    "NaN coefficient": (changed('fbc:coefficient="1"', 'fbc:coefficient="NaN"'), ("objective first", "'R_out'")),
    "unknown goal": (changed('fbc:reaction="R_out"', 'fbc:reaction="R_no"'), ("objective", "'R_no'")),
    "missing stoichiometry": (changed(' stoichiometry="1"', "", times=1), ("stoichiometry in R_in, M_a",)),
    "infinite stoichiometry": (
        changed('stoichiometry="1"', 'stoichiometry="INF"', times=1),
        ("stoichiometry in R_in, M_a",),
    ),
    "unknown species": (changed('species="M_b" stoichiometry="1"', 'species="M_z" stoichiometry="1"'), ("'M_z'",)),
    "contradictory bounds": (changed('value="-10"', 'value="2000"'), ("contradictory bounds", "(2000.0, 1000.0)")),
    "bound beyond all": (changed('value="-10"', 'value="INF"'), ("contradictory bounds on reaction in",)),
    "repeated reaction": (changed('id="R_ab"', 'id="R_in"'), ("reaction id given twice",)),
    "misspelt list": (SMALL.replace("listOfProducts", "listOfProduct"), ("invalid SBML in line 17",)),
    "not a number": (changed('stoichiometry="1"', 'stoichiometry="one"', times=1), ("invalid SBML in line 15",)),
    "no reactions": (
        SMALL[: SMALL.index("<listOfReactions>")] + SMALL[SMALL.index("</listOfReactions>") + 18 :],
        ("no reactions",),
    ),
    "required package": (
        changed('level="3"', f'xmlns:comp="{NAMESPACE}/comp/version1" comp:required="true" level="3"'),
        ("a required package", "'comp'"),
    ),
    "unknown package": (
        changed('level="3"', f'xmlns:new="{NAMESPACE}/new/version1" new:required="true" level="3"'),
        ("a required package", "'new'"),
    ),
    "future fbc": (SMALL.replace("fbc/version2", "fbc/version9"), ("this version of the package fbc",)),
    "level 1": (
        '<sbml xmlns="http://www.sbml.org/sbml/level1" level="1" version="2"><model name="m"/></sbml>',
        ("this level of SBML is not read", "got 1"),
    ),
    "level 4": (changed('level="3"', 'level="4"'), ("invalid SBML in line 2",)),
    "no model": (
        '<sbml xmlns="http://www.sbml.org/sbml/level3/version2/core" level="3" version="2"/>',
        ("no model",),
    ),
    "another XML": ("<html><body/></html>", ("invalid SBML",)),
    "cut short": (SMALL[:700], ("malformed XML in line",)),
    "empty": ("", ("this file is empty",)),
    "blank": (" \n ", ("this file is empty",)),
    "not XML": ("reactions: 3", ("malformed XML in line 1",)),
    "zeros": ("\0" * 100, ("malformed XML",)),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_by_name(case, tmp_path):
    text, words = REFUSED[case]
    message = str(refusal(written(tmp_path, text)))
    for word in words:
        assert word in message


def test_formula_for_a_stoichiometry(tmp_path):
    maths = f"<stoichiometryMath>{MATHS}</stoichiometryMath>"
    text = changed(
        '<speciesReference species="M_a_b"/>', f'<speciesReference species="M_a_c">{maths}</speciesReference>', LEGACY
    )
    message = str(refusal(written(tmp_path, text)))
    assert "a formula for a stoichiometry is not supported; got 'R_x, M_a_c'" in message


def test_assignments_elsewhere_are_harmless(tmp_path):
    text = before("listOfReactions", ASSIGNED.format("c") + "</listOfInitialAssignments>")
    same(read_sbml(written(tmp_path, text, "assigned.xml")), read_sbml(written(tmp_path, SMALL)))


# --- hostile files ---

LAUGHS = '<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE sbml [<!ENTITY secret SYSTEM "file:///etc/hostname">]>'
EMPTY = '<!DOCTYPE sbml SYSTEM "http://example.org/sbml.dtd">'
MARKED = {"utf-8": b"\xef\xbb\xbf", "utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}


def encoded(text: str, encoding: str, marked: bool) -> bytes:
    body = text.replace('encoding="UTF-8"', f'encoding="{encoding[:6].rstrip("-").upper()}"').encode(encoding)
    return (MARKED[encoding] if marked else b"") + body


@pytest.mark.parametrize("marked", [True, False])
@pytest.mark.parametrize("encoding", sorted(MARKED))
@pytest.mark.parametrize("declaration", [LAUGHS, OUTSIDE, EMPTY], ids=["laughs", "outside", "empty"])
def test_declarations_are_refused_in_every_encoding(declaration, encoding, marked, tmp_path):
    hostile = SMALL.replace("<sbml", f"{declaration}\n<sbml", 1)
    path = written(tmp_path, encoded(hostile, encoding, marked))
    assert "a document type declaration (DOCTYPE) in line 2" in str(refusal(path))


@pytest.mark.parametrize("marked", [True, False])
@pytest.mark.parametrize("encoding", sorted(MARKED))
def test_every_encoding_says_the_same(encoding, marked, tmp_path):
    text = changed('name="A"', 'name="α"')
    network = read_sbml(written(tmp_path, encoded(text, encoding, marked)))
    assert network.metabolite_names[0] == "α"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (SMALL.encode("utf-32"), "UTF-32"),
        (SMALL.replace("UTF-8", "UTF-7", 1).encode(), "utf-7"),
        (SMALL.replace("UTF-8", "UTF-16", 1).encode(), "utf-16"),
        (SMALL.replace('"A"', '"\xe4"').encode("latin-1"), "not text in utf-8"),
        (SMALL.replace('name="A"', 'name="&secret;"').encode(), "malformed XML in line 6"),
    ],
)
def test_other_encodings_and_entities(data, words, tmp_path):
    assert words in str(refusal(written(tmp_path, data)))


def test_a_doctype_in_a_comment_is_harmless(tmp_path):
    same(read_sbml(written(tmp_path, before("listOfReactions", f"<!-- {EMPTY} -->"), "m.xml")), read_sbml(
        written(tmp_path, SMALL)
    ))  # fmt: skip


def test_depth_is_bounded(tmp_path):
    deep = "<p>" * 200_000 + "</p>" * 200_000
    text = before("listOfReactions", "").replace("<listOfCompartments>", f"<notes>{deep}</notes><listOfCompartments>")
    assert "elements nested too deeply in line 4" in str(refusal(written(tmp_path, text)))


def test_size_is_bounded_after_unpacking(tmp_path, monkeypatch):
    monkeypatch.setattr(packed.read_packed, "__defaults__", (1 << 20,))
    for name, pack in (("bomb.xml.gz", gzip.compress), ("bomb.xml.bz2", bz2.compress)):
        path = written(tmp_path, pack(SMALL.encode() + b" " * (1 << 21)), name)
        assert path.stat().st_size < 1 << 14
        assert "too large; allowed: at most 1 MiB once unpacked" in str(refusal(path))


@pytest.mark.parametrize("name", ["cut.xml.gz", "cut.xml.bz2"])
def test_damaged_packing(name, tmp_path):
    data = gzip.compress(SMALL.encode()) if name.endswith(".gz") else bz2.compress(SMALL.encode())
    assert "damaged" in str(refusal(written(tmp_path, data[: len(data) // 2], name)))
    assert "damaged" in str(refusal(written(tmp_path, SMALL, name)))


def test_missing_file_and_folder(tmp_path):
    assert "no such file" in str(refusal(tmp_path / "none.xml"))
    assert "this is a folder" in str(refusal(tmp_path))


def test_without_the_library(tmp_path, monkeypatch):
    monkeypatch.setattr(sbml, "libsbml", None)
    with pytest.raises(BadInput, match=r"python-libsbml, which is not installed\. .*pip install 'oncotwin\[sbml\]'"):
        read_sbml(written(tmp_path, SMALL))
