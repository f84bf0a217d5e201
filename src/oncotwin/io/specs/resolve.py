"""From a preset, a file and overrides to one resolved spec; every fault becomes one BadInput that names its key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli_w
from pydantic import ValidationError

from oncotwin.core.parameters import ParameterInfo, Parameters
from oncotwin.errors import BadInput, nearest
from oncotwin.io.durable import storage, write_atomically
from oncotwin.io.specs.documents import Override, apply_override, holds, merge, parse_override, read_document
from oncotwin.io.specs.faults import Fault, Place, faults_of, refuse
from oncotwin.io.specs.kinds import TUMOUR, Kind
from oncotwin.io.specs.section import Section
from oncotwin.io.specs.units import in_unit


@dataclass(frozen=True)
class Sources:
    """Who set what: a file, overrides, else the preset (or protocol, as the kind has it)."""

    kind: Kind
    path: Path | None
    document: dict[str, Any]
    overrides: tuple[Override, ...]

    @property
    def folder(self) -> Path:
        """Where relative file names begin."""
        return Path.cwd() if self.path is None else self.path.resolve().parent

    def sets(self, key: str) -> bool:
        """Whether the user, not the preset, set this top-level key or something in it."""
        return key in self.document or any(override.keys[0] == key for override in self.overrides)

    def base(self) -> Any:
        """What the user chose as preset, unchecked."""
        return self.value(self.kind.base, self.kind.default)

    def value(self, key: str, default: Any) -> Any:
        """What the user set a top-level key to, unchecked; else the default."""
        chosen = [override.value for override in self.overrides if override.keys == (key,)]
        return chosen[-1] if chosen else self.document.get(key, default)

    def of(self, place: Place) -> str:
        """Who set the key at a place, for messages."""
        parts = tuple(str(part) for part in place)
        for override in reversed(self.overrides):
            common = min(len(parts), len(override.keys))
            if override.keys[:common] == parts[:common]:
                return f"--set {override.text}"
        if self.path is not None and holds(self.document, place):
            return str(self.path)
        return f"{self.kind.base} {self.base()}"


Family = type[Parameters] | Mapping[str, type[Parameters]]
"""The class that declares the names, units and bounds of [parameters], or one for each value of the key
`Kind.family`."""


def resolve(path: Path | None, overrides: Sequence[str], family: Family, kind: Kind = TUMOUR) -> Any:
    """The spec of a run, an instance of `kind.spec`: preset, then the file, then each KEY=VALUE.

    path: TOML file, None for the preset alone.  Raises BadInput that names who set the key, the key, what
    was got and what is allowed.
    """
    document = {} if path is None else read_document(path, f"Write one with `oncotwin config init {kind.name}`.")
    sources = Sources(kind, path, document, tuple(parse_override(text) for text in overrides))
    merged = kind.located(_merged(sources), sources.folder)
    given = merged.get("parameters", {})
    declared = family[merged[kind.family]] if isinstance(family, Mapping) else family
    merged["parameters"], faults = parameter_values(given, declared.about(), kind)
    try:
        spec = kind.spec.model_validate(merged)
    except ValidationError as error:
        refuse([*faults_of(error, kind.spec), *faults], sources.of)
    faults.extend(kind.contradictions(spec, declared))
    if faults:
        refuse(faults, sources.of)
    return spec


def write_spec(path: Path, spec: Section) -> None:
    """Write a spec as resolved; `resolve` reads back an equal one.  Raises StorageFailure."""
    with storage("write the spec", path):
        write_atomically(path, tomli_w.dumps(spec.model_dump(exclude_none=True)).encode())


def parameter_values(
    section: Any, family: Sequence[ParameterInfo], kind: Kind = TUMOUR
) -> tuple[dict[str, float], list[Fault]]:
    """The numbers of a [parameters] table in their declared units, and what is wrong with the others.

    family: what `Parameters.about()` says of every known name.
    """
    if not isinstance(section, dict):
        return {}, [Fault(("parameters",), "not a table", section, "NAME = value")]
    known = {info.name: info for info in family if info.name not in kind.elsewhere}
    values: dict[str, float] = {}
    faults: list[Fault] = []
    for name, given in section.items():
        place = ("parameters", name)
        if name in kind.elsewhere:
            faults.append(Fault(place, f"set by {kind.elsewhere[name]}", name, kind.elsewhere[name]))
        elif name not in known:
            allowed = f"see `oncotwin parameters {kind.model or kind.name}`"
            faults.append(Fault(place, "unknown parameter", name, allowed, nearest(name, known)))
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
    """Defaults, file and overrides in one document."""
    where = f"{sources.of((sources.kind.base,))}, {sources.kind.base}"
    merged = merge(sources.kind.defaults(sources.base(), where, sources.folder, sources), sources.document)
    for override in sources.overrides:
        merged = apply_override(merged, override)
    return merged
