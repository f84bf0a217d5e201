"""Writing that survives a crash: a file is on disk, whole, before it bears its name."""

import errno
import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from oncotwin.errors import StorageFailure

PARTIAL = ".partial"  # ending of a file that is being written; a crash may leave one behind

_REMEDIES = {
    errno.ENOSPC: "Free space on this disk, then go on with --resume",
    errno.EDQUOT: "Free space in your quota, then go on with --resume",
    errno.EFBIG: "Raise the limit on the size of a file, or write to another disk",
    errno.EACCES: "Choose a folder that you may write to, or change its permissions",
    errno.EPERM: "Choose a folder that you may write to, or change its permissions",
    errno.EROFS: "Choose a folder on a disk that is not read-only",
    errno.ENOENT: "Check the path",
    errno.ENOTDIR: "Check the path: a file stands where a folder should",
    errno.EIO: "Check the disk; what was written before can still be read",
}


@contextmanager
def storage(doing: str, path: Path) -> Iterator[None]:
    """Turn what the operating system refuses inside into one StorageFailure: "`path`: cannot `doing`: why"."""
    try:
        yield
    except OSError as error:
        why = error.strerror or str(error)
        remedy = _REMEDIES.get(error.errno or 0, "")
        raise StorageFailure(f"cannot {doing}: {why}", where=str(path), remedy=remedy) from error


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that a crash at any instant leaves the old one, or the new one, whole.  Raises OSError."""
    try:
        prepare(path, data)
        settle([path])
    except BaseException:
        discard([path])
        raise


def prepare(path: Path, data: bytes) -> None:
    """Write a file's bytes beside it, to be settled or discarded.  Raises OSError."""
    partial(path).write_bytes(data)


def settle(paths: Iterable[Path]) -> None:
    """Force prepared files to disk, then let each take its name; forcing many at once costs little more than one.

    Raises OSError.
    """
    paths = sorted(set(paths))
    for path in paths:
        with partial(path).open("r+b") as file:
            os.fsync(file.fileno())
    for path in paths:
        partial(path).replace(path)
    for folder in {path.parent for path in paths}:
        sync_folder(folder)


def discard(paths: Iterable[Path]) -> None:
    """Remove what was prepared and not settled."""
    for path in paths:
        with suppress(OSError):
            partial(path).unlink(missing_ok=True)


def partial(path: Path) -> Path:
    """Where a file or folder is built up before it takes its name: beside it, hidden."""
    return path.with_name(f".{path.name}.{os.getpid()}{PARTIAL}")


def sync_folder(folder: Path) -> None:
    """Force the names in a folder to disk, where the operating system can."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file in hexadecimal; of a folder, over the sorted relative paths and digests of its files.

    Raises OSError.
    """
    if not path.is_dir():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    lines = [f"{sha256_of(file)}  {file.relative_to(path).as_posix()}\n" for file in files_under(path)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def files_under(folder: Path) -> list[Path]:
    """Every finished file below a folder, sorted by its path."""
    found = (f for f in folder.rglob("*") if f.is_file() and not f.name.endswith(PARTIAL))
    return sorted(found, key=lambda f: f.relative_to(folder).as_posix())
