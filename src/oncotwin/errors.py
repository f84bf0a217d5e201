"""The exceptions of oncotwin: one tree, one clear message each, one exit code per branch.

Every message says what is wrong, where, what was got, what is allowed and how to mend it; the command line prints it
without a traceback and leaves with the branch's exit code.
"""

from collections.abc import Iterable
from difflib import get_close_matches

_LISTED = 40  # names in a message that knows no near one


class OncotwinError(Exception):
    """Something went wrong that a person can mend.  The root of the tree."""

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", got: object = None, allowed: str = "", remedy: str = "") -> None:
        self.what, self.where, self.got, self.allowed, self.remedy = what, where, got, allowed, remedy
        parts = [f"{where}: {what}" if where else what]
        if got is not None:
            parts.append(f"got {got!r}")
        if allowed:
            parts.append(f"allowed: {allowed}")
        message = "; ".join(parts)
        ended = message if message.endswith((".", "?")) else f"{message}."
        super().__init__(f"{ended} {remedy}" if remedy else ended)


class BadInput(OncotwinError):
    """A spec, a file, a parameter or an argument that cannot be used."""

    exit_code = 2


class NumericalFailure(OncotwinError):
    """A computation that could not be finished within its tolerances, or that left the finite numbers."""

    exit_code = 3


class StorageFailure(OncotwinError):
    """A folder or file that cannot be written, read back or trusted."""

    exit_code = 4


class Interrupted(OncotwinError):
    """A run stopped by Ctrl-C (exit code 130) or SIGTERM (143) after its checkpoint was written."""

    exit_code = 130


def similar(name: str, names: Iterable[str]) -> str:
    """The remedy for a misspelt name where the message lists what is allowed: the nearest names, or nothing."""
    close = get_close_matches(name, sorted(names), n=3, cutoff=0.5)
    return f"Did you mean {' or '.join(repr(c) for c in close)}?" if close else ""


def nearest(name: str, names: Iterable[str]) -> str:
    """The remedy for a misspelt name: the nearest known ones; when none is near all of them, or the first of many."""
    known = sorted(names)
    rest = len(known) - _LISTED
    return similar(name, known) or f"Known: {', '.join(known[:_LISTED])}{f' and {rest} more' if rest > 0 else ''}"
