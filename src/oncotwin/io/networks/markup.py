"""XML from strangers: decoded here, without declarations of its own, of bounded depth, before any parser sees it.

A document type declaration is where entities come from, which can grow without bound or name other files; no format
that is read here needs one.
"""

import re
from pathlib import Path
from typing import Any
from xml.parsers import expat

from oncotwin.errors import BadInput
from oncotwin.io.packed import read_packed

DEEPEST = 200  # elements within elements; parsers written in C overflow their stack on very many

_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_UNMARKED = ((b"<\x00", "utf-16-le"), (b"\x00<", "utf-16-be"))
_WIDE = (b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff", b"<\x00\x00\x00", b"\x00\x00\x00<")
_ENCODINGS = {"utf-8": "utf-8", "us-ascii": "ascii", "ascii": "ascii", "iso-8859-1": "latin-1", "utf-16": "utf-16"}
_DECLARED = re.compile(r"""^\s*<\?xml\b[^>]*?\bencoding\s*=\s*["']([A-Za-z0-9._-]+)["'][^>]*\?>""")
_DECLARATION = re.compile(r"^\s*<\?xml\b[^>]*\?>")


def read_markup(path: Path, allowed: str) -> str:
    """The text of an XML file, well formed, without an XML declaration; it may be packed as .gz or .bz2.

    allowed: what is expected, for the message.  Raises BadInput if it cannot be read, is not in a plain encoding, is
    not well formed (with line and column), nests too deeply or declares a document type.
    """
    text = _DECLARATION.sub("", _decoded(read_packed(path, allowed), str(path)), count=1)
    _checked(text, str(path), allowed)
    return text


def _decoded(data: bytes, where: str) -> str:
    """The text of XML by its byte order mark, first bytes or declaration; UTF-8 where nothing is said."""
    if data.startswith(_WIDE):
        raise BadInput("XML in UTF-32 is not read", where=where, allowed="UTF-8 or UTF-16")
    mark, encoding = next(((m, e) for m, e in _MARKS if data.startswith(m)), (b"", ""))
    body = data[len(mark) :]
    encoding = encoding or next((e for start, e in _UNMARKED if body.startswith(start)), "")
    if not encoding:
        declared = _DECLARED.match(body[:300].decode("latin-1"))
        name = declared[1].lower() if declared else "utf-8"
        encoding = _ENCODINGS.get(name, "")
        if encoding in ("", "utf-16"):  # without a byte order mark, one byte a letter cannot be UTF-16
            raise BadInput("this encoding of XML is not read", where=where, got=name, allowed="UTF-8 or UTF-16")
    try:
        return body.decode(encoding)
    except UnicodeDecodeError as error:
        raise BadInput(f"not text in {encoding} (byte {error.start})", where=where, allowed="XML in UTF-8") from error


def _checked(text: str, where: str, allowed: str) -> None:
    """Raise BadInput unless the text is well formed, not too deep and declares nothing."""
    parser = expat.ParserCreate("UTF-8")
    depth = 0

    def refuse_declaration(*_: Any) -> None:
        raise BadInput(
            f"a document type declaration (DOCTYPE) in line {parser.CurrentLineNumber}",
            where=where,
            allowed="XML without DOCTYPE and entities",
            remedy="Remove the declaration and write out what its entities stand for",
        )

    def enter(*_: Any) -> None:
        nonlocal depth
        depth += 1
        if depth > DEEPEST:
            what = f"elements nested too deeply in line {parser.CurrentLineNumber}"
            raise BadInput(what, where=where, allowed=f"at most {DEEPEST} levels")

    def leave(_: str) -> None:
        nonlocal depth
        depth -= 1

    parser.StartDoctypeDeclHandler = refuse_declaration
    parser.EntityDeclHandler = refuse_declaration
    parser.StartElementHandler = enter
    parser.EndElementHandler = leave
    try:
        parser.Parse(text.encode("utf-8", "surrogatepass"), True)
    except expat.ExpatError as error:
        line, column = error.lineno, error.offset + 1
        what = f"malformed XML in line {line}, column {column}: {expat.ErrorString(error.code)}"
        raise BadInput(what, where=where, allowed=allowed) from error
