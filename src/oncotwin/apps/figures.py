"""`python -m oncotwin.apps.figures RUN_DIRECTORY`: draw the figures of a run again, from its results."""

import sys
from collections.abc import Sequence
from pathlib import Path

from oncotwin.apps.culture.gallery import redraw_culture
from oncotwin.apps.dosing.comparison_report import draw_comparison
from oncotwin.apps.dosing.report import draw_control
from oncotwin.apps.learning.evaluation_report import draw_evaluation
from oncotwin.apps.loop.pictures import draw_loop
from oncotwin.apps.loop.study_page import draw_study
from oncotwin.apps.page import from_summary
from oncotwin.apps.personal.curve import redraw_curve
from oncotwin.apps.personal.gallery import redraw_personal
from oncotwin.apps.tumour.gallery import redraw
from oncotwin.errors import BadInput, OncotwinError
from oncotwin.io.specs.kinds import kind_of

REDRAW = {
    "tumour": redraw,
    "culture": redraw_culture,
    "dosing": draw_control,
    "comparison": draw_comparison,
    "personal": redraw_personal,
    "curve": redraw_curve,
    "veins": draw_study,
    "loop": draw_loop,
    "evaluation": draw_evaluation,
}
"""Kind of run -> what draws its figures again."""


def main(arguments: Sequence[str]) -> int:
    """Draw the figures of the run whose directory is the only argument, print their paths; the exit code."""
    try:
        if len(arguments) != 1:
            raise BadInput("one run directory is needed", where="oncotwin.apps.figures", got=list(arguments))
        run_dir = Path(arguments[0])
        redraw_all = REDRAW[kind_of(run_dir).name]
        with from_summary(run_dir):
            drawn = redraw_all(run_dir)
        print(*drawn, sep="\n")
    except OncotwinError as error:
        print(f"oncotwin: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
