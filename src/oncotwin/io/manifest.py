"""What a run was made of and what it made: `manifest.json`, and the same as an RO-Crate.

The digest of every input and output makes a later change of any of them visible.
"""

import importlib.metadata
import json
import os
import platform
import shlex
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import jax

import oncotwin
from oncotwin.errors import StorageFailure
from oncotwin.io.crate import CRATE, MANIFEST, crate_of
from oncotwin.io.durable import PARTIAL, files_under, sha256_of, storage, write_atomically
from oncotwin.io.fields import NOTICE

LIBRARIES = (
    "jax",
    "jaxlib",
    "diffrax",
    "equinox",
    "blackjax",
    "numpy",
    "scipy",
    "scikit-learn",
    "lightgbm",
    "xarray",
    "zarr",
    "nibabel",
)

_STILL_WRITTEN = frozenset({MANIFEST, CRATE, "log.jsonl"})  # files that may change after the manifest


class Entry(NamedTuple):
    """A file, or a zarr store as a whole.  path: relative to the run directory, or absolute if it lies elsewhere."""

    path: str
    bytes: int
    sha256: str


def write_manifest(
    run_dir: Path,
    *,
    started: str,
    inputs: Iterable[Path] = (),
    spec_path: Path | None = None,
    seed: int | None = None,
    ended: str | None = None,
    command: str | None = None,
) -> dict[str, Any]:
    """Describe a finished run in its directory; the record.

    started, ended: ISO 8601 with an offset (ended: now).  inputs: files that the run read.  spec_path: its spec, an
    input too.  command: as one would type it (that of this process).  Whatever else stands in the directory, but for
    the log and hidden files, is an output.  Raises StorageFailure if a file cannot be read or written.
    """
    run_dir = Path(run_dir).resolve()
    read = [Path(path).resolve() for path in ([] if spec_path is None else [spec_path]) + list(inputs)]
    with storage("describe the run", run_dir):
        record = {
            "notice": NOTICE,
            "oncotwin": oncotwin.__version__,
            "command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]) if command is None else command,
            "seed": seed,
            "started": started,
            "ended": datetime.now(UTC).isoformat(timespec="milliseconds") if ended is None else ended,
            "machine": _machine(),
            "libraries": _versions(),
            "inputs": [_entry(path, run_dir)._asdict() for path in read],
            "outputs": [_entry(path, run_dir)._asdict() for path in _counted(run_dir) if path not in read],
        }
        write_atomically(run_dir / MANIFEST, _json(record))
        itself = _entry(run_dir / MANIFEST, run_dir)._asdict()
        write_atomically(run_dir / CRATE, _json(crate_of(record, itself)))
    return record


def verify_manifest(run_dir: Path) -> list[str]:
    """What differs between a run directory and its manifest, a line each; nothing if all is as it was.

    Raises StorageFailure if there is no manifest or it cannot be read.
    """
    run_dir = Path(run_dir).resolve()
    listed = {entry.path: entry for entry in _listed(run_dir)}
    with storage("verify the run", run_dir):
        differences = [said for entry in listed.values() if (said := _difference(entry, run_dir))]
        present = [_name(path, run_dir) for path in _counted(run_dir)]
    return differences + [f"{name}: not in the manifest" for name in present if name not in listed]


def _difference(entry: Entry, run_dir: Path) -> str:
    path = run_dir / entry.path  # an absolute path stays what it is
    if not path.exists():
        return f"{entry.path}: missing"
    now = _entry(path, run_dir)
    if now.bytes != entry.bytes:
        return f"{entry.path}: {now.bytes} bytes, {entry.bytes} in the manifest"
    return f"{entry.path}: changed" if now.sha256 != entry.sha256 else ""


def _listed(run_dir: Path) -> list[Entry]:
    """The inputs and outputs in a manifest."""
    path = run_dir / MANIFEST
    with storage("read the manifest", path):
        text = path.read_bytes()
    try:
        record = json.loads(text)
        return [Entry(**entry) for entry in [*record["inputs"], *record["outputs"]]]
    except (ValueError, KeyError, TypeError) as error:
        raise StorageFailure(f"this manifest is damaged: {error}", where=str(path)) from error


def _counted(run_dir: Path) -> Iterator[Path]:
    """Every finished file of a run, a zarr store as one, sorted."""
    for path in sorted(run_dir.iterdir()):
        if path.name in _STILL_WRITTEN or path.name.startswith(".") or path.name.endswith(PARTIAL):
            continue
        if path.is_dir() and path.suffix != ".zarr":
            yield from files_under(path)
        else:
            yield path


def _entry(path: Path, run_dir: Path) -> Entry:
    size = sum(file.stat().st_size for file in files_under(path)) if path.is_dir() else path.stat().st_size
    return Entry(_name(path, run_dir), size, sha256_of(path))


def _name(path: Path, run_dir: Path) -> str:
    return path.relative_to(run_dir).as_posix() if path.is_relative_to(run_dir) else str(path)


def _machine() -> dict[str, Any]:
    """Where the run was made: what can change the last bits of a result."""
    return {
        "platform": platform.platform(),
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "devices": [device.device_kind for device in jax.devices()],
        "python": platform.python_version(),
    }


def _versions() -> dict[str, str]:
    """Versions of the libraries that take part, those installed."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _json(value: dict[str, Any]) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()
