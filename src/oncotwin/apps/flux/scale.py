"""How a flux looks on a map: width, colour, arrowhead and number, one scale for the whole map."""

import math
from typing import NamedTuple

from matplotlib.colors import LinearSegmentedColormap, to_hex

from oncotwin.numerics.knockouts import IDLE

_THINNEST, _THICKEST = 3.5, 20.0
_RAMP = LinearSegmentedColormap.from_list("flux", ["#8cc3d4", "#3f93bd", "#2a5ea8", "#35307f", "#2a0f4d"])


class FluxScale(NamedTuple):
    """A scale from nothing to the largest flux of a map; width and colour go with the square root of the size.

    The ramp runs from light blue to near black, so that lightness alone tells the order: to the colour-blind, and in
    print without colour.
    """

    largest: float

    def share(self, flux: float) -> float:
        """Square root of the size relative to the largest, from 0 to 1."""
        return math.sqrt(min(abs(flux) / self.largest, 1.0)) if self.largest > IDLE else 0.0

    def width(self, flux: float) -> float:
        """Width of the line, in units of the map."""
        return _THINNEST + (_THICKEST - _THINNEST) * self.share(flux)

    def colour(self, flux: float) -> str:
        """Colour of line and arrowhead."""
        return to_hex(_RAMP(self.share(flux)))

    def head(self, flux: float) -> tuple[float, float]:
        """Length and width of the arrowhead."""
        across = 11.0 + 1.45 * self.width(flux)
        return 0.85 * across, across

    @property
    def steps(self) -> tuple[float, ...]:
        """Round fluxes for a legend, in order, of which the last is the largest or just below it."""
        if self.largest <= IDLE:
            return ()
        return tuple(dict.fromkeys(_rounded(self.largest * share) for share in (0.01, 0.1, 0.4, 1.0)))


def flows(flux: float) -> bool:
    """Whether a flux is one, and not the round-off of a solver."""
    return abs(flux) > IDLE


def flux_text(flux: float) -> str:
    """A flux as it is printed beside its reaction: three digits, or one and a power of ten."""
    if not flows(flux):
        return "0"
    mantissa, _, power = f"{flux:.0e}".partition("e")
    text = f"{flux:.3g}" if 1e-3 <= abs(flux) < 1e4 else f"{mantissa}e{int(power)}"
    return text.replace("-", "\N{MINUS SIGN}")


def _rounded(value: float) -> float:
    """The largest of 1, 2, 5, 10, 20, ... (times a power of ten) that is not above a value."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (5.0, 2.0, 1.0) if step * power <= value * (1 + 1e-12))
