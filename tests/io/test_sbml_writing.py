"""SBML out: exact round trips, valid and strict, or refused."""

import math
import struct

import libsbml
import numpy as np
import pytest
from sbml_models import SHIPPED, SMALL, same, written
from scipy import sparse

from oncotwin.errors import BadInput
from oncotwin.io.networks.sbml import read_sbml
from oncotwin.io.networks.sbml_writing import write_sbml
from oncotwin.numerics.network import Network


def test_gene_rules_survive(tmp_path):
    rules = ("b1", "b1 and b2 and (b.3 or g-4)", "not a rule")
    network = Network(("x", "y", "z"), ("m",), sparse.csc_array(np.ones((1, 3))), np.zeros(3), np.ones(3))
    write_sbml(tmp_path / "genes.xml", Network(**(network.__dict__ | {"gene_rules": rules})))
    assert read_sbml(tmp_path / "genes.xml").gene_rules == rules


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
