"""From a plan of infusions to the actions of a schedule, every infusion an exact event in time."""

import jax
import jax.numpy as jnp

from oncotwin.core.exchange import Infusion
from oncotwin.errors import BadInput
from oncotwin.models.tumour3d.model import Tumour
from oncotwin.models.tumour3d.state import Action

SAME_INSTANT = 1e-9
"""Days within which two instants are one."""


def schedule_times(infusions: tuple[Infusion, ...], end_days: float, output_every_days: float) -> tuple[float, ...]:
    """The instants of outputs and infusions in order, from 0 to the end, days."""
    count = int(end_days / output_every_days + SAME_INSTANT)
    wanted = (
        [i * output_every_days for i in range(count + 1)] + [infusion.time_days for infusion in infusions] + [end_days]
    )
    times: list[float] = []
    for time in sorted(wanted):
        if not times or time - times[-1] > SAME_INSTANT:
            times.append(float(time))
    return tuple(times)


def plan_actions(model: Tumour, infusions: tuple[Infusion, ...], times: tuple[float, ...]) -> Action:
    """One action for each interval of `times`, stacked; leaves (n, ...).

    Raises BadInput for an infusion that no interval begins with, and for two different layers or balls at one instant.
    """
    rows = [model.no_action() for _ in times[:-1]]
    for infusion in infusions:
        row = next((i for i, t in enumerate(times[:-1]) if abs(t - infusion.time_days) <= SAME_INSTANT), None)
        if row is None:
            raise BadInput(
                "an infusion begins no interval",
                where="plan",
                got=infusion.time_days,
                allowed=f"0 to before {times[-1]:g} days",
            )
        rows[row] = _add(rows[row], infusion, len(model.grid.shape))
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *rows)


def _add(action: Action, infusion: Infusion, dimension: int) -> Action:
    """The action with one more infusion."""
    if infusion.route == "intravenous":
        return action._replace(blood_cells=action.blood_cells + infusion.cells)
    busy = action.layer_cells if infusion.route == "layer" else action.ball_cells
    if busy > 0:
        raise BadInput(
            f"two infusions by route {infusion.route!r} at one instant", where="plan", got=infusion.time_days
        )
    cells, radius = jnp.asarray(float(infusion.cells)), jnp.asarray(float(infusion.radius_cm))
    if infusion.route == "layer":
        return action._replace(
            layer_cells=cells, layer_radius=radius, layer_depth=jnp.asarray(float(infusion.depth_cm))
        )
    centre = action.ball_centre if infusion.centre_cm is None else jnp.asarray(infusion.centre_cm, float)
    if centre.shape != (dimension,):
        raise BadInput(
            "an infusion's centre and the grid differ in dimension",
            where="plan",
            got=infusion.centre_cm,
            allowed=f"{dimension} numbers",
        )
    return action._replace(ball_cells=cells, ball_radius=radius, ball_centre=centre)
