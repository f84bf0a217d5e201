"""Parameters: what is constant in a law, each with unit, bounds, scope and source."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar, NamedTuple, Self, dataclass_transform

import jax
import jax.core
import numpy as np

from oncotwin.errors import BadInput, nearest

SCOPES = ("population", "patient", "treatment")


class ParameterInfo(NamedTuple):
    """What is known of one parameter beside its value."""

    name: str
    symbol: str
    unit: str
    bounds: tuple[float, float]
    scope: str
    source: str
    doc: str


def param(
    value: float,
    unit: str,
    *,
    bounds: tuple[float, float],
    scope: str = "population",
    source: str,
    doc: str = "",
    symbol: str = "",
) -> Any:
    """Declare one field of a `Parameters` class: its default and what a reader must know to trust it.

    unit is a pint expression; bounds are inclusive and in that unit; source cites where the value was read, or says
    "uncalibrated".
    """
    if scope not in SCOPES:
        raise BadInput("unknown parameter scope", got=scope, allowed=", ".join(SCOPES))
    about = {"unit": unit, "bounds": bounds, "scope": scope, "source": source, "doc": doc, "symbol": symbol}
    return field(default=value, metadata=about)


@dataclass_transform(frozen_default=True, field_specifiers=(param,))
class Parameters:
    """A family's constants: a frozen dataclass that is a JAX pytree of its values.

    A subclass becomes both by being declared.  Concrete values are checked against their bounds on construction (arrays
    by their extremes); traced values pass, and so does what JAX makes of the pytree, such as a gradient.
    """

    presets: ClassVar[Mapping[str, Mapping[str, float]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        dataclass(frozen=True, repr=False)(cls)
        names = tuple(f.name for f in fields(cls))  # pyright: ignore[reportArgumentType]

        def children(self: Any) -> tuple[list, None]:
            return [(jax.tree_util.GetAttrKey(name), getattr(self, name)) for name in names], None

        def filled(_: None, values: Iterable) -> Any:
            self = object.__new__(cls)  # unchecked: a gradient or a difference of parameters has no bounds
            for name, value in zip(names, values, strict=True):
                object.__setattr__(self, name, value)
            return self

        jax.tree_util.register_pytree_with_keys(cls, children, filled)

    def __post_init__(self) -> None:
        for info in self.about():
            check_bounds(getattr(self, info.name), info, type(self).__name__)

    @classmethod
    def about(cls) -> tuple[ParameterInfo, ...]:
        """Name, symbol, unit, bounds, scope, source and meaning of every parameter, in order of declaration."""
        rows = []
        for f in fields(cls):  # pyright: ignore[reportArgumentType]
            about = dict(f.metadata)
            about["symbol"] = about["symbol"] or f.name
            rows.append(ParameterInfo(f.name, **about))
        return tuple(rows)

    @classmethod
    def preset(cls, name: str) -> Self:
        """The named, documented set of values.  Raises BadInput for a name that is not a preset."""
        if name not in cls.presets:
            raise BadInput("unknown preset", where=cls.__name__, got=name, remedy=nearest(name, cls.presets))
        return cls(**cls.presets[name])

    def with_values(self, **values: Any) -> Self:
        """The same parameters with some values changed.  Raises BadInput for an unknown name or a value outside."""
        known = [info.name for info in self.about()]
        for name in values:
            if name not in known:
                raise BadInput("unknown parameter", where=type(self).__name__, got=name, remedy=nearest(name, known))
        return replace(self, **values)  # pyright: ignore[reportArgumentType]

    def table(self) -> list[dict[str, Any]]:
        """One row a parameter: name, symbol, value, unit, bounds, scope, source, doc."""
        rows = []
        for info in self.about():
            row = info._asdict()
            rows.append(
                {"name": row.pop("name"), "symbol": row.pop("symbol"), "value": getattr(self, info.name), **row}
            )
        return rows

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__}:"]
        for row in self.table():
            low, high = row["bounds"]
            value = row["value"]
            text = f"{value:.6g}" if np.ndim(value) == 0 and not isinstance(value, jax.core.Tracer) else f"{value}"
            lines.append(
                f"  {row['name']:<22} {text:>12} {row['unit']:<28} [{low:g}, {high:g}] {row['scope']}; {row['source']}"
            )
        return "\n".join(lines)


def check_bounds(value: Any, info: ParameterInfo, family: str) -> None:
    """Raise BadInput if a concrete value lies outside its bounds.  Traced values and pytree placeholders pass."""
    if isinstance(value, jax.core.Tracer) or not isinstance(value, (int, float, np.ndarray, np.generic, jax.Array)):
        return
    numbers = np.asarray(value)
    low, high = info.bounds
    if numbers.size and not (np.all(numbers >= low) and np.all(numbers <= high)):
        outside = numbers[~((numbers >= low) & (numbers <= high))].flat[0]
        raise BadInput(
            f"{info.name} = {outside:g} {info.unit} lies outside [{low:g}, {high:g}] ({family})",
            remedy=f"{info.doc} Was it given in {info.unit}?".strip(),
        )


__all__ = ["ParameterInfo", "Parameters", "param"]
