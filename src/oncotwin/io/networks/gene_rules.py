"""Gene associations as text and as trees: expressions of gene ids, `and`, `or` and parentheses."""

import re
from typing import NamedTuple, Self

_TOKEN = re.compile(r"\s*([()]|[^\s()]+)")


class Rule(NamedTuple):
    """A gene, or several rules joined.  word: the gene's id where there are no parts, else `and` or `or`."""

    word: str
    parts: tuple[Self, ...] = ()

    @property
    def genes(self) -> tuple[str, ...]:
        """Ids of the genes in order, each once."""
        names = [gene for part in self.parts for gene in part.genes] if self.parts else [self.word]
        return tuple(dict.fromkeys(names))


def parse_rule(text: str) -> Rule | None:
    """The tree of a gene association; None for an empty one and for text that is no such expression.

    `and` binds closer than `or`; both may be in any case, `&` and `|` stand for them.
    """
    words = [_WORDS.get(word.lower(), word) for word in _TOKEN.findall(text)]
    rule, rest = _alternatives(words) if words else (None, [])
    return None if rest else rule


_WORDS = {"and": "and", "or": "or", "&": "and", "|": "or", "&&": "and", "||": "or"}
_DEEPEST = 100


def _alternatives(words: list[str], depth: int = 0) -> tuple[Rule | None, list[str]]:
    return _joined(words, "or", depth)


def _joined(words: list[str], operator: str, depth: int) -> tuple[Rule | None, list[str]]:
    """The rule that the words begin with, of operands joined by one operator, and the words after it."""
    parts = []
    while True:
        part, words = _joined(words, "and", depth) if operator == "or" else _operand(words, depth)
        if part is None:
            return None, words
        parts.append(part)
        if not words or words[0] != operator:
            return (parts[0] if len(parts) == 1 else Rule(operator, tuple(parts))), words
        words = words[1:]


def _operand(words: list[str], depth: int) -> tuple[Rule | None, list[str]]:
    if not words or words[0] in ("and", "or", ")") or depth > _DEEPEST:
        return None, words
    if words[0] != "(":
        return Rule(words[0]), words[1:]
    inside, rest = _alternatives(words[1:], depth + 1)
    return (inside, rest[1:]) if rest[:1] == [")"] else (None, rest)
