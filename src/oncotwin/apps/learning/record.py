"""`python -m oncotwin.apps.learning.record CARD`: write into a policy's card what it earns in a few episodes.

Anybody can play the same episodes through Gymnasium and see the same; the tests do so with the shipped policies.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from oncotwin.apps.learning.environments import culture
from oncotwin.apps.learning.policies import load, task_of
from oncotwin.control.gym_decisions import MASK, DecisionEnvironment
from oncotwin.control.networks import Mlp, masked
from oncotwin.errors import BadInput, OncotwinError
from oncotwin.io.policy_file import read_policy, write_policy

SEEDS = (1, 2, 3)
MADE = ("notice", "format_version", "shapes", "weights", "sha256")
"""Keys of a card that writing it makes."""


def earned(environment: DecisionEnvironment, network: Mlp, seed: int) -> float:
    """The return of the policy without noise in the episode of a seed, in the environment of its variant."""
    seen, info = environment.reset(seed=seed)
    output = jax.jit(lambda features: network(features))
    total, over = 0.0, False
    while not over:
        chosen = CHOICES[environment.variant](output(jnp.asarray(seen)), info)
        seen, reward, over, _, info = environment.step(chosen)
        total += reward
    return total


def _greedy(values: jax.Array, info: dict[str, Any]) -> np.int64:
    return np.int64(jnp.argmax(masked(values, jnp.asarray(info[MASK]).astype(bool))))


def _shares(values: jax.Array, info: dict[str, Any]) -> np.ndarray:
    del info
    return np.asarray(jax.nn.sigmoid(values))


CHOICES = {"levels": _greedy, "settings": _shares}
"""Variant -> what a network's outputs choose."""


def main(arguments: Sequence[str]) -> int:
    """Play the episodes and write the card again; the exit code."""
    try:
        if len(arguments) != 1:
            raise BadInput("one card is needed", where="oncotwin.apps.learning.record", got=list(arguments))
        path = Path(arguments[0])
        controller: Any = load(path).controller
        variant = json.loads(path.read_bytes())["task"]["variant"]
        environment = culture(variant)
        played = {str(seed): earned(environment, controller.network, seed) for seed in SEEDS}
        found = read_policy(path, task_of(variant))
        card = {key: value for key, value in found.card.items() if key not in MADE}
        write_policy(path, found.weights, {**card, "episodes": played})
        print(json.dumps(played))
    except OncotwinError as error:
        print(f"oncotwin: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
