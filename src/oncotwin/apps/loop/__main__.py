"""`python -m oncotwin.apps.loop DIRECTORY`: draw the figures of a loop again and write its report again."""

import sys
from collections.abc import Sequence
from pathlib import Path

from oncotwin.apps.loop.pictures import draw_loop
from oncotwin.apps.loop.report import write_loop_report
from oncotwin.errors import BadInput, OncotwinError


def main(arguments: Sequence[str]) -> int:
    """Draw and write for the directory that is the only argument, print the paths; the exit code."""
    try:
        if len(arguments) != 1:
            raise BadInput("one directory is needed", where="oncotwin.apps.loop", got=list(arguments))
        folder = Path(arguments[0])
        for path in (*draw_loop(folder), write_loop_report(folder)):
            print(path)
    except OncotwinError as error:
        print(f"oncotwin: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
