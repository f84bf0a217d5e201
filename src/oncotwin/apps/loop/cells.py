"""Cells made for one patient and for donors like him: a shipped protocol, or a controller that was learnt."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from oncotwin.apps.culture.setup import CultureRun, build, parameters_of
from oncotwin.apps.learning import processes
from oncotwin.apps.learning.donors import CONSTANTS, SUBTYPES, Donors
from oncotwin.apps.learning.policies import DEFAULT
from oncotwin.core.exchange import Product
from oncotwin.core.model import Model
from oncotwin.core.rollout import rollout
from oncotwin.errors import BadInput, NumericalFailure, similar
from oncotwin.io.cultures.protocols import is_file, protocol_names, read_protocol
from oncotwin.io.specs.kinds import CULTURE
from oncotwin.io.specs.resolve import resolve
from oncotwin.models.culture import Action, Culture, CultureParameters, DonorSubtype, State, product, sample_donors
from oncotwin.models.culture.donors import SPREAD, Shift, standard_shifts

BATCH = 16
"""Donors whose cultures advance together."""


class Grown(NamedTuple):
    """What a process makes of n donors, the first of them the typical one of the subtype.

    process: its name.  words: what it is.  product: leaves (n,).  days, cells: the typical donor's viable cells in
    time, (t,).
    """

    process: str
    words: str
    product: Product
    days: np.ndarray
    cells: np.ndarray


class Shown(NamedTuple):
    """What is followed of a culture: its product if it were harvested now, and viable cells."""

    product: Product
    viable: Any


@dataclass(frozen=True, eq=False)
class Inspected(Model[State, Action, Shown, CultureParameters]):
    """A culture that shows its cells, as no instrument does; for plans that look at nothing."""

    culture: Culture

    def initial(self, p: CultureParameters) -> State:
        """The donor's cells in fresh medium."""
        return self.culture.initial(p)

    def advance(self, state: State, action: Action, p: CultureParameters, dt: Any) -> State:
        """The culture's own."""
        return self.culture.advance(state, action, p, dt)

    def observe(self, state: State, p: CultureParameters) -> Shown:
        """The product and the viable cells."""
        return Shown(product(state, p), state.cells.viable)

    def no_action(self) -> Action:
        """Nothing is added or taken."""
        return self.culture.no_action()


def grow(process: str, donor: DonorSubtype, count: int, seed: int) -> Grown:
    """What a process makes of the typical donor of a subtype and `count` donors drawn about him.

    process: `learnt`, or a protocol by name or file.  The same seed gives the same donors for every process.  Raises
    BadInput for an unknown process, NumericalFailure for a culture that cannot be simulated.
    """
    check_process(process)
    made = MAKERS.get(process, _followed)
    return made(process, donor, count, seed)


def check_process(process: str, where: str = "process") -> None:
    """Raise BadInput for a process that is not known: none of `MAKERS`, no protocol that ships, no file of one.

    where: who names it, for the message.
    """
    known = (*MAKERS, *protocol_names())
    if process in known:
        return
    if not is_file(process):
        allowed, remedy = f"{', '.join(known)}, or the file of a protocol", similar(process, known)
        raise BadInput("unknown process", where=where, got=process, allowed=allowed, remedy=remedy)
    read_protocol(process, where=where)


def _followed(process: str, donor: DonorSubtype, count: int, seed: int) -> Grown:
    """A protocol followed to the letter."""
    traits = [f'donor.{name}="{value}"' for name, value in donor._asdict().items()]
    overrides = (f"protocol={process}", *traits, "sensors.noise=false", "time.output_every_hours=24")
    spec = resolve(None, overrides, CultureParameters, CULTURE)
    ready = build(spec)
    people = donors_like(parameters_of(spec), donor, count, seed)
    shown = _together(ready, people)
    ends = jax.tree.map(lambda leaf: leaf[:, -1], shown.product)
    return Grown(process, read_protocol(process).spec.title, ends, np.asarray(ready.task.times), shown.viable[0])


def donors_like(typical: CultureParameters, donor: DonorSubtype, count: int, seed: int) -> CultureParameters:
    """The typical donor and `count` about him, in one vessel; leaves (count + 1,)."""
    drawn = sample_donors(jax.random.key(seed), donor, max(count, 1), CultureParameters())
    everyone = jax.tree.map(lambda x: jnp.full(count + 1, x, jnp.float64), typical)
    values = {
        name: jnp.concatenate([getattr(everyone, name)[:1], getattr(drawn, name)[:count]]) for name in Shift._fields
    }
    return everyone.with_values(**values)


def _together(ready: CultureRun, people: CultureParameters) -> Shown:
    """What is shown of every donor's culture, (n, t).

    The flux cache asks HiGHS where a donor's cells meet conditions that it does not know.  Raises NumericalFailure.
    """
    model = Inspected(replace(ready.task.model, solve=ready.cache.solver()))

    def one(p: CultureParameters) -> tuple[Shown, jax.Array]:
        run = rollout(replace(ready.task, model=model, parameters=p), ready.controller)
        return run.observations, jnp.max(run.numerics)

    shown, worst = jax.jit(lambda everyone: jax.lax.map(one, everyone, batch_size=BATCH))(people)
    if np.any(np.asarray(worst)):
        raise NumericalFailure("the culture of a donor cannot be simulated", where=f"donor {int(np.argmax(worst))}")
    return jax.tree.map(np.asarray, shown)


def _learnt(process: str, donor: DonorSubtype, count: int, seed: int) -> Grown:
    """The learnt policy that ships, in its own vessel; of the typical culture only its two ends are known."""
    way = processes.process(process)
    found = processes.made(way, traits_like(donor, count, seed), jax.random.key(seed))
    made = jax.tree.map(np.asarray, found.product)
    ends = [float(found.state.seeded_cells[0]), float(found.state.cells.viable[0])]
    words = f"policy {DEFAULT}, {float(way.vessel.volume_most):g} mL"
    return Grown(process, words, made, np.array([0.0, float(made.culture_days[0])]), np.array(ends))


def traits_like(donor: DonorSubtype, count: int, seed: int) -> Donors:
    """The donors of `donors_like` as the learnt task has them; leaves (count + 1,)."""
    drawn = jnp.asarray(SPREAD) * standard_shifts(jax.random.key(seed), count)
    return Donors(
        subtype=jnp.full(count + 1, SUBTYPES.index(donor)),
        traits=jnp.concatenate([jnp.zeros((1, len(Shift._fields))), drawn]),
        constants=jnp.ones((count + 1, len(CONSTANTS))),
    )


MAKERS: Mapping[str, Callable[[str, DonorSubtype, int, int], Grown]] = MappingProxyType({"learnt": _learnt})
"""Processes that are no protocol."""
