"""The latents that synthetic patients were made with, beside their cohort's file: what inference is scored against."""

import csv
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from importlib.resources import as_file, files
from io import StringIO
from pathlib import Path

import numpy as np

from oncotwin.core.exchange import Latents
from oncotwin.errors import BadInput, nearest
from oncotwin.io.delimited import NUMBER, rows
from oncotwin.io.durable import storage, write_atomically

HEADERS = ("patient", *Latents._fields)

_SHIPPED = files("oncotwin").joinpath("data", "cohorts")


def shipped_names() -> tuple[str, ...]:
    """Names of the cohorts that ship with oncotwin."""
    found = (entry.name for entry in _SHIPPED.iterdir())
    return tuple(sorted(n.removesuffix("-truth.csv") for n in found if n.endswith("-truth.csv")))


def shipped(name: str, kind: str = "") -> AbstractContextManager[Path]:
    """The file of a cohort that ships with oncotwin, to be used inside a `with`.

    kind: nothing for the cohort, "-truth" for its latents.  Raises BadInput for an unknown name.
    """
    if name not in shipped_names():
        allowed = f"a CSV file, or {', '.join(shipped_names())}"
        raise BadInput(
            "no such file, nor a cohort that ships", where=name, allowed=allowed, remedy=nearest(name, shipped_names())
        )
    return as_file(_SHIPPED.joinpath(f"{name}{kind}.csv"))


def write_truth(path: Path, patients: Sequence[str], latents: np.ndarray, remarks: Iterable[str]) -> None:
    """Write latents as CSV, a row a patient.  Raises StorageFailure.

    latents: (n, 6).  remarks: first lines, each after a #.
    """
    text = StringIO()
    text.writelines(f"# {remark}\n" for remark in remarks)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADERS)
    writer.writerows([name, *(repr(float(x)) for x in row)] for name, row in zip(patients, latents, strict=True))
    with storage("write the latents", path):
        write_atomically(path, text.getvalue().encode())


def read_truth(path: Path, patients: Sequence[str]) -> np.ndarray:
    """The latents of these patients in their order, (n, 6).

    Raises BadInput that names file and row, or who is absent.
    """
    said = list(rows(path, "table of latents"))
    if not said or tuple(said[0][1]) != HEADERS:
        got = ",".join(said[0][1]) if said else ""
        raise BadInput("not a table of latents", where=str(path), got=got, allowed=",".join(HEADERS))
    found: dict[str, list[float]] = {}
    for number, line in said[1:]:
        good = len(line) == len(HEADERS) and all(NUMBER.fullmatch(cell) and 0 <= float(cell) <= 1 for cell in line[1:])
        if not good or line[0] in found:
            allowed = "a patient, once, and six numbers from 0 to 1"
            raise BadInput(
                "not a patient's latents", where=f"{path}, row {number}", got=",".join(line), allowed=allowed
            )
        found[line[0]] = [float(cell) for cell in line[1:]]
    absent = [name for name in patients if name not in found]
    if absent:
        raise BadInput("patients without latents", where=str(path), got=", ".join(absent[:5]))
    return np.array([found[name] for name in patients])
