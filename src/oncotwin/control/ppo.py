"""Proximal policy optimisation (Schulman et al. 2017), masked: the rival of the paper's learner.

A policy and a value are learnt from whole stretches of episodes; advantages by generalised estimation (GAE).  A head
says what the policy's outputs mean: `Levels` chooses one of the levels, `Shares` a continuous action.
"""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp

from oncotwin.control.decisions import Decisions, Episode
from oncotwin.control.dqn import Report
from oncotwin.control.episodes import Choice, Stretch, lanes, play, returns, settled
from oncotwin.control.networks import Adam, LevelPolicy, Mlp, SharePolicy, masked, mlp
from oncotwin.core.task import Task
from oncotwin.errors import BadInput

LOG_2_PI = 1.8378770664093453


class Levels(NamedTuple):
    """The outputs are log odds of the levels, (m,)."""

    def width(self, decisions: Decisions, task: Task) -> int:
        """Number of outputs."""
        del task
        return decisions.count

    def draw(self, output: jax.Array, spread: jax.Array, allowed: jax.Array, key: jax.Array) -> jax.Array:
        """A level, (), int32."""
        del spread
        return jax.random.categorical(key, masked(output, allowed)).astype(jnp.int32)

    def log_probability(self, output: jax.Array, spread: jax.Array, allowed: jax.Array, made: jax.Array) -> jax.Array:
        """Of a level."""
        del spread
        return jax.nn.log_softmax(masked(output, allowed))[made]

    def entropy(self, output: jax.Array, spread: jax.Array, allowed: jax.Array) -> jax.Array:
        """Of the choice."""
        del spread
        log_p = jax.nn.log_softmax(masked(output, allowed))
        return -jnp.sum(jnp.where(allowed, jnp.exp(log_p) * log_p, 0.0))

    def action(self, decisions: Decisions, seen: Any, made: jax.Array) -> Any:
        """The level's action."""
        del seen
        return decisions.level(made)

    def policy(self, network: Mlp, decisions: Decisions, safe: Any) -> LevelPolicy:
        """The greedy controller."""
        return LevelPolicy(network, decisions, safe)


class Shares(NamedTuple):
    """The outputs are means of normal numbers (k,) whose logistics are shares of the way between two bounds."""

    def width(self, decisions: Decisions, task: Task) -> int:
        """Number of outputs."""
        del task
        return len(jax.tree.leaves(decisions.low))

    def draw(self, output: jax.Array, spread: jax.Array, allowed: jax.Array, key: jax.Array) -> jax.Array:
        """The normal numbers, (k,)."""
        del allowed
        return output + jnp.exp(spread) * jax.random.normal(key, output.shape, output.dtype)

    def log_probability(self, output: jax.Array, spread: jax.Array, allowed: jax.Array, made: jax.Array) -> jax.Array:
        """Of the normal numbers."""
        del allowed
        apart = (made - output) / jnp.exp(spread)
        return jnp.sum(-0.5 * apart * apart - spread - jnp.asarray(0.5 * LOG_2_PI, output.dtype))

    def entropy(self, output: jax.Array, spread: jax.Array, allowed: jax.Array) -> jax.Array:
        """Of the normal numbers."""
        del output, allowed
        return jnp.sum(spread + jnp.asarray(0.5 * (LOG_2_PI + 1.0), spread.dtype))

    def action(self, decisions: Decisions, seen: Any, made: jax.Array) -> Any:
        """The action of the mended settings at the shares."""
        return decisions.enact(decisions.mend(seen, decisions.between(jax.nn.sigmoid(made).astype(float))))

    def policy(self, network: Mlp, decisions: Decisions, safe: Any) -> SharePolicy:
        """The controller without noise."""
        return SharePolicy(network, decisions, safe)


class Actor(eqx.Module):
    """policy: features -> outputs of the head.  value: features -> (1,).  spread: log standard deviations, (k,)."""

    policy: Mlp
    value: Mlp
    spread: jax.Array


class PpoMemory(NamedTuple):
    """All that changes while a `Ppo` learns; as `DqnMemory`, without a replay."""

    network: Actor
    optimiser: Any
    episodes: Episode
    key: jax.Array
    steps: jax.Array
    best: Mlp
    best_score: jax.Array


class Kept(NamedTuple):
    """What PPO keeps of a choice: what was made, its log probability, the value then."""

    made: jax.Array
    log_probability: jax.Array
    value: jax.Array


class Sample(NamedTuple):
    """A step to learn from."""

    features: jax.Array
    allowed: jax.Array
    kept: Kept
    advantage: jax.Array
    aim: jax.Array


class Ppo(eqx.Module):
    """Learns a controller from episodes side by side.

    decisions, judge, hidden, lanes, turns, improvements, judged: as of `Dqn`.  head: `Levels()` or `Shares()`.
    stretch: steps of every lane between updates.  passes, parts: how often each stretch is gone through, in how many
    parts.  clip: largest change of a probability's ratio that is rewarded.  trace: lambda of GAE.  entropy: weight.
    """

    decisions: Decisions
    judge: Decisions | None = None
    head: Levels | Shares = Levels()
    hidden: tuple[int, ...] = eqx.field(static=True, default=(64, 64))
    discount: float = eqx.field(static=True, default=0.99)
    learning_rate: float = eqx.field(static=True, default=1e-3)
    lanes: int = eqx.field(static=True, default=16)
    stretch: int = eqx.field(static=True, default=24)
    passes: int = eqx.field(static=True, default=4)
    parts: int = eqx.field(static=True, default=4)
    turns: int = eqx.field(static=True, default=10)
    improvements: int = eqx.field(static=True, default=10)
    clip: float = eqx.field(static=True, default=0.2)
    trace: float = eqx.field(static=True, default=0.95)
    entropy: float = eqx.field(static=True, default=0.01)
    judged: int = eqx.field(static=True, default=32)

    def __check_init__(self) -> None:
        if not 0 <= self.discount <= 1:
            raise BadInput("discount out of range", where="Ppo", got=self.discount, allowed="[0, 1]")
        for name in ("lanes", "stretch", "passes", "parts", "turns", "improvements", "judged"):
            if getattr(self, name) < 1:
                raise BadInput(f"{name} must be positive", where="Ppo", got=getattr(self, name), allowed="1 or more")
        if self.lanes * self.stretch % self.parts:
            got = (self.lanes, self.stretch, self.parts)
            raise BadInput("lanes times stretch must divide into parts", where="Ppo", got=got)

    def fit(self, task: Task, key: jax.Array) -> LevelPolicy | SharePolicy:
        """The controller learnt.  Safe under jit and vmap."""
        memory, _ = jax.lax.scan(
            lambda memory, _: self.improve(task, memory), self.begin(task, key), None, length=self.improvements
        )
        return self.policy(task, memory.best)

    def begin(self, task: Task, key: jax.Array) -> PpoMemory:
        """The memory before the first decision."""
        first, policy, value, following = jax.random.split(key, 4)
        episodes = lanes(task, self.decisions, first, self.lanes)
        one = jax.tree.map(lambda x: x[0], episodes)
        inputs = jax.eval_shape(lambda e: self.decisions.features(self.decisions.observe(task, e)), one).shape
        width = self.head.width(self.decisions, task)
        network = Actor(
            mlp((*inputs, *self.hidden, width), policy, last=0.01),
            mlp((*inputs, *self.hidden, 1), value, last=0.1),
            jnp.full(width, -0.5, jnp.float32),
        )
        memory = PpoMemory(
            network=network,
            optimiser=self._adam().start(network),
            episodes=episodes,
            key=jax.random.key_data(following),
            steps=jnp.asarray(0, jnp.int32),
            best=network.policy,
            best_score=jnp.asarray(-jnp.inf, float),
        )
        return settled(memory)

    def improve(self, task: Task, memory: PpoMemory) -> tuple[PpoMemory, Report]:
        """`turns` stretches with their updates, then an evaluation; the best network is kept."""
        memory, losses = jax.lax.scan(lambda m, _: self._turn(task, m), memory, None, length=self.turns)
        score = self.score(task, memory.network.policy)
        better = score > memory.best_score
        best = jax.tree.map(lambda new, old: jnp.where(better, new, old), memory.network.policy, memory.best)
        memory = memory._replace(best=best, best_score=jnp.where(better, score, memory.best_score))
        return settled(memory), Report(memory.steps, score, memory.best_score, jnp.mean(losses))

    def policy(self, task: Task, network: Mlp) -> LevelPolicy | SharePolicy:
        """The controller of a network."""
        return self.head.policy(network, self.decisions, task.model.no_action())

    def score(self, task: Task, network: Mlp) -> jax.Array:
        """Mean return of the policy without noise on the judge's patients, the same at every evaluation."""
        judge = self.decisions if self.judge is None else self.judge
        keys = jax.random.split(jax.random.key(0), self.judged)
        return jnp.mean(returns(task, judge, self.policy(task, network), keys))

    def _turn(self, task: Task, memory: PpoMemory) -> tuple[PpoMemory, jax.Array]:
        """A stretch of every lane, then passes over it; and the mean loss."""
        key, playing, shuffling = jax.random.split(jax.random.wrap_key_data(memory.key), 3)
        choose = self._chooser(memory.network)
        episodes, met = play(task, self.decisions, choose, memory.episodes, playing, self.stretch)
        samples = self._samples(memory.network, met)

        def one_pass(carry: tuple, key: jax.Array) -> tuple[tuple, jax.Array]:
            count = samples.advantage.shape[0]
            order = jax.random.permutation(key, count).reshape(self.parts, -1)
            return jax.lax.scan(lambda c, rows: self._update(c, jax.tree.map(lambda x: x[rows], samples)), carry, order)

        start = (memory.network, memory.optimiser)
        (network, optimiser), losses = jax.lax.scan(one_pass, start, jax.random.split(shuffling, self.passes))
        steps = memory.steps + self.stretch * self.lanes
        memory = memory._replace(network=network, optimiser=optimiser, episodes=episodes, steps=steps)
        return memory._replace(key=jax.random.key_data(key)), jnp.mean(losses)

    def _chooser(self, network: Actor) -> Any:
        def choose(seen: Any, features: jax.Array, allowed: jax.Array, key: jax.Array) -> Choice:
            output = network.policy(features)
            made = self.head.draw(output, network.spread, allowed, key)
            log_p = self.head.log_probability(output, network.spread, allowed, made)
            kept = Kept(made, log_p, network.value(features)[0])
            return Choice(self.head.action(self.decisions, seen, made), kept)

        return choose

    def _samples(self, network: Actor, met: Stretch) -> Sample:
        """Advantages and aims of every step, leaves (steps x lanes)."""
        zeta, trace = jnp.asarray(self.discount, jnp.float32), jnp.asarray(self.trace, jnp.float32)
        alive = jnp.where(met.over, jnp.zeros_like(met.reward), jnp.ones_like(met.reward))
        ahead = jax.vmap(jax.vmap(network.value))(met.after)[..., 0]
        error = met.reward + zeta * alive * ahead - met.made.value

        def back(later: jax.Array, now: tuple) -> tuple[jax.Array, jax.Array]:
            error, alive = now
            advantage = error + zeta * trace * alive * later
            return advantage, advantage

        _, advantage = jax.lax.scan(back, jnp.zeros_like(error[0]), (error, alive), reverse=True)
        whole = Sample(met.features, met.allowed, met.made, advantage, advantage + met.made.value)
        return jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:]), whole)

    def _update(self, before: tuple, part: Sample) -> tuple[tuple, jax.Array]:
        """One step of Adam on the clipped objective, the value's error and the entropy."""
        network, optimiser = before
        found, slope = jax.value_and_grad(self._loss)(network, part)
        return self._adam().update(network, slope, optimiser), found

    def _loss(self, network: Actor, part: Sample) -> jax.Array:
        spread, one = network.spread, jnp.asarray(1.0, jnp.float32)
        output = jax.vmap(network.policy)(part.features)
        log_p = jax.vmap(lambda o, a, m: self.head.log_probability(o, spread, a, m))(
            output, part.allowed, part.kept.made
        )
        ratio = jnp.exp(log_p - part.kept.log_probability)
        scale = jnp.std(part.advantage) + jnp.asarray(1e-6, jnp.float32)
        advantage = (part.advantage - jnp.mean(part.advantage)) / scale
        kept = jnp.minimum(ratio * advantage, jnp.clip(ratio, one - self.clip, one + self.clip) * advantage)
        value = jax.vmap(network.value)(part.features)[:, 0]
        entropy = jax.vmap(lambda o, a: self.head.entropy(o, spread, a))(output, part.allowed)
        return -jnp.mean(kept) + 0.5 * jnp.mean((value - part.aim) ** 2) - self.entropy * jnp.mean(entropy)

    def _adam(self) -> Adam:
        return Adam(self.learning_rate, clip=0.5)
