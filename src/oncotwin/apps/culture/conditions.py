"""`python -m oncotwin.apps.culture.conditions FILE`: write varying bounds that cultures meet, for the flux cache.

Every protocol that ships with oncotwin is run for donors from the best to the worst; of the bounds that their cells
meet, those are kept that lie in a region in which no bounds before them lie.
"""

import csv
import io
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from oncotwin.apps.culture.fluxes import cache_of
from oncotwin.apps.culture.setup import culture_model, plan_culture
from oncotwin.core.rollout import transitions
from oncotwin.errors import BadInput, OncotwinError
from oncotwin.io.cultures.protocols import protocol_names
from oncotwin.io.durable import storage, write_atomically
from oncotwin.io.networks.core import core_network
from oncotwin.io.specs.kinds import CULTURE
from oncotwin.io.specs.resolve import resolve
from oncotwin.models.culture import VARYING, CultureParameters

DIGITS = 9

DONORS = (
    ("donor.age=young", "donor.stage=healthy", "donor.prior=none"),
    (),
    ("donor.number=1",),
    ("donor.number=2",),
    ("donor.age=elderly", "donor.stage=advanced", "donor.prior=heavy"),
)
"""Overrides that choose a donor."""


def main(arguments: Sequence[str]) -> int:
    """Write the conditions to the file that is the only argument; the exit code."""
    try:
        if len(arguments) != 1:
            raise BadInput("one file is needed", where="oncotwin.apps.culture.conditions", got=list(arguments))
        path, found = Path(arguments[0]), met()
        with storage("write the conditions", path):
            write_atomically(path, table(found).encode())
        print(f"{path}: {len(found)} conditions")
    except OncotwinError as error:
        print(f"oncotwin: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def met() -> np.ndarray:
    """Bounds, one in each region that the shipped protocols lead to, (points, k)."""
    cache = cache_of(core_network())
    model = culture_model(cache.solver())
    for overrides in cultures():
        spec = resolve(None, overrides, CultureParameters, CULTURE)
        ready = plan_culture(spec, model, cache.network, cache)
        for _ in transitions(ready.task, ready.controller, state=ready.first):
            pass
        print(f"{len(cache):4} regions after {' '.join(overrides)}", file=sys.stderr)
    return cache.points


def cultures() -> Iterator[tuple[str, ...]]:
    """The overrides of every culture that is run: each protocol with five donors, from the best to the worst."""
    for name in protocol_names():
        for donor in DONORS:
            yield (f"protocol={name}", *donor, "time.output_every_hours=24")


def table(found: np.ndarray) -> str:
    """The conditions as CSV, a column a varying reaction."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(VARYING)
    writer.writerows([[f"{value:.{DIGITS}g}" for value in row] for row in found])
    return text.getvalue()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
