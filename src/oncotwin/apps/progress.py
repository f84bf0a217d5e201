"""How far a run has come: a bar on a terminal, plain lines elsewhere; always on stderr."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

Watcher = Callable[[float, Any], None]
"""Called after each interval with the day and the observation."""

Size = Callable[[Any], str]
"""How large what is simulated has become, in words, from an observation."""

_LEAST_SECONDS = 5.0
_LEAST_SHARE = 0.1


def tumour_size(observation: Any) -> str:
    """The tumour's volume."""
    return f"tumour {float(observation.tumour_volume_cm3):.3g} cm3"


@contextmanager
def shown(label: str, end_days: float, size: Size = tumour_size) -> Iterator[Watcher]:
    """A watcher that shows the progress of one run on stderr."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines(label, end_days, size, console)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("day {task.completed:.4g} of {task.total:g}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[size]}"),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(label, total=end_days, size="preparing")

        def watch(day: float, observation: Any) -> None:
            bar.update(task, completed=day, size=size(observation) if day < end_days else "figures and report")

        yield watch


@contextmanager
def silent(label: str, end_days: float) -> Iterator[Watcher]:
    """A watcher that shows nothing."""
    yield lambda day, observation: None


def _lines(label: str, end_days: float, size: Size, console: Console) -> Watcher:
    """Print a line at the start, at the end, and every tenth of the run or every five seconds, the rarer of both."""
    begun = time.monotonic()
    last = [begun, 0.0]
    console.print(f"{label}: 0 of {end_days:g} days, preparing", highlight=False, soft_wrap=True)

    def watch(day: float, observation: Any) -> None:
        now = time.monotonic()
        due = day - last[1] >= _LEAST_SHARE * end_days and now - last[0] >= _LEAST_SECONDS
        if due or day >= end_days:
            last[:] = [now, day]
            line = f"{label}: {day:g} of {end_days:g} days, {size(observation)}, {now - begun:.0f} s"
            line += "; figures and report follow" if day >= end_days else ""
            console.print(line, highlight=False, soft_wrap=True)

    return watch
