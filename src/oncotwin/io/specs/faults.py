"""Faults of a spec: what is wrong with which key, gathered, then told in one message."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError

from oncotwin.errors import BadInput, similar
from oncotwin.io.specs.explain import allowed_at, known_keys

Place = tuple[str | int, ...]
M = TypeVar("M", bound=BaseModel)
_LONGEST_VALUE = 100


class Fault(NamedTuple):
    """One thing wrong: the key's place in the document, what, what was got, what is allowed, how to mend it."""

    place: Place
    what: str
    got: Any = None
    allowed: str = ""
    remedy: str = ""


def dotted(place: Place) -> str:
    """The place as a dotted key: plan.0.cells."""
    return ".".join(str(part) for part in place)


def refuse(faults: Sequence[Fault], source_of: Callable[[Place], str]) -> NoReturn:
    """Raise one BadInput that tells the first fault and names the others.  source_of: who set the key at a place."""
    first, *others = faults
    remedy = first.remedy
    if others:
        keys = dict.fromkeys(dotted(fault.place) for fault in others)
        remedy = f"{remedy + '. ' if remedy else ''}Also wrong: {', '.join(keys)}"
    got = first.got
    if len(repr(got)) > _LONGEST_VALUE:
        got = repr(got)[:_LONGEST_VALUE] + "..."
    source, key = source_of(first.place), dotted(first.place)
    where = source if source.startswith(f"--set {key}=") else f"{source}, {key}"
    raise BadInput(first.what, where=where, got=got, allowed=first.allowed, remedy=remedy)


def faults_of(error: ValidationError, model: type[BaseModel]) -> list[Fault]:
    """The faults that pydantic found, unknown and missing keys first."""
    details = error.errors()
    inner = {detail["loc"][:-1] for detail in details}  # a list whose entries are wrong also counts as too short
    found = [_fault(detail, model) for detail in details if detail["type"] != "too_short" or detail["loc"] not in inner]
    return sorted(found, key=lambda fault: not fault.what.startswith(("unknown key", "missing key")))


def read_as(model: type[M], document: dict[str, Any], where: str) -> M:
    """A document as a model.  Raises BadInput that tells the first fault and names the others.

    where: the document comes from.
    """
    try:
        return model.model_validate(document)
    except ValidationError as error:
        refuse(faults_of(error, model), lambda place: where)


def _fault(detail: Any, model: type[BaseModel]) -> Fault:
    place: Place = detail["loc"]
    if detail["type"] == "extra_forbidden":
        names = known_keys(model, place[:-1])
        return Fault(place, "unknown key", place[-1], ", ".join(names), similar(str(place[-1]), names))
    allowed = allowed_at(model, place)
    if detail["type"] == "missing":
        return Fault(place[:-1], f"missing key {place[-1]!r}", None, allowed)
    what = _WORDS.get(detail["type"], detail["msg"])
    return Fault(place, what, detail["input"], allowed)


_WORDS = {
    "float_type": "not a number",
    "int_type": "not a whole number",
    "string_type": "not text",
    "bool_type": "neither true nor false",
    "tuple_type": "not a list",
    "model_type": "not a table",
    "dict_type": "not a table",
    "literal_error": "unknown name",
    "finite_number": "not a finite number",
    "greater_than": "out of range",
    "greater_than_equal": "out of range",
    "less_than": "out of range",
    "less_than_equal": "out of range",
    "too_short": "too few entries",
    "too_long": "too many entries",
    "string_too_short": "empty text",
}
