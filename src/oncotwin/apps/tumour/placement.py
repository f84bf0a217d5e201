"""Whether what a spec places in the grid finds voxels there; cells that fall between them would be lost unseen."""

from collections.abc import Sequence

import jax.numpy as jnp

from oncotwin.core.exchange import Infusion
from oncotwin.core.task import Task
from oncotwin.errors import BadInput
from oncotwin.models.tumour3d import plan_actions

_LEAST_SHARE = 0.999


def check_placement(task: Task, plan: Sequence[Infusion]) -> None:
    """Raise BadInput for a tumour, a first CAR-T layer or a local infusion that no voxel lies in."""
    model, p = task.model, task.parameters
    first = model.initial(p)
    if p.tumour_value > 0 and not float(jnp.sum(first.fields.T_A + first.fields.T_B)) > 0:
        raise _lost("tumour", "seeding", model.grid.spacing)
    if model.seeding.cart is not None and not float(jnp.sum(first.fields.C)) > 0:
        raise _lost("CAR-T layer", "seeding.cart_layer_cm", model.grid.spacing)
    for number, infusion in enumerate(plan):
        if infusion.route == "intravenous" or infusion.cells == 0:
            continue
        actions = plan_actions(model, (infusion._replace(time_days=0.0),), (0.0, 1.0))
        given = model.infuse(first, type(actions)(*(leaf[0] for leaf in actions)), p)
        arrived = float(jnp.sum(given.fields.C - first.fields.C)) * model.grid.voxel_volume * float(p.C_ref)
        if not arrived > _LEAST_SHARE * infusion.cells:
            raise _lost(infusion.route, f"plan.{number}", model.grid.spacing)


def _lost(what: str, key: str, spacing: tuple[float, ...]) -> BadInput:
    return BadInput(
        f"no voxel lies in the {what}",
        where=key,
        allowed=f"a place inside the box and the mask, larger than a voxel of {max(spacing):g} cm",
        remedy="Move or enlarge it, or use a finer grid",
    )
