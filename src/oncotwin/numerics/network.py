"""A metabolic network: stoichiometry, bounds and objective, with what is known of its reactions and metabolites."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, Self

import numpy as np
from scipy import sparse

from oncotwin.errors import BadInput, nearest


@dataclass(frozen=True, eq=False)
class Network:
    """The linear program of flux balance: optimise c'v subject to S v = b, lb <= v <= ub.

    reactions, metabolites: distinct ids, n and m of them.  S: (m, n), mmol of metabolite made by each mmol of flux.
    lb, ub: (n,), mmol/gDW/h, infinite where there is none.  b: (m,), net accumulation, mmol/gDW/h.  c: (n,), what each
    flux is worth.  sense: which way the objective goes.  The rest is text about each reaction or metabolite, in order,
    empty where nothing is known; gene_rules are boolean expressions of gene ids; charges None where unknown.

    Raises BadInput for shapes that do not fit, repeated ids, numbers that are not finite and contradictory bounds.
    """

    reactions: tuple[str, ...]
    metabolites: tuple[str, ...]
    S: sparse.csc_array
    lb: np.ndarray
    ub: np.ndarray
    b: np.ndarray = field(default_factory=lambda: np.zeros(0))
    c: np.ndarray = field(default_factory=lambda: np.zeros(0))
    sense: Literal["max", "min"] = "max"
    name: str = ""
    reaction_names: tuple[str, ...] = ()
    metabolite_names: tuple[str, ...] = ()
    formulas: tuple[str, ...] = ()
    charges: tuple[float | None, ...] = ()
    compartments: tuple[str, ...] = ()
    subsystems: tuple[str, ...] = ()
    gene_rules: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        m, n = len(self.metabolites), len(self.reactions)
        arrays: dict[str, Any] = {"S": sparse.csc_array(self.S, dtype=float)}
        for what, size in (("lb", n), ("ub", n), ("b", m), ("c", n)):
            value = np.asarray(getattr(self, what), float)
            arrays[what] = np.zeros(size) if value.size == 0 and what in "bc" else value
        for what, value in arrays.items():
            object.__setattr__(self, what, value)
        for what, size, empty in _TEXTS:
            if not getattr(self, what):
                object.__setattr__(self, what, (empty,) * (n if size == "n" else m))
        self._check_shapes(m, n)
        self._check_numbers()

    def _check_shapes(self, m: int, n: int) -> None:
        for what, ids in (("reaction", self.reactions), ("metabolite", self.metabolites)):
            if len(set(ids)) < len(ids):
                twice = next(name for k, name in enumerate(ids) if name in ids[:k])
                raise BadInput(f"{what} id given twice", where=self.where, got=twice)
        if self.sense not in ("max", "min"):
            raise BadInput("unknown sense of the objective", where=self.where, got=self.sense, allowed="max, min")
        expected = {"S": (m, n), "lb": (n,), "ub": (n,), "b": (m,), "c": (n,)}
        expected |= {what: (n if size == "n" else m,) for what, size, _ in _TEXTS}
        for what, shape in expected.items():
            value = getattr(self, what)
            got = (len(value),) if isinstance(value, tuple) else value.shape
            if got != shape:
                raise BadInput(f"wrong shape of {what}", where=self.where, got=got, allowed=str(shape))

    def _check_numbers(self) -> None:
        S, lb, ub = self.S, self.lb, self.ub
        if not (np.isfinite(S.data).all() and np.isfinite(self.b).all() and np.isfinite(self.c).all()):
            raise BadInput("S, b and c must be finite", where=self.where)
        wrong = np.flatnonzero(~(lb <= ub) | (lb == np.inf) | (ub == -np.inf))
        if wrong.size:
            j = wrong[0]
            raise BadInput(
                f"contradictory bounds on reaction {self.reactions[j]}",
                where=self.where,
                got=(float(lb[j]), float(ub[j])),
                allowed="lower <= upper, neither NaN",
            )

    @property
    def where(self) -> str:
        """How messages call this network."""
        return f"network {self.name}" if self.name else "network"

    @cached_property
    def _places(self) -> dict[str, int]:
        return {name: j for j, name in enumerate(self.reactions)}

    def place(self, reaction: str) -> int:
        """Index of a reaction.  Raises BadInput for an unknown id."""
        if reaction not in self._places:
            raise BadInput("unknown reaction", where=self.where, got=reaction, remedy=nearest(reaction, self.reactions))
        return self._places[reaction]

    @cached_property
    def boundary(self) -> np.ndarray:
        """Which reactions touch one metabolite only and so cross the border of the system, (n,) of bool."""
        return np.diff(self.S.indptr) == 1

    @cached_property
    def exchanges(self) -> tuple[str, ...]:
        """Ids of the boundary reactions whose metabolite is outside the cell.

        Outside is the compartment in which most boundary metabolites lie, or, where compartments are not known, all.
        """
        columns = np.flatnonzero(self.boundary)
        where = [self.compartments[self.S.indices[self.S.indptr[j]]] for j in columns]
        outside = max(sorted(set(where)), key=where.count) if where else ""
        return tuple(self.reactions[j] for j, place in zip(columns, where, strict=True) if place == outside)

    def bounded(self, bounds: Mapping[str, tuple[float, float]]) -> Self:
        """The network with other bounds (lower, upper) on some reactions, mmol/gDW/h.  Raises BadInput."""
        lb, ub = self.lb.copy(), self.ub.copy()
        for reaction, (low, high) in bounds.items():
            j = self.place(reaction)
            lb[j], ub[j] = low, high
        return replace(self, lb=lb, ub=ub)

    def without(self, reactions: Iterable[str]) -> Self:
        """The network with some reactions stopped.  Raises BadInput for an unknown id."""
        return self.bounded(dict.fromkeys(reactions, (0.0, 0.0)))

    def aimed(self, objective: str | Mapping[str, float], sense: Literal["max", "min"] = "max") -> Self:
        """The network with another objective: one reaction, or the worth of several.  Raises BadInput."""
        worth = {objective: 1.0} if isinstance(objective, str) else objective
        c = np.zeros(len(self.reactions))
        for reaction, value in worth.items():
            c[self.place(reaction)] = value
        return replace(self, c=c, sense=sense)

    def equation(self, reaction: str) -> str:
        """The reaction as text, `2.0 a_c + b_c --> c_c`; `<=>` where it may run backwards."""
        j = self.place(reaction)
        span = slice(self.S.indptr[j], self.S.indptr[j + 1])
        terms = list(zip(self.S.indices[span], self.S.data[span], strict=True))

        def side(sign: int) -> str:
            parts = [(abs(x), self.metabolites[i]) for i, x in terms if x * sign > 0]
            return " + ".join(name if x == 1 else f"{float(x)!r} {name}" for x, name in parts)

        arrow = "<=>" if self.lb[j] < 0 < self.ub[j] else "<--" if self.lb[j] < 0 else "-->"
        return f"{side(-1)} {arrow} {side(1)}".strip()


_TEXTS: tuple[tuple[str, str, str | None], ...] = (
    ("reaction_names", "n", ""),
    ("metabolite_names", "m", ""),
    ("formulas", "m", ""),
    ("charges", "m", None),
    ("compartments", "m", ""),
    ("subsystems", "n", ""),
    ("gene_rules", "n", ""),
)
