"""Parameter-estimation problems as tables in the manner of PEtab: five TSV files and a YAML file.

The columns are those of PEtab (data format v0.1.5, github.com/PEtab-dev/PEtab).  The model is external: a
reaction-diffusion twin is no SBML, so `sbml_files` is empty and `model` names what evaluates it.  Ordinal and censored
measurements need what that standard lacks: the columns `measurementType` and `cutPoints` are ours.
"""

import csv
import json
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from oncotwin.errors import BadInput
from oncotwin.io.durable import storage, write_atomically

Row = Mapping[str, str | float]

FILES = ("parameters", "conditions", "observables", "measurements")
PROBLEM = "problem.yaml"
DIALECT = "oncotwin external model 1"


class PetabTables(NamedTuple):
    """The rows of each table, columns by name.  model: what evaluates the problem, in words."""

    parameters: Sequence[Row]
    conditions: Sequence[Row]
    observables: Sequence[Row]
    measurements: Sequence[Row]
    model: str


def write_petab(folder: Path, tables: PetabTables) -> list[Path]:
    """Write the four tables and problem.yaml into a folder; their paths.  Raises BadInput where a file stands there."""
    paths = [folder / f"{name}.tsv" for name in FILES] + [folder / PROBLEM]
    standing = [str(path) for path in paths if path.exists()]
    if standing:
        raise BadInput("a problem stands here", where=str(folder), got=standing, allowed="a new or empty folder")
    texts = [_tsv(getattr(tables, name)) for name in FILES] + [_problem(tables.model)]
    with storage("write the problem", folder):
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in zip(paths, texts, strict=True):
            write_atomically(path, text.encode())
    return paths


def read_petab(folder: Path) -> dict[str, list[dict[str, str]]]:
    """The rows of the four tables in a folder, cells as text.  Raises StorageFailure."""
    found = {}
    for name in FILES:
        path = folder / f"{name}.tsv"
        with storage("read the problem", path):
            text = path.read_text(encoding="utf-8")
        found[name] = list(csv.DictReader(StringIO(text), delimiter="\t"))
    return found


def _tsv(rows: Sequence[Row]) -> str:
    text = StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), delimiter="\t", lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: f"{v:.12g}" if isinstance(v, float) else v for key, v in row.items()} for row in rows)
    return text.getvalue()


def _problem(model: str) -> str:
    """The YAML file; JSON strings are YAML strings."""
    lines = ["format_version: 1", f"dialect: {json.dumps(DIALECT)}", "parameter_file: parameters.tsv"]
    lines += [f"model: {json.dumps(model)}", "problems:", "  - sbml_files: []"]
    lines += [f"    {name[:-1]}_files: [{name}.tsv]" for name in FILES[1:]]
    return "\n".join(lines) + "\n"
