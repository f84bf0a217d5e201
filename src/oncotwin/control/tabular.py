"""Tabular Q-learning, equations (7)-(10) of the dosing paper: the error of a measurement in bins, doses in levels.

The paper leaves out the bins, the doses, the rates and the sampling time; here each is an argument with a default of
ours.  Its reward (9) prices no dose, so its best policy is always the greatest dose: `published` is that reward,
`dose_priced` the default.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp

from oncotwin.core.controller import Controller, Decision, Status
from oncotwin.core.task import Task
from oncotwin.errors import BadInput

Reward = Callable[[Any, Any, Any], Any]
"""(error before, error after, action) -> reward; errors have the shape that `Bins.measure` gives."""


def published(before: Any, after: Any, action: Any) -> Any:
    """Equation (9): the share by which the first error has fallen, else nothing.  Doses are free."""
    del action
    e, e_next = jnp.atleast_1d(before)[0], jnp.atleast_1d(after)[0]
    return jnp.where((e_next < e) & (e != 0), (e - e_next) / jnp.where(e != 0, e, 1.0), 0.0)


class DosePriced(NamedTuple):
    """How far the first error came nearer to zero, less a price of the squared dose of every drug.

    price: an action; reward lost for one interval at a dose rate of one.  scale: error that is worth a reward of one.
    """

    price: Any
    scale: float

    def __call__(self, before: Any, after: Any, action: Any) -> Any:
        """The reward of one interval."""
        e, e_next = jnp.atleast_1d(before)[0], jnp.atleast_1d(after)[0]
        cost = sum(jnp.sum(p * u * u) for p, u in zip(self.price, action, strict=True))
        return (jnp.abs(e) - jnp.abs(e_next)) / self.scale - cost


class Bins(eqx.Module):
    """A measurement in boxes: s = F(e).

    measure: observation -> errors, a number or (d,), such as volume less its target, equation (8).  edges: increasing,
    one array for each error.  A value on an edge belongs to the bin above it.
    """

    measure: Callable[[Any], Any] = eqx.field(static=True)
    edges: tuple[jax.Array, ...]

    def errors(self, observation: Any) -> jax.Array:
        """What is measured; (d,)."""
        return jnp.atleast_1d(jnp.asarray(self.measure(observation), float))

    def index(self, observation: Any) -> jax.Array:
        """Number of the bin, all errors together."""
        places = [
            jnp.searchsorted(edges, e, side="right")
            for e, edges in zip(self.errors(observation), self.edges, strict=True)
        ]
        return jnp.ravel_multi_index(tuple(places), self.shape, mode="clip")

    @property
    def shape(self) -> tuple[int, ...]:
        """Bins of each error."""
        return tuple(edges.shape[0] + 1 for edges in self.edges)

    @property
    def count(self) -> int:
        """All bins."""
        count = 1
        for n in self.shape:
            count *= n
        return count


class TablePolicy(eqx.Module):
    """The action of greatest value in a table; ties go to the first level.

    values: Q(s, a), (bins, levels).  levels: actions, leaves (m,).  safe: the action for an observation that is not
    finite, which the status calls BAD_OBSERVATION.
    """

    bins: Bins
    levels: Any
    values: jax.Array
    safe: Any

    def start(self) -> tuple[()]:
        """Nothing is remembered."""
        return ()

    def act(self, observation: Any, memory: tuple[()]) -> Decision:
        """The greedy action."""
        seen = jnp.all(jnp.isfinite(self.bins.errors(observation)))
        best = jnp.argmax(self.values[self.bins.index(observation)])
        action = jax.tree.map(lambda level, none: jnp.where(seen, level[best], none), self.levels, self.safe)
        return Decision(action, memory, jnp.where(seen, int(Status.DECIDED), int(Status.BAD_OBSERVATION)))


class QLearning(eqx.Module):
    """Learns a `TablePolicy` by epsilon-greedy episodes on a task, equation (7).

    start: key -> first state of an episode; None: always the model's.  episodes: how many.  learning_rate: eta, at the
    first and the last episode, falling geometrically.  discount: zeta.  exploration: epsilon, likewise.

    inner, combine: a controller whose action the level corrects, (its action, level) -> action; without them the level
    is the action.
    """

    bins: Bins
    levels: Any
    reward: Reward = eqx.field(static=True)
    start: Callable[[jax.Array], Any] | None = eqx.field(static=True, default=None)
    episodes: int = eqx.field(static=True, default=2000)
    learning_rate: tuple[float, float] = eqx.field(static=True, default=(0.5, 0.02))
    discount: float = eqx.field(static=True, default=0.9)
    exploration: tuple[float, float] = eqx.field(static=True, default=(1.0, 0.02))
    inner: Controller | None = None
    combine: Callable[[Any, Any], Any] | None = eqx.field(static=True, default=None)

    def __check_init__(self) -> None:
        for name, low, high in (("learning_rate", 0.0, 1.0), ("exploration", 0.0, 1.0)):
            if not all(low < value <= high for value in getattr(self, name)):
                raise BadInput(f"{name} out of range", where="QLearning", got=getattr(self, name), allowed="(0, 1]")
        if not 0 <= self.discount < 1:
            raise BadInput("discount out of range", where="QLearning", got=self.discount, allowed="[0, 1)")
        if self.episodes < 1:
            raise BadInput("no episodes", where="QLearning", got=self.episodes, allowed="1 or more")

    def fit(self, task: Task, key: jax.Array) -> TablePolicy:
        """The policy learnt."""
        return self.learn(task, key)[0]

    def learn(self, task: Task, key: jax.Array) -> tuple[TablePolicy, jax.Array]:
        """The policy learnt, and the sum of rewards of every episode, (episodes,).  Safe under jit and vmap."""
        count = jax.tree.leaves(self.levels)[0].shape[0]

        def episode(values: jax.Array, number: jax.Array) -> tuple[jax.Array, jax.Array]:
            return self._episode(task, values, number, jax.random.fold_in(key, number))

        empty = jnp.zeros((self.bins.count, count))
        values, returns = jax.lax.scan(episode, empty, jnp.arange(self.episodes))
        return TablePolicy(self.bins, self.levels, values, task.model.no_action()), returns

    def _episode(self, task: Task, values: jax.Array, number: jax.Array, key: jax.Array) -> tuple[jax.Array, jax.Array]:
        """The table after one episode, and the rewards summed."""
        model, p = task.model, task.parameters
        done = number.astype(float) / max(self.episodes - 1, 1)
        eta, epsilon = (first * (last / first) ** done for first, last in (self.learning_rate, self.exploration))
        opening, steps = jax.random.split(key)
        state = model.initial(p) if self.start is None else self.start(opening)

        def interval(carry: Any, now: Any) -> tuple[Any, jax.Array]:
            (state, memory, values), (dt, key) = carry, now
            seen = model.observe(state, p)
            s = self.bins.index(seen)
            a = _epsilon_greedy(key, values[s], epsilon)
            action, memory = self._action(seen, memory, jax.tree.map(lambda level: level[a], self.levels))
            state = model.advance(state, action, p, dt)
            after = model.observe(state, p)
            r = self.reward(self.bins.errors(seen), self.bins.errors(after), action)
            target = r + self.discount * jnp.max(values[self.bins.index(after)])
            return (state, memory, values.at[s, a].add(eta * (target - values[s, a]))), r  # eq. (7)

        memory = () if self.inner is None else self.inner.start()
        keys = jax.random.split(steps, len(task.intervals))
        (_, _, values), rewards = jax.lax.scan(interval, (state, memory, values), (jnp.asarray(task.intervals), keys))
        return values, jnp.sum(rewards)

    def _action(self, observation: Any, memory: Any, level: Any) -> tuple[Any, Any]:
        """What a level means: itself, or a correction of the inner controller's action."""
        if self.inner is None or self.combine is None:
            return level, memory
        proposal = self.inner.act(observation, memory)
        return self.combine(proposal.action, level), proposal.memory


def _epsilon_greedy(key: jax.Array, values: jax.Array, epsilon: jax.Array) -> jax.Array:
    """The best action, or with probability epsilon any; (m,) -> index, equation (10)."""
    explore, which = jax.random.split(key)
    anything = jax.random.randint(which, (), 0, values.shape[0])
    return jnp.where(jax.random.uniform(explore) < epsilon, anything, jnp.argmax(values))
