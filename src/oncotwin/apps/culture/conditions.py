"""`python -m oncotwin.apps.culture.conditions FILE`: write varying bounds that cultures meet, for the flux cache.

Every protocol that ships with oncotwin is run for donors of all subtypes, the typical ones and others about them; of
the bounds that their cells meet, those are kept that lie in a region in which no bounds before them lie.
"""

import csv
import io
import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, product, starmap
from pathlib import Path
from typing import get_args

import jax
import jax.numpy as jnp
import numpy as np

from oncotwin.apps.culture.fluxes import cache_of
from oncotwin.apps.culture.setup import culture_model, plan_culture
from oncotwin.control.schedule import Schedule
from oncotwin.core.rollout import rollout
from oncotwin.core.task import Task
from oncotwin.errors import BadInput, OncotwinError
from oncotwin.io.cultures.protocols import protocol_names
from oncotwin.io.durable import storage, write_atomically
from oncotwin.io.networks.core import core_network
from oncotwin.io.specs.kinds import CULTURE
from oncotwin.io.specs.resolve import resolve
from oncotwin.models.culture import VARYING, Culture, CultureParameters, DonorSubtype, median_donor, sample_donors
from oncotwin.models.culture.donors import Age, Prior, Stage
from oncotwin.numerics.flux_balance import FluxCache

DIGITS = 9

EACH = 6
"""Donors that are drawn about the typical one of each subtype."""
BATCH = 27
"""Donors whose cultures advance together."""
TRAITS = (Age, Stage, Prior)


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
    for name in protocol_names():
        task, controller = _culture(name, model, cache)
        people = donors(task.parameters)

        def one(p: CultureParameters, task: Task = task, controller: Schedule = controller) -> jax.Array:
            return jnp.max(rollout(replace(task, parameters=p), controller).numerics)

        jax.block_until_ready(jax.jit(lambda every, one=one: jax.lax.map(one, every, batch_size=BATCH))(people))
        print(f"{len(cache):4} regions after {name}", file=sys.stderr)
    return cache.points


def donors(vessel: CultureParameters) -> CultureParameters:
    """The typical donor of every subtype and `EACH` about him in a vessel, leaves (donors,)."""
    groups = [
        [median_donor(subtype, vessel), *_drawn(jax.random.key(number), subtype, vessel)]
        for number, subtype in enumerate(starmap(DonorSubtype, product(*map(get_args, TRAITS))))
    ]
    return jax.tree.map(lambda *leaves: jnp.asarray(leaves, float), *chain.from_iterable(groups))


def _drawn(key: jax.Array, subtype: DonorSubtype, vessel: CultureParameters) -> list[CultureParameters]:
    drawn = sample_donors(key, subtype, EACH, vessel)
    return [jax.tree.map(lambda leaf, i=i: leaf[i], drawn) for i in range(EACH)]


def _culture(name: str, model: Culture, cache: FluxCache) -> tuple[Task, Schedule]:
    """A protocol's culture of healthy cells of middle age, its instruments without noise."""
    overrides = [f"protocol={name}", "sensors.noise=false", "time.output_every_hours=24"]
    overrides += [f"donor.{trait}={value}" for trait, value in DonorSubtype()._asdict().items()]
    ready = plan_culture(resolve(None, overrides, CultureParameters, CULTURE), model, cache.network, cache)
    return ready.task, ready.controller


def table(found: np.ndarray) -> str:
    """The conditions as CSV, a column a varying reaction."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(VARYING)
    writer.writerows([[f"{value:.{DIGITS}g}" for value in row] for row in found])
    return text.getvalue()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
