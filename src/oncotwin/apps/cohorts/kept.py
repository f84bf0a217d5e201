"""Simulated plausible patients kept in a file, so that another choice, or more of them, need not begin anew."""

import json
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np

from oncotwin.core.observables import Observables
from oncotwin.errors import BadInput
from oncotwin.io.durable import storage, write_atomically
from oncotwin.io.packed import read_packed
from oncotwin.studies.cohorts.plausible import Simulate

CHUNK = 256
"""Patients simulated between two writes."""

_LARGEST = 1 << 30  # bytes
_ALLOWED = "a file that `oncotwin cohort virtual --plausible FILE` wrote"
_DESIGN = ("latents", "doses", "about")


def keeping(path: Path, model: Simulate, about: dict, report: Callable[[int, int], None]) -> Simulate:
    """The model with a memory: patients that the file holds are read, the others simulated and added to it.

    about: what the model is; patients of another one are not taken.  report: called with the patients done and all of
    them.  Raises BadInput for a file that is none, or holds other patients than the first of those asked for.
    """

    def simulate(latents: np.ndarray, doses: np.ndarray) -> Observables:
        parts = []
        done = 0
        if path.exists():
            kept, design = _read(path, about)
            done = min(len(design["latents"]), len(latents))
            if not all(
                np.array_equal(design[name][:done], x[:done]) for name, x in (("latents", latents), ("doses", doses))
            ):
                remedy = "Take another file, or the seed and bounds that it was made with"
                raise BadInput("this file holds other patients", where=str(path), remedy=remedy)
            parts = [Observables(*(leaf[:done] for leaf in kept))]
        while done < len(latents):
            end = min(done + CHUNK, len(latents))
            parts.append(Observables(*map(np.asarray, model(latents[done:end], doses[done:end]))))
            done = end
            _write(path, latents[:done], doses[:done], about, _joined(parts))
            report(done, len(latents))
        return _joined(parts)

    return simulate


def _joined(parts: list[Observables]) -> Observables:
    return Observables(*(np.concatenate(leaves) for leaves in zip(*parts, strict=True)))


def _write(path: Path, latents: np.ndarray, doses: np.ndarray, about: dict, seen: Observables) -> None:
    data = BytesIO()
    said = np.array(json.dumps(about, sort_keys=True))
    np.savez_compressed(data, latents=latents, doses=doses, about=said, **seen._asdict())
    with storage("keep the plausible patients", path):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, data.getvalue())


def _read(path: Path, about: dict) -> tuple[Observables, dict[str, np.ndarray]]:
    data = read_packed(path, _ALLOWED, _LARGEST)
    try:
        with np.load(BytesIO(data), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (ValueError, OSError, EOFError, KeyError, AttributeError, zipfile.BadZipFile) as error:
        raise BadInput("not plausible patients", where=str(path), got=str(error)[:120], allowed=_ALLOWED) from error
    if set(arrays) != {*_DESIGN, *Observables._fields} or len({len(v) for k, v in arrays.items() if k != "about"}) != 1:
        raise BadInput("not plausible patients", where=str(path), got=sorted(arrays)[:8], allowed=_ALLOWED)
    if str(arrays["about"]) != json.dumps(about, sort_keys=True):
        raise BadInput("made with another twin or version", where=str(path), remedy="Delete it, or name another")
    return Observables(*(arrays[name] for name in Observables._fields)), {name: arrays[name] for name in _DESIGN[:2]}
