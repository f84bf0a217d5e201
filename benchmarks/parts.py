"""What every benchmark does with its parts: run those asked for, print each as a table, keep all in one JSON file."""

import argparse
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jax

Rows = list[dict[str, Any]]


def run_parts(name: str, doc: str, parts: Mapping[str, Callable[[], Rows]]) -> None:
    """Measure the parts named on the command line, print tables, write `runs/benchmark-NAME.json` or --json.

    doc: the script's docstring.  parts: name -> measurement that returns the rows of its table.
    """
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("--parts", default=",".join(parts), help=f"of {', '.join(parts)}")
    parser.add_argument("--json", type=Path, default=Path(f"runs/benchmark-{name}.json"))
    arguments = parser.parse_args()
    device = jax.devices()[0]
    report: dict[str, Any] = {
        "device": f"{device.platform} {device.device_kind}",
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "jax": jax.__version__,
    }
    asked = arguments.parts.split(",")
    unknown = [part for part in asked if part not in parts]
    if unknown:
        parser.error(f"no such part: {', '.join(unknown)}; there are {', '.join(parts)}")
    for part in asked:
        report[part] = parts[part]()
        _show(part, report[part])
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(report, indent=2))
    print(f"\n{arguments.json}")


def _show(title: str, rows: Rows) -> None:
    print(f"\n{title} (load {os.getloadavg()[0]:.1f})")
    texts = [{key: f"{x:.4g}" if isinstance(x, float) else str(x) for key, x in row.items()} for row in rows]
    heads: list[str] = []
    for row in texts:
        wide = {key: max(len(key), *(len(other.get(key, "")) for other in texts)) for key in row}
        if list(row) != heads:
            heads = list(row)
            print("  ".join(f"{key:>{wide[key]}}" for key in heads))
        print("  ".join(f"{value:>{wide[key]}}" for key, value in row.items()))
