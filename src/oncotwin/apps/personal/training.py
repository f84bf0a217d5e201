"""What a model was trained on: the files of a spec, wherever they are read from, and the record that a model keeps."""

from pathlib import Path
from typing import Any

import numpy as np

from oncotwin.apps.personal.bank import bank_file
from oncotwin.apps.personal.harmonise import Harmonised, observables_of
from oncotwin.io.durable import sha256_of, storage
from oncotwin.io.specs.personal import PersonalSpec

SHIPPED = "the bank that ships"


def located(spec: PersonalSpec) -> PersonalSpec:
    """The same spec with paths that hold from anywhere."""
    files = {name: getattr(spec, name) for name in ("cohort", "truth", "model", "bank")}
    return spec.model_copy(update={name: str(Path(file).resolve()) if file else "" for name, file in files.items()})


def training_of(ready: Harmonised, spec: PersonalSpec) -> dict[str, Any]:
    """What was trained on, and how: cohort, bank, patients, how many have a response, features, protocol, seed."""
    file, bank = Path(spec.cohort), bank_file(Path(spec.bank)) if spec.bank else None
    with storage("read the inputs", file):
        digests = {"sha256": sha256_of(file), "bank_sha256": sha256_of(bank) if bank else ""}
    return {
        "cohort": file.name,
        **digests,
        "bank": SHIPPED if bank is None else bank.name,
        "patients": len(ready.table.patients),
        "responses": int(np.isfinite(observables_of(ready.table).best_response).sum()),
        "features": ready.primary,
        "protocol": spec.protocol,
        "seed": spec.seed,
    }
