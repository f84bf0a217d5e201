"""Banks on disk: a stopped build goes on to the same bits, others are refused, the shipped one is whole."""

import json

import numpy as np
import pytest

from oncotwin.apps.personal import bank as banks
from oncotwin.apps.personal.bank import BankSpec, build_bank, describe, read_bank, shipped_bank
from oncotwin.apps.personal.twin import TwinSpec, simulate
from oncotwin.errors import BadInput, StorageFailure
from oncotwin.io.manifest import verify_manifest

SPEC = BankSpec(count=4, twin=TwinSpec(shape=(10, 10), end_days=56.0, rtol=0.1, batch=2))


class Stopped(Exception):
    """The process was stopped."""


def test_a_stopped_build_goes_on_to_the_same_bits(tmp_path, monkeypatch):
    monkeypatch.setattr(banks, "PART_SIZE", 2)

    def stop(done: int, total: int) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        build_bank(tmp_path / "stopped", SPEC, stop)
    assert [path.name for path in (tmp_path / "stopped").iterdir()] == ["part-0000.npz"]
    with pytest.raises(BadInput, match="another bank"):
        build_bank(tmp_path / "stopped", SPEC._replace(seed=7))
    seen: list[int] = []
    resumed = build_bank(tmp_path / "stopped", SPEC, lambda done, total: seen.append(done))
    assert seen == [2, 4]
    at_once = simulate(*resumed.design, SPEC.twin)
    assert np.array_equal(resumed.observables.c_max, at_once.c_max)
    assert verify_manifest(tmp_path / "stopped") == []
    stored = read_bank(tmp_path / "stopped" / "bank.npz")
    assert np.array_equal(stored.observables.depth, resumed.observables.depth)
    assert stored.about == json.loads(json.dumps(SPEC.about()))
    with pytest.raises(BadInput, match="a bank stands here"):
        build_bank(tmp_path / "stopped", SPEC)


def test_what_is_no_bank_is_refused(tmp_path):
    (tmp_path / "no.npz").write_bytes(b"not a bank")
    with pytest.raises(StorageFailure, match="no bank"):
        read_bank(tmp_path / "no.npz")
    with pytest.raises(StorageFailure, match=r"missing\.npz"):
        read_bank(tmp_path / "missing.npz")


def test_the_shipped_bank_is_whole_and_says_how_it_was_made():
    bank = shipped_bank()
    said = describe(bank)
    assert said["simulations"] == said["trusted"] == 2048
    assert sum(said["best_response"].values()) == pytest.approx(1.0)
    about = json.loads(json.dumps(BankSpec().about()))
    assert {key: value for key, value in bank.about.items() if key != "oncotwin"} == {
        key: value for key, value in about.items() if key != "oncotwin"
    }
    design = banks.sobol_design(2048, (1e8, 1e9), 41)
    assert np.array_equal(bank.design.latents, design.latents)
