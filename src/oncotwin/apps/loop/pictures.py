"""The figures of a loop, from its summary and its runs; `python -m oncotwin.apps.figures` draws them again."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from matplotlib.figure import Figure

from oncotwin.apps.loop.figure_courses import ARM_COLOURS, draw_arms
from oncotwin.apps.loop.figure_front import draw_front
from oncotwin.apps.loop.figure_limits import draw_limits
from oncotwin.apps.loop.figure_made import draw_made
from oncotwin.apps.loop.figure_sure import draw_sure
from oncotwin.apps.page import read_summary
from oncotwin.apps.style import save
from oncotwin.apps.tumour.figure_comparison import draw_comparison
from oncotwin.io.fields import open_results
from oncotwin.io.rundir import FIGURES, RESULTS, SUMMARY


class LoopPicture(NamedTuple):
    """One figure of a loop: its file, title and caption, and what draws it from summary and folder."""

    file: str
    title: str
    caption: str
    draw: Callable[[dict[str, Any], Path], Figure]


def draw_loop(folder: Path) -> list[Path]:
    """Draw every figure of a loop into its folder `figures`; their paths.

    Raises StorageFailure if its summary cannot be read or a figure not written.
    """
    summary = read_summary(folder / SUMMARY)
    return [save(one.draw(summary, folder), folder / FIGURES / one.file, one.caption) for one in LOOP_PICTURES]


def _made(summary: dict[str, Any], folder: Path) -> Figure:
    return draw_made(summary["processes"])


def _space(summary: dict[str, Any], folder: Path) -> Figure:
    runs = {f"Arm {name}": open_results(folder / f"arm-{name}" / RESULTS) for name in summary["arms"]}
    return draw_comparison(runs, {f"Arm {name}": colour for name, colour in ARM_COLOURS.items()})


def _arms(summary: dict[str, Any], folder: Path) -> Figure:
    runs = {name: open_results(folder / f"arm-{name}" / RESULTS) for name in summary["arms"]}
    return draw_arms(runs, summary["drugs"])


def _limits(summary: dict[str, Any], folder: Path) -> Figure:
    return draw_limits(summary["limits"], summary["times"], summary["belief"])


def _front(summary: dict[str, Any], folder: Path) -> Figure:
    return draw_front(summary["front"])


def _sure(summary: dict[str, Any], folder: Path) -> Figure:
    return draw_sure(summary)


LOOP_PICTURES = (
    LoopPicture(
        "made.png",
        "What was made",
        "a, viable cells of the patient's culture, by process; of a learnt one only the two ends. b, states of the "
        "cells at harvest. c, scores of the product: large dots, the patient's culture; small ones, virtual donors of "
        "the same subtype; dashed, the reference product, which leaves the tumour twin as it is. Scores are "
        "uncalibrated.",
        _made,
    ),
    LoopPicture(
        "courses.png",
        "What happens",
        "The three arms in three dimensions. a, sum of longest diameters; points: imaging visits with RECIST 1.1 "
        "categories against baseline and nadir. b, functional CAR-T cells in the tumour's field. c, share of tumour "
        "cells that still show the antigen. d, drug levels that the controller gave in arm C.",
        _arms,
    ),
    LoopPicture(
        "space.png",
        "The tumour in space",
        "Tumour cells in the plane of x and y through the tumour's centre, a row an arm; below, volume, antigen, "
        "transgene in blood and interleukin 6. The white line stands where the tumour has half of its highest density "
        "of the day.",
        _space,
    ),
    LoopPicture(
        "limits.png",
        "Why: what limits the response",
        "In a slab of the same tumour, arm B. a, each obstacle taken away alone: how much smaller the tumour is at the "
        "end, in powers of ten, and b, how much longer it stays 30 % smaller or more. c, what the tumour is made of, "
        "and d, what becomes of the CAR-T cells in it. e, the controller's lumped belief (lines) beside the twin it "
        "was fitted to (points; open ones are not fitted: the first, and those too small to be seen), under no drug, "
        "pulses of chemotherapy and the inhibitor throughout.",
        _limits,
    ),
    LoopPicture(
        "sure.png",
        "How sure",
        "Courses in the slab over draws of donors, latents and uncalibrated constants, the same draws in every arm. a "
        "to c, sum of diameters: median, half and nine tenths of the draws. d, gain of each step, draw by draw, in "
        "days that the tumour is 30 % smaller or more; the bar is the median. e, spread of four outcomes of arm C by "
        "source: bars, by the source alone (below zero by sampling error: not drawn); points, with its interactions; "
        "lines, one standard error.",
        _sure,
    ),
    LoopPicture(
        "front.png",
        "What each arm gains, and at what price",
        "Time in response against four prices, means over the draws in the slab with 95 % bootstrap intervals: "
        "colour, the process; shape, the drugs. Filled: no other arm matches it in all five and beats it in one. The "
        "pale stairs join the arms that no cheaper one reaches in that price alone.",
        _front,
    ),
)
"""In the order of the report."""
