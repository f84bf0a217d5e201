"""Folds side by side in several processes, each on one thread."""

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import active_children, get_context
from typing import Any

from oncotwin.studies.validation.protocols import Each

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""What linear algebra in a new process reads, once, when it is loaded: small matrices gain nothing by threads."""


@contextmanager
def side_by_side(processes: int) -> Iterator[Each]:
    """A `map` over this many fresh processes; with one, the plain `map` of this process.

    The functions and arguments that it is given must be importable in a new process.  Ctrl-C is for this process to
    answer: the others know nothing of it, and are ended, with what they have in hand, when the block ends by an error.
    """
    if processes == 1:
        yield map
        return
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    others = set(active_children())
    executor = ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=_deaf)

    def each(function: Callable[[Any], Any], jobs: Any) -> Iterator[Any]:
        return executor.map(function, jobs)

    try:
        yield each
    except BaseException:
        executor.shutdown(wait=False, cancel_futures=True)
        workers = set(active_children()) - others
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.join()
        raise
    finally:
        executor.shutdown()
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _deaf() -> None:
    """Hear no Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
