"""How figures look: one style, colours that the colour-blind can tell apart, units as they are printed."""

import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import wraps
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import Any, ParamSpec

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from oncotwin.core.exchange import Infusion
from oncotwin.io.durable import storage, write_atomically
from oncotwin.io.fields import NOTICE

P = ParamSpec("P")

WIDTH = 7.2  # inches: two columns of a journal
DPI = 220
INK = "#222222"
QUIET = "#8a8a8a"
FAINT = "#c4c4c4"
OUTSIDE = "#d9d9d9"  # where there is no tissue

# Okabe & Ito 2008, Color Universal Design
BLUE, SKY, GREEN = "#0072B2", "#56B4E9", "#009E73"
YELLOW, ORANGE, VERMILLION, PURPLE = "#F0E442", "#E69F00", "#D55E00", "#CC79A7"

STYLE = MappingProxyType(
    {
        "font.family": "DejaVu Sans",  # comes with matplotlib, so that a figure is the same everywhere
        "font.size": 7.0,
        "axes.titlesize": 7.5,
        "axes.labelsize": 7.0,
        "axes.labelcolor": INK,
        "axes.edgecolor": INK,
        "axes.linewidth": 0.6,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlelocation": "left",
        "axes.titlepad": 5.0,
        "xtick.labelsize": 6.5,
        "ytick.labelsize": 6.5,
        "xtick.color": INK,
        "ytick.color": INK,
        "xtick.major.width": 0.6,
        "ytick.major.width": 0.6,
        "xtick.minor.width": 0.4,
        "ytick.minor.width": 0.4,
        "xtick.major.size": 2.8,
        "ytick.major.size": 2.8,
        "xtick.minor.size": 1.6,
        "ytick.minor.size": 1.6,
        "lines.linewidth": 1.4,
        "lines.solid_capstyle": "round",
        "legend.frameon": False,
        "legend.fontsize": 6.5,
        "legend.handlelength": 1.6,
        "mathtext.default": "regular",
        "text.color": INK,
        "figure.constrained_layout.h_pad": 0.03,
        "figure.constrained_layout.w_pad": 0.03,
    }
)

_HOUSE = {key: value for key, value in mpl.rcParamsDefault.items() if not key.startswith("backend")} | dict(STYLE)

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_PURE = ("", "1", "attractant")  # the attractant is counted relative to its level in a tumour of one unit
_PRINTED = (
    (re.compile(r"\bum\b"), "µm"),
    (re.compile(r"\bug\b"), "µg"),
    (re.compile(r"/litre\b"), "/L"),
    (re.compile(r"\*\*(\d)"), r"^\1"),
    (re.compile(r"\*"), "·"),
    (re.compile(r"\bcm(\d)\b"), r"cm^\1"),
)
_POWER = re.compile(r"(\d+(?:\.\d+)?)[eE]\+?(-?\d+)")
_SCALED = re.compile(r"(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?) +(.+)")
_EXPONENT = re.compile(r"\^(-?\d+)")


def house_style() -> AbstractContextManager[None]:
    """A context in which matplotlib draws in the house style, whatever its settings are."""
    return mpl.rc_context(_HOUSE)


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """The same drawing function, in the house style."""

    @wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with house_style():
            return draw(*args, **kwargs)

    return drawn


def new_figure(height: float, width: float = WIDTH, layout: str = "constrained") -> Figure:
    """An empty figure, inches.  layout: matplotlib's engine, "none" where every place is given."""
    return Figure(figsize=(width, height), dpi=DPI, layout=layout)


def axes_at(figure: Figure, left: float, low: float, width: float, height: float, **kind: Any) -> Axes:
    """Axes at a place given in inches from the lower left corner of the figure."""
    across, up = figure.get_size_inches()
    return figure.add_axes((left / across, low / up, width / across, height / up), **kind)


def save(figure: Figure, path: Path, caption: str, fineness: int = 1) -> Path:
    """Write a figure as PNG with its caption among its metadata.  Raises StorageFailure.

    fineness: pixels are drawn this many times smaller and averaged, for surfaces that are drawn without antialiasing.
    """
    drawn, data, about = BytesIO(), BytesIO(), PngInfo()
    with house_style():
        figure.savefig(drawn, dpi=fineness * DPI, format="png")
    for key, value in {"Software": "oncotwin", "Description": caption, "Disclaimer": NOTICE}.items():
        about.add_itxt(key, value)
    with Image.open(drawn) as picture:
        picture.convert("RGB").reduce(fineness).save(data, "png", dpi=(DPI, DPI), pnginfo=about)
    return write_picture(path, data.getvalue())


def write_picture(path: Path, data: bytes) -> Path:
    """Write the bytes of a picture, whole or not at all, in a folder that need not exist.  Raises StorageFailure."""
    with storage("write the figure", path):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, data)
    return path


def in_print(unit: str) -> str:
    """A unit or number as it is printed: "1e7 cells/cm3" becomes "10⁷ cells/cm³"; "" for a pure number."""
    if unit in _PURE:
        return ""
    text = raised(unit)
    for pattern, printed in _PRINTED:
        text = pattern.sub(printed, text)
    return _EXPONENT.sub(lambda found: found[1].translate(_SUPERSCRIPT), text)


def quantity(name: str, unit: str) -> str:
    """The label of an axis: name and unit; the first letter is a capital."""
    printed = in_print(unit)
    return f"{name[:1].upper()}{name[1:]} ({printed})" if printed else f"{name[:1].upper()}{name[1:]}"


def number(value: float, digits: int = 3) -> str:
    """A number as it is printed: 2.5e8 becomes "2.5 × 10⁸"."""
    return raised(f"{value:.{digits}g}")


def raised(text: str) -> str:
    """The text with its powers of ten as they are printed: "2.5e+08" becomes "2.5 × 10⁸"."""
    return _POWER.sub(_power, text)


def rescaled(largest: float, unit: str) -> tuple[float, str]:
    """A factor that makes numbers of this size readable, and the unit they then have, in print.

    A number in the unit ("1e7 cells/cm3") is multiplied out; what is then under 0.01 or over 10000 is counted in powers
    of 1000.
    """
    scale, plain = _plain(unit)
    size = scale * largest
    power = 0 if size == 0 or 1e-2 <= size < 1e4 else 3 * int(np.floor(np.log10(size) / 3))
    counted = plain if power == 0 else f"1e{power} {plain}" if in_print(plain) else f"× 1e{power}"
    return scale / 10.0**power, in_print(counted)


def value_in_print(value: float, unit: str) -> str:
    """A value of two digits with its unit, as it is printed."""
    scale, plain = _plain(unit)
    return f"{number(scale * value, 2)} {in_print(plain)}".strip()


def lettered(axes: Sequence[Axes]) -> None:
    """Panel letters a, b, c, ... in bold before each title."""
    for letter, panel in zip("abcdefghijklmnopqrstuvwxyz", axes, strict=False):
        panel.annotate(
            letter,
            xy=(0, 1),
            xycoords="axes fraction",
            xytext=(-4, 5),
            textcoords="offset points",
            fontsize=9,
            fontweight="bold",
            ha="right",
            va="bottom",
        )


def beside(panel: Axes, text: str, height: float, points: float, **look: Any) -> None:
    """Upright text to the left of a panel: its middle at a height on the y axis, some points from the edge."""
    where = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points"}
    panel.annotate(text, (0, height), (-points, 0), rotation=90, ha="center", va="center", **where, **look)


def round_ticks(axis: Axis, low: float, high: float) -> None:
    """Two or three round numbers between two lengths."""
    found = MaxNLocator(2, steps=[1, 2, 5, 10]).tick_values(low, high)
    inside = [t for t in found if low - 1e-9 <= t <= high + 1e-9]
    axis.set_ticks(inside, labels=[f"{t:g}" for t in inside])


def mark_doses(panel: Axes, plan: Sequence[Infusion]) -> None:
    """A thin line at every infusion."""
    for infusion in plan:
        panel.axvline(infusion.time_days, color=QUIET, linewidth=0.6, linestyle=(0, (1, 1.5)), zorder=0)


def halo() -> list[Any]:
    """Path effects that keep text readable over lines."""
    return [withStroke(linewidth=2.0, foreground="white")]


def _plain(unit: str) -> tuple[float, str]:
    """The number in a unit and the unit without it: "1e7 cells/cm3" is 1e7 "cells/cm3"."""
    found = _SCALED.match(unit)
    return (float(found[1]), found[2]) if found else (1.0, unit)


def _power(found: re.Match[str]) -> str:
    mantissa, exponent = found[1], str(int(found[2])).translate(_SUPERSCRIPT)
    return f"10{exponent}" if float(mantissa) == 1 else f"{float(mantissa):g} × 10{exponent}"
