"""Cost of one step of a dynamic flux balance on the T-cell core, ours and by peers in the same run.

    python benchmarks/culture.py [--parts flux,culture] [--json FILE]

`flux`: one donor's fed-batch of 240 steps is recorded as six varying uptake bounds a step, and replayed by each solver:
set the bounds, solve, read growth and ten exchange fluxes.  Ours: the cache of bases on the host (`FluxCache.solve`),
the same compiled in a loop over steps, and compiled for 1,024 donors side by side.  Peers: cobra with `slim_optimize`
(fluxes not unique) and with `pfba`, HiGHS warm-started and GLPK's dual simplex, both on the same split program as ours,
whose fluxes must agree with ours to 1e-8.  Peers that cannot be imported are left out.
`culture`: a whole culture of 12 days at steps of a quarter of an hour, for one donor and for donors side by side.

Machines are noisy: quote ratios and medians of several runs.
"""

import time
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from parts import run_parts

from oncotwin.apps.culture.fluxes import taught as taught_by_protocols
from oncotwin.io.networks.core import core_network
from oncotwin.io.networks.signal_table import cell_table
from oncotwin.models.culture import Culture, CultureParameters, DonorSubtype, State, sample_donors
from oncotwin.numerics.flux_balance import FluxCache, linear_program
from oncotwin.numerics.linear_program import Outcome

VARYING = ("EX_glc__D_e", "EX_gln__L_e", "EX_o2_e", "EX_lac__L_e", "EX_glu__L_e", "EX_lys__L_e")
OUTPUTS = (*VARYING, "EX_nh4_e", "EX_co2_e", "EX_ala__L_e", "EX_pyr_e")
V_MAX = np.array([1.2, 0.2, 0.6, 0.3, 0.05, 0.1])  # mmol/gDW/h
K = np.array([1.0, 0.2, 0.01, 10.0, 0.5, 0.1])  # mmol/L
FEED = np.array([2.0, 0.4, 0.0, 0.0, 0.0, 0.1])  # mmol/L, now and then
START = np.array([11.0, 2.0, 0.2, 0.5, 0.2, 0.4])  # mmol/L
STEPS, DONORS, HOURS = 240, 1024, 1.0
ROUNDS, LEAST_SECONDS = 9, 0.1
EQUAL = 1e-8
CULTURE_DAYS, LEARNERS, COHORTS = 12, 32, (1, 128, 1024)


class Donor(NamedTuple):
    """What differs between donors: scale of each uptake, biomass at the start (g/L), feeds (STEPS,), 0 or 1."""

    scale: Any
    biomass: Any
    feeds: Any


def donors(count: int) -> Donor:
    """Donors drawn with one seed."""
    rng = np.random.default_rng(0)
    feeds = rng.random((count, STEPS)) < 1 / 24
    return Donor(rng.lognormal(0, 0.2, (count, len(VARYING))), rng.uniform(0.01, 0.05, count), feeds.astype(float))


def culture(solve: Callable, donor: Donor) -> jax.Array:
    """The varying bounds met in a fed-batch, (STEPS, k)."""
    oxygen = VARYING.index("EX_o2_e")

    def step(carry: tuple, feed: jax.Array) -> tuple:
        medium, x = carry
        medium = jnp.maximum(medium, 0.0)
        p = jnp.minimum(V_MAX * donor.scale * medium / (K + medium), medium / (x * HOURS))
        p = p.at[oxygen].set(V_MAX[oxygen] * donor.scale[oxygen])
        found = solve(p)
        change = found.exchange[: len(VARYING)] * x * HOURS
        medium = (medium + change + FEED * feed).at[oxygen].set(START[oxygen])
        return (medium, x * jnp.exp(HOURS * (found.growth - 0.004 - 0.02 * found.shortage))), p

    return jax.lax.scan(step, (jnp.asarray(START), donor.biomass), donor.feeds)[1]


def taught() -> tuple[FluxCache, np.ndarray, float]:
    """A cache that knows what the donors meet, the bounds they meet (DONORS, STEPS, k), seconds to learn."""
    cache = FluxCache.build(core_network(), varying=VARYING, outputs=OUTPUTS, within=10.0)
    start, everyone = time.perf_counter(), donors(DONORS)
    met, known = np.zeros(0), -1
    while known < len(cache):
        known = len(cache)
        met = np.asarray(jax.jit(jax.vmap(partial(culture, cache.solver())))(everyone))
    return cache, met, time.perf_counter() - start


def rounds(calls: dict[str, tuple[Callable[[], object], int]]) -> dict[str, np.ndarray]:
    """Microseconds a step of each call in each round, (ROUNDS,); a round takes each for LEAST_SECONDS or longer."""
    passes = {}
    for name, (call, _) in calls.items():
        jax.block_until_ready(call())
        passes[name] = int(np.ceil(LEAST_SECONDS / seconds(call)))
    spent: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, (call, steps) in calls.items():
            total = sum(seconds(call) for _ in range(passes[name]))
            spent[name].append(total / passes[name] / steps * 1e6)
    return {name: np.array(values) for name, values in spent.items()}


def seconds(call: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    jax.block_until_ready(call())
    return time.perf_counter() - start


def replay(step: Callable[[np.ndarray], np.ndarray], bounds: np.ndarray) -> np.ndarray:
    """Growth and fluxes at every step, (steps, 1 + outputs)."""
    return np.array([step(p) for p in bounds])


def host_step(cache: FluxCache) -> Callable:
    """One step of the cache on the host."""

    def step(p: np.ndarray) -> np.ndarray:
        found = cache.solve(p)
        return np.append(found.exchange, found.growth)

    return step


def highs_step(cache: FluxCache) -> Callable:
    """One step of HiGHS, started from its last basis, on the split program."""
    program, highs = cache.program, linear_program(cache.program)
    moving = np.flatnonzero(program.slope.any(axis=1))
    rows = cache.reading[[*range(2, 2 + len(OUTPUTS)), 0], : highs.width]

    def step(p: np.ndarray) -> np.ndarray:
        for column in moving:
            highs.set_column(int(column), 0.0, float(program.upper[column] + program.slope[column] @ p))
        if highs.solve() is not Outcome.OPTIMAL:
            raise RuntimeError("HiGHS found no optimum")
        return rows @ highs.columns

    return step


def glpk_step(cache: FluxCache) -> Callable | None:
    """One step of GLPK's dual simplex, started from its last basis, on the split program; None where it is absent."""
    try:
        import swiglpk as glp
    except ImportError:
        return None
    program = cache.program
    width = len(program.cost) - len(program.b)
    problem, entries = glp.glp_create_prob(), program.A[:, :width].tocoo()
    glp.glp_set_obj_dir(problem, glp.GLP_MAX)
    glp.glp_add_rows(problem, len(program.b))
    glp.glp_add_cols(problem, width)
    for i, value in enumerate(program.b):
        glp.glp_set_row_bnds(problem, i + 1, glp.GLP_FX, value, value)

    def bound(column: int, upper: float) -> None:
        kind = glp.GLP_DB if upper > program.lower[column] else glp.GLP_FX
        glp.glp_set_col_bnds(problem, column + 1, kind, float(program.lower[column]), float(upper))

    for column in range(width):
        bound(column, program.upper[column])
        glp.glp_set_obj_coef(problem, column + 1, float(program.price[column]))
    count = len(entries.data)
    rows, columns, values = glp.intArray(count + 1), glp.intArray(count + 1), glp.doubleArray(count + 1)
    for place, (i, j, value) in enumerate(zip(*entries.coords, entries.data, strict=True), start=1):
        rows[place], columns[place], values[place] = int(i) + 1, int(j) + 1, float(value)
    glp.glp_load_matrix(problem, count, rows, columns, values)
    settings = glp.glp_smcp()
    glp.glp_init_smcp(settings)
    settings.msg_lev, settings.meth, settings.tol_bnd, settings.tol_dj = glp.GLP_MSG_OFF, glp.GLP_DUALP, 1e-10, 1e-10
    moving = np.flatnonzero(program.slope.any(axis=1))
    reading = cache.reading[[*range(2, 2 + len(OUTPUTS)), 0], :width]
    read = [[(int(j) + 1, float(row[j])) for j in np.flatnonzero(row)] for row in reading]

    def step(p: np.ndarray) -> list[float]:
        for column in moving:
            bound(int(column), program.upper[column] + program.slope[column] @ p)
        if glp.glp_simplex(problem, settings) or glp.glp_get_status(problem) != glp.GLP_OPT:
            raise RuntimeError("GLPK found no optimum")
        return [sum(x * glp.glp_get_col_prim(problem, j) for j, x in row) for row in read]

    return step


def cobra_steps(cache: FluxCache) -> dict[str, Callable]:
    """One step of cobra by `slim_optimize` and by `pfba`, maintenance elastic too; {} where it is absent."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import cobra
        except ImportError:
            return {}
    network, model = cache.network, cobra.Model("core")
    metabolites = [cobra.Metabolite(name, compartment="c") for name in network.metabolites]
    model.add_metabolites(metabolites)
    for j, name in enumerate(network.reactions):
        reaction = cobra.Reaction(name, lower_bound=network.lb[j], upper_bound=network.ub[j])
        model.add_reactions([reaction])
        column = network.S[:, [j]].tocoo()
        reaction.add_metabolites({metabolites[i]: float(x) for i, x in zip(column.coords[0], column.data, strict=True)})
    growth, maintenance = model.reactions.BIOMASS_tcell, model.reactions.ATPM
    maintenance.lower_bound = 0
    model.objective = {growth: 1.0, maintenance: 100.0}
    varying, read = ([model.reactions.get_by_id(name) for name in names] for names in (VARYING, OUTPUTS))

    def slim(p: np.ndarray) -> list[float]:
        for reaction, x in zip(varying, p, strict=True):
            reaction.lower_bound = -x
        model.slim_optimize()
        return [*(reaction.flux for reaction in read), growth.flux]

    def parsimonious(p: np.ndarray) -> list[float]:
        for reaction, x in zip(varying, p, strict=True):
            reaction.lower_bound = -x
        fluxes = cobra.flux_analysis.pfba(model).fluxes
        return [*(fluxes[name] for name in OUTPUTS), fluxes[growth.id]]

    return {"cobra slim_optimize": slim, "cobra pfba": parsimonious}


def flux() -> list[dict]:
    """Rows of wall time a step, how many times ours that is, and how far fluxes and growth are from ours."""
    cache, met, spell = taught()
    print(f"\n{len(cache)} regions, met in {spell:.1f} s by {DONORS} donors, compilation included")
    one, solve = met[0], cache.solver()
    loop = jax.jit(lambda bounds: jax.lax.map(lambda p: solve(p).exchange, bounds))
    batch = jax.jit(lambda bounds: jax.lax.map(lambda p: jnp.sum(jax.vmap(solve)(p).exchange, axis=0), bounds))
    alone, together = jnp.asarray(one), jnp.asarray(np.swapaxes(met, 0, 1))
    peers = {"HiGHS warm": highs_step(cache), "GLPK dual": glpk_step(cache), **cobra_steps(cache)}
    peers = {name: step for name, step in peers.items() if step is not None}
    errors = differences(cache, one, np.asarray(loop(alone)), peers)
    few = {"cobra pfba": one[::8]}
    calls: dict[str, tuple[Callable[[], object], int]] = {
        "ours, host": (lambda: [cache.solve(p) for p in one], STEPS),
        "ours, compiled": (lambda: loop(alone), STEPS),
        f"ours, {DONORS} donors": (lambda: batch(together), STEPS * DONORS),
    }
    for name, step in peers.items():
        bounds = few.get(name, one)
        calls[name] = partial(replay, step, bounds), len(bounds)
    spent = rounds(calls)
    rows = []
    for name, values in spent.items():
        row = {"solver": name, "us_per_step": float(np.median(values))}
        row |= {f"times {mine}": float(np.median(values / spent[mine])) for mine in list(calls)[:3]}
        rows.append(row | {"flux_difference": errors[name][0], "growth_difference": errors[name][1]})
    return rows


def differences(cache: FluxCache, bounds: np.ndarray, loop: np.ndarray, peers: dict[str, Callable]) -> dict:
    """How far fluxes and growth are from ours on the host; raises where they should be equal and are not."""
    ours = replay(host_step(cache), bounds)
    errors = dict.fromkeys(["ours, host", "ours, compiled", f"ours, {DONORS} donors"], (0.0, 0.0))
    errors["ours, compiled"] = float(np.abs(loop - ours[:, :-1]).max()), 0.0
    for name, step in peers.items():
        apart = np.abs(replay(step, bounds) - ours).max(axis=0)
        errors[name] = float(apart[:-1].max()), float(apart[-1])
    for name in ("ours, compiled", "HiGHS warm", "GLPK dual"):
        if errors.get(name, (0.0,))[0] > EQUAL:
            raise RuntimeError(f"{name}: fluxes differ from ours by {errors[name][0]:.2g} mmol/gDW/h")
    return errors


def courses() -> list[dict]:
    """Rows of wall time of a 12-day culture at a quarter of an hour: one donor, and donors side by side."""
    everyone = sample_donors(jax.random.key(0), DonorSubtype("middle", "early"), max(COHORTS), CultureParameters())
    cache, rows = taught_by_protocols(core_network()), []
    for count in (LEARNERS, *COHORTS):  # the first run teaches the cache what these donors meet
        cohort = jax.tree.map(lambda x: x[:count], everyone)  # noqa: B023
        model = Culture(cache.solver(), cell_table())
        run = jax.jit(jax.vmap(partial(twelve_days, model))).lower(cohort).compile()
        spent = min(seconds(partial(run, cohort)) for _ in range(2))
        rows.append({"donors": count, "seconds": spent, "culture_days_per_second": CULTURE_DAYS * count / spent})
    return rows[1:]


def twelve_days(model: Culture, p: CultureParameters) -> jax.Array:
    """Expansion of a static culture with interleukin 2 every other day, fed from day 2."""
    nothing = model.no_action()

    def day(state: State, number: jax.Array) -> tuple[State, None]:
        action = nothing._replace(
            activator_per_cell=jnp.where(number == 0, 1.0, 0.0),
            il2_ng_per_ml=jnp.where(number % 2 == 0, 6.1, 0.0),
            medium_feed_ml_per_day=jnp.where(number < 2, 0.0, 100.0),
        )
        return model.advance(state, action, p, 1.0), None

    last, _ = jax.lax.scan(day, model.initial(p), jnp.arange(CULTURE_DAYS))
    return last.cells.viable / last.seeded_cells


PARTS = {"flux": flux, "culture": courses}


if __name__ == "__main__":
    run_parts("culture", __doc__, PARTS)
