"""How far a personalisation has come: lines on stderr, and in the log of its run."""

import sys
import time

from oncotwin.apps.personal.study import Tell
from oncotwin.io.rundir import RunDirectory


def teller(run: RunDirectory, begun: float) -> Tell:
    """Says how far a run has come, on stderr and in its log."""

    def tell(text: str) -> None:
        run.log("stage", what=text)
        print(f"{run.path.name}: {time.monotonic() - begun:.0f} s: {text}", file=sys.stderr)

    return tell
