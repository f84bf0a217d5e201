"""A run's record as an RO-Crate: JSON-LD that repositories and other tools read.

RO-Crate 1.1 (https://w3id.org/ro/crate/1.1) with the Process Run Crate profile 0.5
(https://w3id.org/ro/wfrun/process/0.5): one CreateAction, its inputs, its results, the software.
"""

import json
import mimetypes
import uuid
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

MANIFEST, CRATE = "manifest.json", "ro-crate-metadata.json"

_SPECIFICATION = "https://w3id.org/ro/crate/1.1"
_PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
_MORE_TERMS = {"sha256": "http://schema.org/sha256"}  # from version 1.2 on it is one of the context's own
_FORMATS = {
    ".toml": "application/toml",
    ".jsonl": "application/jsonl",
    ".npz": "application/zip",
    ".nii": "application/octet-stream",
    ".gz": "application/gzip",
}
_MEANINGS = {
    "spec.toml": "Everything that the run was told",
    "summary.json": "The run in a few numbers",
    "checkpoint.npz": "The last state of the model, from which the run can go on",
    "results.zarr": "Fields and observables over time; open it with xarray",
    "report.html": "The run for a reader: settings, figures, citations",
    MANIFEST: "Digests of all inputs and outputs, versions, platform",
}


def crate_of(record: dict[str, Any], manifest: dict[str, Any]) -> dict[str, Any]:
    """The JSON-LD document of a run.

    record: as `write_manifest` makes it.  manifest: path, bytes and sha256 of the manifest file.
    """
    inputs = [_data_entity(entry, "Read by the run", record["started"]) for entry in record["inputs"]]
    outputs = [_data_entity(entry, "Made by the run", record["ended"]) for entry in record["outputs"]]
    files = [*inputs, *outputs, _data_entity(manifest, "Made by the run", record["ended"])]
    seed = [] if record["seed"] is None else [_seed(record["seed"])]
    action = _action(record, [*inputs, *seed], outputs)
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": f"oncotwin run of {record['started']}",
        "description": f"Simulation by oncotwin {record['oncotwin']}. {record['notice']}.",
        "datePublished": record["ended"],
        "license": {"@id": "#terms"},
        "conformsTo": {"@id": _PROFILE},
        "hasPart": _references(files),
        "mentions": {"@id": action["@id"]},
    }
    about = [_descriptor(), root, _profile(), _terms(record["notice"]), _software(record), *seed, action]
    return {"@context": [f"{_SPECIFICATION}/context", _MORE_TERMS], "@graph": about + files}


def _descriptor() -> dict[str, Any]:
    return {
        "@id": CRATE,
        "@type": "CreativeWork",
        "about": {"@id": "./"},
        "conformsTo": {"@id": _SPECIFICATION},
    }


def _profile() -> dict[str, Any]:
    return {"@id": _PROFILE, "@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"}


def _terms(notice: str) -> dict[str, Any]:
    return {
        "@id": "#terms",
        "@type": "CreativeWork",
        "name": notice,
        "description": f"{notice}: no advice on any patient. Rights in the data rest with whoever made the run.",
    }


def _software(record: dict[str, Any]) -> dict[str, Any]:
    libraries = ", ".join(f"{name} {version}" for name, version in record["libraries"].items())
    return {
        "@id": "#oncotwin",
        "@type": "SoftwareApplication",
        "name": "oncotwin",
        "description": "Digital twins for cell therapy and cancer",
        "softwareVersion": record["oncotwin"],
        "softwareRequirements": f"Python {record['machine']['python']}, {libraries}",
        "operatingSystem": record["machine"]["platform"],
    }


def _seed(seed: int) -> dict[str, Any]:
    return {"@id": "#seed", "@type": "PropertyValue", "name": "random seed", "value": str(seed)}


def _action(record: dict[str, Any], inputs: list[dict[str, Any]], outputs: list[dict[str, Any]]) -> dict[str, Any]:
    """What was done.  Its name is drawn from the record, so that the same record gives the same crate."""
    return {
        "@id": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(record, sort_keys=True))}",
        "@type": "CreateAction",
        "name": "oncotwin run",
        "description": record["command"],
        "startTime": record["started"],
        "endTime": record["ended"],
        "actionStatus": "http://schema.org/CompletedActionStatus",
        "instrument": {"@id": "#oncotwin"},
        "object": _references(inputs),
        "result": _references(outputs),
    }


def _data_entity(entry: dict[str, Any], part: str, when: str) -> dict[str, Any]:
    """A file of the run, a file elsewhere (by its URI, with the instant it was read), or a store as a folder."""
    path = PurePath(entry["path"])
    about = {"name": path.name, "description": _MEANINGS.get(path.name, part)}
    if path.suffix == ".zarr":
        digest = f"{about['description']}. SHA-256 over its files: {entry['sha256']}"
        return {"@id": f"{quote(entry['path'])}/", "@type": "Dataset", **about, "description": digest}
    elsewhere = {"sdDatePublished": when} if path.is_absolute() else {}
    return {
        "@id": path.as_uri() if path.is_absolute() else quote(entry["path"]),
        "@type": "File",
        **about,
        "encodingFormat": _FORMATS.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream",
        "contentSize": str(entry["bytes"]),
        "sha256": entry["sha256"],
        **elsewhere,
    }


def _references(entities: list[dict[str, Any]]) -> list[dict[str, str]]:
    return [{"@id": entity["@id"]} for entity in entities]
