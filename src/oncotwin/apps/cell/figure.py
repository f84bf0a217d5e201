"""Time courses of one cell: signalling, metabolism, the slow programme, release."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from oncotwin.apps.style import (
    BLUE,
    GREEN,
    INK,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    lettered,
    new_figure,
    rescaled,
    styled,
)

_SHARES = (
    (
        "Signalling",
        {"ERK": ("erk", BLUE), "NFAT": ("nfat", VERMILLION), "NF-κB": ("nfkb", ORANGE), "STAT5": ("stat5", GREEN)},
    ),
    ("Metabolic switch", {"mTOR": ("mtor", PURPLE), "AMPK": ("ampk", SKY)}),
    ("Slow programme", {"exhaustion\n(TOX)": ("exhaustion", VERMILLION), "granzyme B": ("granzyme", BLUE)}),
)
_RELEASE = {"interferon γ": ("ifng", BLUE), "IL-2": ("il2", ORANGE), "GM-CSF": ("gmcsf", GREEN)}


@styled
def draw_cell(hours: np.ndarray, seen: Any) -> Figure:
    """The readouts against time.  seen: observation of the cell at each hour, leaves (k,)."""
    figure = new_figure(3.6)
    axes = figure.subplots(2, 2).ravel()
    for panel, (title, lines) in zip(axes, _SHARES, strict=False):
        for label, (name, colour) in lines.items():
            panel.plot(hours, getattr(seen.signals, name), color=colour, label=label)
        panel.set_ylim(0, 1.02)
        panel.set_ylabel("Share")
        _finish(panel, title, hours)
    axes[1].plot(hours, seen.energy, color=INK, linestyle="--", label="ATP")
    _legend(axes[1])
    _release(axes[3], hours, seen)
    lettered(axes)
    return figure


def _release(panel: Axes, hours: np.ndarray, seen: Any) -> None:
    """Release in molecules per hour."""
    largest = max(float(np.max(getattr(seen.signals, name))) for name, _ in _RELEASE.values())
    factor, unit = rescaled(largest, "molecules/h")
    for label, (name, colour) in _RELEASE.items():
        panel.plot(hours, factor * getattr(seen.signals, name), color=colour, label=label)
    panel.set_ylim(0, 1.1 * factor * max(largest, 1e-12))
    panel.set_ylabel(f"Release ({unit})")
    _finish(panel, "Release", hours)


def _finish(panel: Axes, title: str, hours: np.ndarray) -> None:
    """Title, legend, and time from the first to the last hour."""
    panel.set_title(title)
    panel.set_xlim(hours[0], hours[-1])
    panel.set_xlabel("Time (hours)")
    _legend(panel)


def _legend(panel: Axes) -> None:
    """The legend to the right of a panel, where no line runs."""
    panel.legend(loc="upper left", bbox_to_anchor=(1.0, 1.02), borderaxespad=0.3)
