"""How fast policies of the culture are learnt, and how soon one beats the best standard protocol.

    python benchmarks/learning.py [--parts environment,limits,peer,training] [--json FILE]

`environment`: decisions a second with random allowed moves, 64 cultures side by side, each decision half a day of
culture for a donor drawn at random.  `limits`: how often choices that go for the limits, as far as the mask allows,
break one.  `peer`: the same culture through Gymnasium under stable-baselines3, where it is installed.  `training`:
proximal policy optimisation, ten seeds side by side: decisions a second, its evaluations included, after compilation;
and the seconds, compilation included, until the best seed's policy makes a product worth
more than that of the best standard protocol, both on 54 donors that are not learnt on.

For scale: stable-baselines3 2.9.2 (torch 2.13, CPU, two quiet cores) makes 468 decisions a second on CartPole with one
gradient step a decision, 480 with 256-256 networks; those numbers were measured elsewhere and are printed beside ours,
not measured again.  CartPole costs next to nothing a step, a culture a few hundred flux balances.  Machines are noisy:
processor seconds stand beside those of the clock, and the load is printed.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from parts import run_parts

from oncotwin.apps.learning import phase1
from oncotwin.apps.learning.environments import culture
from oncotwin.apps.learning.medium import broken
from oncotwin.apps.learning.policies import deciding
from oncotwin.apps.learning.problem import culture_problem
from oncotwin.apps.learning.processes import controlled, made, process
from oncotwin.apps.learning.rewards import worth
from oncotwin.apps.learning.spite import WISHES, tried
from oncotwin.apps.learning.training import Plan, trainer
from oncotwin.control.episodes import Choice, lanes, play
from oncotwin.control.networks import LevelPolicy, masked
from oncotwin.io.cultures.protocols import protocol_names
from oncotwin.models.culture import Weights

LANES, STEPS, SEEDS, DONORS, MOST = 64, 6, 10, 54, 6
PEER_STEPS, CULTURES = 192, 216
SB3 = {"sb3_per_s": 468.0, "sb3_256_per_s": 480.0}


class Spent(NamedTuple):
    """Seconds of the clock and of the processors."""

    clock: float
    processor: float


def timed(call: Callable[[], Any]) -> tuple[Any, Spent]:
    """What one call gives, and what it takes."""
    clock, processor = time.perf_counter(), time.process_time()
    given = jax.block_until_ready(call())
    return given, Spent(time.perf_counter() - clock, time.process_time() - processor)


def rates(decisions: int, took: Spent) -> dict[str, float]:
    """Decisions a second."""
    return {"per_s": decisions / took.clock, "per_processor_s": decisions / took.processor}


def _of_seed(networks: Any, seed: int) -> Any:
    """The network of one seed among several side by side."""
    return jax.tree.map(lambda x: x[seed], networks)


def environment() -> list[dict]:
    """Random play."""
    problem = culture_problem()
    begin = jax.jit(lambda key: lanes(problem.task, problem.decisions, key, LANES))

    def choose(seen: Any, features: Any, allowed: Any, key: Any) -> Choice:
        level = jnp.argmax(masked(jax.random.uniform(key, allowed.shape), allowed))
        return Choice(problem.decisions.level(level), level)

    go = jax.jit(lambda episodes, key: play(problem.task, problem.decisions, choose, episodes, key, STEPS))
    episodes = begin(jax.random.key(0))
    _, compiled = timed(lambda: go(episodes, jax.random.key(1)))
    took = min(timed(partial(go, episodes, key))[1] for key in jax.random.split(jax.random.key(2), 5))
    said = {"what": "random play", "compile_processor_s": compiled.processor}
    return [said | rates(LANES * STEPS, took) | SB3]


def limits() -> list[dict]:
    """Half days from day 1 on with a limit broken at their end, for each way to go for it."""
    medium = tried(culture_problem(), tuple(WISHES), CULTURES, jax.random.key(17))
    beyond, lactate = broken(medium)[..., 1:], medium.lactate[..., 1:]
    return [
        {"what": wish, "half_days": int(out.size), "broken": int(out.sum()), "most_lactate": float(most.max())}
        for wish, out, most in zip(WISHES, beyond, lactate, strict=True)
    ]


def peer() -> list[dict]:
    """PPO of stable-baselines3, as it comes and without masks, on the same culture, where it is installed."""
    try:
        from stable_baselines3 import PPO
    except ImportError:
        print("stable-baselines3 is not installed and left out")
        return []
    learner = PPO("MlpPolicy", culture(), n_steps=PEER_STEPS, batch_size=PEER_STEPS)
    learner.learn(PEER_STEPS)
    _, took = timed(lambda: learner.learn(PEER_STEPS))
    return [{"what": "stable-baselines3, PPO"} | rates(PEER_STEPS, took)]


def training() -> list[dict]:
    """Improvements until the best standard protocol is beaten on held-out donors, and one more."""
    donors, noise = phase1.patients(DONORS), jax.random.key(1)

    def valued(way: Any) -> float:
        return float(np.mean(worth(made(way, donors, noise).product, Weights())))

    standard = max(valued(process(name, 1.0)) for name in protocol_names())
    ready = trainer(Plan("ppo", SEEDS, MOST))
    memory, rows, total, before = ready.begin(jax.random.split(jax.random.key(0), SEEDS)), [], Spent(0.0, 0.0), 0
    while len(rows) < MOST and (len(rows) < 2 or rows[-2]["worth"] <= standard):
        (memory, report), took = timed(partial(ready.improve, memory))
        steps, winner = int(np.sum(report.steps)), int(np.argmax(np.asarray(memory.best_score)))
        total = Spent(total.clock + took.clock, total.processor + took.processor)
        network = _of_seed(memory.best, winner)
        found = valued(controlled("ppo", LevelPolicy(network, deciding(), ready.task.model.no_action()), 1.0))
        said = {"what": f"ppo, {SEEDS} seeds", "decisions": steps}
        so_far = {"clock_s": total.clock, "processor_s": total.processor, "worth": found, "best_standard": standard}
        rows.append(said | so_far | rates(steps - before, took) | SB3)
        before = steps
    return rows


if __name__ == "__main__":
    run_parts("learning", __doc__, {"environment": environment, "limits": limits, "peer": peer, "training": training})
