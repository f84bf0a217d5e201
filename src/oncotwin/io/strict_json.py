"""JSON from strangers: no repeated keys, no NaN, and every fault as one message that says where it stands."""

import json
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from oncotwin.errors import BadInput
from oncotwin.io.packed import read_packed

Entry = TypeVar("Entry", bound=BaseModel)


def read_document(path: Path, allowed: str) -> Any:
    """What a JSON file holds, also packed as .gz or .bz2.

    allowed: what is expected, for the message.  Raises BadInput for a file that cannot be read, is malformed, nests too
    deeply, repeats a key within an object or holds NaN or Infinity.
    """
    where = str(path)
    try:
        return json.loads(read_packed(path, allowed), parse_constant=_no_number, object_pairs_hook=_once_each)
    except BadInput as error:
        raise BadInput(error.what, where=where, got=error.got, allowed=error.allowed or allowed) from error
    except RecursionError as error:
        raise BadInput("nested too deeply", where=where, allowed=allowed) from error
    except ValueError as error:
        raise BadInput(f"malformed JSON: {error}", where=where, allowed=allowed) from error


def checked(document: Any, kind: type[Entry], where: str, allowed: str) -> Entry:
    """A document as a record.  Raises BadInput that names the first entry that is missing or of the wrong kind."""
    try:
        return kind.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        at = _place(first["loc"], document)
        if first["type"] == "missing":
            raise BadInput(f"{at} lacks {first['loc'][-1]!r}", where=where, allowed=allowed) from error
        got = first["input"] if isinstance(first["input"], str | float | int | None) else type(first["input"]).__name__
        raise BadInput(f"{at}: {first['msg']}", where=where, got=got, allowed=allowed) from error


def _place(steps: tuple[int | str, ...], node: Any) -> str:
    """Where in a document an entry stands, by its id if it has one: `reactions.PFK.lower_bound`."""
    words = []
    for step in steps:
        known = isinstance(node, dict) and step in node or isinstance(node, list) and isinstance(step, int)
        node = node[step] if known else None
        if known:  # else which of several allowed kinds was tried, or what is missing
            named = isinstance(step, int) and isinstance(node, dict) and "id" in node
            words.append(str(node["id"]) if named else str(step))
    return ".".join(words) or "the document"


def _no_number(name: str) -> float:
    raise BadInput("JSON has no such number", got=name)


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise BadInput("a key given twice", got=next(name for k, name in enumerate(names) if name in names[:k]))
    return found
