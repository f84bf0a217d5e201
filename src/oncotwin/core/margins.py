"""Margins: what a publication tells of a cohort without telling of each patient."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Group:
    """Patients with one of some levels, or with a number in an interval, of a variable.

    levels: of an ordinal or nominal variable; empty for an interval.  low, high: of a number, inclusive.
    """

    variable: str
    levels: tuple[str, ...] = ()
    low: float = float("-inf")
    high: float = float("inf")

    def __str__(self) -> str:
        """In words: best_response CR or PR; age 60 to 75; dose 2.5e+08."""
        interval = f"{self.low:g}" if self.low == self.high else f"{self.low:g} to {self.high:g}"
        return f"{self.variable} {' or '.join(self.levels) if self.levels else interval}"


@dataclass(frozen=True)
class Count:
    """How many of the cohort's patients are in a group.

    among: only patients with one of these levels of these variables count.  source: where the count was read.
    """

    group: Group
    count: float
    among: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    source: str = ""

    def __str__(self) -> str:
        """In words: best_response CR or PR, of tumour_type gastric."""
        within = " and ".join(f"{name} {' or '.join(levels)}" for name, levels in self.among.items())
        return f"{self.group}, of {within}" if within else str(self.group)


@dataclass(frozen=True)
class Median:
    """The median of a number, up to `within` on both sides."""

    variable: str
    value: float
    within: float = 0.0
    source: str = ""

    def __str__(self) -> str:
        """In words: median of age."""
        return f"median of {self.variable}"


@dataclass(frozen=True)
class Range:
    """The least and the greatest value of a number."""

    variable: str
    low: float
    high: float
    source: str = ""

    def __str__(self) -> str:
        """In words: range of age."""
        return f"range of {self.variable}"


Margin = Count | Median | Range
