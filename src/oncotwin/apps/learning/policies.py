"""Policies of the culture: from their files to controllers, and back; those that ship with oncotwin."""

import hashlib
import json
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from oncotwin.apps.learning import moves
from oncotwin.apps.learning.medium import LIMITS
from oncotwin.apps.learning.problem import BRISK, MIDDLE, SPAN, features, terminal, vessel
from oncotwin.apps.learning.rewards import NEEDS, harvested
from oncotwin.apps.learning.turnover import STIRRED, UNSTIRRED, at_first
from oncotwin.apps.learning.watched import Seen, WatchedCulture
from oncotwin.control.decisions import Decisions
from oncotwin.control.networks import Layer, LevelPolicy, Mlp, SharePolicy
from oncotwin.control.schedule import Schedule
from oncotwin.core.controller import Controller
from oncotwin.errors import BadInput, nearest
from oncotwin.io.policy_file import Policy, read_policy, write_policy
from oncotwin.models.culture import Observation, Weights
from oncotwin.models.culture.state import no_action

FOLDER = "policies"
DEFAULT = "culture-ppo"
"""The best of the shipped controllers by the comparison of `docs/explanation/learnt-control.md`."""
VARIANTS = ("levels", "settings", "recipe")
"""A policy of moves, of continuous settings, or moves in a fixed order."""


class Named(NamedTuple):
    """A controller and the card of its file."""

    controller: Controller
    card: dict[str, Any]

    @property
    def is_recipe(self) -> bool:
        """Whether it is moves in a fixed order."""
        return self.card["task"]["variant"] == "recipe"


def task_of(variant: str) -> dict[str, Any]:
    """What a policy is for: whatever would make its numbers mean something else."""
    rules = {
        "moves": [list(map(_plain, move)) for move in moves.MOVES],
        "settings": [list(map(float, moves.LEAST)), list(map(float, moves.MOST))],
        "limits": list(LIMITS),
        "guard": [list(moves.GUARD), list(STIRRED), list(UNSTIRRED)],
        "needs": list(NEEDS),
        "features": [list(MIDDLE), list(SPAN), BRISK],
        "recipe": [WatchedCulture.missing, WatchedCulture.activator_per_cell, WatchedCulture.vector_moi],
        "vessel": {row["name"]: float(row["value"]) for row in vessel().table() if row["scope"] == "treatment"},
    }
    digest = hashlib.sha256(json.dumps(rules, sort_keys=True).encode()).hexdigest()
    return {
        "name": "culture",
        "variant": variant,
        "interval_days": moves.INTERVAL_DAYS,
        "latest_harvest_days": moves.LATEST_HARVEST,
        "inputs": width(),
        "rules": digest,
    }


def width() -> int:
    """Number of features."""
    reading = Observation(*(jnp.asarray(x) for x in MIDDLE))
    return int(features(Seen(reading, reading, reading, jnp.asarray(0.0), at_first(reading))).shape[0])


def save_network(path: Path, variant: str, network: Mlp, **said: Any) -> None:
    """Write a network as a policy file.  said: more for the card.  Raises BadInput, StorageFailure."""
    weights = {}
    for number, layer in enumerate(network.layers):
        weights |= {f"weight{number}": np.asarray(layer.weight), f"bias{number}": np.asarray(layer.bias)}
    write_policy(path, weights, {"task": task_of(variant), **said})


def save_recipe(path: Path, chosen: np.ndarray, **said: Any) -> None:
    """Write moves in a fixed order, (intervals,), as a policy file.  Raises BadInput, StorageFailure."""
    write_policy(path, {"moves": np.asarray(chosen, np.int32)}, {"task": task_of("recipe"), **said})


def shipped() -> tuple[str, ...]:
    """Names of the policies that ship with oncotwin."""
    names = (entry.name for entry in files("oncotwin").joinpath("data", FOLDER).iterdir())
    return tuple(sorted(name.removesuffix(".json") for name in names if name.endswith(".json")))


def load(chosen: str | Path, where: str = "--controller") -> Named:
    """The controller of a shipped policy's name or of a card, NAME.json.

    where: what a message about the name calls its place.  Raises BadInput for an unknown name, another task and numbers
    that are no policy, StorageFailure for changed or misshapen weights.
    """
    path = Path(chosen)
    if path.suffix != ".json":
        if str(chosen) not in shipped():
            remedy = nearest(str(chosen), shipped())
            raise BadInput("no policy of this name", where=where, got=str(chosen), remedy=remedy)
        path = Path(str(files("oncotwin").joinpath("data", FOLDER, f"{chosen}.json")))
    variant = _variant(path)
    found = read_policy(path, task_of(variant))
    return Named(_controller(found, variant, path), found.card)


def _variant(path: Path) -> str:
    """What kind of policy a card says it is; the rest is checked by `read_policy`."""
    try:
        variant = json.loads(path.read_bytes())["task"]["variant"]
    except (OSError, ValueError, KeyError, TypeError):
        return VARIANTS[0]
    if variant not in VARIANTS:
        raise BadInput("unknown variant of a policy", where=str(path), got=variant, allowed=", ".join(VARIANTS))
    return variant


def _controller(found: Policy, variant: str, path: Path) -> Controller:
    if variant == "recipe":
        return recipe(_moves(found, path))
    layers = _layers(found, path)
    outputs = {"levels": len(moves.MOVES), "settings": len(moves.LEAST)}[variant]
    _check_chain(layers, outputs, path)
    network = Mlp(tuple(Layer(jnp.asarray(weight), jnp.asarray(bias)) for weight, bias in layers))
    kind = {"levels": LevelPolicy, "settings": SharePolicy}[variant]
    return kind(network, deciding(), no_action())


def _moves(found: Policy, path: Path) -> np.ndarray:
    """The moves of a recipe, (intervals,).  Raises BadInput unless they are one known move for each interval."""
    where = str(path)
    if found.weights.keys() != {"moves"}:
        raise BadInput("a recipe holds its moves alone", where=where, got=sorted(found.weights), allowed="moves")
    chosen = found.weights["moves"]
    if chosen.dtype.kind not in "iu":
        raise BadInput("moves are named by numbers", where=where, got=chosen.dtype.name, allowed="whole numbers")
    intervals = round(moves.LATEST_HARVEST / moves.INTERVAL_DAYS)
    if chosen.shape != (intervals,):
        allowed = f"({intervals},), one for each interval of {moves.INTERVAL_DAYS:g} days"
        raise BadInput("a recipe of another length", where=where, got=chosen.shape, allowed=allowed)
    if chosen.min() < 0 or chosen.max() >= len(moves.MOVES):
        raise BadInput("no such moves", where=where, got=chosen.tolist(), allowed=f"below {len(moves.MOVES)}")
    return chosen


def _layers(found: Policy, path: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    """Weight and bias of every layer.  Raises BadInput unless there is nothing else, and all are finite numbers."""
    count = len(found.weights) // 2
    pairs = [(f"weight{i}", f"bias{i}") for i in range(max(count, 1))]
    names = [name for pair in pairs for name in pair]
    if sorted(found.weights) != sorted(names):
        got, allowed = sorted(found.weights), f"weight and bias of each layer: {', '.join(names)}"
        raise BadInput("the arrays are not those of a network", where=str(path), got=got, allowed=allowed)
    for name, array in found.weights.items():
        if array.dtype.kind != "f" or not np.isfinite(array).all():
            got = array.dtype.name if array.dtype.kind != "f" else "a number that is none, or infinite"
            raise BadInput(f"{name} of the policy cannot be used", where=str(path), got=got, allowed="finite numbers")
    return [(found.weights[weight], found.weights[bias]) for weight, bias in pairs]


def deciding() -> Decisions:
    """What a policy needs of the decision problem: moves, settings, features, masks."""
    return Decisions(
        levels=moves.levels(),
        features=features,
        reward=terminal(Weights()),
        low=moves.LEAST,
        high=moves.MOST,
        allowed=moves.allowed,
        mend=moves.mend,
        enact=moves.enact,
        ended=harvested,
    )


def recipe(chosen: Any) -> Schedule:
    """Moves in a fixed order as a controller.  chosen: (intervals,) numbers of moves."""
    table = moves.levels()
    return Schedule(type(table)(*(column[jnp.asarray(chosen)] for column in table)))


def _check_chain(layers: list[tuple], outputs: int, path: Path) -> None:
    """Raise BadInput unless every layer takes what the one before it gives."""
    sizes: list[Any] = [width()]
    for weight, bias in layers:
        if bias.ndim != 1 or weight.shape != (len(bias), sizes[-1]):
            got, allowed = (weight.shape, bias.shape), f"(n, {sizes[-1]}) and (n,)"
            raise BadInput("the layers of the policy do not fit", where=str(path), got=got, allowed=allowed)
        sizes.append(len(bias))
    if sizes[-1] != outputs:
        raise BadInput("the policy has another number of outputs", where=str(path), got=sizes[-1], allowed=str(outputs))


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else float(value)
