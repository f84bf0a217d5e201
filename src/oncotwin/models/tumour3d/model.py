"""The tumour twin as a model: first state, advance, observe."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from oncotwin.core.model import Model
from oncotwin.errors import BadInput
from oncotwin.models.tumour3d import blood as circulation
from oncotwin.models.tumour3d.accurate import Accurate
from oncotwin.models.tumour3d.adjuncts import depletion_flow, treated
from oncotwin.models.tumour3d.dynamics import Fields
from oncotwin.models.tumour3d.observation import Observation, observe
from oncotwin.models.tumour3d.parameters import TumourParameters
from oncotwin.models.tumour3d.published import Published
from oncotwin.models.tumour3d.seeding import Seeding, ball, first_fields, layer, lesions
from oncotwin.models.tumour3d.state import Action, Extensions, State, integrals, new_ledger
from oncotwin.models.tumour3d.transport import Tissue
from oncotwin.numerics.grid import Grid
from oncotwin.numerics.integrate import no_progress


@dataclass(frozen=True, eq=False)
class Tumour(Model[State, Action, Observation, TumourParameters]):
    """CAR-T cells in a solid tumour, equations (1)-(13), with blood and inflammation beside the fields.

    grid: the box, in the layout its scheme asks for (`scheme.layout`).  seeding: where cells are at time zero.
    scheme: `Accurate` (default) or `Published`.  extensions: switches of our additions.  tissue: relative D_C(x) and
    mask.
    """

    grid: Grid
    seeding: Seeding = Seeding()  # noqa: RUF009
    scheme: Accurate | Published = Accurate()
    extensions: Extensions = Extensions()  # noqa: RUF009
    tissue: Tissue = Tissue()  # noqa: RUF009

    def __post_init__(self) -> None:
        if self.grid.layout != self.scheme.layout:
            raise BadInput(
                "grid and scheme differ in layout", where="Tumour", got=self.grid.layout, allowed=self.scheme.layout
            )
        for name, field in self.tissue._asdict().items():
            if field is not None and field.shape != self.grid.shape:
                raise BadInput(
                    f"tissue.{name} and grid differ", where="Tumour", got=field.shape, allowed=str(self.grid.shape)
                )

    @cached_property
    def lesion(self) -> np.ndarray:
        """Number of the lesion every voxel belongs to; grid shape."""
        return lesions(self.grid, self.seeding)

    def initial(self, p: TumourParameters) -> State:
        """The seeded fields, empty blood, markers at rest."""
        fields = first_fields(self.grid, self.seeding, p, self.scheme.edge)
        if self.tissue.inside is not None:
            fields = Fields(*(jnp.where(self.tissue.inside, x, 0.0) for x in fields))
        fields = Fields(*(jnp.asarray(x, self.scheme.dtype) for x in fields))
        ledger = new_ledger(fields, self.grid.voxel_volume)
        return State(fields, circulation.empty_blood(), circulation.at_rest(p), ledger, no_progress(), jnp.float64(0))

    def advance(self, state: State, action: Action, p: TumourParameters, dt: Any) -> State:
        """Infuse at once, then advance by dt days under the drug levels of the action."""
        given = self.infuse(state, action, p)
        whole = jax.tree.map(lambda x: jnp.asarray(x, jnp.float64), p)
        dt = jnp.asarray(dt, jnp.float64)
        p = jax.tree.map(lambda x: x.astype(self.scheme.dtype), treated(whole, action))
        after = self.scheme.advance(given, p, dt, self.grid, self.tissue, self.extensions)
        depleted = depletion_flow(after.blood.depletion, action, whole, dt)
        return after._replace(blood=after.blood._replace(depletion=depleted))

    def infuse(self, state: State, action: Action, p: TumourParameters) -> State:
        """The state after the action's cells were given; each route conserves the number of cells."""
        edge = self.scheme.edge
        places = (
            (layer(self.grid, action.layer_depth, action.layer_radius, edge), action.layer_cells),
            (ball(self.grid, action.ball_centre, action.ball_radius, edge), action.ball_cells),
        )
        C, E = state.fields.C, state.fields.E
        for (share, cells), tired in zip(places, (action.layer_exhausted, action.ball_exhausted), strict=True):
            share = share if self.tissue.inside is None else jnp.where(self.tissue.inside, share, 0.0)
            space = jnp.sum(share) * self.grid.voxel_volume
            dense = share * cells / p.C_ref / jnp.where(space > 0, space, 1.0)
            C, E = C + ((1.0 - tired) * dense).astype(C.dtype), E + (tired * dense).astype(E.dtype)
        fields = state.fields._replace(C=C, E=E)
        arrived = integrals(fields, self.grid.voxel_volume) - integrals(state.fields, self.grid.voxel_volume)
        ledger = state.ledger._replace(arrivals=state.ledger.arrivals + arrived)
        blood = circulation.infused(state.blood, action.blood_cells, p)
        return state._replace(fields=fields, ledger=ledger, blood=blood)

    def observe(self, state: State, p: TumourParameters) -> Observation:
        """Size, antigen, infiltration, cells in tissue and blood, markers."""
        return observe(state, p, self.grid, self.lesion)

    def no_action(self) -> Action:
        """Nothing is given."""
        none = jnp.asarray(0.0)
        middle = jnp.asarray([0.5 * length for length in self.grid.lengths])
        return Action(none, none, none + 0.05, none + 0.2, none, none, middle, none + 0.2, none, none, none)

    def status(self, state: State) -> jax.Array:
        """0: trusted; 1: not finite; 2: the error could not be brought below tolerance."""
        finite = jnp.all(
            jnp.stack([jnp.all(jnp.isfinite(x)) for x in (*state.fields, *state.blood, *state.inflammation)])
        )
        return jnp.where(state.progress.failed > 0, 2, jnp.where(finite, 0, 1))
