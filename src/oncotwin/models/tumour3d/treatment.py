"""From a plan of infusions to the actions of a schedule, every infusion an exact event in time."""

import jax
import jax.numpy as jnp

from oncotwin.core.exchange import Adjunct, Infusion
from oncotwin.errors import BadInput
from oncotwin.models.tumour3d.model import Tumour
from oncotwin.models.tumour3d.state import Action

SAME_INSTANT = 1e-9
"""Days within which two instants are one."""


def schedule_times(
    infusions: tuple[Infusion, ...], end_days: float, output_every_days: float, adjuncts: tuple[Adjunct, ...] = ()
) -> tuple[float, ...]:
    """The instants of outputs, infusions and changes of drug levels in order, from 0 to the end, days."""
    count = int(end_days / output_every_days + SAME_INSTANT)
    changes = [day for adjunct in adjuncts for day in (adjunct.start_days, adjunct.end_days) if day < end_days]
    wanted = [i * output_every_days for i in range(count + 1)]
    wanted += [infusion.time_days for infusion in infusions] + changes + [end_days]
    times: list[float] = []
    for time in sorted(wanted):
        if not times or time - times[-1] > SAME_INSTANT:
            times.append(float(time))
    return tuple(times)


def plan_actions(
    model: Tumour, infusions: tuple[Infusion, ...], times: tuple[float, ...], adjuncts: tuple[Adjunct, ...] = ()
) -> Action:
    """One action for each interval of `times`, stacked; leaves (n, ...).  Levels of adjuncts that overlap add up.

    Raises BadInput for an infusion that no interval begins with, and for two different layers or balls at one instant.
    """
    rows = [_dosed(model.no_action(), adjuncts, time) for time in times[:-1]]
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


def _dosed(action: Action, adjuncts: tuple[Adjunct, ...], time: float) -> Action:
    """The action with the drug levels of the interval that begins at a time."""
    held = [a for a in adjuncts if a.start_days - SAME_INSTANT <= time < a.end_days - SAME_INSTANT]
    return action._replace(
        chemotherapy=jnp.asarray(float(sum(a.chemotherapy for a in held))),
        inhibitor_mg_per_kg=jnp.asarray(float(sum(a.inhibitor_mg_per_kg for a in held))),
    )


def _add(action: Action, infusion: Infusion, dimension: int) -> Action:
    """The action with one more infusion."""
    if infusion.route == "intravenous":
        functional = (1.0 - infusion.exhausted_fraction) * infusion.cells
        return action._replace(blood_cells=action.blood_cells + functional)
    busy = action.layer_cells if infusion.route == "layer" else action.ball_cells
    if busy > 0:
        raise BadInput(
            f"two infusions by route {infusion.route!r} at one instant", where="plan", got=infusion.time_days
        )
    cells, radius = jnp.asarray(float(infusion.cells)), jnp.asarray(float(infusion.radius_cm))
    tired = jnp.asarray(float(infusion.exhausted_fraction))
    if infusion.route == "layer":
        depth = jnp.asarray(float(infusion.depth_cm))
        return action._replace(layer_cells=cells, layer_radius=radius, layer_depth=depth, layer_exhausted=tired)
    centre = action.ball_centre if infusion.centre_cm is None else jnp.asarray(infusion.centre_cm, float)
    if centre.shape != (dimension,):
        raise BadInput(
            "an infusion's centre and the grid differ in dimension",
            where="plan",
            got=infusion.centre_cm,
            allowed=f"{dimension} numbers",
        )
    return action._replace(ball_cells=cells, ball_radius=radius, ball_centre=centre, ball_exhausted=tired)
