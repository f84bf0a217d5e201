"""SBML in: equal to COBRApy's reading, every version and spelling, ids as people write them."""

import math

import cobra.data
import cobra.io
import libsbml
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sbml_models import LEGACY, SHIPPED, SMALL, changed, refusal, written

from oncotwin.io.networks.gene_rules import parse_rule
from oncotwin.io.networks.sbml import read_sbml
from oncotwin.io.networks.sbml_ids import plain_id, plain_ids, sbml_id, sbml_name
from oncotwin.io.networks.sbml_writing import write_sbml
from oncotwin.numerics.flux_analysis import fba


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
