"""A spec as a document to edit: every key with its value, what is allowed and what it means."""

from typing import Any

import tomli_w

from oncotwin.io.specs.explain import Key, keys, section_in
from oncotwin.io.specs.kinds import TUMOUR, Kind
from oncotwin.io.specs.section import Section


def template(spec: Section, kind: Kind = TUMOUR) -> str:
    """The TOML document of a spec, with comments; `resolve` reads it back as an equal spec.

    Keys that are not set stand in comments.
    """
    described = {key.place: key for key in keys(kind.spec)}
    values = spec.model_dump()
    top, tables = [], []
    for name, field in kind.spec.model_fields.items():
        section = section_in(field.annotation)
        if section is not None and isinstance(values[name], (list, tuple)):
            tables.append(_list(described, name, values[name]))
        elif name == "parameters":
            lines = [f"{parameter} = {value!r}" for parameter, value in values[name].items()]
            tables.append("\n".join([f"# {field.description}", "[parameters]", *lines]))
        elif section is not None:
            title = f"# {section.__doc__}\n{'' if values[name] else '# '}[{name}]"
            tables.append("\n".join([title, *_lines(described, (name,), values[name])]))
        else:
            top.append(_line(described[(name,)], values[name]))
    if "plan" in values and not values["plan"]:
        top.append(f"plan = []  # delete this line to give {described[('plan',)].doc.split(',')[0]}, as at the end")
    return "\n\n".join([kind.head + "\n".join(top), *tables]) + "\n"


def _list(described: dict[tuple[str, ...], Key], name: str, entries: list[dict[str, Any]]) -> str:
    """A list of tables; in comments where it is empty."""
    head = f"# {described[(name,)].doc}"
    if not entries:
        return "\n".join([head, f"# [[{name}]]", *_lines(described, (name,), None)])
    return "\n\n".join([head, *("\n".join([f"[[{name}]]", *_lines(described, (name,), one)]) for one in entries)])


def _lines(described: dict[tuple[str, ...], Key], table: tuple[str, ...], values: dict[str, Any] | None) -> list[str]:
    """One line for each key of a table; in comments where the table, or the key, is not set."""
    inside = [key for place, key in described.items() if place[:-1] == table]
    return [_line(key, None if values is None else values[key.place[-1]]) for key in inside]


def _line(key: Key, value: Any) -> str:
    name = key.place[-1]
    setting = f"# {name} =" if value is None else f"{name} = {_inline(value)}"
    return f"{setting}  # {key.doc}; {key.allowed}"


def _inline(value: Any) -> str:
    """A value as TOML on one line."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_inline(entry)}" for key, entry in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_inline(entry) for entry in value)}]"
    return tomli_w.dumps({"value": value}).removeprefix("value = ").strip()
