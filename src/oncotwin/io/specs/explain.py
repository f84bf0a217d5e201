"""What a spec may hold, in words, read from the models themselves: help and messages cannot differ from them."""

from collections.abc import Iterator, Sequence
from types import UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

import annotated_types
from pydantic import BaseModel
from pydantic.fields import FieldInfo

Place = tuple[str | int, ...]


class Key(NamedTuple):
    """One key of a spec: its place, what is allowed, what it means."""

    place: tuple[str, ...]
    allowed: str
    doc: str


def keys(model: type[BaseModel], place: tuple[str, ...] = ()) -> Iterator[Key]:
    """Every key of a spec and of its tables, in order; the entries of a list of tables follow the list."""
    for name, field in model.model_fields.items():
        here = (*place, name)
        section = section_in(field.annotation)
        if section is None or field.description:
            yield Key(here, _allowed(field.annotation, field.metadata), field.description or "")
        if section is not None:
            yield from keys(section, here)


def known_keys(model: type[BaseModel], place: Place) -> tuple[str, ...]:
    """Names of the keys of the table at a place."""
    for part in place:
        if isinstance(part, str):
            inner = section_in(model.model_fields[part].annotation)
            if inner is None:
                return ()
            model = inner
    return tuple(model.model_fields)


def allowed_at(model: type[BaseModel], place: Place) -> str:
    """What is allowed at a place: kind, unit and range; for an entry of a list, what an entry may be."""
    words = f"a table with {', '.join(model.model_fields)}"
    for part in place:
        if isinstance(part, int):
            continue
        if part not in model.model_fields:
            break
        field = model.model_fields[part]
        words = _allowed(field.annotation, field.metadata)
        model = section_in(field.annotation) or model
    return words


def section_in(annotation: Any) -> type[BaseModel] | None:
    """The table inside an annotation, if there is one: a Section, an optional one, or a list of them."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (section_in(part) for part in get_args(annotation))
    return next((section for section in found if section is not None), None)


def _allowed(annotation: Any, metadata: Sequence[Any]) -> str:
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _allowed(parts[0], [*_flat(parts[1:]), *metadata])
    if origin in (Union, UnionType):
        return _allowed(next(part for part in parts if part is not type(None)), metadata)
    if origin is Literal:
        return " or ".join(f'"{part}"' for part in parts)
    if origin is tuple:
        return f"a list of {_count(metadata)} {_allowed(parts[0], [])}"
    if origin is dict:
        return "NAME = value"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"a table with {', '.join(annotation.model_fields)}"
    kinds = {bool: "true or false", str: "text", float: "number", int: "whole number"}
    return f"{kinds[annotation]}{_unit(metadata)}{_range(metadata)}"


def _flat(metadata: Sequence[Any]) -> Iterator[Any]:
    for entry in metadata:
        yield from _flat(entry.metadata) if isinstance(entry, FieldInfo) else [entry]


def _unit(metadata: Sequence[Any]) -> str:
    names = [entry.name for entry in metadata if hasattr(entry, "name")]
    return f" in {names[0]}" if names else ""


def _range(metadata: Sequence[Any]) -> str:
    words = []
    for entry in metadata:
        match entry:
            case annotated_types.Gt(gt=low):
                words.append(f"above {low:g}")
            case annotated_types.Ge(ge=low):
                words.append(f"from {low:g}")
            case annotated_types.Lt(lt=high):
                words.append(f"below {high:g}")
            case annotated_types.Le(le=high):
                words.append(f"to {high:g}")
    return f" {' '.join(words)}" if words else ""


def _count(metadata: Sequence[Any]) -> str:
    least = next((entry.min_length for entry in metadata if isinstance(entry, annotated_types.MinLen)), 0)
    most = [f"to {entry.max_length}" for entry in metadata if isinstance(entry, annotated_types.MaxLen)]
    return f"{least} {most[0] if most else 'or more'}:"
