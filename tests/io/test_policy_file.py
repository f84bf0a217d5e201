"""Policy files are whole, for one task and of one shape, or refused."""

import json

import numpy as np
import pytest

from oncotwin.errors import BadInput, StorageFailure
from oncotwin.io.policy_file import read_policy, write_policy

TASK = {"name": "toy", "features": 2}
WEIGHTS = {"weight": np.asarray([[1.0, 2.0]], np.float32), "bias": np.asarray([0.5], np.float32)}


@pytest.fixture
def card(tmp_path):
    path = tmp_path / "toy.json"
    write_policy(path, WEIGHTS, {"task": TASK, "score": 0.25})
    return path


def test_what_is_written_is_read_back_to_the_bit(card):
    found = read_policy(card, TASK, {"weight": (1, 2), "bias": (1,)})
    assert found.card["score"] == 0.25
    for name, array in WEIGHTS.items():
        np.testing.assert_array_equal(found.weights[name], array)
        assert found.weights[name].dtype == array.dtype


def test_the_same_weights_make_the_same_bytes(card, tmp_path):
    again = tmp_path / "again.json"
    write_policy(again, WEIGHTS, {"task": TASK})
    assert again.with_suffix(".npz").read_bytes() == card.with_suffix(".npz").read_bytes()


def test_changed_weights_are_refused(card):
    write_policy(card.with_name("other.json"), {**WEIGHTS, "bias": WEIGHTS["bias"] + np.float32(1e-6)}, {"task": TASK})
    card.with_name("other.npz").replace(card.with_suffix(".npz"))
    with pytest.raises(StorageFailure, match="changed or damaged"):
        read_policy(card, TASK)


def test_another_task_and_another_shape_are_refused(card):
    with pytest.raises(BadInput, match="another task: features differs; got 2; allowed: 3"):
        read_policy(card, {**TASK, "features": 3})
    with pytest.raises(StorageFailure, match="array weight of the policy has another shape"):
        read_policy(card, TASK, {"weight": (2, 2), "bias": (1,)})


def test_what_is_no_policy_is_refused(card, tmp_path):
    with pytest.raises(BadInput, match="no such policy"):
        read_policy(tmp_path / "absent.json", TASK)
    with pytest.raises(BadInput, match="named by its card"):
        read_policy(card.with_suffix(".npz"), TASK)
    card.write_text(json.dumps({"task": TASK}))
    with pytest.raises(BadInput, match="no card of a policy"):
        read_policy(card, TASK)
