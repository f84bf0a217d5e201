"""Ids of SBML and the ids people use: prefixes and escapes as BiGG Models and COBRA write them.

An id of SBML has letters, digits and underscores only.  By convention `R_`, `M_` and `G_` stand before the ids of
reactions, metabolites and genes, and any other character is written as its number between double underscores
(`__45__` is a hyphen).
"""

import re
from collections.abc import Iterable

REACTION, METABOLITE, GENE = "R_", "M_", "G_"
NO_COMPARTMENT = "compartment_not_known"

_DOT = "__SBML_DOT__"  # how older files write the dot of a gene
_ESCAPE = re.compile(r"__(\d{1,7})__")
_FOREIGN = re.compile(r"[^0-9A-Za-z_]")
_LIKE_AN_ESCAPE = re.compile(r"_(?=_\d)|S(?=BML_DOT)")


def plain_ids(sids: Iterable[str], prefix: str) -> dict[str, str]:
    """The id that people use for each id of SBML: escapes resolved, the prefix dropped.

    Where two would then be called the same, all of them keep what the file says.
    """
    sids = list(sids)
    plain = {sid: plain_id(sid, prefix) for sid in sids}
    return plain if len(set(plain.values())) == len(plain) else {sid: sid for sid in sids}


def plain_id(sid: str, prefix: str) -> str:
    """An id of SBML with its escapes resolved and without the prefix; never empty."""
    text = _ESCAPE.sub(_character, sid.replace(_DOT, ".") if prefix == GENE else sid)
    return text.removeprefix(prefix) or text


def sbml_id(plain: str, prefix: str) -> str:
    """An id of SBML from which `plain_id` gives this one back."""
    return _FOREIGN.sub(_number, _LIKE_AN_ESCAPE.sub(_number, prefix + plain))


def sbml_name(plain: str) -> str:
    """An id of SBML without prefix; a first digit is escaped, for an id begins with a letter or an underscore."""
    text = sbml_id(plain, "")
    return f"__{ord(text[0])}__{text[1:]}" if text[:1].isdigit() else text


def _character(found: re.Match[str]) -> str:
    number = int(found[1])
    return chr(number) if 0 < number < 0x110000 and not 0xD800 <= number < 0xE000 else found[0]


def _number(found: re.Match[str]) -> str:
    return f"__{ord(found[0])}__"
