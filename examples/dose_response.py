"""How many cells, and how potent?  Dose-response curves of a tumour, all treatments in one compiled batch.

The tumour twin is followed along one axis for four weeks after one infusion, at seven doses for cells of low, middle
and high potency (the latent `cyt`); printed is the share of the tumour's volume that is left.
"""

import jax
import jax.numpy as jnp

from oncotwin import Task, rollout
from oncotwin.control.schedule import Schedule
from oncotwin.core.exchange import Infusion, Latents
from oncotwin.models import tumour3d as twin

DOSES = jnp.geomspace(1e5, 1e8, 7)
"""Cells infused."""

POTENCIES = jnp.asarray([0.2, 0.5, 0.8])

MODEL = twin.Tumour(twin.Grid(shape=(32,), lengths=(2.0,)))
PRESET = twin.TumourParameters.preset("normalised")
ONE_CELL = (Infusion(time_days=0, cells=1.0),)
TIMES = twin.schedule_times(ONE_CELL, end_days=28, output_every_days=7)
PLAN = twin.plan_actions(MODEL, ONE_CELL, TIMES)


def volume_left(cells: jax.Array, potency: jax.Array) -> jax.Array:
    """Share of the tumour's volume that is left on day 28."""
    plan = jax.tree.map(lambda amount: amount * cells, PLAN)  # nothing but the one cell is in it
    p = twin.apply_latents(PRESET, Latents(cyt=potency))
    volume = rollout(Task(MODEL, p, TIMES), Schedule(plan)).observations.tumour_volume_cm3
    return volume[-1] / volume[0]


def main() -> None:
    """Print a row a dose, a column a potency."""
    curves = jax.vmap(jax.vmap(volume_left, in_axes=(None, 0)), in_axes=(0, None))
    print("cells infused" + "".join(f"   potency {potency:.1f}" for potency in POTENCIES))
    for cells, row in zip(DOSES, jax.jit(curves)(DOSES, POTENCIES), strict=True):
        print(f"{cells:13.2g}" + "".join(f"{share:14.3f}" for share in row))


if __name__ == "__main__":
    main()
