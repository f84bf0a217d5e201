"""However a loop or a study ends, what is done is kept, and going on ends in the same numbers."""

import json
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from small_loop import SETTINGS, STUDY, grown

from oncotwin.apps.cli.main import main
from oncotwin.apps.loop import run, space, study
from oncotwin.apps.loop.settings import LoopPatient
from oncotwin.errors import Interrupted, StorageFailure
from oncotwin.io.rundir import CHECKPOINT, MANIFEST, PARTS, SUMMARY

FIXED = (*STUDY, 'regimens=["none","fixed"]', "figures=false")
ARMS = 4
PARTS_OF_STUDY = 2 + ARMS  # cells of two processes, one batch of courses an arm

DIES = """
import os, pathlib, signal, sys
sys.path.insert(0, sys.argv[1])
from small_loop import grown
from oncotwin.apps.loop import study
study.grow = grown
replace = pathlib.Path.replace
def dying(self, target):
    if str(target).endswith(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
    return replace(self, target)
pathlib.Path.replace = dying
from oncotwin.apps.cli.main import main
main(sys.argv[3:])
"""
"""The command line in a process that kills itself when it is about to give a part its name."""


@pytest.fixture(autouse=True)
def cells_at_once(monkeypatch):
    """No culture is run."""
    monkeypatch.setattr(run, "grow", grown)
    monkeypatch.setattr(study, "grow", grown)


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    """A study that nobody disturbed: its folder and its summary."""
    folder = tmp_path_factory.mktemp("study") / "straight"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(study, "grow", grown)
        return folder, study.run_veins(None, FIXED, folder, lambda path: None)


def found(summary):
    """What a summary says, but for when and where."""
    return {name: value for name, value in summary.items() if name not in ("wall_seconds", "run_dir")}


def parts(folder):
    return sorted(file.name for file in (folder / PARTS).glob("*.npz"))


def stop_at(monkeypatch, module, name, call):
    """Ask to stop, as Ctrl-C or SIGTERM does, when a function is called for the `call`-th time; the calls so far."""
    function, calls = getattr(module, name), []

    def asking(*arguments, **settings):
        calls.append(arguments)
        if len(calls) == call:
            signal.raise_signal(signal.SIGTERM)
        return function(*arguments, **settings)

    monkeypatch.setattr(module, name, asking)
    return calls


# --- the study ---


def test_a_study_keeps_every_batch_and_goes_on_to_the_same_numbers(straight, tmp_path, monkeypatch):
    folder = tmp_path / "study"
    calls = stop_at(monkeypatch, study, "follow_given", 2)
    with pytest.raises(Interrupted, match=f"oncotwin compare --resume {folder}") as left:
        study.run_veins(None, FIXED, folder, lambda path: None)
    assert left.value.exit_code == 143
    assert len(parts(folder)) == 3  # what was in hand is kept too
    summary = study.go_on_veins(folder)
    assert len(calls) == 2 + ARMS  # asked again for the arms that are kept, which answers from their parts
    assert found(summary) == found(straight[1])
    assert (folder / "table.csv").read_bytes() == (straight[0] / "table.csv").read_bytes()
    assert len(parts(folder)) == PARTS_OF_STUDY


def test_a_study_killed_loses_no_part_that_was_kept(straight, tmp_path):
    folder = tmp_path / "study"
    words = ["compare", "veins", *(word for text in FIXED[1:] for word in ("--set", text)), "--out", str(folder)]
    here = str(Path(__file__).parent)
    command = [sys.executable, "-c", DIES, here, "1-static-il7-il15-none-00000.npz", *words]
    died = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert died.returncode == -signal.SIGKILL, died.stderr
    before = {file: file.stat().st_mtime_ns for file in (folder / PARTS).glob("*.npz")}
    assert len(before) == PARTS_OF_STUDY - 2
    assert not (folder / SUMMARY).exists()
    assert found(study.go_on_veins(folder)) == found(straight[1])
    assert {file: file.stat().st_mtime_ns for file in before} == before
    assert not list(folder.rglob("*.partial"))


def test_a_finished_study_is_left_as_it_is(straight, capsys):
    before = {file: file.stat().st_mtime_ns for file in straight[0].rglob("*") if file.name != ".lock"}
    with pytest.raises(SystemExit) as left:
        main(["compare", "--resume", str(straight[0]), "--json"])
    assert left.value.code == 0
    printed = capsys.readouterr()
    assert "this run is finished" in printed.err
    assert found(json.loads(printed.out)) == found(straight[1])
    assert {file: file.stat().st_mtime_ns for file in straight[0].rglob("*") if file.name != ".lock"} == before


@pytest.fixture
def halfway(straight, tmp_path):
    """A study that was stopped before its end."""
    folder = shutil.copytree(straight[0], tmp_path / "study")
    for name in (MANIFEST, SUMMARY):
        (folder / name).unlink()
    return folder


def test_a_damaged_part_is_one_message_and_is_made_again_once_deleted(halfway, straight):
    part = halfway / PARTS / "0-static-il2-fixed-00000.npz"
    part.write_bytes(part.read_bytes()[:-100])
    with pytest.raises(StorageFailure, match="this part is damaged.*Delete this file"):
        study.go_on_veins(halfway)
    part.unlink()
    assert found(study.go_on_veins(halfway)) == found(straight[1])


def test_parts_of_another_spec_are_refused(halfway):
    spec = halfway / "spec.toml"
    spec.write_text(spec.read_text().replace("seed = 0", "seed = 1"))
    with pytest.raises(StorageFailure, match="computed for another spec"):
        study.go_on_veins(halfway)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["compare", "veins", "--resume", "there"], "a resumed run keeps its own spec"),
        (["compare", "--resume", "there"], "no such folder"),
        (["compare"], "what is to be compared"),
        (["demo", "--resume", "there", "--drugs", "mpc"], "a resumed run keeps its own spec"),
        (["demo", "--resume", "there"], "no such folder"),
        (["demo", "doses", "--resume", "there"], "has its own patient"),
    ],
)
def test_a_mistake_is_one_message_and_code_2(capsys, tmp_path, monkeypatch, arguments, told):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as left:
        main(arguments)
    printed = capsys.readouterr()
    assert left.value.code == 2
    assert told in printed.err
    assert printed.err.count("\n") == 1


# --- the loop ---


def stopping_in(arm, shown):
    """Asks to stop in the middle of an arm."""

    @contextmanager
    def asking(name, end_days):
        with shown(name, end_days) as watch:

            def watch_and_ask(day, observation):
                watch(day, observation)
                if name == arm and 20 < day < 30:
                    signal.raise_signal(signal.SIGTERM)

            yield watch_and_ask

    return asking


def test_a_loop_stopped_in_an_arm_goes_on_to_the_same_numbers(looped, tmp_path, monkeypatch):
    """Stopped while arm B is simulated, then again while the draws are: each time the next command is the same."""
    folder = tmp_path / "patient"
    with monkeypatch.context() as stopped:
        stopped.setattr(space, "shown", stopping_in("arm-B", space.shown))
        with pytest.raises(Interrupted, match=f"oncotwin demo --resume {folder}") as left:
            run.run_loop(LoopPatient(), SETTINGS, folder)
    assert left.value.exit_code == 143
    assert parts(folder) == ["belief.npz", "cells-other.npz", "cells-standard.npz"]
    assert (folder / "arm-A" / MANIFEST).exists()
    assert (folder / "arm-B" / CHECKPOINT).exists()
    assert not (folder / "arm-B" / MANIFEST).exists()
    kept = (folder / "arm-A" / MANIFEST).stat().st_mtime_ns
    with monkeypatch.context() as stopped:
        stop_at(stopped, run, "draw_courses", 1)
        with pytest.raises(Interrupted):
            run.go_on_loop(folder)
    summary = run.go_on_loop(folder)
    assert (folder / "arm-A" / MANIFEST).stat().st_mtime_ns == kept

    def timeless(told):
        arms = {name: {k: v for k, v in found(arm).items()} for name, arm in told["arms"].items()}
        return {**found(told), "arms": arms}

    assert timeless(summary) == timeless(looped[1])


def test_each_command_goes_on_with_runs_of_its_own(looped, straight, capsys):
    for arguments, told in (
        (["demo", "--resume", str(straight[0])], "this run is no loop"),
        (["compare", "--resume", str(looped[0])], "unknown comparison"),
    ):
        with pytest.raises(SystemExit) as left:
            main(arguments)
        assert left.value.code == 2
        assert told in capsys.readouterr().err


def test_a_finished_loop_is_left_as_it_is(looped, capsys):
    before = (looped[0] / SUMMARY).stat().st_mtime_ns
    assert run.go_on_loop(looped[0])["status"] == "done"
    assert "this run is finished" in capsys.readouterr().err
    assert (looped[0] / SUMMARY).stat().st_mtime_ns == before
