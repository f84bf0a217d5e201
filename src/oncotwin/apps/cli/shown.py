"""What a command shows at its end: a summary as JSON or as tables on stdout, and on stderr where to look."""

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

WIDE = 200
"""Columns where there is no terminal to ask."""


def show(summary: dict[str, Any], as_json: bool, tables: Callable[[dict[str, Any]], Any], where: str = "") -> None:
    """Print a summary, as JSON or as what `tables` makes of it: one table, or one after the other.

    where: the results are; the run directory by default.
    """
    if as_json:
        print(json.dumps(summary, indent=2))
        return
    made = tables(summary)
    print_shown(*(made if isinstance(made, Iterator) else (made,)))
    print(f"Results: {where or summary['run_dir']}", file=sys.stderr)


def print_shown(*shown: object) -> None:
    """Print tables or lines as wide as the terminal is."""
    from rich.console import Console

    terminal = Console()
    console = terminal if terminal.is_terminal else Console(width=WIDE)
    for one in shown:
        console.print(one)
