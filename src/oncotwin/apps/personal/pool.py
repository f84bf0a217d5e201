"""Folds side by side in several processes, each on one thread."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any

from oncotwin.studies.validation.protocols import Each

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""What linear algebra in a new process reads, once, when it is loaded: small matrices gain nothing by threads."""


@contextmanager
def side_by_side(processes: int) -> Iterator[Each]:
    """A `map` over this many fresh processes; with one, the plain `map` of this process.

    The functions and arguments that it is given must be importable in a new process.
    """
    if processes == 1:
        yield map
        return
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as executor:

            def each(function: Callable[[Any], Any], jobs: Any) -> Iterator[Any]:
                return executor.map(function, jobs)

            yield each
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
