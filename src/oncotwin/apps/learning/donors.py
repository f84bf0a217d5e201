"""Virtual donors without a vessel, so that the same donors can be grown in every process."""

from itertools import product as every
from typing import Any, NamedTuple, get_args

import jax
import jax.numpy as jnp
import numpy as np

from oncotwin.models.culture import CultureParameters, DonorSubtype
from oncotwin.models.culture.donors import SHIFTS, SPREAD, Age, Prior, Shift, Stage, moved

SUBTYPES = tuple(DonorSubtype(*traits) for traits in every(get_args(Age), get_args(Stage), get_args(Prior)))
"""All kinds of donor: age, stage, prior treatment."""

OF_SUBTYPES = np.array([np.sum([SHIFTS[trait] for trait in subtype], axis=0) for subtype in SUBTYPES])
"""Shifts of every subtype, (27, 8)."""

CONSTANTS = (
    "mu_activated",
    "v_glucose",
    "K_lactic_acid",
    "K_acid_damage",
    "transduction",
    "k_rest",
    "k_differentiation",
    "effector_mtor",
    "effector_il2",
    "memory_il7",
    "memory_il15",
    "memory_il21",
    "memory_hypoxia",
    "K_hypoxia",
)
"""Uncalibrated constants of the dynamics that differ from donor to donor while a policy learns."""

DOUBT = 0.15
"""Standard deviation of their logarithms; uncalibrated."""


class Donors(NamedTuple):
    """Virtual donors; every leaf may carry leading axes.

    subtype: index into `SUBTYPES`.  traits: (8,) shifts of `Shift` beside those of the subtype.  constants: factors on
    `CONSTANTS`.
    """

    subtype: Any
    traits: Any
    constants: Any


def draw_donor(key: jax.Array, doubt: float = DOUBT) -> Donors:
    """One donor of any subtype, all alike likely.  doubt: spread of the uncalibrated constants."""
    which, own, constants = jax.random.split(key, 3)
    return Donors(
        subtype=jax.random.randint(which, (), 0, len(SUBTYPES)),
        traits=jnp.asarray(SPREAD) * jax.random.normal(own, (len(Shift._fields),), jnp.float64),
        constants=jnp.exp(doubt * jax.random.normal(constants, (len(CONSTANTS),), jnp.float64)),
    )


def draw_donors(key: jax.Array, count: int, doubt: float = DOUBT) -> Donors:
    """Donors over all subtypes, each as often as the others, leaves (count,).  The first of many are the few."""

    def one(number: jax.Array) -> Donors:
        donor = draw_donor(jax.random.fold_in(key, number), doubt)
        return donor._replace(subtype=number % len(SUBTYPES))

    return jax.vmap(one)(jnp.arange(count))


def in_vessel(donor: Donors, vessel: CultureParameters) -> CultureParameters:
    """The parameters of one donor's culture in a vessel, whose donor is healthy and of middle age.  Traceable."""
    values = {info.name: jnp.asarray(getattr(vessel, info.name), float) for info in vessel.about()}
    shift = jnp.asarray(OF_SUBTYPES)[donor.subtype] + donor.traits
    for place, name in enumerate(Shift._fields):
        values[name] = moved(values[name], name, shift[place])
    for place, name in enumerate(CONSTANTS):
        values[name] = values[name] * donor.constants[place]
    return CultureParameters(**values)
