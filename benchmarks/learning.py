"""How fast policies of the culture are learnt, and how soon one beats the best standard protocol.

    python benchmarks/learning.py [--parts environment,training,beating] [--json FILE]

`environment`: decisions a second with random allowed moves, 64 cultures side by side, each decision half a day of
culture for a donor drawn at random.  `training`: decisions a second of deep Q-learning, four seeds side by side, its
evaluations included.  `beating`: seconds, compilation included, until the best seed's policy makes a product worth more
than that of the best standard protocol, both on 54 donors that are not learnt on.

For scale: stable-baselines3 2.9.2 (torch 2.13, CPU, two quiet cores) makes 468 decisions a second on CartPole with one
gradient step a decision, 480 with 256-256 networks; those numbers were measured elsewhere and are printed beside ours,
not measured again.  CartPole costs next to nothing a step, a culture a few hundred flux balances.  Machines are noisy:
the load is printed.
"""

import argparse
import json
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from oncotwin.apps.learning import phase1
from oncotwin.apps.learning.policies import deciding
from oncotwin.apps.learning.problem import culture_problem
from oncotwin.apps.learning.processes import controlled, made, process
from oncotwin.apps.learning.rewards import worth
from oncotwin.apps.learning.training import Plan, trainer
from oncotwin.control.episodes import Choice, lanes, play
from oncotwin.control.networks import LevelPolicy, masked
from oncotwin.io.cultures.protocols import protocol_names
from oncotwin.models.culture import Weights

LANES, STEPS, SEEDS, DONORS = 64, 6, 4, 54
SB3 = {"one gradient step a decision": 468.0, "networks of 256-256": 480.0}


def seconds(call: Callable[[], Any]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    jax.block_until_ready(call())
    return time.perf_counter() - start


def environment() -> list[dict]:
    """Random play."""
    problem = culture_problem()
    begin = jax.jit(lambda key: lanes(problem.task, problem.decisions, key, LANES))

    def choose(seen: Any, features: Any, allowed: Any, key: Any) -> Choice:
        level = jnp.argmax(masked(jax.random.uniform(key, allowed.shape), allowed))
        return Choice(problem.decisions.level(level), level)

    go = jax.jit(lambda episodes, key: play(problem.task, problem.decisions, choose, episodes, key, STEPS))
    episodes = begin(jax.random.key(0))
    compiled = seconds(lambda: go(episodes, jax.random.key(1)))
    keys = jax.random.split(jax.random.key(2), 5)
    spent = min(seconds(partial(go, episodes, key)) for key in keys)
    return [{"what": "random play", "compile_s": compiled, "decisions_per_s": LANES * STEPS / spent} | SB3]


def training() -> list[dict]:
    """Improvements after the first, which compiles."""
    made_ready = trainer(Plan(seeds=SEEDS, improvements=4))
    memory = made_ready.begin(jax.random.split(jax.random.key(0), SEEDS))
    start = time.perf_counter()
    memory, report = jax.block_until_ready(made_ready.improve(memory))
    compiled, before = time.perf_counter() - start, int(np.sum(report.steps))
    start = time.perf_counter()
    for _ in range(2):
        memory, report = jax.block_until_ready(made_ready.improve(memory))
    rate = (int(np.sum(report.steps)) - before) / (time.perf_counter() - start)
    return [{"what": f"dqn, {SEEDS} seeds", "compile_s": compiled, "decisions_per_s": rate} | SB3]


def beating() -> list[dict]:
    """Until the best standard protocol is beaten on held-out donors."""
    donors, noise = phase1.patients(DONORS), jax.random.key(1)

    def valued(way: Any) -> float:
        return float(np.mean(worth(made(way, donors, noise).product, Weights())))

    standards = {name: valued(process(name, 1.0)) for name in protocol_names()}
    best = max(standards, key=lambda name: standards[name])
    start, rows = time.perf_counter(), []
    ready = trainer(Plan(seeds=SEEDS))
    memory = ready.begin(jax.random.split(jax.random.key(0), SEEDS))
    while not rows or (rows[-1]["worth"] <= standards[best] and len(rows) < 12):
        memory, report = ready.improve(memory)
        winner = int(np.argmax(np.asarray(memory.best_score)))
        network = jax.tree.map(lambda x: x[winner], memory.best)  # noqa: B023
        policy = LevelPolicy(network, deciding(), ready.task.model.no_action())
        spent = time.perf_counter() - start
        found = valued(controlled("dqn", policy, 1.0))
        rows.append({"seconds": spent, "decisions": int(np.sum(report.steps)), "worth": found, best: standards[best]})
    return rows


PARTS = {"environment": environment, "training": training, "beating": beating}


def main() -> None:
    """Measure, print tables, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parts", default=",".join(PARTS), help=f"of {', '.join(PARTS)}")
    parser.add_argument("--json", type=Path, default=Path("runs/benchmark-learning.json"))
    arguments = parser.parse_args()
    report: dict = {"cores": os.cpu_count(), "load": os.getloadavg()[0], "jax": jax.__version__}
    for part in arguments.parts.split(","):
        report[part] = PARTS[part]()
        print(f"\n{part} (load {os.getloadavg()[0]:.1f})")
        for row in report[part]:
            print(
                "  ".join(
                    f"{key}: {value:.4g}" if isinstance(value, float) else f"{key}: {value}"
                    for key, value in row.items()
                )
            )
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(report, indent=2))
    print(f"\n{arguments.json}")


if __name__ == "__main__":
    main()
