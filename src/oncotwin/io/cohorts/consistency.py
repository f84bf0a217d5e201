"""Contradictions between the values of one patient: each value is allowed, together they cannot be."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from oncotwin.core.endpoints import DETECTION_LIMIT, PARTIAL_FALL
from oncotwin.core.features import POSITIVE_PERCENT

_ROUNDING_MONTHS = 1e-9  # one time given in days and in months

Values = Mapping[str, Any]


class Rule(NamedTuple):
    """What cannot be of the variables `names`, told of where all are known.  broken: whether it is."""

    names: tuple[str, ...]
    broken: Callable[[Values], bool]
    what: str
    allowed: str


def _stained(values: Values) -> bool:
    return values["cldn18_2_stained"] >= POSITIVE_PERCENT


RULES = (
    Rule(
        ("cldn18_2", "cldn18_2_stained"),
        lambda v: (v["cldn18_2"] == "negative") == _stained(v),
        "class and stained cells contradict each other",
        f"negative below {POSITIVE_PERCENT:g} % of cells stained 2+ or more, another class from there",
    ),
    Rule(
        ("lauren", "tumour_type"),
        lambda v: v["tumour_type"] != "gastric",
        "a Lauren class for a tumour that is not gastric",
        "nothing, or a gastric tumour",
    ),
    Rule(
        ("pfs", "os"),
        lambda v: v["pfs"] > v["os"] + _ROUNDING_MONTHS,
        "progression-free for longer than alive",
        "pfs up to os",
    ),
    Rule(
        ("c_max", "t_max", "persistence"),
        lambda v: v["c_max"] > DETECTION_LIMIT and v["t_max"] > v["persistence"],
        "the largest level after the last detectable one",
        "t_max up to persistence",
    ),
    Rule(
        ("best_response", "target_change"),
        lambda v: v["best_response"] in ("PR", "CR") and v["target_change"] > -100 * PARTIAL_FALL,
        "a response without the fall that RECIST 1.1 asks for",
        f"{-100 * PARTIAL_FALL:g} % or less with PR or CR",
    ),
)
"""Every rule; the definition of a positive tumour is that of eligibility for CT041, the others hold by definition."""


def contradictions_of(values: Values) -> list[Rule]:
    """The rules that a patient's values break.  values: by variable, what is missing left out."""
    return [rule for rule in RULES if all(name in values for name in rule.names) and rule.broken(values)]
