"""What is done to a culture, as a ribbon under its courses: unit procedures, additions, flows, samples."""

from collections.abc import Sequence

import xarray as xr
from matplotlib.axes import Axes

from oncotwin.apps.style import BLUE, FAINT, GREEN, INK, ORANGE, PURPLE, QUIET, SKY, VERMILLION
from oncotwin.io.cultures.timeline import Bar, Timeline

ROWS = ("Activator", "Vector", "Cytokines", "Medium", "Samples")
CYTOKINES = {
    "il2_ng_per_ml": ("IL-2", BLUE),
    "il7_ng_per_ml": ("IL-7", GREEN),
    "il15_ng_per_ml": ("IL-15", ORANGE),
    "il21_ng_per_ml": ("IL-21", PURPLE),
}
_FLOWS = {
    "volumes_per_day": "{:g} vol/d",
    "medium_ml_per_day": "{:.3g} mL/d",
    "glucose_ml_per_day": "glucose {:.3g} mL/d",
    "glutamine_ml_per_day": "Gln {:.3g} mL/d",
}
_LETTERS = 64  # of a label that fit across a narrow panel
_LEAST_LABELLED = 0.09  # share of the culture's length that a stretch needs for its label to fit


def draw_phases(panel: Axes, plan: Timeline) -> None:
    """A row for each kind of step; a triangle down where something is added, up where it is taken out."""
    rows = [name for name in ROWS if any(_row(bar) == name for bar in plan.bars)]
    for bar in plan.bars:
        if _row(bar) in rows:
            _draw(panel, bar, -rows.index(_row(bar)), plan.times[-1])
    _procedures(panel, plan)
    panel.set_ylim(-len(rows) + 0.4, 1.6)
    panel.set_yticks([-i for i in range(len(rows))], labels=rows)
    panel.tick_params(axis="y", length=0)
    panel.spines["left"].set_visible(False)
    if "Cytokines" in rows:
        _name_cytokines(panel, plan, -rows.index("Cytokines"))


def share_days(panels: Sequence[Axes], plan: Timeline, course: xr.Dataset) -> None:
    """Days along x, those of harvest at the end; named under the last panel of each column only."""
    end = max(plan.times[-1], float(course["time"][-1]))
    for panel in panels:
        panel.set_xlim(-0.01 * end, 1.01 * end)


def _row(bar: Bar) -> str:
    if bar.do == "remove-activator" or bar.key == "activator_per_cell":
        return "Activator"
    if bar.key == "vector_moi":
        return "Vector"
    if bar.key in CYTOKINES:
        return "Cytokines"
    return {"feed": "Medium", "perfuse": "Medium", "exchange": "Medium", "sample": "Samples"}.get(bar.do, "")


def _draw(panel: Axes, bar: Bar, height: float, end: float) -> None:
    if bar.stop > bar.start:
        width = max(bar.stop - bar.start, 0.006 * end)
        panel.barh(height, width, left=bar.start, height=0.62, color=SKY, alpha=0.75, edgecolor="white", linewidth=0.6)
        if width >= _LEAST_LABELLED * end:
            text, middle = _FLOWS[bar.key].format(bar.value), bar.start + width / 2
            panel.text(middle, height, text, ha="center", va="center", fontsize=5.2)
        return
    if bar.do == "sample":
        panel.plot([bar.start] * 2, [height - 0.26, height + 0.26], color=QUIET, linewidth=0.8)
        return
    colour = CYTOKINES.get(bar.key, ("", VERMILLION if bar.do == "remove-activator" else INK))[1]
    shift = 0.34 * (list(CYTOKINES).index(bar.key) / 3 - 0.5) if bar.key in list(CYTOKINES)[1:] else 0.0
    marker = {"add": "v", "remove-activator": "^", "exchange": "D"}[bar.do]
    panel.plot(bar.start, height + shift, marker, color=colour, markersize=4.2, markeredgewidth=0, clip_on=False)


def _procedures(panel: Axes, plan: Timeline) -> None:
    """The unit procedures as stretches, each until the next begins."""
    starts: dict[str, float] = {}
    for bar in plan.bars:
        starts.setdefault(bar.unit_procedure, bar.start)
        starts[bar.unit_procedure] = min(starts[bar.unit_procedure], bar.start)
    spans = sorted((day, name) for name, day in starts.items() if name != "Plan" and day < plan.times[-1])
    for number, (day, name) in enumerate(spans):
        last = spans[number + 1][0] if number + 1 < len(spans) else plan.times[-1]
        panel.barh(1, last - day, left=day, height=0.7, color=FAINT, alpha=0.55 - 0.2 * (number % 2), linewidth=0)
        text = _fitting(name, (last - day) / plan.times[-1])
        panel.text(day + (last - day) / 2, 1, text, ha="center", va="center", fontsize=5.4, clip_on=True)


def _fitting(name: str, share: float) -> str:
    """As many of the first words of a name as a share of a narrow panel holds."""
    words = name.split()
    while words and len(" ".join(words)) > _LETTERS * share:
        words.pop()
        while words and words[-1] in ("and", "of", "with"):
            words.pop()
    return " ".join(words)


def _name_cytokines(panel: Axes, plan: Timeline, height: float) -> None:
    """The interleukins by colour, at the right end of their row."""
    given = [key for key in CYTOKINES if any(bar.key == key for bar in plan.bars)]
    for number, key in enumerate(given):
        name, colour = CYTOKINES[key]
        panel.annotate(
            name,
            (1, height),
            xycoords=("axes fraction", "data"),
            xytext=(5, 3.2 * (len(given) - 1) - 6.4 * number),
            textcoords="offset points",
            va="center",
            fontsize=5.6,
            color=colour,
        )
