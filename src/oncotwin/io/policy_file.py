"""Policies in files: a card in JSON, `NAME.json`, and the weights beside it in `NAME.npz`; nothing is unpickled.

The card says what the policy was made for (`task`), the shape of every array and the SHA-256 of the weights; a policy
whose weights were changed, whose arrays have another shape, or that was made for another task is refused.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from oncotwin.errors import BadInput, StorageFailure
from oncotwin.io.durable import storage, write_atomically
from oncotwin.io.fields import NOTICE

FORMAT_VERSION = 1
LARGEST = 1 << 26
"""Bytes of weights, unpacked, that are read at most."""


class Policy(NamedTuple):
    """What a policy file holds.  weights: name -> array.  card: what is said of them."""

    weights: dict[str, np.ndarray]
    card: dict[str, Any]


def write_policy(path: Path, weights: Mapping[str, np.ndarray], card: Mapping[str, Any]) -> None:
    """Write weights and card, each whole or not at all, the card last.

    path: of the card, NAME.json.  card: `task`, what the policy is for, and whatever else JSON can hold.  Raises
    BadInput for a path of another ending, StorageFailure if the disk refuses.
    """
    _check_name(path)
    data = _packed(weights)
    said = {
        "notice": NOTICE,
        "format_version": FORMAT_VERSION,
        **card,
        "shapes": {name: list(np.shape(array)) for name, array in weights.items()},
        "weights": path.with_suffix(".npz").name,
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    with storage("write the policy", path):
        write_atomically(path.with_suffix(".npz"), data)
        write_atomically(path, (json.dumps(said, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode())


def read_policy(path: Path, task: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]] | None = None) -> Policy:
    """The policy of a card, NAME.json.

    task: what it must have been made for.  shapes: of its arrays, where the reader knows them.  Raises BadInput for a
    missing or foreign file and for another task, StorageFailure for weights that are damaged, changed or misshapen.
    """
    _check_name(path)
    card = _card(path)
    for key, wanted in task.items():
        if card["task"].get(key) != wanted:
            raise BadInput(
                f"this policy was made for another task: {key} differs",
                where=str(path),
                got=card["task"].get(key),
                allowed=repr(wanted),
                remedy="Train one for this task with `oncotwin train`.",
            )
    weights = _weights(path.with_suffix(".npz"), card["sha256"])
    expected = card["shapes"] if shapes is None else {name: list(shape) for name, shape in shapes.items()}
    for name in [*expected, *weights]:
        found = list(weights[name].shape) if name in weights else None
        if found != expected.get(name):
            raise StorageFailure(
                f"array {name} of the policy has another shape", where=str(path), got=found, allowed=expected.get(name)
            )
    return Policy(weights, card)


def _card(path: Path) -> dict[str, Any]:
    try:
        card = json.loads(path.read_bytes())
        known = isinstance(card["task"], dict) and isinstance(card["shapes"], dict) and isinstance(card["sha256"], str)
        version = card["format_version"]
    except FileNotFoundError as error:
        raise BadInput("no such policy", where=str(path), remedy="Train one with `oncotwin train`.") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(f"this is no card of a policy: {error!r}", where=str(path)) from error
    if not known or version != FORMAT_VERSION:
        raise BadInput("this card is of another format", where=str(path), got=version, allowed=str(FORMAT_VERSION))
    return card


def _weights(path: Path, digest: str) -> dict[str, np.ndarray]:
    with storage("read the policy's weights", path):
        size = path.stat().st_size
        if size > LARGEST:
            raise StorageFailure("these weights are too large", where=str(path), got=size, allowed=f"{LARGEST} bytes")
        data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != digest:
        raise StorageFailure("the weights are not those of the card: they were changed or damaged", where=str(path))
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def _packed(weights: Mapping[str, np.ndarray]) -> bytes:
    """The archive's bytes, the same for the same weights."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in weights.items():
            entry = io.BytesIO()
            np.lib.format.write_array(entry, np.asarray(array), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), entry.getvalue())
    return buffer.getvalue()


def _check_name(path: Path) -> None:
    if path.suffix != ".json":
        raise BadInput("a policy is named by its card", where=str(path), allowed="NAME.json")
