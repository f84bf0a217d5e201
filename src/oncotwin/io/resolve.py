"""From a preset, a file and overrides to one resolved spec; every fault becomes one BadInput that names its key."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli_w
from pydantic import ValidationError

from oncotwin.core.parameters import ParameterInfo, Parameters
from oncotwin.errors import BadInput, nearest
from oncotwin.io.consistency import contradictions
from oncotwin.io.documents import (
    Override,
    apply_override,
    holds,
    merge,
    parse_override,
    read_document,
    read_preset,
)
from oncotwin.io.durable import storage, write_atomically
from oncotwin.io.faults import Fault, Place, faults_of, refuse
from oncotwin.io.spec import SET_BY_SEEDING, TumourSpec
from oncotwin.io.units import in_unit

DEFAULT_PRESET = "normalised"


@dataclass(frozen=True)
class Sources:
    """Who set what: a file, overrides, else the preset."""

    path: Path | None
    document: dict[str, Any]
    overrides: tuple[Override, ...]

    def sets(self, key: str) -> bool:
        """Whether the user, not the preset, set this top-level key or something in it."""
        return key in self.document or any(override.keys[0] == key for override in self.overrides)

    def preset(self) -> Any:
        """What the user chose as preset, unchecked."""
        chosen = [override.value for override in self.overrides if override.keys == ("preset",)]
        return chosen[-1] if chosen else self.document.get("preset", DEFAULT_PRESET)

    def of(self, place: Place) -> str:
        """Who set the key at a place, for messages."""
        parts = tuple(str(part) for part in place)
        for override in reversed(self.overrides):
            common = min(len(parts), len(override.keys))
            if override.keys[:common] == parts[:common]:
                return f"--set {override.text}"
        if self.path is not None and holds(self.document, place):
            return str(self.path)
        return f"preset {self.preset()}"


def resolve(path: Path | None, overrides: Sequence[str], family: type[Parameters]) -> TumourSpec:
    """The spec of a tumour run: preset, then the file, then each KEY=VALUE.

    path: TOML file, None for the preset alone.  family: the class that declares the names, units and bounds of
    [parameters].  Raises BadInput that names who set the key, the key, what was got and what is allowed.
    """
    document = {} if path is None else read_document(path)
    sources = Sources(path, document, tuple(parse_override(text) for text in overrides))
    merged = _with_full_paths(_merged(sources), path)
    merged["parameters"], faults = parameter_values(merged.get("parameters", {}), family.about(), SET_BY_SEEDING)
    try:
        spec = TumourSpec.model_validate(merged)
    except ValidationError as error:
        refuse([*faults_of(error, TumourSpec), *faults], sources.of)
    faults.extend(contradictions(spec))
    if faults:
        refuse(faults, sources.of)
    return spec


def write_spec(path: Path, spec: TumourSpec) -> None:
    """Write a spec as resolved; `resolve` reads back an equal one.  Raises StorageFailure."""
    with storage("write the spec", path):
        write_atomically(path, tomli_w.dumps(spec.model_dump(exclude_none=True)).encode())


def parameter_values(
    section: Any, family: Sequence[ParameterInfo], elsewhere: dict[str, str]
) -> tuple[dict[str, float], list[Fault]]:
    """The numbers of a [parameters] table in their declared units, and what is wrong with the others.

    family: what `Parameters.about()` says of every known name.  elsewhere: names that another key of the spec sets.
    """
    if not isinstance(section, dict):
        return {}, [Fault(("parameters",), "not a table", section, "NAME = value")]
    known = {info.name: info for info in family if info.name not in elsewhere}
    values: dict[str, float] = {}
    faults: list[Fault] = []
    for name, given in section.items():
        place = ("parameters", name)
        if name in elsewhere:
            faults.append(Fault(place, f"set by {elsewhere[name]}", name, elsewhere[name]))
        elif name not in known:
            faults.append(Fault(place, "unknown parameter", name, "see `oncotwin parameters`", nearest(name, known)))
        else:
            try:
                values[name] = _parameter(given, known[name])
            except BadInput as error:
                faults.append(Fault(place, error.what, given, error.allowed, error.remedy))
    return values, faults


def _parameter(given: Any, info: ParameterInfo) -> float:
    low, high = info.bounds
    allowed = f"{low:g} to {high:g} {info.unit}"
    value = in_unit(given, info.unit) if isinstance(given, str) else given
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BadInput("not a number", allowed=allowed)
    if not low <= value <= high:
        raise BadInput("out of range", allowed=allowed, remedy=info.doc.rstrip("."))
    return float(value)


def _merged(sources: Sources) -> dict[str, Any]:
    """Preset, file and overrides in one document; an image takes the place of the preset's grid."""
    defaults = read_preset(sources.preset(), where=f"{sources.of(('preset',))}, preset")
    if sources.sets("image"):
        del defaults["grid"]
    merged = merge(defaults, sources.document)
    for override in sources.overrides:
        merged = apply_override(merged, override)
    return merged


def _with_full_paths(document: dict[str, Any], path: Path | None) -> dict[str, Any]:
    """The document with the image files' names completed by the folder of the spec."""
    image = document.get("image")
    if not isinstance(image, dict):
        return document
    folder = Path.cwd() if path is None else path.resolve().parent
    named = {
        key: str(folder / value) if key.endswith("_file") and isinstance(value, str) and value else value
        for key, value in image.items()
    }
    return {**document, "image": named}
