"""Crash safety: however a run ends, what it stored can be read, and `--resume` ends in the same bits."""

import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from oncotwin.apps.cli.main import main
from oncotwin.io.checkpoint import previous
from oncotwin.io.fields import open_results, whole_frames
from oncotwin.io.rundir import CHECKPOINT, LOG, RESULTS, SPEC

SETTINGS = ("grid.shape=[8,8,8]", "time.end_days=10", "time.output_every_days=0.25", "output.figures=false")
NEW = ["simulate", "tumour", *(part for setting in SETTINGS for part in ("--set", setting))]
FRAMES = 41

DIES = """
import os, pathlib, signal, sys
replace, left = pathlib.Path.replace, [int(sys.argv[1])]
def dying(self, target):
    left[0] -= 1
    if left[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return replace(self, target)
pathlib.Path.replace = dying
from oncotwin.apps.cli.main import main
main(sys.argv[2:])
"""
"""The command line in a process that kills itself when it is about to rename a file for the n-th time."""


@pytest.fixture(scope="module")
def environment(tmp_path_factory) -> dict[str, str]:
    """A compilation cache of its own, for processes that are killed may damage it."""
    return {**os.environ, "JAX_COMPILATION_CACHE_DIR": str(tmp_path_factory.mktemp("jax"))}


@pytest.fixture(scope="module")
def oncotwin(environment):
    """Run the command line in a process of its own to its end."""

    def run(*arguments: object, **settings) -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "oncotwin", *map(str, arguments)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, **settings)

    return run


@pytest.fixture(scope="module")
def straight(oncotwin, tmp_path_factory) -> Path:
    """A run that nobody disturbed."""
    path = tmp_path_factory.mktemp("runs") / "straight"
    done = oncotwin(*NEW, "--out", path)
    assert done.returncode == 0, done.stderr
    return path


@pytest.fixture
def started(environment, tmp_path):
    """Start a run that is killed, if it still goes on, at the end of the test."""
    processes = []

    def start(path: Path) -> subprocess.Popen:
        command = [sys.executable, "-m", "oncotwin", *NEW, "--out", str(path)]
        processes.append(subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.wait()
        process.stderr.close()


@pytest.fixture(scope="module")
def halfway(straight, environment, tmp_path_factory) -> Path:
    """A run that was killed in its middle, when it had stored between a third and two thirds of its frames."""
    path = tmp_path_factory.mktemp("runs") / "halfway"
    command = [sys.executable, "-c", DIES, "420", *NEW, "--out", str(path)]
    assert subprocess.run(command, env=environment, capture_output=True, timeout=600).returncode == -signal.SIGKILL
    assert FRAMES / 3 < frames(path) < FRAMES * 2 / 3
    return path


def frames(path: Path) -> int:
    """How many frames are wholly stored."""
    return whole_frames(open_results(path)).sizes["time"]


def wait_for(condition, process: subprocess.Popen) -> None:
    for _ in range(6000):
        assert process.poll() is None, f"the run ended first: {process.stderr.read()}"
        if condition():
            return
        time.sleep(0.02)
    raise TimeoutError


def stored_more_than(path: Path, count: int) -> bool:
    """Whether more than `count` frames are stored, and a checkpoint is."""
    return (path / RESULTS / "done").exists() and (path / CHECKPOINT).exists() and frames(path) > count


def assert_same_results(path: Path, other: Path) -> None:
    ours, theirs = open_results(path), open_results(other)
    assert set(ours.variables) == set(theirs.variables)
    assert ours.attrs == theirs.attrs
    for name in ours.variables:
        assert ours[name].dtype == theirs[name].dtype
        assert ours[name].values.tobytes() == theirs[name].values.tobytes(), name


def one_message(text: str) -> str:
    """The message on stderr; there is one, and no traceback."""
    assert "Traceback" not in text
    messages = [line for line in text.splitlines() if line.startswith("oncotwin: ")]
    assert len(messages) == 1
    return messages[0]


# --- killed ---


def test_killed_at_random_moments_then_resumed(oncotwin, started, straight, tmp_path):
    """Kill -9 whenever it pleases; after each kill every stored frame is one of the undisturbed run."""
    path, rng = tmp_path / "run", random.Random(20260731)
    process = started(path)
    wait_for(lambda: stored_more_than(path, rng.randrange(3, 20)), process)
    time.sleep(rng.random() * 0.1)
    process.kill()
    process.wait()
    kept = whole_frames(open_results(path))
    undisturbed = open_results(straight).isel(time=slice(0, kept.sizes["time"]))
    for name in ("C", "T_A", "tumour_volume_cm3"):
        assert kept[name].values.tobytes() == undisturbed[name].values.tobytes()
    done = oncotwin("simulate", "tumour", "--resume", path)
    assert done.returncode == 0, done.stderr
    assert_same_results(path, straight)


def test_killed_before_chosen_renames_then_resumed(oncotwin, environment, straight, tmp_path):
    """Kill -9 before renames of every kind: the spec's, the store's, a frame's, a counter's, a checkpoint's."""
    path = tmp_path / "run"
    arguments = [*NEW, "--out", str(path)]
    for moment in (2, 22, 46, 101):
        command = [sys.executable, "-c", DIES, str(moment), *arguments]
        died = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
        assert died.returncode == -signal.SIGKILL, died.stderr
        arguments = ["simulate", "tumour", "--resume", str(path)]
    done = oncotwin(*arguments)
    assert done.returncode == 0, done.stderr
    assert_same_results(path, straight)


def test_killed_before_anything_was_stored(oncotwin, environment, tmp_path):
    path = tmp_path / "run"
    command = [sys.executable, "-c", DIES, "1", *NEW, "--out", str(path)]
    assert subprocess.run(command, env=environment, capture_output=True, timeout=600).returncode == -signal.SIGKILL
    refused = oncotwin("simulate", "tumour", "--resume", path)
    assert refused.returncode == 2
    assert "this is no run directory" in one_message(refused.stderr)


# --- asked to stop ---


@pytest.mark.parametrize(("asked", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_signals_keep_the_state_and_say_how_to_go_on(oncotwin, started, straight, tmp_path, asked, code):
    path = tmp_path / "run"
    process = started(path)
    wait_for(lambda: stored_more_than(path, 4), process)
    process.send_signal(asked)
    told = process.communicate(timeout=120)[1]
    assert process.returncode == code
    assert f"stopped by {asked.name}" in one_message(told)
    assert f"oncotwin simulate tumour --resume {path}" in told
    assert 4 < frames(path) < FRAMES
    events = [json.loads(line)["event"] for line in (path / LOG).read_text().splitlines()]
    assert events[-1] == "stopped"
    done = oncotwin("simulate", "tumour", "--resume", path)
    assert done.returncode == 0, done.stderr
    assert_same_results(path, straight)


# --- two processes, finished runs ---


def test_two_processes_on_one_run(started, straight, tmp_path, capsys):
    path = tmp_path / "run"
    process = started(path)
    wait_for(lambda: stored_more_than(path, 1), process)
    for arguments in (["simulate", "tumour", "--resume", str(path)], [*NEW, "--out", str(path), "--force"]):
        with pytest.raises(SystemExit) as left:
            main(arguments)
        assert left.value.code == 4
        assert "another process is writing this run directory" in one_message(capsys.readouterr().err)


def test_a_finished_run_is_left_as_it_is(straight, capsys):
    before = {file: file.stat().st_mtime_ns for file in straight.rglob("*") if file.name != ".lock"}
    with pytest.raises(SystemExit) as left:
        main(["simulate", "tumour", "--resume", str(straight), "--json"])
    assert left.value.code == 0
    printed = capsys.readouterr()
    assert "this run is finished" in printed.err
    assert json.loads(printed.out)["status"] == "done"
    assert {file: file.stat().st_mtime_ns for file in straight.rglob("*") if file.name != ".lock"} == before


# --- damaged ---


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def flip(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


@pytest.mark.parametrize("damage", [cut, flip, lambda data: b"", lambda data: b"something else"])
def test_a_damaged_checkpoint_is_one_message(halfway, tmp_path, capsys, damage):
    path = shutil.copytree(halfway, tmp_path / "run")
    checkpoint = path / CHECKPOINT
    checkpoint.write_bytes(damage(checkpoint.read_bytes()))
    with pytest.raises(SystemExit) as left:
        main(["simulate", "tumour", "--resume", str(path)])
    assert left.value.code == 4
    assert "checkpoint" in one_message(capsys.readouterr().err)
    assert frames(path) == frames(halfway)
    assert np.all(np.isfinite(whole_frames(open_results(path))["T_A"].values))


def test_the_checkpoint_before_the_damaged_one_serves(oncotwin, halfway, straight, tmp_path):
    path = shutil.copytree(halfway, tmp_path / "run")
    previous(path / CHECKPOINT).replace(path / CHECKPOINT)
    done = oncotwin("simulate", "tumour", "--resume", path)
    assert done.returncode == 0, done.stderr
    assert_same_results(path, straight)


def test_a_changed_spec_is_refused(halfway, tmp_path, capsys):
    path = shutil.copytree(halfway, tmp_path / "run")
    (path / SPEC).write_text((path / SPEC).read_text().replace("cells = 250000000.0", "cells = 260000000.0"))
    with pytest.raises(SystemExit) as left:
        main(["simulate", "tumour", "--resume", str(path)])
    assert left.value.code == 4
    assert "the spec was changed" in one_message(capsys.readouterr().err)


def test_results_that_lag_behind_the_checkpoint_are_refused(halfway, straight, tmp_path, capsys):
    path = shutil.copytree(halfway, tmp_path / "run")
    shutil.copyfile(straight / CHECKPOINT, path / CHECKPOINT)
    with pytest.raises(SystemExit) as left:
        main(["simulate", "tumour", "--resume", str(path)])
    assert left.value.code == 4
    assert "fewer frames than the checkpoint counts" in one_message(capsys.readouterr().err)


# --- the disk refuses ---


def test_a_disk_that_is_full_in_the_middle_is_one_message(oncotwin, halfway, straight, tmp_path, monkeypatch, capsys):
    """The first write of the resumed run fails; once there is room again, the run ends as if nothing had been."""
    path = shutil.copytree(halfway, tmp_path / "run")

    def refuse(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", refuse)
        with pytest.raises(SystemExit) as left:
            main(["simulate", "tumour", "--resume", str(path)])
    assert left.value.code == 4
    assert "Free space on this disk, then go on with --resume" in one_message(capsys.readouterr().err)
    assert frames(path) == frames(halfway)
    done = oncotwin("simulate", "tumour", "--resume", path)
    assert done.returncode == 0, done.stderr
    assert_same_results(path, straight)


def test_a_refusal_by_the_kernel_is_one_message(tmp_path):
    """Files may not grow over 16 kB: the kernel itself refuses the checkpoint."""
    limit = "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
    limit += "resource.setrlimit(resource.RLIMIT_FSIZE, (16384, 16384)); "
    program = limit + "import sys; from oncotwin.apps.cli.main import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", program, *NEW, "--out", str(tmp_path / "run")]
    refused = subprocess.run(command, env=os.environ, capture_output=True, text=True, timeout=600)
    assert refused.returncode == 4, refused.stderr
    assert "File too large" in one_message(refused.stderr)


def test_a_folder_that_cannot_be_made_is_one_message(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    with pytest.raises(SystemExit) as left:
        main([*NEW, "--out", str(tmp_path / "file" / "run")])
    assert left.value.code == 4
    assert "Not a directory" in one_message(capsys.readouterr().err)
