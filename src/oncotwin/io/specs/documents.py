"""TOML documents: read from files and presets, changed by KEY=VALUE overrides, merged."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from oncotwin.errors import BadInput, similar

_DATA = files("oncotwin").joinpath("data")


class Override(NamedTuple):
    """One `--set KEY=VALUE`: the parts of the dotted key, the value, and the text as given."""

    keys: tuple[str, ...]
    value: Any
    text: str


def read_document(path: Path, remedy: str = "Write one with `oncotwin config init tumour`.") -> dict[str, Any]:
    """The TOML document in a file.  Raises BadInput if it is missing, a folder, unreadable, not UTF-8 or malformed.

    remedy: where such a file comes from.
    """
    where = str(path)
    if path.is_dir():
        raise BadInput("this is a folder", where=where, allowed="a TOML file")
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError as error:
        raise BadInput("no such file", where=where, allowed="a TOML file", remedy=remedy) from error
    except UnicodeDecodeError as error:
        raise BadInput(f"not UTF-8 text (byte {error.start})", where=where, allowed="TOML in UTF-8") from error
    except (OSError, ValueError) as error:
        raise BadInput("cannot be read", where=where, got=str(error), allowed="a readable TOML file") from error
    return _parse(text, where)


def preset_names(folder: str = "presets") -> tuple[str, ...]:
    """Names of the documents that ship with oncotwin in a folder of its data: presets or protocols."""
    names = (entry.name for entry in _DATA.joinpath(folder).iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def read_preset(name: object, *, where: str, folder: str = "presets") -> dict[str, Any]:
    """A document that ships with oncotwin.  where: who asked for it, for the message.

    Raises BadInput for an unknown name.
    """
    names, what = preset_names(folder), folder.removesuffix("s")
    if not isinstance(name, str) or name not in names:
        raise BadInput(
            f"unknown {what}", where=where, got=name, allowed=", ".join(names), remedy=similar(str(name), names)
        )
    return _parse(_DATA.joinpath(folder, f"{name}.toml").read_text(encoding="utf-8"), f"{what} {name}")


def parse_override(text: str) -> Override:
    """An override from KEY=VALUE: the key dotted, the value in TOML, or else taken as bare text."""
    key, equals, value = text.partition("=")
    keys = tuple(part.strip() for part in key.split("."))
    if not equals or not all(keys):
        raise BadInput("not an override", where="--set", got=text, allowed="KEY=VALUE, such as time.end_days=30")
    try:
        parsed = tomllib.loads(f"value = {value.strip()}")
    except (ValueError, RecursionError):
        parsed = {}
    return Override(keys, parsed["value"] if parsed.keys() == {"value"} else value.strip(), text)


def apply_override(document: Mapping[str, Any], override: Override) -> dict[str, Any]:
    """The document with one value replaced; tables on the way are made, entries of a list are named by their number."""
    return _replaced(document, override.keys, override)


def merge(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Both documents in one, table by table; where both hold a value, or a list, that of `over`."""
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = merge(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return merged


def holds(document: Any, place: tuple[str | int, ...]) -> bool:
    """Whether a document has something at a place of keys and list entries."""
    for part in place:
        if isinstance(document, list):
            document = dict(enumerate(document))
        if not isinstance(document, Mapping) or part not in document:
            return False
        document = document[part]
    return True


def _parse(text: str, where: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise BadInput("nested too deeply", where=where, allowed="TOML") from error
    except ValueError as error:
        raise BadInput(f"malformed TOML: {error}", where=where, allowed="TOML, see https://toml.io") from error


def _replaced(node: Any, keys: tuple[str, ...], override: Override) -> Any:
    if not keys:
        return override.value
    key, rest = keys[0], keys[1:]
    if isinstance(node, Mapping):
        return {**node, key: _replaced(node.get(key, {}), rest, override)}
    if isinstance(node, list) and key.isdecimal() and int(key) < len(node):
        entry = int(key)
        return [*node[:entry], _replaced(node[entry], rest, override), *node[entry + 1 :]]
    parent = ".".join(override.keys[: len(override.keys) - len(keys)])
    size = f"an entry from 0 to {len(node) - 1}" if isinstance(node, list) and node else f"{parent}=VALUE"
    raise BadInput(f"{parent} has no entry {key!r}", where=f"--set {override.text}", got=key, allowed=size)
