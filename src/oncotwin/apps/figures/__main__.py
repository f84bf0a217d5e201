"""`python -m oncotwin.apps.figures RUN_DIRECTORY`: draw the figures of a run again, from its results."""

import sys
from collections.abc import Sequence
from pathlib import Path

from oncotwin.apps.figures.gallery import redraw
from oncotwin.errors import BadInput, OncotwinError


def main(arguments: Sequence[str]) -> int:
    """Draw the figures of the run whose directory is the only argument, print their paths; the exit code."""
    try:
        if len(arguments) != 1:
            raise BadInput("one run directory is needed", where="oncotwin.apps.figures", got=list(arguments))
        for path in redraw(Path(arguments[0])):
            print(path)
    except OncotwinError as error:
        print(f"oncotwin: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
