"""Flux bounds as they are written on the command line.

`ID=VALUE` fixes a flux, `ID=LOWER:UPPER` gives both bounds (an empty side stays as it is), `ID.lower=VALUE` and
`ID.upper=VALUE` one of them; `inf` and `-inf` take a bound away.
"""

import math
from collections.abc import Iterable

from oncotwin.errors import BadInput, nearest
from oncotwin.numerics.network import Network

FORMS = "ID=VALUE, ID=LOWER:UPPER, ID.lower=VALUE or ID.upper=VALUE, such as EX_glc__D_e=-1.2:"


def bounded(network: Network, texts: Iterable[str]) -> Network:
    """The network with bounds as texts say, in order.  Raises BadInput for an unknown reaction or a faulty text."""
    known = set(network.reactions)
    found: dict[str, tuple[float, float]] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not name or not value:
            raise BadInput("not a bound", where="--set", got=text, allowed=FORMS)
        reaction, side = (name, "") if name in known else _side(name)
        if reaction not in known:
            raise BadInput(
                "unknown reaction", where=f"--set {text}", got=reaction, remedy=nearest(reaction, network.reactions)
            )
        at = network.place(reaction)
        old = found.get(reaction, (float(network.lb[at]), float(network.ub[at])))
        found[reaction] = _replaced(old, side, value, text)
    for reaction, pair in found.items():
        if pair[0] > pair[1]:
            allowed = "a lower bound that is not above the upper"
            raise BadInput(f"contradictory bounds on {reaction}", where="--set", got=pair, allowed=allowed)
    return network.bounded(found)


def _side(name: str) -> tuple[str, str]:
    """A reaction and which of its bounds is meant; both where nothing is said."""
    reaction, _, side = name.rpartition(".")
    return (reaction, side) if side in ("lower", "upper") and reaction else (name, "")


def _replaced(old: tuple[float, float], side: str, value: str, text: str) -> tuple[float, float]:
    """The bounds once one text is obeyed."""
    lower, colon, upper = value.partition(":")
    if colon and (side or not (lower.strip() or upper.strip())):
        raise BadInput("not a bound", where="--set", got=text, allowed=FORMS)
    if colon:
        pair = (_number(lower, text) if lower.strip() else old[0], _number(upper, text) if upper.strip() else old[1])
    else:
        one = _number(value, text)
        pair = {"": (one, one), "lower": (one, old[1]), "upper": (old[0], one)}[side]
    return pair


def _number(text: str, whole: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if math.isnan(value):
        raise BadInput("not a number", where=f"--set {whole}", got=text.strip(), allowed="mmol/gDW/h, inf or -inf")
    return value
