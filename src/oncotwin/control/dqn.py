"""Deep Q-learning (Mnih et al. 2015), double (van Hasselt et al. 2016), with returns over several steps and masks.

Q(s, a) <- Q(s, a) + alpha [G + z^k max_a' Q(s', a') - Q(s, a)], where the best a' is chosen by the network that learns
and valued by a copy that follows it slowly.
"""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp

from oncotwin.control.decisions import Decisions, Episode
from oncotwin.control.episodes import Choice, Stretch, lanes, play, returns, settled
from oncotwin.control.networks import Adam, LevelPolicy, Mlp, masked, mlp
from oncotwin.control.replay import Experience, Replay, empty_replay, experience, recall, remember
from oncotwin.core.task import Task
from oncotwin.errors import BadInput


class DqnMemory(NamedTuple):
    """All that changes while a `Dqn` learns; its leaves are arrays.

    network, target: Q and the copy that follows it.  optimiser: of Adam.  replay, episodes: what was met and is under
    way.  key: (2,) JAX key data.  steps: decisions taken.  best, best_score: the network that did best on the judge's
    patients, and its mean return there.
    """

    network: Mlp
    target: Mlp
    optimiser: Any
    replay: Replay
    episodes: Episode
    key: jax.Array
    steps: jax.Array
    best: Mlp
    best_score: jax.Array


class Report(NamedTuple):
    """What one improvement brought.

    steps: decisions taken so far.  score: mean return of the present policy on the judge's patients.  best_score: the
    best so far.  loss: mean over the updates.
    """

    steps: jax.Array
    score: jax.Array
    best_score: jax.Array
    loss: jax.Array


class Dqn(eqx.Module):
    """Learns a `LevelPolicy` from episodes side by side.

    decisions: what is learnt on.  judge: the same problem with other patients and the reward that counts, by which the
    best network is kept; None: `decisions`.  hidden: widths.  lanes: episodes side by side.  stretch: steps of every
    lane between updates.  updates: gradient steps after each stretch.  turns: stretches in one improvement.
    improvements: how many `fit` makes.  warm_up: decisions taken at random before the first update.  exploration:
    epsilon at the first and the last decision, falling linearly over `decay` of all decisions.  ahead: steps of the
    return.  follow: share by which the copy moves at each update.  judged: episodes of an evaluation.
    """

    decisions: Decisions
    judge: Decisions | None = None
    hidden: tuple[int, ...] = eqx.field(static=True, default=(64, 64))
    discount: float = eqx.field(static=True, default=0.99)
    learning_rate: float = eqx.field(static=True, default=1e-3)
    batch: int = eqx.field(static=True, default=128)
    lanes: int = eqx.field(static=True, default=16)
    stretch: int = eqx.field(static=True, default=4)
    updates: int = eqx.field(static=True, default=4)
    turns: int = eqx.field(static=True, default=64)
    improvements: int = eqx.field(static=True, default=10)
    warm_up: int = eqx.field(static=True, default=1000)
    capacity: int = eqx.field(static=True, default=30_000)
    exploration: tuple[float, float] = eqx.field(static=True, default=(1.0, 0.05))
    decay: float = eqx.field(static=True, default=0.6)
    ahead: int = eqx.field(static=True, default=3)
    follow: float = eqx.field(static=True, default=0.01)
    judged: int = eqx.field(static=True, default=32)

    def __check_init__(self) -> None:
        if not 0 <= self.discount <= 1:
            raise BadInput("discount out of range", where="Dqn", got=self.discount, allowed="[0, 1]")
        for name in ("batch", "lanes", "stretch", "updates", "turns", "improvements", "ahead", "judged"):
            if getattr(self, name) < 1:
                raise BadInput(f"{name} must be positive", where="Dqn", got=getattr(self, name), allowed="1 or more")
        if self.capacity < self.lanes * self.stretch:
            allowed = f"{self.lanes * self.stretch} or more"
            raise BadInput("the replay cannot hold one stretch", where="Dqn", got=self.capacity, allowed=allowed)

    def fit(self, task: Task, key: jax.Array) -> LevelPolicy:
        """The policy learnt.  Safe under jit and vmap."""
        memory, _ = jax.lax.scan(
            lambda memory, _: self.improve(task, memory), self.begin(task, key), None, length=self.improvements
        )
        return self.policy(task, memory.best)

    def begin(self, task: Task, key: jax.Array) -> DqnMemory:
        """The memory before the first decision."""
        first, weights, following = jax.random.split(key, 3)
        episodes = lanes(task, self.decisions, first, self.lanes)
        sample = jax.eval_shape(lambda e: self.decisions.features(self.decisions.observe(task, e)), _one(episodes))
        network = mlp((*sample.shape, *self.hidden, self.decisions.count), weights, last=0.1)
        memory = DqnMemory(
            network=network,
            target=network,
            optimiser=self._adam().start(network),
            replay=empty_replay(self.capacity, sample.shape[0], self.decisions.count),
            episodes=episodes,
            key=jax.random.key_data(following),
            steps=jnp.asarray(0, jnp.int32),
            best=network,
            best_score=jnp.asarray(-jnp.inf, float),
        )
        return settled(memory)

    def improve(self, task: Task, memory: DqnMemory) -> tuple[DqnMemory, Report]:
        """`turns` stretches with their updates, then an evaluation; the best network is kept."""
        memory, losses = jax.lax.scan(lambda m, _: self._turn(task, m), memory, None, length=self.turns)
        score = self.score(task, memory.network)
        better = score > memory.best_score
        best = jax.tree.map(lambda new, old: jnp.where(better, new, old), memory.network, memory.best)
        memory = memory._replace(best=best, best_score=jnp.where(better, score, memory.best_score))
        return settled(memory), Report(memory.steps, score, memory.best_score, jnp.mean(losses))

    def policy(self, task: Task, network: Mlp) -> LevelPolicy:
        """The greedy controller of a network."""
        return LevelPolicy(network, self.decisions, task.model.no_action())

    def score(self, task: Task, network: Mlp) -> jax.Array:
        """Mean return of the greedy policy on the judge's patients, the same at every evaluation."""
        judge = self.decisions if self.judge is None else self.judge
        keys = jax.random.split(jax.random.key(0), self.judged)
        return jnp.mean(returns(task, judge, self.policy(task, network), keys))

    def epsilon(self, steps: jax.Array) -> jax.Array:
        """Share of decisions taken at random."""
        total = self.improvements * self.turns * self.stretch * self.lanes
        first, last = self.exploration
        done = jnp.clip((steps - self.warm_up).astype(float) / max(self.decay * total, 1.0), 0.0, 1.0)
        return jnp.where(steps < self.warm_up, 1.0, first + (last - first) * done)

    def _turn(self, task: Task, memory: DqnMemory) -> tuple[DqnMemory, jax.Array]:
        """A stretch of every lane, then updates once it is warm; and their mean loss."""
        key, playing, drawing = jax.random.split(jax.random.wrap_key_data(memory.key), 3)
        choose = self._chooser(memory.network, self.epsilon(memory.steps))
        episodes, met = play(task, self.decisions, choose, memory.episodes, playing, self.stretch)
        replay = remember(memory.replay, self._learnt_from(met))
        steps = memory.steps + self.stretch * self.lanes
        warm = steps >= self.warm_up

        def update(carry: tuple, key: jax.Array) -> tuple[tuple, jax.Array]:
            new, loss = self._update(carry, recall(replay, key, self.batch))
            return jax.tree.map(lambda a, b: jnp.where(warm, a, b), new, carry), loss

        before = (memory.network, memory.target, memory.optimiser)
        after, losses = jax.lax.scan(update, before, jax.random.split(drawing, self.updates))
        network, target, optimiser = after
        memory = memory._replace(network=network, target=target, optimiser=optimiser, replay=replay)
        return memory._replace(episodes=episodes, key=jax.random.key_data(key), steps=steps), jnp.mean(losses)

    def _learnt_from(self, met: Stretch) -> Experience:
        return experience(met, self.ahead, self.discount)

    def _chooser(self, network: Mlp, epsilon: jax.Array) -> Any:
        def choose(seen: Any, features: jax.Array, allowed: jax.Array, key: jax.Array) -> Choice:
            whether, which = jax.random.split(key)
            at_random = jnp.argmax(masked(jax.random.uniform(which, allowed.shape), allowed))
            best = jnp.argmax(masked(network(features), allowed))
            level = jnp.where(jax.random.uniform(whether) < epsilon, at_random, best).astype(jnp.int32)
            return Choice(self.decisions.level(level), level)

        return choose

    def _update(self, before: tuple, drawn: Experience) -> tuple[tuple, jax.Array]:
        """One step of Adam on the Huber loss, and the copy moved after."""
        network, target, optimiser = before

        def loss(network: Mlp) -> jax.Array:
            values = jax.vmap(network)(drawn.features)
            chosen = jnp.take_along_axis(values, drawn.level[:, None], axis=1)[:, 0]
            later = masked(jax.vmap(network)(drawn.after), drawn.allowed_after)
            best = jnp.argmax(later, axis=1)
            worth = jnp.take_along_axis(jax.vmap(target)(drawn.after), best[:, None], axis=1)[:, 0]
            aim = jax.lax.stop_gradient(drawn.gain + drawn.discount * worth)
            return jnp.mean(huber(chosen - aim))

        found, slope = jax.value_and_grad(loss)(network)
        network, optimiser = self._adam().update(network, slope, optimiser)
        target = jax.tree.map(lambda old, new: old + self.follow * (new - old), target, network)
        return (network, target, optimiser), found

    def _adam(self) -> Adam:
        return Adam(self.learning_rate, clip=10.0)


def huber(error: jax.Array) -> jax.Array:
    """Half the square of an error below one, beyond it linear."""
    size = jnp.abs(error)
    return jnp.where(size < 1.0, 0.5 * size * size, size - 0.5)


def _one(episodes: Episode) -> Episode:
    """The first of several episodes."""
    return jax.tree.map(lambda x: x[0], episodes)
