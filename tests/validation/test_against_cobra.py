"""The same networks by cobra: optima over random bounds, ranges, parsimonious totals, envelopes, knockouts."""

import warnings

import numpy as np
import pytest
from scipy import sparse

from oncotwin.errors import BadInput
from oncotwin.io.networks.core import core_network
from oncotwin.numerics.flux_analysis import fba, fva, pfba, production_envelope, single_knockouts
from oncotwin.numerics.flux_balance import FluxCache
from oncotwin.numerics.flux_program import flux_program
from oncotwin.numerics.linear_program import Outcome
from oncotwin.numerics.network import Network

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of cobra's own imports
    cobra = pytest.importorskip("cobra")
    from cobra.flux_analysis import flux_variability_analysis, single_reaction_deletion
    from cobra.flux_analysis import pfba as cobra_pfba
    from cobra.flux_analysis import production_envelope as cobra_envelope

pytestmark = pytest.mark.filterwarnings("ignore")  # cobra's: solver status, pandas
SETS = {"textbook": 500, "core": 500, "salmonella": 100}  # one solve of the last takes cobra tens of milliseconds


def network_of(model) -> Network:
    """A cobra model as a network."""
    return Network(
        reactions=tuple(r.id for r in model.reactions),
        metabolites=tuple(m.id for m in model.metabolites),
        S=sparse.csc_array(cobra.util.create_stoichiometric_matrix(model, array_type="lil")),
        lb=np.array([r.lower_bound for r in model.reactions]),
        ub=np.array([r.upper_bound for r in model.reactions]),
        c=np.array([r.objective_coefficient for r in model.reactions], float),
        sense=model.objective_direction,
        compartments=tuple(m.compartment for m in model.metabolites),
    )


def model_of(network: Network):
    """A network as a cobra model."""
    model = cobra.Model(network.name)
    places = zip(network.metabolites, network.compartments, strict=True)
    metabolites = [cobra.Metabolite(name, compartment=place) for name, place in places]
    model.add_metabolites(metabolites)
    reactions = []
    for j, name in enumerate(network.reactions):
        reaction = cobra.Reaction(name, lower_bound=network.lb[j], upper_bound=network.ub[j])
        column = network.S[:, [j]].tocoo()
        reaction.add_metabolites({metabolites[i]: float(x) for i, x in zip(column.coords[0], column.data, strict=True)})
        reactions.append(reaction)
    model.add_reactions(reactions)
    model.objective = {model.reactions[j]: network.c[j] for j in np.flatnonzero(network.c)}
    return model


@pytest.fixture(scope="module", params=SETS)
def both(request) -> tuple:
    """Name, our network and cobra's model of the same."""
    if request.param == "core":
        network = core_network()
        return request.param, network, model_of(network)
    model = cobra.io.load_model(request.param)
    return request.param, network_of(model), model


@pytest.fixture(params=["textbook", "core"])
def small(request) -> tuple:
    """Our network and cobra's model, of those that are small."""
    model = model_of(core_network()) if request.param == "core" else cobra.io.load_model("textbook")
    return network_of(model), model


def test_optimum_over_random_bounds(both):
    """Some reactions narrowed at random: the same optimum to 1e-6, or both without solution."""
    name, network, model = both
    rng = np.random.default_rng(0)
    program, feasible = flux_program(network), 0
    for _ in range(SETS[name]):
        touched = rng.choice(len(network.reactions), 5, replace=False)
        scale = rng.choice([0.0, 0.1, 1.0], 5) * rng.random(5)
        with model:
            for j, x in zip(touched, scale, strict=True):
                low, high = network.lb[j] * x, network.ub[j] * x
                model.reactions[j].bounds = low, high
                program.set_column(int(j), low, high)
            theirs, outcome = model.slim_optimize(error_value=np.nan), program.solve()
            ours = program.objective if outcome is Outcome.OPTIMAL else np.nan
        for j in touched:
            program.set_column(int(j), network.lb[j], network.ub[j])
        assert np.isnan(ours) == np.isnan(theirs)
        assert ours == pytest.approx(theirs, abs=1e-6, nan_ok=True)
        feasible += np.isfinite(ours)
    assert feasible > SETS[name] / 3


def test_cached_growth_over_random_uptakes(both):
    """The split program with costs grows as fast as cobra's plain one, and each point lies in one region."""
    name, network, model = both
    names = [name for name in network.exchanges if network.lb[network.place(name)] < 0][:6]
    names = names if name != "salmonella" else ["EX_glc__D_e", "EX_o2_e", "EX_nh4_e"]
    greatest = np.minimum([-network.lb[network.place(name)] for name in names], 30.0)
    cache = FluxCache.build(network, varying=tuple(names), outputs=tuple(names), maintenance="ATPM", within=1e3)
    rng, compared, count = np.random.default_rng(1), 0, SETS[name] if name != "salmonella" else 12
    for _ in range(count):
        p = greatest * rng.random(len(names)) * (rng.random(len(names)) > 0.1)
        found = cache.solve(p)
        assert sum(region.holds(p) for region in cache._regions) == 1
        if found.shortage > 1e-9:
            continue
        with model:
            for reaction, x in zip(names, p, strict=True):
                model.reactions.get_by_id(reaction).lower_bound = -x
            assert found.growth == pytest.approx(model.slim_optimize(), abs=1e-6)
        compared += 1
    assert compared > count / 3


def test_ranges(small):
    network, model = small
    for fraction in (1.0, 0.9, 0.0):
        theirs = flux_variability_analysis(model, fraction_of_optimum=fraction, processes=1)
        ours = fva(network, fraction=fraction)
        np.testing.assert_allclose(ours.minimum, theirs["minimum"], atol=1e-6)
        np.testing.assert_allclose(ours.maximum, theirs["maximum"], atol=1e-6)


def test_parsimonious_total(both):
    _, network, model = both
    theirs = cobra_pfba(model)
    ours = pfba(network)
    assert ours.total_flux == pytest.approx(theirs.fluxes.abs().sum(), rel=1e-6)
    assert ours.objective == pytest.approx(model.slim_optimize(), abs=1e-6)


def test_parsimonious_total_below_the_optimum(small):
    network, model = small
    theirs = cobra_pfba(model, fraction_of_optimum=0.7)
    assert pfba(network, fraction=0.7).total_flux == pytest.approx(theirs.fluxes.abs().sum(), rel=1e-6)


def test_knockouts(small):
    network, model = small
    theirs = single_reaction_deletion(model, processes=1)
    growth = {next(iter(row.ids)): row.growth for row in theirs.itertuples()}
    ours = single_knockouts(network)
    expected = [growth[name] for (name,) in ours.reactions]
    np.testing.assert_allclose(ours.objective, expected, atol=1e-6, equal_nan=True)


def test_envelope(small):
    network, model = small
    name = "EX_lac__L_e" if "EX_lac__L_e" in network.reactions else "EX_ac_e"
    theirs = cobra_envelope(model, [name], points=10)
    ours = production_envelope(network, [name], points=10)
    np.testing.assert_allclose(ours.fluxes[:, 0], theirs[name], atol=1e-6)
    np.testing.assert_allclose(ours.maximum, theirs["flux_maximum"], atol=1e-6)
    np.testing.assert_allclose(ours.minimum, theirs["flux_minimum"], atol=1e-6)


def test_prices(small):
    """Shadow prices and reduced costs satisfy the dual equations that cobra's satisfy."""
    network, model = small
    ours, theirs = fba(network), model.optimize()
    np.testing.assert_allclose(ours.reduced_costs, network.c - network.S.T @ ours.shadow_prices, atol=1e-9)
    assert ours.objective == pytest.approx(theirs.objective_value, abs=1e-6)
    biomass = int(np.flatnonzero(network.c)[0])
    assert ours.reduced_costs[biomass] == pytest.approx(0, abs=1e-9)


def test_both_refuse_the_same(small):
    network, model = small
    starved = dict.fromkeys([name for name in network.exchanges if network.lb[network.place(name)] < 0], (0.0, 1000.0))
    with model:
        for name in starved:
            model.reactions.get_by_id(name).lower_bound = 0
        assert np.isnan(model.slim_optimize(error_value=np.nan))
    with pytest.raises(BadInput, match="ATPM is forced to at least"):
        fba(network.bounded(starved))
