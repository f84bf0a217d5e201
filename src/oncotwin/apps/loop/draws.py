"""Draws behind the uncertainty: donors, latents, constants that are uncalibrated; and their cases."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from oncotwin.apps.loop.settings import LoopPatient
from oncotwin.apps.loop.twin import Case, rows_of
from oncotwin.core.exchange import Latents, Product
from oncotwin.core.parameters import Parameters
from oncotwin.models.tumour3d import TumourParameters
from oncotwin.models.tumour3d.latent import SPANS
from oncotwin.studies.veins import VeinParameters, handover, moved_latents

SOURCES = ("donors", "latents", "constants")
"""Sources of uncertainty: cells of other donors, latents of the patient, constants that are uncalibrated."""
SPREAD = 0.25
"""Standard deviation of the logarithm of an uncalibrated constant; uncalibrated itself."""
MEASURED = ("T_visible", "blood_volume")
"""Constants that say how things are counted or measured; they are left as they are."""


def uncertain(family: type[Parameters]) -> tuple[str, ...]:
    """Constants of a family that are uncalibrated, positive and not moved by a latent, in order."""
    moved = {name for spans in SPANS.values() for name in spans} | set(MEASURED)
    preset = family()
    return tuple(
        info.name
        for info in family.about()
        if "uncalibrated" in info.source and info.name not in moved and float(getattr(preset, info.name)) > 0
    )


def varied(parameters: Parameters, key: jax.Array, count: int) -> Parameters:
    """Constants of which the uncalibrated ones are drawn log-normally about their values; leaves (count,)."""
    names = uncertain(type(parameters))
    noise = np.asarray(jnp.exp(SPREAD * jax.random.normal(key, (count, len(names)), jnp.float64)))
    bounds = {info.name: info.bounds for info in type(parameters).about()}
    everyone = jax.tree.map(lambda x: jnp.full(count, x, jnp.float64), parameters)
    drawn = {
        name: np.clip(float(getattr(parameters, name)) * noise[:, column], *bounds[name])
        for column, name in enumerate(names)
    }
    return everyone.with_values(**{name: jnp.asarray(values) for name, values in drawn.items()})


def drawn_latents(patient: LoopPatient, key: jax.Array, count: int) -> Latents:
    """Latents about those of the patient, cut off at 0 and 1; leaves (count,)."""
    noise = np.asarray(jax.random.normal(key, (count, len(Latents._fields)), jnp.float64))
    return Latents(
        *(
            np.clip(middle + sd * noise[:, column], 0.0, 1.0)
            for column, (middle, sd) in enumerate(zip(patient.latents, patient.spread, strict=True))
        )
    )


def cases_of(
    rows: np.ndarray, products: Product, patient: LoopPatient, population: TumourParameters, seed: int
) -> Case:
    """Cases whose donors, latents and constants are the draws named by the columns of `rows`; leaves (n,).

    rows: (n, 3), numbers of draws.  products: of the donors drawn, leaves (draws,).  The same seed gives the same
    latents and constants whatever the products are.
    """
    count = len(np.asarray(products.viability))
    keys = jax.random.split(jax.random.key(seed), 3)
    return Case(
        product=rows_of(products, rows[:, 0]),
        latents=rows_of(drawn_latents(patient, keys[0], count), rows[:, 1]),
        veins=rows_of(varied(VeinParameters(), keys[1], count), rows[:, 2]),
        tumour=rows_of(varied(population, keys[2], count), rows[:, 2]),
    )


def at_bounds(cases: Case) -> dict[str, float]:
    """Share of cases in which each latent, moved by the product, lies at 0 or 1; name -> share.  cases: leaves (n,)."""
    moved = moved_latents(cases.latents, handover(cases.product, cases.veins))
    return {
        name: float(np.mean((np.asarray(x) <= 0.0) | (np.asarray(x) >= 1.0))) for name, x in moved._asdict().items()
    }


def first(products: Product) -> Product:
    """The product of the first donor, as numbers."""
    return jax.tree.map(lambda x: float(np.asarray(x)[0]), products)


def others(products: Product) -> Product:
    """The products of all donors but the first."""
    return jax.tree.map(lambda x: np.asarray(x)[1:], products)


def quantiles(values: np.ndarray, levels: Sequence[float] = (0.05, 0.5, 0.95)) -> list[float]:
    """Quantiles of numbers, for tables."""
    return [float(x) for x in np.quantile(np.asarray(values, float), levels)]
