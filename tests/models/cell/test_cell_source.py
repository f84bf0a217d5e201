"""The rules of the cell: BioNetGen makes the committed network of them, and PySB's simulator takes the same course."""

import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest

pytest.importorskip("pysb", reason="the extra `pysb` is not installed")
from oncotwin.io.networks.pysb_network import network_of
from oncotwin.io.networks.reaction_network import cell_network, format_reaction_network
from oncotwin.models.cell import CellParameters
from oncotwin.models.cell.source import write_cell
from oncotwin.numerics.mass_action import MassAction, Tolerances

with warnings.catch_warnings():  # PySB 1.17.0, simulator/ssa_base.py, when it is compiled for the first time
    warnings.filterwarnings("ignore", message="invalid escape sequence")
    from pysb.simulator import ScipyOdeSimulator

TIMES = np.array([0.0, 0.02, 0.5, 6.0, 24.0])


@pytest.fixture(scope="module")
def model():
    """The cell in a medium where every rule is at work."""
    return write_cell(CellParameters(il2=0.1, il7=0.05, il15=0.02, antigen=0.3, activator=0.2, glucose=2.0))


def test_the_committed_network_is_what_the_rules_generate():
    generated = network_of(write_cell(CellParameters()), time_unit="hour")
    assert format_reaction_network(generated) == format_reaction_network(cell_network())


def test_the_network_is_of_moderate_size():
    network = cell_network()
    assert 60 <= len(network.species) <= 200
    assert len(network.reactions) < 1000


def test_values_are_written_once():
    """The network's parameters are those of the declared class, of the same name and value."""
    network, declared = cell_network(), CellParameters()
    assert {name: getattr(declared, name) for name in network.parameters} == dict(network.parameters)


def test_the_simulator_of_pysb_agrees(model):
    """Every species to 1e-6 of itself, or of a millionth of a molecule or share."""
    options = {"rtol": 1e-11, "atol": 1e-12}
    simulator = ScipyOdeSimulator(model, TIMES, integrator="lsoda", compiler="python", integrator_options=options)
    expected = np.asarray(simulator.run().species)
    law = MassAction(network_of(model, time_unit="hour"))
    follow = jax.jit(lambda c, times: law.integrate(law.initial(c), c, times, Tolerances(1e-9, 1e-12)))
    found = np.asarray(follow(law.constants({}), jnp.asarray(TIMES)))
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)
    assert [one.name for one in law.network.species] == [str(one) for one in model.species]
