"""Cost of one dosing decision, ours and by peers in the same run, at equal closed-loop cost.

    python benchmarks/dosing.py [--parts decisions,cohort,environment] [--json FILE]

`decisions`: the modified Stepanova model under predictive control with horizons 2, 5 and 10, 30 days from (600, 0.1):
median and worst time of a decision, each the least of the rounds.  Peers, on the same rate function and objective:
CasADi's multiple shooting with IPOPT, fatrop and sqpmethod with qrqp, warm-started, and do-mpc (collocation, IPOPT).
Their closed-loop costs must agree with ours to 2e-3.  Peers that cannot be imported are left out.
`cohort`: 2,000 virtual patients, 30 days at horizon 5, in one vmap.
`environment`: steps of the Gymnasium environment, and of the model under a constant dose, side by side.

Times are of the processor, not of the wall, so that a busy machine distorts them less.
"""

import contextlib
import io
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from parts import run_parts

from oncotwin.control.baselines import Constant
from oncotwin.control.mpc import Mpc
from oncotwin.control.objective import Tracking
from oncotwin.core.rollout import rollout
from oncotwin.core.task import Task
from oncotwin.models.lumped import stepanova as st
from oncotwin.numerics.ode import Stepped

sys.path.append(str(Path(__file__).parent.parent / "tests" / "validation"))

DAYS, HORIZONS, PATIENTS, SPREAD = 30, (2, 5, 10), 2000, 0.1
TARGET = (72.96, 1.3266)
COST = Tracking(st.Observation(*TARGET), st.Observation(1.0, 0.1), st.Action(5.0, 5.0), st.Observation(100.0, 1.0))
MODEL = st.Stepanova(Stepped(st.Stepanova.control_step))
P = st.StepanovaParameters()
TASK = Task.every(1.0, float(DAYS), model=MODEL, parameters=P, cost=COST)
SCALE = np.array([100.0, 1.0])
STEPS, EQUAL, ROUNDS = 4, 2e-3, 5
QUIET = {"print_time": 0}
SOLVERS = {
    "ipopt": QUIET | {"ipopt.print_level": 0, "ipopt.sb": "yes", "ipopt.warm_start_init_point": "yes"},
    "fatrop": QUIET | {"structure_detection": "auto", "fatrop.print_level": 0},
    "sqpmethod": QUIET
    | {
        "qpsol": "qrqp",
        "qpsol_options": {"print_iter": False, "print_header": False, "error_on_fail": False},
        "print_header": False,
        "print_iteration": False,
        "print_status": False,
        "max_iter": 50,
    },
}


class Loop(NamedTuple):
    """Seconds of each decision, (DAYS,), and the cost of the closed loop."""

    seconds: np.ndarray
    cost: float


def closed(decide: Callable[[np.ndarray], np.ndarray], plant: Callable) -> Loop:
    """Thirty days under a decision function of the state, on one plant."""
    x, seconds, cost = np.array([600.0, 0.1]), [], 0.0
    for _ in range(DAYS):
        begun = time.process_time()
        u = decide(x)
        seconds.append(time.process_time() - begun)
        x, price = (np.asarray(leaf) for leaf in plant(x, u))
        cost += float(price)
    return Loop(np.array(seconds), cost)


def plant() -> Callable:
    """The task's model: (state, action) -> (state a day later, cost)."""

    @jax.jit
    def day(x: jax.Array, u: jax.Array) -> tuple[jax.Array, jax.Array]:
        action = st.Action(*u)
        after = MODEL.advance(st.State(*x), action, P, 1.0)
        return jnp.stack(after), COST(MODEL.observe(after, P), action, P)

    return day


def ours(horizon: int) -> Callable[[], Callable]:
    """A fresh decision function of our controller."""
    mpc = Mpc(TASK, None, horizon)

    def fresh() -> Callable[[np.ndarray], np.ndarray]:
        memory = mpc.start()

        def decide(x: np.ndarray) -> np.ndarray:
            nonlocal memory
            decision = mpc.act(st.Observation(x[0], x[1]), memory)
            memory = decision.memory
            return np.array([np.asarray(dose) for dose in decision.action])

        return decide

    return fresh


def casadi_peer(horizon: int, name: str) -> Callable[[], Callable]:
    """A fresh decision function of one of CasADi's solvers, multiple shooting, variables stage by stage."""
    import casadi as ca
    from casadi_control import interval

    ahead = interval(MODEL, P, COST, 1.0, STEPS)
    first = ca.MX.sym("first", 2)
    x, u = [ca.MX.sym(f"x{k}", 2) for k in range(horizon + 1)], [ca.MX.sym(f"u{k}", 2) for k in range(horizon)]
    cost, gaps, unknown = 0, [], []
    for k in range(horizon):
        moved, price = ahead(x[k] * SCALE, u[k])
        gaps += [x[k + 1] - moved / SCALE] + ([x[0] - first / SCALE] if k == 0 else [])
        cost, unknown = cost + price, [*unknown, x[k], u[k]]
    program = {"x": ca.vertcat(*unknown, x[-1]), "p": first, "f": cost, "g": ca.vertcat(*gaps)}
    options = dict(SOLVERS[name])
    if name == "fatrop":
        options["equality"] = [True] * program["g"].size1()
    solver = ca.nlpsol("mpc", name, program, options)
    low = np.concatenate([np.tile([1e-6, 1e-6, 0.0, 0.0], horizon), [1e-6, 1e-6]])
    high = np.concatenate([np.tile([np.inf, np.inf, 1.0, 1.0], horizon), [np.inf, np.inf]])

    def fresh() -> Callable[[np.ndarray], np.ndarray]:
        last: dict[str, Any] = {}

        def decide(now: np.ndarray) -> np.ndarray:
            guess = _later(last["x"]) if last else np.tile([*(now / SCALE), 0.5, 0.5], horizon + 1)[:-2]
            warm = {"lam_x0": last["lam_x"], "lam_g0": last["lam_g"]} if last else {}
            last.update(solver(x0=guess, p=now, lbx=low, ubx=high, lbg=0, ubg=0, **warm))
            return np.clip(np.asarray(last["x"]).ravel()[2:4], 0.0, 1.0)

        return decide

    return fresh


def _later(plan: Any) -> np.ndarray:
    """A plan an interval on, its last interval twice."""
    old = np.asarray(plan).ravel()
    return np.concatenate([old[4:], old[-4:]]) if old.size > 6 else old


def do_mpc_peer(horizon: int) -> Callable[[], Callable]:
    """A fresh decision function of do-mpc with its defaults, silent."""
    import do_mpc

    model = do_mpc.model.Model("continuous")
    x = st.State(model.set_variable("_x", "x"), model.set_variable("_x", "y"))
    u = st.Action(model.set_variable("_u", "u"), model.set_variable("_u", "v"))
    p = jax.tree.map(float, P)
    slope = MODEL.rate(x, u, p)
    model.set_rhs("x", slope.x)
    model.set_rhs("y", slope.y)
    model.setup()
    mpc = do_mpc.controller.MPC(model)
    mpc.set_param(n_horizon=horizon, t_step=1.0, store_full_solution=False)
    mpc.set_param(nlpsol_opts={"ipopt.print_level": 0, "ipopt.sb": "yes", "print_time": 0})
    state_cost = COST(st.Observation(*x), st.Action(0.0, 0.0), p)
    mpc.set_objective(mterm=state_cost, lterm=COST(st.Observation(*x), u, p))
    mpc.set_rterm(u=0.0, v=0.0)
    for name, size in (("x", 100.0), ("y", 1.0)):
        mpc.scaling["_x", name] = size
        mpc.bounds["lower", "_x", name] = 1e-6
    for name in ("u", "v"):
        mpc.bounds["lower", "_u", name], mpc.bounds["upper", "_u", name] = 0.0, 1.0
    mpc.setup()

    def fresh() -> Callable[[np.ndarray], np.ndarray]:
        mpc.reset_history()
        begun: list[bool] = []

        def decide(now: np.ndarray) -> np.ndarray:
            if not begun:
                mpc.x0 = now.reshape(-1, 1)
                mpc.u0 = np.full((2, 1), 0.5)
                mpc.set_initial_guess()
                begun.append(True)
            with contextlib.redirect_stdout(io.StringIO()):
                return np.asarray(mpc.make_step(now.reshape(-1, 1))).ravel()

        return decide

    return fresh


def decisions() -> list[dict]:
    """Median and worst time of a decision of every solver, ratios to ours, and closed-loop costs."""
    world, table = plant(), []
    for horizon in HORIZONS:
        makers = {"ours": lambda: ours(horizon)}  # noqa: B023
        for name in SOLVERS:
            makers[name] = lambda name=name: casadi_peer(horizon, name)  # noqa: B023
        makers["do-mpc"] = lambda: do_mpc_peer(horizon)  # noqa: B023
        rows = {}
        for name, make in makers.items():
            try:
                fresh = make()
            except ImportError as error:
                print(f"{name} is left out: {error}")
                continue
            closed(fresh(), world)
            loops = [closed(fresh(), world) for _ in range(ROUNDS)]
            least = np.min([loop.seconds for loop in loops], axis=0)
            rows[name] = {"median_us": 1e6 * np.median(least), "worst_us": 1e6 * least.max(), "cost": loops[-1].cost}
        for name, row in rows.items():
            ratio = {"times_ours": row["median_us"] / rows["ours"]["median_us"]}
            equal = {"equal": bool(abs(row["cost"] / rows["ours"]["cost"] - 1) < EQUAL)}
            table.append({"N": horizon, "solver": name} | row | ratio | equal)
    return table


def cohort() -> list[dict]:
    """Decisions per second of processor time for a cohort in one vmap."""
    draws = np.random.default_rng(0)
    names = ("mu_C", "gamma", "mu_I", "delta", "alpha")
    drawn = {name: jnp.asarray(float(getattr(P, name)) * draws.lognormal(0, SPREAD, PATIENTS)) for name in names}

    def one(values: dict[str, jax.Array]) -> tuple[jax.Array, jax.Array]:
        task = replace(TASK, parameters=replace(P, **values))
        course = rollout(task, Mpc(task, None, 5))
        return jnp.sum(course.costs), course.decisions

    run = jax.jit(jax.vmap(one)).lower(drawn).compile()
    begun, wall = time.process_time(), time.perf_counter()
    costs, statuses = jax.block_until_ready(run(drawn))
    seconds, wall = time.process_time() - begun, time.perf_counter() - wall
    made = PATIENTS * DAYS
    share = float(np.mean(np.asarray(statuses) == 0))
    said = {"decisions": made, "cpu_seconds": seconds, "wall_seconds": wall, "per_cpu_second": made / seconds}
    return [said | {"decided_share": share, "mean_cost": float(jnp.mean(costs))}]


def environment() -> list[dict]:
    """Steps a second: of the Gymnasium environment, one by one, and of the model for a cohort."""
    rows = {}
    try:
        from oncotwin.control.gym import Environment
    except ImportError as error:
        print(f"the environment is left out: {error}")
    else:
        env = Environment(TASK, *MODEL.limits(P))
        action, steps = np.array([0.2, 0.1]), 0
        env.reset(seed=0)
        env.step(action)
        begun = time.process_time()
        while time.process_time() - begun < 1.0:
            env.reset()
            for _ in range(DAYS):
                env.step(action)
            steps += DAYS
        rows["environment_steps_per_second"] = steps / (time.process_time() - begun)
    starts = st.State(jnp.linspace(50.0, 780.0, 4096), jnp.full(4096, 0.3))
    dose = Constant(st.Action(0.2, 0.1))
    run = jax.jit(jax.vmap(lambda state: jnp.sum(rollout(TASK, dose, state=state).costs))).lower(starts).compile()
    jax.block_until_ready(run(starts))
    begun = time.process_time()
    jax.block_until_ready(run(starts))
    rows["cohort_steps_per_second"] = 4096 * DAYS / (time.process_time() - begun)
    return [rows]


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    run_parts("dosing", __doc__, {"decisions": decisions, "cohort": cohort, "environment": environment})
