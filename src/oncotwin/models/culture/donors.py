"""Virtual donors: subtypes by age, disease stage and prior treatment, as distributions of parameters.

Assumptions, all uncalibrated: shares are logistic-normal and rates log-normal about a median; age, stage and prior
treatment each move the median, independently, on the logit or the log scale.  The medians of naive and CD57-positive
cells lie in the ranges that a secondary source of low quality gives (naive: donors 40 to 60 %, patients 10 to 30 %;
CD57+: below 10 % and 15 to 40 %); the direction of every other effect is ours.
"""

from typing import Any, Literal, NamedTuple, get_args

import jax
import jax.numpy as jnp

from oncotwin.errors import BadInput
from oncotwin.models.culture.parameters import CultureParameters

Age = Literal["young", "middle", "elderly"]
Stage = Literal["healthy", "early", "advanced"]
Prior = Literal["none", "chemotherapy", "heavy"]


class DonorSubtype(NamedTuple):
    """Whom the cells come from.

    age: young (to 40), middle, elderly (from 65).  stage: healthy donor, early or advanced disease.  prior: treatment
    before apheresis: none, one line of chemotherapy, heavily treated.
    """

    age: Age = "middle"
    stage: Stage = "healthy"
    prior: Prior = "none"


class Shift(NamedTuple):
    """How a trait moves the medians: logits for shares, natural logarithms for the others."""

    naive_fraction: float = 0.0
    memory_share: float = 0.0
    exhausted_share: float = 0.0
    senescent_fraction: float = 0.0
    fitness: float = 0.0
    respiration_activated: float = 0.0
    k_exhaustion: float = 0.0
    seed_viability: float = 0.0


SHIFTS: dict[str, Shift] = {
    "young": Shift(naive_fraction=0.3, senescent_fraction=-0.4, fitness=0.05),
    "middle": Shift(),
    "elderly": Shift(
        naive_fraction=-0.5, memory_share=0.1, senescent_fraction=0.7, fitness=-0.08, respiration_activated=-0.1
    ),
    "healthy": Shift(),
    "early": Shift(naive_fraction=-0.8, exhausted_share=0.5, senescent_fraction=0.6, fitness=-0.06, k_exhaustion=0.15),
    "advanced": Shift(
        naive_fraction=-1.2,
        memory_share=-0.3,
        exhausted_share=1.1,
        senescent_fraction=1.0,
        fitness=-0.14,
        respiration_activated=-0.1,
        k_exhaustion=0.4,
        seed_viability=-0.4,
    ),
    "none": Shift(),
    "chemotherapy": Shift(
        naive_fraction=-0.3, memory_share=-0.1, exhausted_share=0.2, senescent_fraction=0.3, fitness=-0.05
    ),
    "heavy": Shift(
        naive_fraction=-0.6,
        memory_share=-0.4,
        exhausted_share=0.5,
        senescent_fraction=0.6,
        fitness=-0.12,
        respiration_activated=-0.1,
        k_exhaustion=0.2,
        seed_viability=-0.4,
    ),
}
"""The effect of every trait; uncalibrated."""

SPREAD = Shift(
    naive_fraction=0.4,
    memory_share=0.4,
    exhausted_share=0.5,
    senescent_fraction=0.4,
    fitness=0.1,
    respiration_activated=0.1,
    k_exhaustion=0.25,
    seed_viability=0.5,
)
"""Standard deviation between donors of one subtype, on the same scales; uncalibrated."""

SHARES = ("naive_fraction", "memory_share", "exhausted_share", "senescent_fraction", "seed_viability")
"""Parameters that vary on the logit scale; the others do on the log scale."""


def check_subtype(subtype: DonorSubtype) -> None:
    """Raise BadInput for a trait that is not known."""
    for name, allowed in zip(DonorSubtype._fields, (Age, Stage, Prior), strict=True):
        if getattr(subtype, name) not in get_args(allowed):
            raise BadInput(
                f"unknown {name} of a donor",
                where="DonorSubtype",
                got=getattr(subtype, name),
                allowed=", ".join(get_args(allowed)),
            )


def moved(value: Any, name: str, shift: Any) -> Any:
    """A parameter's value moved by a shift on its scale."""
    if name in SHARES:
        logit = jnp.log(value) - jnp.log1p(-jnp.asarray(value))
        return jax.nn.sigmoid(logit + shift)
    return value * jnp.exp(shift)


def median_donor(subtype: DonorSubtype, base: CultureParameters) -> CultureParameters:
    """The median donor of a subtype; everything else as in `base`, whose donor is healthy and of middle age."""
    check_subtype(subtype)
    values = {}
    for name in Shift._fields:
        shift = sum(getattr(SHIFTS[trait], name) for trait in subtype)
        values[name] = float(moved(getattr(base, name), name, shift)) if shift else getattr(base, name)
    return base.with_values(**values)


def sample_donors(key: jax.Array, subtype: DonorSubtype, n: int, base: CultureParameters) -> CultureParameters:
    """n donors of a subtype, every leaf (n,), for `vmap` or `rollout_each`.

    The same key gives the same donors, and the first of n donors are the donors of a smaller n.
    """
    middle = median_donor(subtype, base)
    drawn = standard_shifts(key, n)
    values = {
        name: moved(getattr(middle, name), name, getattr(SPREAD, name) * drawn[:, i])
        for i, name in enumerate(Shift._fields)
    }
    everyone = jax.tree.map(lambda x: jnp.broadcast_to(jnp.asarray(x, jnp.float64), (n,)), middle)
    return everyone.with_values(**values)


def standard_shifts(key: jax.Array, n: int) -> jax.Array:
    """Standard normal numbers behind the shifts of n donors, (n, 8): row i is the same whatever n is."""

    def one(number: jax.Array) -> jax.Array:
        return jax.random.normal(jax.random.fold_in(key, number), (len(Shift._fields),), jnp.float64)

    return jax.vmap(one)(jnp.arange(n))
