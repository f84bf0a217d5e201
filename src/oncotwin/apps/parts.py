"""What is done of a long run, kept part by part, so that a run that was stopped goes on where it was."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from oncotwin.apps.interruption import StopRequest, stop_requests
from oncotwin.errors import Interrupted
from oncotwin.io.durable import PARTIAL, sha256_of, storage
from oncotwin.io.records import read_record, write_record
from oncotwin.io.rundir import LOG, PARTS, SPEC, RunDirectory, remove

R = TypeVar("R")


@dataclass(frozen=True, eq=False)
class Parts:
    """The parts of one run.

    run: its directory.  work: digest of what it was asked to do.  command: that resumes it.  stop: who may stop it.
    """

    run: RunDirectory
    work: str
    command: str
    stop: StopRequest

    def kept(self, name: str, kind: type[R], make: Callable[[], R]) -> R:
        """A part by its name: as it was stored, or made now and stored, and then as it was stored.

        Raises StorageFailure for a part that cannot be read or written, Interrupted once it is stored if somebody has
        asked to stop.
        """
        if not self.has(name):
            write_record(self._path(name), make(), self.work)
            self.run.log("kept", part=name)
            self.go_on_or_stop()
        return read_record(self._path(name), kind, self.work)

    def has(self, name: str) -> bool:
        """Whether a part has been stored."""
        return self._path(name).is_file()

    def _path(self, name: str) -> Path:
        return self.run / PARTS / f"{name}.npz"

    def go_on_or_stop(self) -> None:
        """Raise Interrupted if somebody has asked to stop."""
        if self.stop.signal is not None:
            raise self.stop.interrupted(self.remedy)

    @property
    def remedy(self) -> str:
        """How to go on."""
        return f"What is done is kept; continue with: {self.command} --resume {self.run.path}"


@contextmanager
def parts_of(run: RunDirectory, command: str, inputs: Sequence[Path] = ()) -> Iterator[Parts]:
    """The parts of a run while its block lasts; Ctrl-C and SIGTERM stop it after the part in hand.

    command: that resumes it.  inputs: files beside the spec that decide what is computed.  Whatever ends the block
    early is noted in the log.
    """
    with storage("read what is asked", run / SPEC):
        digests = [sha256_of(path) for path in (run / SPEC, *inputs)]
    for left_behind in (run / PARTS).glob(f".*{PARTIAL}"):
        remove(left_behind)
    with stop_requests() as stop:
        parts = Parts(run, hashlib.sha256("\n".join(digests).encode()).hexdigest(), command, stop)
        try:
            yield parts
        except Interrupted as error:  # that of a run inside this one says how to resume that run alone
            run.log("stopped", why="Interrupted", message=error.what)
            ours = Interrupted(error.what, remedy=parts.remedy)
            ours.exit_code = error.exit_code
            raise ours from error
        except Exception as error:
            run.log("stopped", why=type(error).__name__, message=str(error))
            raise


def began(run: RunDirectory) -> str:
    """When a run was begun, ISO 8601: the first line of its log."""
    return _events(run)[0]["at"]


def seconds_of(run: RunDirectory) -> float:
    """How long a run was worked on, its stops left out: from its log, and to now."""
    total, first, last = 0.0, None, None
    for event in _events(run):
        at = datetime.fromisoformat(event["at"])
        if event["event"] in ("started", "resumed") and first is not None:
            total, first = total + (last - first).total_seconds(), at
        first, last = first or at, at
    return total + (datetime.now(UTC) - first).total_seconds()


def _events(run: RunDirectory) -> list[dict[str, Any]]:
    """What the log tells, lines torn by a crash left out."""
    with storage("read the log", run / LOG):
        lines = (run / LOG).read_text(encoding="utf-8").splitlines()
    events = []
    for line in lines:
        with suppress(ValueError):
            events.append(json.loads(line))
    return events
