"""Tables for the terminal that every kind of run has: its constants, the keys of its spec."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.markup import escape
from rich.table import Table

from oncotwin.core.parameters import Parameters
from oncotwin.io.fields import NOTICE
from oncotwin.io.specs.explain import Key
from oncotwin.io.specs.tumour import TumourSpec


def parameter_table(p: Parameters) -> Table:
    """Name, value, unit, bounds, scope, meaning and source of every constant."""
    table = Table(caption=NOTICE)
    for head in ("Name", "Value", "Unit", "Bounds", "Scope", "Meaning", "Source"):
        table.add_column(head, justify="right" if head == "Value" else "left", overflow="fold")
    for row in p.table():
        low, high = row["bounds"]
        bounds = f"{low:g} to {high:g}"
        table.add_row(row["name"], f"{row['value']:g}", row["unit"], bounds, row["scope"], row["doc"], row["source"])
    return table


def key_table(keys: Mapping[str, Key], spec: TumourSpec) -> Table:
    """What is allowed, the default and the meaning of keys.  spec: holds the defaults."""
    table = Table(caption=NOTICE)
    for head in ("Key", "Allowed", "Default", "Meaning"):
        table.add_column(head, overflow="fold")
    values = spec.model_dump()
    for name, key in keys.items():
        table.add_row(*map(escape, (name, key.allowed, _default(values, key.place), key.doc)))
    return table


def _default(values: Any, place: Sequence[str]) -> str:
    for part in place:
        if not isinstance(values, Mapping):
            return ""
        values = values.get(part)
    if values is None:
        return "not set"
    return (
        f"{len(values)} entries"
        if values and isinstance(values, tuple) and isinstance(values[0], dict)
        else str(values)
    )
