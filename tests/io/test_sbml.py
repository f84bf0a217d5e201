"""SBML in and out: equal to COBRApy's reading, exact round trips, every refusal by name."""

import bz2
import gzip
import math
import struct
from pathlib import Path

import cobra.data
import cobra.io
import libsbml
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from oncotwin.errors import BadInput
from oncotwin.io import packed
from oncotwin.io.networks import sbml
from oncotwin.io.networks.gene_rules import parse_rule
from oncotwin.io.networks.sbml import read_sbml
from oncotwin.io.networks.sbml_ids import plain_id, plain_ids, sbml_id, sbml_name
from oncotwin.io.networks.sbml_writing import write_sbml
from oncotwin.numerics.flux_analysis import fba
from oncotwin.numerics.network import Network

SHIPPED = Path(cobra.data.__file__).parent
NAMESPACE = "http://www.sbml.org/sbml/level3/version1"

SMALL = f"""<?xml version="1.0" encoding="UTF-8"?>
<sbml xmlns="{NAMESPACE}/core" xmlns:fbc="{NAMESPACE}/fbc/version2" level="3" version="1" fbc:required="false">
<model id="small" fbc:strict="true">
<listOfCompartments><compartment id="c" constant="true"/></listOfCompartments>
<listOfSpecies>
<species id="M_a" name="A" compartment="c" hasOnlySubstanceUnits="false" boundaryCondition="false" constant="false"
 fbc:charge="-1" fbc:chemicalFormula="C6H12O6"/>
<species id="M_b" compartment="c" hasOnlySubstanceUnits="false" boundaryCondition="false" constant="false"/>
</listOfSpecies>
<listOfParameters>
<parameter id="low" value="-10" constant="true"/><parameter id="high" value="1000" constant="true"/>
</listOfParameters>
<listOfReactions>
<reaction id="R_in" reversible="true" fast="false" fbc:lowerFluxBound="low" fbc:upperFluxBound="high">
<listOfReactants><speciesReference id="sr" species="M_a" stoichiometry="1" constant="true"/></listOfReactants>
</reaction>
<reaction id="R_ab" reversible="false" fast="false" fbc:lowerFluxBound="low" fbc:upperFluxBound="high">
<listOfReactants><speciesReference species="M_a" stoichiometry="2" constant="true"/></listOfReactants>
<listOfProducts><speciesReference species="M_b" stoichiometry="3" constant="true"/></listOfProducts>
</reaction>
<reaction id="R_out" reversible="false" fast="false" fbc:lowerFluxBound="low" fbc:upperFluxBound="high">
<listOfReactants><speciesReference species="M_b" stoichiometry="1" constant="true"/></listOfReactants>
</reaction>
</listOfReactions>
<fbc:listOfObjectives fbc:activeObjective="first">
<fbc:objective fbc:id="first" fbc:type="maximize">
<fbc:listOfFluxObjectives><fbc:fluxObjective fbc:reaction="R_out" fbc:coefficient="1"/></fbc:listOfFluxObjectives>
</fbc:objective>
<fbc:objective fbc:id="second" fbc:type="minimize">
<fbc:listOfFluxObjectives><fbc:fluxObjective fbc:reaction="R_in" fbc:coefficient="2"/></fbc:listOfFluxObjectives>
</fbc:objective>
</fbc:listOfObjectives>
</model></sbml>
"""

LEGACY = """<?xml version="1.0" encoding="UTF-8"?>
<sbml xmlns="http://www.sbml.org/sbml/level2/version4" level="2" version="4"><model id="old">
<listOfCompartments><compartment id="c" size="1"/></listOfCompartments>
<listOfSpecies>
<species id="M_a_c" name="A" compartment="c" charge="-2"><notes>
<p xmlns="http://www.w3.org/1999/xhtml">FORMULA: C6H12O6</p></notes></species>
<species id="M_a_b" compartment="c" boundaryCondition="true"/>
</listOfSpecies>
<listOfReactions><reaction id="R_x" reversible="false"><notes>
<p xmlns="http://www.w3.org/1999/xhtml">GENE_ASSOCIATION: (G_b1 and G_b2)</p>
<p xmlns="http://www.w3.org/1999/xhtml">SUBSYSTEM: This &amp; that</p></notes>
<listOfReactants><speciesReference species="M_a_b"/></listOfReactants>
<listOfProducts><speciesReference species="M_a_c" stoichiometry="2"/></listOfProducts>
<kineticLaw><math xmlns="http://www.w3.org/1998/Math/MathML"><ci>FLUX_VALUE</ci></math><listOfParameters>
<parameter id="LOWER_BOUND" value="-10"/><parameter id="UPPER_BOUND" value="INF"/>
<parameter id="OBJECTIVE_COEFFICIENT" value="1"/><parameter id="FLUX_VALUE" value="0"/>
</listOfParameters></kineticLaw></reaction></listOfReactions></model></sbml>
"""

MATHS = '<math xmlns="http://www.w3.org/1998/Math/MathML"><cn>1</cn></math>'


def written(folder: Path, text: str | bytes, name: str = "model.xml") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def changed(old: str, new: str, text: str = SMALL, times: int = -1) -> str:
    assert old in text
    return text.replace(old, new, times)


def before(tag: str, addition: str) -> str:
    return changed(f"<{tag}>", f"{addition}<{tag}>")


def refusal(path: Path) -> BadInput:
    with pytest.raises(BadInput) as raised:
        read_sbml(path)
    assert raised.value.where == str(path)
    return raised.value


def same(one: Network, other: Network) -> None:
    for what in ("reactions", "metabolites", "reaction_names", "metabolite_names", "formulas", "charges"):
        assert getattr(one, what) == getattr(other, what), what
    for what in ("name", "sense", "compartments", "subsystems", "gene_rules"):
        assert getattr(one, what) == getattr(other, what), what
    for what in ("lb", "ub", "b", "c"):
        assert getattr(one, what).tobytes() == getattr(other, what).tobytes(), what
    assert (one.S.indptr.tolist(), one.S.indices.tolist()) == (other.S.indptr.tolist(), other.S.indices.tolist())
    assert one.S.data.tobytes() == other.S.data.tobytes()


# --- reading ---


def test_what_a_file_says(tmp_path):
    network = read_sbml(written(tmp_path, SMALL))
    assert (network.name, network.reactions, network.metabolites) == ("small", ("in", "ab", "out"), ("a", "b"))
    assert network.S.toarray().tolist() == [[-1, -2, 0], [0, 3, -1]]
    assert (network.lb.tolist(), network.ub.tolist()) == ([-10] * 3, [1000] * 3)
    assert (network.c.tolist(), network.sense) == ([0, 0, 1], "max")
    assert (network.metabolite_names, network.formulas) == (("A", ""), ("C6H12O6", ""))
    assert (network.charges, network.compartments) == ((-1, None), ("c", "c"))


@pytest.mark.parametrize("form", ["xml", "xml.gz"])
def test_objective_equals_cobra(form, tmp_path):
    """Our reading of what COBRApy wrote, and its reading of what we wrote, have the same optimum."""
    theirs = cobra.io.load_model("textbook")
    cobra.io.write_sbml_model(theirs, str(tmp_path / f"theirs.{form}"))
    ours = read_sbml(tmp_path / f"theirs.{form}")
    assert ours.reactions == tuple(r.id for r in theirs.reactions)
    assert ours.metabolites == tuple(m.id for m in theirs.metabolites)
    assert fba(ours).objective == pytest.approx(theirs.slim_optimize(), abs=1e-9)
    write_sbml(tmp_path / "ours.xml", ours)
    back = cobra.io.read_sbml_model(str(tmp_path / "ours.xml"))
    assert back.slim_optimize() == pytest.approx(theirs.slim_optimize(), abs=1e-9)
    for reaction in theirs.reactions:
        other = back.reactions.get_by_id(reaction.id)
        assert (other.bounds, other.name, other.subsystem) == (reaction.bounds, reaction.name, reaction.subsystem)
        assert other.gpr.to_string() == reaction.gpr.to_string()
        assert {m.id: x for m, x in other.metabolites.items()} == {m.id: x for m, x in reaction.metabolites.items()}
    for metabolite in theirs.metabolites:
        other = back.metabolites.get_by_id(metabolite.id)
        assert (other.formula, other.charge) == (metabolite.formula, metabolite.charge)


@pytest.mark.parametrize("name", ["textbook.xml.gz", "mini_cobra.xml"])
def test_shipped_models_as_cobra_reads_them(name):
    ours, theirs = read_sbml(SHIPPED / name), cobra.io.read_sbml_model(str(SHIPPED / name))
    for j, reaction in enumerate(theirs.reactions):
        column = ours.S[:, [j]].toarray().ravel()
        expected = {m.id: x for m, x in reaction.metabolites.items()}
        assert {ours.metabolites[i]: column[i] for i in np.flatnonzero(column)} == expected
        assert (ours.reactions[j], ours.lb[j], ours.ub[j]) == (reaction.id, *reaction.bounds)
        assert ours.c[j] == reaction.objective_coefficient
        rule = parse_rule(ours.gene_rules[j])
        assert set(rule.genes if rule else ()) == {gene.id for gene in reaction.genes}


def test_active_objective(tmp_path):
    network = read_sbml(written(tmp_path, changed('activeObjective="first"', 'activeObjective="second"')))
    assert (network.c.tolist(), network.sense) == ([2, 0, 0], "min")
    undecided = read_sbml(written(tmp_path, changed(' fbc:activeObjective="first"', "")))
    assert not undecided.c.any()
    missing = refusal(written(tmp_path, changed('activeObjective="first"', 'activeObjective="third"')))
    assert "third" in str(missing)


def test_boundary_species_have_no_balance(tmp_path):
    boundary = changed('boundaryCondition="false"', 'boundaryCondition="true"', times=1)
    network = read_sbml(written(tmp_path, boundary))
    assert network.metabolites == ("b",)
    assert network.S.toarray().tolist() == [[0, 3, -1]]


def test_both_sides_are_added_up(tmp_path):
    twice = '<speciesReference species="M_a" stoichiometry="0.5" constant="true"/>'
    text = changed("<listOfProducts>", f"<listOfProducts>{twice}{twice}")
    network = read_sbml(written(tmp_path, text))
    assert network.S.toarray().tolist() == [[-1, -1, 0], [0, 3, -1]]


def test_legacy_level_2(tmp_path):
    network = read_sbml(written(tmp_path, LEGACY))
    assert (network.reactions, network.metabolites) == (("x",), ("a_c",))
    assert network.S.toarray().tolist() == [[2]]
    assert (network.lb[0], network.ub[0], network.c[0]) == (-10, math.inf, 1)
    assert (network.formulas, network.charges) == (("C6H12O6",), (-2,))
    assert (network.gene_rules, network.subsystems) == (("(b1 and b2)",), ("This & that",))
    bare = changed('<parameter id="LOWER_BOUND" value="-10"/>', "", LEGACY)
    assert "reaction R_x has no lower flux bound" in str(refusal(written(tmp_path, bare)))


def listed(*bounds: tuple[str, str, str]) -> str:
    """The small model as fbc version 1 writes bounds."""
    text = SMALL.replace(' fbc:strict="true"', "").replace("fbc/version2", "fbc/version1")
    text = text.replace(' fbc:lowerFluxBound="low" fbc:upperFluxBound="high"', "")
    entries = [
        f'<fbc:fluxBound fbc:id="b{k}" fbc:reaction="{r}" fbc:operation="{operation}" fbc:value="{value}"/>'
        for k, (r, operation, value) in enumerate(bounds)
    ]
    added = f"<fbc:listOfFluxBounds>{''.join(entries)}</fbc:listOfFluxBounds><fbc:listOfObjectives"
    return text.replace("<fbc:listOfObjectives", added)


def test_bounds_of_fbc_1(tmp_path):
    both = [(r, o, v) for r in ("R_ab", "R_out") for o, v in (("greaterEqual", "0"), ("lessEqual", "INF"))]
    network = read_sbml(written(tmp_path, listed(("R_in", "equal", "-2.5"), *both, ("R_ab", "lessEqual", "7"))))
    assert network.lb.tolist() == [-2.5, 0, 0]
    assert network.ub.tolist() == [-2.5, 7, math.inf]
    path = written(tmp_path, listed(*both))
    assert "reaction R_in has no lower flux bound" in str(refusal(path))
    path = written(tmp_path, listed(("R_in", "equal", "NaN"), *both))
    assert "a bound of R_in is not a number" in str(refusal(path))


def test_fbc_3(tmp_path):
    kind = 'fbc:variableType="linear" fbc:reaction'
    third = changed("fbc:reaction", kind, SMALL.replace("fbc/version2", "fbc/version3")).replace('"-1"', '"-1.5"')
    network = read_sbml(written(tmp_path, third))
    assert (network.charges[0], network.c.tolist()) == (-1.5, [0, 0, 1])
    quadratic = third.replace('variableType="linear"', 'variableType="quadratic"')
    assert "a quadratic objective is not supported; got 'first'" in str(refusal(written(tmp_path, quadratic)))
    part = '<fbc:userDefinedConstraintComponent fbc:variable="R_in" fbc:coefficient="high" fbc:variableType="linear"/>'
    lists = f"<fbc:listOfUserDefinedConstraintComponents>{part}</fbc:listOfUserDefinedConstraintComponents>"
    one = f'<fbc:userDefinedConstraint fbc:id="sum" fbc:lowerBound="low" fbc:upperBound="high">{lists}'
    many = f"<fbc:listOfUserDefinedConstraints>{one}</fbc:userDefinedConstraint></fbc:listOfUserDefinedConstraints>"
    constrained = third.replace("</model>", f"{many}</model>")
    assert "a user-defined constraint is not supported; got 'sum'" in str(refusal(written(tmp_path, constrained)))


def test_groups_are_subsystems(tmp_path):
    theirs = cobra.io.load_model("textbook")
    theirs.add_groups([cobra.core.Group("g1", "Glycolysis", [theirs.reactions.PFK, theirs.reactions.PGI], "partonomy")])
    cobra.io.write_sbml_model(theirs, str(tmp_path / "grouped.xml"))
    network = read_sbml(tmp_path / "grouped.xml")
    assert {r for r, s in zip(network.reactions, network.subsystems, strict=True) if s} == {"PFK", "PGI"}
    assert set(network.subsystems) == {"", "Glycolysis"}


# --- ids ---

LETTERS = st.characters(exclude_categories=("Cs",), exclude_characters="\0")
PLAIN = st.one_of(st.text("_19-R.", min_size=1), st.text(LETTERS, min_size=1), st.text("_SBML_DOT-", min_size=1))


@given(PLAIN)
def test_ids_come_back(plain):
    for prefix, theirs in (("R_", cobra.io.sbml._f_reaction), ("M_", cobra.io.sbml._f_specie)):
        sid = sbml_id(plain, prefix)
        assert libsbml.SyntaxChecker.isValidSBMLSId(sid)
        assert plain_id(sid, prefix) == plain == theirs(sid)
    assert plain_id(sbml_id(plain, "G_"), "G_") == plain == cobra.io.sbml._f_gene(sbml_id(plain, "G_"))
    assert libsbml.SyntaxChecker.isValidSBMLSId(sbml_name(plain))
    assert plain_id(sbml_name(plain), "") == plain


def test_ids_that_would_collide_stay():
    assert plain_ids(["R_a", "R_b__45__c"], "R_") == {"R_a": "a", "R_b__45__c": "b-c"}
    assert plain_ids(["R_a", "a"], "R_") == {"R_a": "R_a", "a": "a"}


# --- gene associations ---


def test_gene_rules():
    assert parse_rule("a and (b or c) OR d").genes == ("a", "b", "c", "d")
    assert parse_rule("a and b or c").word == "or"
    assert [parse_rule(text) for text in ("", "a and", "(a", "a b", "or", "(" * 5000)] == [None] * 6


def test_gene_rules_survive(tmp_path):
    rules = ("b1", "b1 and b2 and (b.3 or g-4)", "not a rule")
    network = Network(("x", "y", "z"), ("m",), sparse.csc_array(np.ones((1, 3))), np.zeros(3), np.ones(3))
    write_sbml(tmp_path / "genes.xml", Network(**(network.__dict__ | {"gene_rules": rules})))
    assert read_sbml(tmp_path / "genes.xml").gene_rules == rules


# --- round trips ---


@pytest.mark.parametrize("name", ["textbook.xml.gz", "mini_cobra.xml"])
def test_round_trip_of_shipped_models(name, tmp_path):
    network = read_sbml(SHIPPED / name)
    write_sbml(tmp_path / "again.sbml.bz2", network)
    same(read_sbml(tmp_path / "again.sbml.bz2"), network)


def anyhow(rng: np.random.Generator) -> float:
    """A finite normal number of any size, all of its bits drawn."""
    while True:
        x = struct.unpack("d", rng.bytes(8))[0]
        if math.isfinite(x) and abs(x) > 1e-300:
            return x


def test_round_trip_to_the_bit(tmp_path):
    rng = np.random.default_rng(1)
    m, n = 30, 40
    dense = np.array([[anyhow(rng) if rng.random() < 0.2 else 0.0 for _ in range(n)] for _ in range(m)])
    lb = np.array([-abs(anyhow(rng)) for _ in range(n)])
    lb[:3], ub = (-math.inf, -0.0, 0.0), np.array([abs(anyhow(rng)) for _ in range(n)])
    ub[0] = math.inf
    network = Network(
        reactions=tuple(f"R_{k}-__45__é" for k in range(n)),
        metabolites=tuple(f"{k}.m[c]" for k in range(m)),
        S=sparse.csc_array(dense),
        lb=lb,
        ub=ub,
        c=np.array([anyhow(rng) for _ in range(n)]),
        sense="min",
        name="2 models & <more>",
        reaction_names=tuple(f' "{k}"\n\tα ' for k in range(n)),
        metabolite_names=tuple(f"{k}" for k in range(m)),
        formulas=tuple(("", "C6H12O6", "C6H12O6.R(n)")[k % 3] for k in range(m)),
        charges=tuple((None, -3.0, 0.5)[k % 3] for k in range(m)),
        compartments=tuple(("", "c", "1 e", "[m]")[k % 4] for k in range(m)),
        subsystems=tuple(("", "Fats & oils", "x")[k % 3] for k in range(n)),
        gene_rules=tuple(("", "a and b")[k % 2] for k in range(n)),
    )
    write_sbml(tmp_path / "hard.xml", network)
    same(read_sbml(tmp_path / "hard.xml"), network)


def test_what_we_write_is_valid_and_strict(tmp_path):
    write_sbml(tmp_path / "valid.xml", read_sbml(SHIPPED / "textbook.xml.gz"))
    document = libsbml.readSBML(str(tmp_path / "valid.xml"))
    document.checkConsistency()
    errors = [document.getError(k) for k in range(document.getNumErrors())]
    assert [e.getMessage() for e in errors if e.getSeverity() >= libsbml.LIBSBML_SEV_ERROR] == []
    assert document.getModel().getPlugin("fbc").getStrict()


def test_what_sbml_cannot_hold(tmp_path):
    network = read_sbml(written(tmp_path, SMALL))
    parts = network.__dict__
    for change, words in (
        ({"b": np.array([0.0, 1.0])}, "accumulation"),
        ({"metabolite_names": ("a", "bell\a")}, "control character"),
        ({"compartments": ("M_a", "c")}, "compartment"),
    ):
        with pytest.raises(BadInput, match=words):
            write_sbml(tmp_path / "no.xml", Network(**(parts | change)))
    assert not (tmp_path / "no.xml").exists()


# --- refusals ---

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
