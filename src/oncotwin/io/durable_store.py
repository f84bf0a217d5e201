"""A zarr store on disk that a crash of the machine cannot leave with a key whose value is not whole."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zarr.core.buffer import Buffer
from zarr.storage import LocalStore

from oncotwin.errors import StorageFailure
from oncotwin.io.durable import discard, prepare, settle, storage, write_atomically


class DurableStore(LocalStore):
    """A folder in which each value is forced to disk before it bears its key; zarr's own store leaves that open.

    Keys written inside `together` appear at its end with their last value; none may be read back before.
    """

    def __init__(self, root: Path | str, *, read_only: bool = False) -> None:
        super().__init__(root, read_only=read_only)
        self._waiting: list[Path] | None = None

    @contextmanager
    def together(self) -> Iterator[None]:
        """Let the keys written inside appear at the end, once all their values are on disk; none if one fails."""
        self._waiting = waiting = []
        try:
            yield
            settle(waiting)
        except BaseException:
            discard(waiting)
            raise
        finally:
            self._waiting = None

    async def set(self, key: str, value: Buffer) -> None:
        """Write one value."""
        await asyncio.to_thread(self.set_sync, key, value)

    async def set_if_not_exists(self, key: str, value: Buffer) -> None:
        """Write one value unless there is one."""
        if not await self.exists(key):
            await self.set(key, value)

    def set_sync(self, key: str, value: Buffer) -> None:
        """Write one value, on this thread."""
        self._check_writable()
        path = self.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        if self._waiting is None:
            write_atomically(path, value.to_bytes())
        else:
            self._waiting.append(path)
            prepare(path, value.to_bytes())


@contextmanager
def zarr_storage(doing: str, path: Path) -> Iterator[None]:
    """Turn what the disk refuses, or what zarr cannot make sense of, into one StorageFailure."""
    with storage(doing, path):
        try:
            yield
        except (ValueError, KeyError, TypeError, RuntimeError) as error:
            remedy = "Delete it and run again"
            raise StorageFailure(f"cannot {doing}: it is damaged ({error})", where=str(path), remedy=remedy) from error
