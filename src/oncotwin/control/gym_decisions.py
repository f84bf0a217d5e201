"""A decision problem as a Gymnasium environment (extra `gym`): patients drawn for every episode, choices masked."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from oncotwin.control.decisions import Decisions, Episode
from oncotwin.core.task import Task
from oncotwin.errors import BadInput

try:
    import gymnasium
    from gymnasium import spaces
except ImportError as error:
    raise ImportError("Gymnasium is not installed; install it with: pip install 'oncotwin[gym]'") from error

MASK = "action_mask"
"""Key of `info` under which the levels that may be chosen stand, (m,), 0 or 1."""

HELD = "level"
"""Key of `info` under which the level stands that was held, where the one chosen would have broken a limit."""

LARGEST = 1e6
"""Bound of a feature, either way."""


class Programs(NamedTuple):
    """The compiled parts of a problem, which environments of both variants can share.

    begin: key -> what is shown.  hold: (episode, action) -> what is shown, outcome, status.  level: index -> action.
    settings: (episode, shares) -> action.
    """

    begin: Callable[..., Any]
    hold: Callable[..., Any]
    level: Callable[..., Any]
    settings: Callable[..., Any]


def programs(task: Task, decisions: Decisions) -> Programs:
    """The parts of a problem, each compiled when it is first used."""

    def shown(episode: Episode) -> tuple[Episode, jax.Array, jax.Array]:
        """The episode, its features and the levels allowed."""
        seen = decisions.observe(task, episode)
        features = decisions.features(seen)
        features = jnp.where(jnp.isfinite(features), jnp.clip(features, -LARGEST, LARGEST), 0.0).astype(jnp.float32)
        return episode, features, decisions.may(seen)

    def hold(episode: Episode, action: Any) -> tuple:
        following, outcome = decisions.hold(task, episode, action)
        return shown(following), outcome, task.model.status(following.state)

    def settings(episode: Episode, shares: jax.Array) -> Any:
        mended = decisions.mend(decisions.observe(task, episode), decisions.between(shares.astype(float)))
        return decisions.enact(mended)

    return Programs(
        jax.jit(lambda key: shown(decisions.begin(task, key))),
        jax.jit(hold),
        jax.jit(lambda index: decisions.level(index)),
        jax.jit(settings),
    )


class DecisionEnvironment(gymnasium.Env):
    """One episode is one patient: what a learner of this project meets, for learners of other libraries.

    compiled: `programs` of the same problem, to share; made here by default.

    variant: `levels`, a choice among m, or `settings`, shares in [0, 1] of the way between two bounds.  Any choice is
    taken: settings are mended, and in place of a level that `info["action_mask"]` does not allow the nearest that it
    does is held.  Observations are the features, float32.  `info` holds `status` of the model and, of levels, the mask
    and `level`, the one that was held.  An episode ends where the problem ends.
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012

    def __init__(
        self,
        task: Task,
        decisions: Decisions,
        variant: Literal["levels", "settings"] = "levels",
        compiled: Programs | None = None,
    ) -> None:
        if variant == "settings" and decisions.low is None:
            raise BadInput("this problem has no continuous variant", where="DecisionEnvironment", got=variant)
        self.task, self.decisions, self.variant = task, decisions, variant
        self._compiled = programs(task, decisions) if compiled is None else compiled
        _, features, _ = self._compiled.begin(jax.random.key(0))
        self.observation_space = spaces.Box(-LARGEST, LARGEST, features.shape, np.float32)
        if variant == "levels":
            self.action_space = spaces.Discrete(decisions.count)
            self._far = _distances(decisions.levels)
        else:
            numbers = len(jax.tree.leaves(decisions.low))
            self.action_space = spaces.Box(0.0, 1.0, (numbers,), np.float32)
        self._episode: Episode | None = None
        self._mask = np.ones(decisions.count, np.int8)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[np.ndarray, dict]:
        """A patient and a first state, drawn."""
        super().reset(seed=seed)
        del options
        key = jax.random.key(int(self.np_random.integers(2**31)))
        self._episode, features, allowed = self._compiled.begin(key)
        return np.asarray(features), self._info(allowed, 0)

    def step(self, action: Any) -> tuple[np.ndarray, float, bool, bool, dict]:
        """Hold a choice over one interval.  Raises BadInput for none of the space, and once the episode is over."""
        if self._episode is None:
            raise BadInput("the episode has not begun or is over", where="step", remedy="Call reset()")
        if not self.action_space.contains(action):
            raise BadInput("no such action", where="step", got=action, allowed=str(self.action_space))
        chosen, held = self._action(self._episode, action)
        (episode, features, allowed), outcome, status = self._compiled.hold(self._episode, chosen)
        over = bool(outcome.over)
        self._episode = None if over else episode
        return np.asarray(features), float(outcome.reward), over, False, self._info(allowed, int(status)) | held

    def action_masks(self) -> np.ndarray:
        """Levels that may be chosen now, as maskable learners ask for them, (m,), bool."""
        return self._mask.astype(bool)

    def _action(self, episode: Episode, choice: Any) -> tuple[Any, dict[str, int]]:
        """The action of a choice, mended, and what `info` says of it."""
        if self.variant == "settings":
            return self._compiled.settings(episode, jnp.asarray(choice)), {}
        level = int(np.argmin(np.where(self._mask > 0, self._far[int(choice)], np.inf)))
        return self._compiled.level(jnp.asarray(level)), {HELD: level}

    def _info(self, allowed: Any, status: int) -> dict[str, Any]:
        if self.variant == "settings":
            return {"status": status}
        self._mask = np.asarray(allowed).astype(np.int8)
        return {"status": status, MASK: self._mask}


def _distances(levels: Any) -> np.ndarray:
    """How far levels are from one another, (m, m): differences of what is done, each relative to its range, summed."""
    columns = np.stack([np.asarray(leaf, float) for leaf in jax.tree.leaves(levels)], axis=-1)
    ranges = np.ptp(columns, axis=0)
    return np.sum(np.abs(columns[:, None] - columns[None]) / np.where(ranges > 0, ranges, 1.0), axis=-1)
