"""The patient of a loop: latents from a file or the command line, the donor's traits."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from oncotwin.apps.loop.settings import LoopPatient
from oncotwin.core.exchange import Latents
from oncotwin.errors import BadInput, similar
from oncotwin.io.durable import storage
from oncotwin.models.culture import DonorSubtype
from oncotwin.models.culture.donors import check_subtype


def loop_patient(file: Path | None, latents: str | None, donor: str | None) -> LoopPatient:
    """The patient that a file and NAME=VALUE lists describe; what neither says is the default's.

    file: TOML or JSON with a table `latents` and, if wanted, `sd` and `donor`, each by name.  latents: such as
    "exh=0.8,env=0.6".  donor: such as "age=elderly,stage=advanced,prior=heavy".  Raises BadInput.
    """
    patient = LoopPatient()
    if file is not None:
        patient = _from_file(patient, file)
    if latents is not None:
        given = _numbers(_pairs(latents, "--latents"), "--latents")
        patient = patient._replace(latents=patient.latents._replace(**given), words="from the command line")
    if donor is not None:
        patient = patient._replace(donor=_donor(patient.donor, _pairs(donor, "--donor"), "--donor"))
    return patient


def _from_file(patient: LoopPatient, file: Path) -> LoopPatient:
    with storage("read the patient", file):
        text = file.read_text(encoding="utf-8")
    try:
        document = json.loads(text) if file.suffix == ".json" else tomllib.loads(text)
    except ValueError as error:
        raise BadInput(f"not {'JSON' if file.suffix == '.json' else 'TOML'}: {error}", where=str(file)) from error
    if not isinstance(document, dict) or not isinstance(document.get("latents"), dict):
        raise BadInput("a patient has latents", where=f"{file}, latents", allowed="a table of inf, exh, cyt, ...")
    latents = patient.latents._replace(**_numbers(document["latents"], f"{file}, latents"))
    spread = patient.spread._replace(**_numbers(document.get("sd", {}), f"{file}, sd"))
    donor = _donor(patient.donor, document.get("donor", {}), f"{file}, donor")
    return LoopPatient(donor, latents, spread, f"from {file.name}")


def _numbers(given: Mapping[str, Any], where: str) -> dict[str, float]:
    """Latents by name, each in [0, 1]."""
    found = {}
    for name, value in given.items():
        if name not in Latents._fields:
            allowed, remedy = ", ".join(Latents._fields), similar(name, Latents._fields)
            raise BadInput("unknown latent", where=where, got=name, allowed=allowed, remedy=remedy)
        try:
            found[name] = float(value)
        except (TypeError, ValueError):
            found[name] = float("nan")
        if not 0 <= found[name] <= 1:
            raise BadInput(f"{name} cannot be used", where=where, got=value, allowed="0 to 1")
    return found


def _donor(donor: DonorSubtype, given: Mapping[str, Any], where: str) -> DonorSubtype:
    for name in given:
        if name not in DonorSubtype._fields:
            allowed, remedy = ", ".join(DonorSubtype._fields), similar(name, DonorSubtype._fields)
            raise BadInput("unknown trait of a donor", where=where, got=name, allowed=allowed, remedy=remedy)
    changed = donor._replace(**given)
    try:
        check_subtype(changed)
    except BadInput as error:  # the same fault, told where the user named it
        raise BadInput(error.what, where=where, got=error.got, allowed=error.allowed) from error
    return changed


def _pairs(text: str, where: str) -> dict[str, str]:
    """NAME=VALUE, joined by commas."""
    found = {}
    for part in text.split(","):
        name, equals, value = part.partition("=")
        if not equals or not name.strip():
            raise BadInput("not a list of NAME=VALUE", where=where, got=text, allowed="NAME=VALUE, joined by commas")
        found[name.strip()] = value.strip()
    return found
