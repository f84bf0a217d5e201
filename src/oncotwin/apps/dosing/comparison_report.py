"""Figures and page of a comparison, from its run directory."""

from pathlib import Path
from typing import Any, NamedTuple

from oncotwin.apps.dosing.comparison_figures import draw_compared_courses, draw_ranking, featured, read_rows
from oncotwin.apps.dosing.comparison_tables import arms, claimed, pairs, percent, starts_in_words
from oncotwin.apps.dosing.plants import FAMILIES
from oncotwin.apps.dosing.problem import parameters_of
from oncotwin.apps.dosing.report import PAPER, SOURCES
from oncotwin.apps.page import constants_beside, read_summary, shown_pictures, write_page
from oncotwin.apps.style import raised, save
from oncotwin.io.fields import open_results
from oncotwin.io.rundir import FIGURES, SPEC, STARTS, SUMMARY
from oncotwin.io.specs.dosing import ComparisonSpec
from oncotwin.io.specs.kinds import COMPARISON
from oncotwin.io.specs.resolve import resolve


class Picture(NamedTuple):
    """One figure of a comparison."""

    file: str
    title: str
    caption: str


def pictures_of(spec: ComparisonSpec) -> tuple[Picture, ...]:
    """The figures, in the order in which the page shows them."""
    many = spec.begin == "random"
    over = "Medians over the random starts; bands: their middle half. " if many else ""
    spread = "Dots: medians; thick lines: middle half of the starts; thin: nine tenths. " if many else ""
    return (
        Picture(
            f"{spec.kind}.png",
            f"{spec.kind.replace('figure', 'Figure ')} of the dosing paper, redone",
            f"Top: the tumour under the controller {featured(spec)} in percent of the first, by horizon N, beside the "
            "open-loop optimum and no drug; shaded: the time without drug after the treatment. Below: what it gives of "
            f"each drug. Columns: therapies. {over}".strip(),
        ),
        Picture(
            "ranking.png",
            "All controllers",
            "Top: cost above that of the open-loop optimum from the same start. Bottom: what was given, in percent of "
            f"the greatest dose on every day, mean over the drugs of the therapy. {spread}".strip(),
        ),
    )


def draw_comparison(run_dir: Path) -> list[Path]:
    """Draw every figure of a comparison from its results, table and spec; their paths."""
    run_dir = Path(run_dir)
    spec = _spec(run_dir)
    courses, ranking = pictures_of(spec)
    drawn = (
        (courses, draw_compared_courses(open_results(run_dir), spec)),
        (ranking, draw_ranking(read_rows(run_dir / STARTS), spec)),
    )
    return [save(figure, run_dir / FIGURES / one.file, one.caption) for one, figure in drawn]


def write_comparison_report(run_dir: Path) -> Path:
    """Write report.html of a finished comparison from its spec, summary and figures; its path.

    Raises BadInput if the spec, StorageFailure if the summary cannot be read, or the page not written.
    """
    run_dir = Path(run_dir)
    summary, spec = read_summary(run_dir / SUMMARY), _spec(run_dir)
    facts = {
        "summary": summary,
        "starts": starts_in_words(summary),
        "claims": summary["claims"],
        "reduction": percent(summary["claims"]["paper_reduction"]),
        "tables": [table for table in _tables(summary) if table[2]],
        "constants": constants_beside(parameters_of(spec), FAMILIES[spec.task]()),
        "pictures": shown_pictures(run_dir, pictures_of(spec)),
        "papers": (PAPER,),
        "sources": SOURCES,
        "base": f"the default of {spec.task}",
        "base_word": "default",
        "kind": "comparison",
        "command": "compare",
    }
    return write_page(run_dir, "controllers.html", {"printed": _printed}, facts)


def _tables(summary: dict[str, Any]) -> list[tuple[str, list[str], list[list[str]]]]:
    """Title, heads and rows of every table."""
    return [
        ("The paper's numbers beside ours", *claimed(summary)),
        ("Every controller", *arms(summary)),
        ("Cost, start by start", *pairs(summary)),
    ]


def _spec(run_dir: Path) -> ComparisonSpec:
    return resolve(Path(run_dir) / SPEC, (), FAMILIES, COMPARISON)


def _printed(text: str) -> str:
    return raised(text).replace("-", "−") if text[:1] in "-0123456789" else text
