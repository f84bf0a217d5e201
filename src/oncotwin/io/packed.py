"""Files of text as they come from others: plain, .gz or .bz2, of bounded size once unpacked."""

import bz2
import gzip
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from oncotwin.errors import BadInput
from oncotwin.io.durable import storage, write_atomically

LARGEST = 1 << 29  # bytes once unpacked; the largest published human reconstructions take a fifth of it

_UNPACK: dict[str, Callable[[Path], IO[bytes]]] = {".gz": gzip.open, ".bz2": bz2.open}


def read_packed(path: Path, allowed: str, largest: int = LARGEST) -> bytes:
    """What a file holds, unpacked if its name ends in .gz or .bz2.

    allowed: what is expected, for the message.  Raises BadInput if it is missing, a folder, unreadable, damaged, empty
    or longer than `largest` bytes once unpacked, however small it is packed.
    """
    where = str(path)
    if path.is_dir():
        raise BadInput("this is a folder", where=where, allowed=allowed)
    try:
        with _UNPACK.get(path.suffix, _plain)(path) as file:
            data = file.read(largest + 1)
    except FileNotFoundError as error:
        raise BadInput("no such file", where=where, allowed=allowed) from error
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise BadInput("cannot be read, or is damaged", where=where, got=str(error), allowed=allowed) from error
    if len(data) > largest:
        raise BadInput("this file is too large", where=where, allowed=f"at most {largest >> 20} MiB once unpacked")
    if not data.strip():
        raise BadInput("this file is empty", where=where, allowed=allowed)
    return data


def write_packed(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, packed if its name ends in .gz or .bz2.  Raises StorageFailure."""
    packed = {".gz": lambda: gzip.compress(data, mtime=0), ".bz2": lambda: bz2.compress(data)}
    with storage("write the file", path):
        write_atomically(path, packed[path.suffix]() if path.suffix in packed else data)


def form_of(path: Path) -> str:
    """The ending of a file's name that says what it holds, in lower case, without .gz or .bz2: `.xml` of `a.XML.gz`."""
    return (Path(path.stem) if path.suffix in _UNPACK else path).suffix.lower()


@contextmanager
def located(where: str) -> Iterator[None]:
    """Turn what is refused inside, when the contents of a file are put together, into a message that names the file."""
    try:
        yield
    except BadInput as error:
        raise BadInput(error.what, where=where, got=error.got, allowed=error.allowed, remedy=error.remedy) from error


def _plain(path: Path) -> IO[bytes]:
    return path.open("rb")
