"""Run directories: made once, locked, never overwritten unasked; whatever the disk refuses is one clear message."""

import errno
import json
import multiprocessing
import os
from pathlib import Path

import pytest

from oncotwin.errors import BadInput, StorageFailure
from oncotwin.io import durable, rundir


def a_run(path: Path) -> Path:
    """A folder that looks like a finished run."""
    with rundir.begin(path) as run:
        (run / rundir.SPEC).write_text("preset = 'normalised'\n")
        (run / rundir.FIGURES).mkdir()
        (run / rundir.FIGURES / "a.png").write_bytes(b"png")
        run.log("began", seed=3)
        run.write_json(rundir.SUMMARY, {"status": "done"})
    return path


def contents(path: Path) -> set[str]:
    return {entry.name for entry in path.iterdir()} - {".lock"}


def test_new_paths_are_new_and_empty(tmp_path):
    paths = [rundir.new_path("tumour", tmp_path / "runs") for _ in range(3)]
    assert len(set(paths)) == 3
    assert all(path.name.startswith("tumour-") and not contents(path) for path in paths)


def test_a_run_is_not_overwritten_unasked(tmp_path):
    path = a_run(tmp_path / "a")
    before = contents(path)
    with pytest.raises(BadInput, match="not empty.*--force.*--resume"), rundir.begin(path):
        pass
    assert contents(path) == before


def test_a_run_is_replaced_when_asked(tmp_path):
    path = a_run(tmp_path / "a")
    with rundir.begin(path, rundir.only_run) as run:
        assert contents(run.path) == set()


@pytest.mark.parametrize("stranger", ["thesis.docx", "src/main.py"])
def test_force_never_deletes_what_is_not_a_run(tmp_path, stranger):
    path = a_run(tmp_path / "a")
    (path / stranger).parent.mkdir(exist_ok=True)
    (path / stranger).write_text("years of work")
    with pytest.raises(BadInput, match="--force replaces run directories only"), rundir.begin(path, rundir.only_run):
        pass
    assert (path / stranger).read_text() == "years of work"
    assert (path / rundir.SPEC).is_file()


def test_force_refuses_a_folder_without_a_spec(tmp_path):
    (tmp_path / "summary.json").write_text("{}")
    with pytest.raises(BadInput, match="run directories only"), rundir.begin(tmp_path, rundir.only_run):
        pass
    assert contents(tmp_path) == {"summary.json"}


def test_force_through_a_link_keeps_what_the_run_links_to(tmp_path):
    path, outside = a_run(tmp_path / "a"), tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("kept")
    (path / "exports").symlink_to(outside, target_is_directory=True)
    with rundir.begin(path, rundir.only_run):
        assert (outside / "kept").read_text() == "kept"


def _try_to_enter(path, enter, outcome):
    try:
        with getattr(rundir, enter)(path):
            outcome.put("entered")
    except StorageFailure as failure:
        outcome.put(str(failure))


@pytest.mark.parametrize("enter", ["begin", "reopen"])
def test_a_second_process_is_told(tmp_path, enter):
    context = multiprocessing.get_context("spawn")
    outcome = context.Queue()
    with rundir.begin(tmp_path) as run:
        if enter == "reopen":
            (run / rundir.SPEC).write_text("")
        other = context.Process(target=_try_to_enter, args=(tmp_path, enter, outcome))
        other.start()
        told = outcome.get(timeout=120)
        other.join()
    assert told.startswith(f"{tmp_path}: another process is writing this run directory")


def test_the_lock_ends_with_the_block(tmp_path):
    with pytest.raises(RuntimeError), rundir.begin(tmp_path):
        raise RuntimeError
    with rundir.begin(tmp_path) as run:
        assert run.path == tmp_path


def test_reopening_sweeps_what_a_crash_left_behind(tmp_path):
    path = a_run(tmp_path)
    (path / f".checkpoint.npz.123{durable.PARTIAL}").write_bytes(b"half")
    with rundir.reopen(path):
        assert contents(path) == {rundir.SPEC, rundir.FIGURES, rundir.LOG, rundir.SUMMARY}


def test_reopening_names_what_is_no_run(tmp_path):
    a_run(tmp_path / "tumour-1")
    with pytest.raises(BadInput, match="no such folder.*'tumour-1'"), rundir.reopen(tmp_path / "tumuor-1"):
        pass
    with pytest.raises(BadInput, match="no run directory.*tumour-1"), rundir.reopen(tmp_path):
        pass


def test_the_log_and_json_keep_only_what_json_holds(tmp_path):
    with rundir.begin(tmp_path) as run:
        run.log("one", day=float("nan"), where=tmp_path)
        run.log("two", numbers=(1, float("inf")))
        run.write_json("summary.json", {"a": float("nan"), "b": {"c": 1.5}})
        assert run.read_json("summary.json") == {"a": None, "b": {"c": 1.5}}
    lines = [json.loads(line) for line in (tmp_path / rundir.LOG).read_text().splitlines()]
    assert [(line["event"], line.get("day")) for line in lines] == [("one", None), ("two", None)]
    assert lines[0]["where"] == str(tmp_path)
    assert lines[1]["numbers"] == [1, None]


def test_a_path_under_a_file_is_one_message(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageFailure, match="cannot make a run directory: Not a directory"):
        rundir.new_path("tumour", tmp_path / "file" / "runs")
    with (
        pytest.raises(StorageFailure, match="cannot make the run directory: Not a directory"),
        rundir.begin(tmp_path / "file" / "run"),
    ):
        pass


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_a_full_disk_under_the_log_is_one_message(tmp_path):
    with rundir.begin(tmp_path) as run:
        (run / rundir.LOG).symlink_to("/dev/full")
        with pytest.raises(StorageFailure, match=r"log\.jsonl: cannot write the log: No space left.*Free space"):
            run.log("began")


@pytest.mark.parametrize(("code", "remedy"), [(errno.ENOSPC, "Free space"), (errno.EROFS, "read-only")])
def test_a_refused_write_leaves_the_old_file_whole(tmp_path, monkeypatch, code, remedy):
    def refuse(handle):
        raise OSError(code, os.strerror(code))

    with rundir.begin(tmp_path) as run:
        run.write_json(rundir.SUMMARY, {"status": "old"})
        monkeypatch.setattr(os, "fsync", refuse)
        with pytest.raises(StorageFailure, match=remedy):
            run.write_json(rundir.SUMMARY, {"status": "new"})
        assert run.read_json(rundir.SUMMARY) == {"status": "old"}
        assert contents(tmp_path) == {rundir.SUMMARY}


def test_damaged_json_is_one_message(tmp_path):
    with rundir.begin(tmp_path) as run:
        (run / rundir.SUMMARY).write_text('{"status": ')
        with pytest.raises(StorageFailure, match=r"summary\.json: damaged"):
            run.read_json(rundir.SUMMARY)
