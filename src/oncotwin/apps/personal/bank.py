"""Banks of the tumour twin on disk: built in parts that a stopped build goes on from; read, described; one shipped."""

import json
from collections.abc import Callable
from dataclasses import asdict
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from oncotwin import __version__
from oncotwin.apps.personal.population import CHANGES
from oncotwin.apps.personal.twin import LATENTS, TwinSpec, simulate
from oncotwin.core.endpoints import Response
from oncotwin.core.observables import Observables
from oncotwin.errors import BadInput, StorageFailure
from oncotwin.io.array_file import unpacked
from oncotwin.io.durable import storage, write_atomically
from oncotwin.io.manifest import write_manifest
from oncotwin.io.rundir import utc_now
from oncotwin.studies.inverse.bank import Bank, Design, joined, parts, sobol_design, trusted
from oncotwin.studies.inverse.emulator import SCORES, fit

BANK = "bank.npz"
PART_SIZE = 128
LEAST_VOXELS, MOST_VOXELS = 4, 256


class BankSpec(NamedTuple):
    """What a bank holds.  count: simulations, a power of two; dose_cells: least and greatest dose; seed: of the design.

    twin: how each is simulated.  The default doses reach a factor beyond CT041's 2.5e8 to 5.0e8 on both sides.
    """

    count: int = 2048
    dose_cells: tuple[float, float] = (1e8, 1e9)
    seed: int = 41
    twin: TwinSpec = TwinSpec()  # noqa: RUF009

    def about(self) -> dict[str, Any]:
        """The spec and the version as plain values."""
        twin = {name: value for name, value in asdict(self.twin).items() if name != "parameters"}
        changed = {row["name"]: float(row["value"]) for row in self.twin.parameters.table() if row["name"] in CHANGES}
        said = {"count": self.count, "dose_cells": self.dose_cells, "seed": self.seed, "twin": twin}
        return json.loads(json.dumps({"oncotwin": __version__, **said, "parameters": changed}))


def build_bank(
    out: Path, spec: BankSpec | None = None, report: Callable[[int, int], None] = lambda done, total: None
) -> Bank:
    """Simulate a bank into the folder `out`: bank.npz and manifest.json; the bank.

    Parts of 128 simulations are stored as they end, and a build that was stopped goes on after them.  report: called
    with the simulations done and all of them.  Raises BadInput for a spec that cannot be built, and if the folder holds
    a bank, or parts of another one.
    """
    spec = BankSpec() if spec is None else spec
    if not LEAST_VOXELS <= min(spec.twin.shape) <= max(spec.twin.shape) <= MOST_VOXELS:
        allowed = f"{LEAST_VOXELS} to {MOST_VOXELS} along each edge"
        raise BadInput("this is no grid of a bank", where="voxels", got=spec.twin.shape, allowed=allowed)
    started, about = utc_now(), spec.about()
    design = sobol_design(spec.count, spec.dose_cells, spec.seed)
    with storage("make the folder of the bank", out):
        out.mkdir(parents=True, exist_ok=True)
    if (out / BANK).exists():
        raise BadInput("a bank stands here", where=str(out), allowed="a new folder, or one whose build was stopped")
    done, pieces = 0, []
    for number, part in enumerate(parts(design, PART_SIZE)):
        piece = _part(out / f"part-{number:04d}.npz", part, spec, about)
        pieces.append(piece)
        done += len(part.doses_cells)
        report(done, spec.count)
    bank = Bank(design, trusted(joined(pieces)), about)
    write_bank(out / BANK, bank)
    for number in range(len(pieces)):
        (out / f"part-{number:04d}.npz").unlink(missing_ok=True)
    write_manifest(out, started=started, seed=spec.seed)
    return bank


def _part(path: Path, part: Design, spec: BankSpec, about: dict[str, Any]) -> Observables:
    """The observables of a part: those that are stored, or simulated and then stored."""
    if path.exists():
        stored = read_bank(path)
        if stored.about != about or not np.array_equal(stored.design.latents, part.latents):
            remedy = "Build into another folder, or with the spec that began this one"
            raise BadInput("this part belongs to another bank", where=str(path), remedy=remedy)
        return stored.observables
    seen = simulate(part.latents, part.doses_cells, spec.twin)
    write_bank(path, Bank(part, seen, about))
    return seen


def write_bank(path: Path, bank: Bank) -> None:
    """Write a bank as an npz file, whole or not at all."""
    leaves = {f"observables.{name}": np.asarray(leaf) for name, leaf in bank.observables._asdict().items()}
    buffer = BytesIO()
    about = np.asarray(json.dumps(bank.about))
    np.savez_compressed(buffer, about=about, **bank.design._asdict(), **leaves)
    with storage("write the bank", path):
        write_atomically(path, buffer.getvalue())


def read_bank(path: Path) -> Bank:
    """The bank in an npz file, or in the folder of a build.

    Raises StorageFailure if it is missing, damaged or no bank.
    """
    file = bank_file(path)
    with storage("read the bank", file):
        data = file.read_bytes()
    return _parsed(data, str(file))


def bank_file(path: Path) -> Path:
    """The file that is meant by a bank's path: itself, or the one in the folder of a build."""
    return path / BANK if path.is_dir() else path


def shipped_bank() -> Bank:
    """The bank that comes with oncotwin: `oncotwin bank build` makes it again."""
    source = files("oncotwin") / "data" / "bank" / "ct041.npz"
    return _parsed(source.read_bytes(), "the shipped bank")


def _parsed(data: bytes, where: str) -> Bank:
    arrays, about = unpacked(data, "bank of simulations", where)
    wanted = (*Design._fields, *(f"observables.{name}" for name in Observables._fields))
    absent = [name for name in wanted if name not in arrays]
    if absent:
        raise StorageFailure("this is no bank of simulations", where=where, got=f"nothing of {', '.join(absent[:5])}")
    design = Design(*(arrays[name] for name in Design._fields))
    return Bank(design, Observables(**{name: arrays[f"observables.{name}"] for name in Observables._fields}), about)


def describe(bank: Bank) -> dict[str, Any]:
    """What a bank holds: how it was made, the range of each observable, shares of categories, an emulator's errors."""
    seen = bank.observables
    good = np.asarray(seen.status) == 0
    ranges = {
        name: [float(q) for q in np.quantile(np.asarray(leaf, float)[good], (0.05, 0.5, 0.95))]
        for name, leaf in seen._asdict().items()
        if name not in ("best_response", "crs_grade", "progressed", "persistence_is_lower_bound", "status")
    }
    codes, grades = np.asarray(seen.best_response)[good].astype(int), np.asarray(seen.crs_grade)[good].astype(int)
    return {
        "about": bank.about,
        "simulations": len(good),
        "trusted": int(good.sum()),
        "best_response": {Response(code).name: float(np.mean(codes == code)) for code in np.unique(codes)},
        "crs_grade": {str(grade): float(np.mean(grades == grade)) for grade in np.unique(grades)},
        "progressed": float(np.mean(np.asarray(seen.progressed)[good])),
        "quantiles_05_50_95": ranges,
        "emulator": emulator_errors(bank),
        "latents": list(LATENTS),
        "device": jax.devices()[0].device_kind,
    }


def emulator_errors(bank: Bank) -> dict[str, dict[str, float | None]]:
    """What the emulator of a bank misses of simulations it has not seen, score by score; {} for too small a bank.

    error: root mean square, `spread`: standard deviation over the bank, both in the unit of the score, a natural
    logarithm where `studies.inverse.emulator` says so.  relative: the one over the other, None where nothing varies.
    """
    try:
        made = fit(bank)
    except BadInput:
        return {}
    return {
        name: {"error": float(e), "spread": float(s), "relative": float(e / s) if s > 1e-9 else None}
        for name, e, s in zip(SCORES, made.error, made.spread, strict=True)
    }
