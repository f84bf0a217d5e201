"""Ctrl-C and SIGTERM as requests: a run finishes its interval, keeps its state and then stops."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from oncotwin.errors import Interrupted

_EXIT_CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}


class StopRequest:
    """Whether somebody asked to stop, and by which signal."""

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None

    def receive(self, number: int, frame: FrameType | None) -> None:
        """Take note of a signal and say so; a second one acts at once, as if nobody listened."""
        self.signal = signal.Signals(number)
        os.write(2, b"\nstopping at the end of this interval; once more to stop at once\n")
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)

    def interrupted(self, remedy: str) -> Interrupted:
        """The exception to raise once the state is kept; its exit code is the signal's."""
        error = Interrupted(f"stopped by {self.signal.name}", remedy=remedy)
        error.exit_code = _EXIT_CODES[self.signal]
        return error


@contextmanager
def stop_requests() -> Iterator[StopRequest]:
    """Listen for Ctrl-C and SIGTERM during the block; outside the main thread, where nobody can, never any."""
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    before = {number: signal.signal(number, request.receive) for number in _EXIT_CODES}
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
