"""A run directory: made once, locked while a process writes it, never overwritten unasked."""

import json
import math
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from oncotwin.errors import BadInput, StorageFailure, nearest
from oncotwin.io.durable import PARTIAL, storage, write_atomically

SPEC, LOG, SUMMARY, REPORT, MANIFEST = "spec.toml", "log.jsonl", "summary.json", "report.html", "manifest.json"
CHECKPOINT, RESULTS, FIGURES = "checkpoint.npz", "results.zarr", "figures"
TABLE, STARTS, PARTS = "table.csv", "starts.csv", "parts"
_LOCK = ".lock"
_NAMES = frozenset(
    {SPEC, LOG, SUMMARY, REPORT, MANIFEST, CHECKPOINT, f"{CHECKPOINT}.previous", RESULTS, FIGURES, _LOCK}
    | {"ro-crate-metadata.json", "exports", TABLE, STARTS, PARTS}
    | {"results.npz", "model.npz", "course.npz", "curve.npz", "identifiability.npz"}  # arrays of cohorts and patients
    | {"latents.csv", "latents-emulator.csv"}
)


class RunDirectory:
    """The folder of one run, locked for this process.  Made by `begin` or `reopen`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __truediv__(self, name: str) -> Path:
        return self.path / name

    def is_finished(self) -> bool:
        """Whether the run has come to its end, the manifest being its last file."""
        return (self / SUMMARY).exists() and (self / MANIFEST).exists()

    def log(self, event: str, **facts: Any) -> None:
        """Append one line to log.jsonl: the time in UTC, what happened, and facts that JSON can hold."""
        line = json.dumps({"at": utc_now(), "event": event, **_for_json(facts)}) + "\n"
        with storage("write the log", self / LOG), (self / LOG).open("a", encoding="utf-8") as file:
            file.write(line)

    def write_json(self, name: str, value: Mapping[str, Any]) -> None:
        """Write a JSON file whole or not at all; numbers that are not finite become null."""
        text = json.dumps(_for_json(value), indent=2) + "\n"
        with storage(f"write {name}", self / name):
            write_atomically(self / name, text.encode())

    def read_json(self, name: str) -> dict[str, Any]:
        """Read a JSON file of this run.  Raises StorageFailure if it is missing or damaged."""
        with storage(f"read {name}", self / name):
            try:
                return json.loads((self / name).read_text(encoding="utf-8"))
            except ValueError as error:
                raise StorageFailure(f"damaged: {error}", where=str(self / name)) from error


def utc_now() -> str:
    """The present time, ISO 8601, UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def new_path(kind: str, parent: Path = Path("runs")) -> Path:
    """Make an empty folder of a new name, `parent/kind-<UTC time>-<n>`.  Raises StorageFailure."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    with storage("make a run directory", parent):
        parent.mkdir(parents=True, exist_ok=True)
        number = 1
        while True:
            path = parent / f"{kind}-{stamp}-{number}"
            with suppress(FileExistsError):
                path.mkdir()
                return path
            number += 1


def only_empty(path: Path) -> None:
    """Refuse a folder that holds anything."""
    if any(entry.name != _LOCK for entry in path.iterdir()):
        raise BadInput(
            "this folder is not empty",
            where=str(path),
            allowed="a new or empty folder",
            remedy=_instead(path),
        )


def _instead(path: Path) -> str:
    """The remedy for a folder that holds something."""
    stopped = (path / SPEC).is_file() and not (path / MANIFEST).exists()
    going_on = " A run that was stopped goes on with --resume, where its command has that" if stopped else ""
    return f"Choose another folder, or replace a run with --force.{going_on}".rstrip(".")


def only_run(path: Path) -> None:
    """Refuse a folder that holds anything but a run: what is to be replaced must be ours."""
    names = {entry.name for entry in path.iterdir()}
    foreign = sorted(name for name in names - _NAMES if not name.endswith(PARTIAL))
    if foreign or (names - {_LOCK} and SPEC not in names):
        raise BadInput(
            "--force replaces run directories only",
            where=str(path),
            got=foreign[:5] or sorted(names)[:5],
            allowed=f"a folder with {SPEC} and nothing that oncotwin did not write",
            remedy="Choose another folder with --out",
        )


@contextmanager
def begin(path: Path, admit: Callable[[Path], None] = only_empty) -> Iterator[RunDirectory]:
    """A run directory for a new run, locked until the block ends.

    admit: raises BadInput unless the folder may be used (`only_empty`, or `only_run` to replace a run); what it admits
    is deleted.  Raises StorageFailure if another process writes there or the disk refuses.
    """
    with storage("make the run directory", path):
        path.mkdir(parents=True, exist_ok=True)
        admit(path)
    with _locked(path):
        with storage("empty the run directory", path):
            admit(path)
            _empty(path)
        yield RunDirectory(path)


@contextmanager
def reopen(path: Path) -> Iterator[RunDirectory]:
    """The directory of a run that goes on, locked until the block ends.

    Raises BadInput if it is no run directory, StorageFailure if another process writes there.
    """
    if not (path / SPEC).is_file():
        raise BadInput(
            "this is no run directory" if path.is_dir() else "no such folder",
            where=str(path),
            allowed=f"a folder with {SPEC}",
            remedy=_likely(path),
        )
    with _locked(path):
        with storage("tidy the run directory", path):
            for left_behind in path.glob(f".*{PARTIAL}"):
                remove(left_behind)
        yield RunDirectory(path)


def remove(entry: Path) -> None:
    """Delete a file, a link or a folder with all it holds, if it is there."""
    with storage("delete", entry):
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink(missing_ok=True)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    lock = FileLock(path / _LOCK, blocking=False)
    with storage("lock the run directory", path):
        try:
            lock.acquire()
        except Timeout as error:
            raise StorageFailure(
                "another process is writing this run directory",
                where=str(path),
                remedy="Wait until it has ended, or choose another folder with --out",
            ) from error
    try:
        yield
    finally:
        lock.release()


def _empty(path: Path) -> None:
    for entry in path.iterdir():
        if entry.name != _LOCK:
            remove(entry)


def _likely(path: Path) -> str:
    """The remedy for a path that is no run directory: runs that stand in or beside it."""
    for folder in (path, path.parent):
        if folder.is_dir():
            runs = [entry.parent.name for entry in folder.glob(f"*/{SPEC}")]
            if runs:
                return nearest(path.name, runs)
    return ""


def _for_json(value: Any) -> Any:
    """The same value with numbers that are not finite replaced by None and paths by their text."""
    if isinstance(value, Mapping):
        return {str(key): _for_json(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_for_json(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, Path) else value
