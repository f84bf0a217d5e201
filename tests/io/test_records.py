"""Records in one file: back as they were, or refused."""

from typing import Any, NamedTuple

import numpy as np
import pytest

from oncotwin.core.exchange import Latents
from oncotwin.errors import StorageFailure
from oncotwin.io.records import read_record, write_record
from oncotwin.models.lumped import CombinationParameters


class Inner(NamedTuple):
    values: np.ndarray
    error: float


class Outer(NamedTuple):
    words: str
    names: tuple[str, ...]
    inner: Inner
    latents: Latents
    parameters: CombinationParameters
    single: Any


RECORD = Outer(
    "two µ words",
    ("a", "b"),
    Inner(np.array([[0.1, np.nan]], np.float32), 0.3),
    Latents(exh=0.8),
    CombinationParameters(beta=0.03),
    np.array([True, False]),
)


@pytest.fixture
def kept(tmp_path):
    path = tmp_path / "parts" / "one.npz"
    write_record(path, RECORD, "this work")
    return path


def test_a_record_comes_back_as_it_was(kept):
    back = read_record(kept, Outer, "this work")
    assert (back.words, back.names, back.inner.error, back.latents) == (
        RECORD.words, RECORD.names, RECORD.inner.error, RECORD.latents,
    )  # fmt: skip
    assert back.parameters == RECORD.parameters
    assert type(back.parameters.beta) is float  # a plain number promotes as one
    assert back.inner.values.dtype == np.float32
    assert back.inner.values.tobytes() == RECORD.inner.values.tobytes()
    assert back.single.dtype == bool


def test_the_file_is_a_plain_archive(kept):
    with np.load(kept, allow_pickle=False) as archive:
        assert archive["latents.exh"] == 0.8


@pytest.mark.parametrize("damage", [lambda data: data[:-40], lambda data: b"", lambda data: b"something else"])
def test_a_damaged_file_is_one_message(kept, damage):
    kept.write_bytes(damage(kept.read_bytes()))
    with pytest.raises(StorageFailure, match="this part is damaged.*Delete this file"):
        read_record(kept, Outer, "this work")


def test_flipped_bits_are_found(kept):
    data = bytearray(kept.read_bytes())
    place = data.index(RECORD.inner.values.tobytes())
    data[place] ^= 1
    kept.write_bytes(bytes(data))
    with pytest.raises(StorageFailure, match="damaged"):
        read_record(kept, Outer, "this work")


def test_another_record_and_other_work_are_refused(kept):
    with pytest.raises(StorageFailure, match="damaged"):
        read_record(kept, Inner, "this work")
    with pytest.raises(StorageFailure, match="computed for another spec"):
        read_record(kept, Outer, "that work")
