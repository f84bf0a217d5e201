"""The virtual cohort of a study: every patient has a donor, latents and constants of his own."""

import jax
import numpy as np

from oncotwin.apps.loop.draws import varied
from oncotwin.apps.loop.twin import Case, rows_of
from oncotwin.apps.personal.population import POPULATION
from oncotwin.core.exchange import Latents, Product
from oncotwin.io.specs.veins import VeinsSpec
from oncotwin.studies.veins import VeinParameters


def cohort_of(rows: np.ndarray, products: Product, spec: VeinsSpec) -> Case:
    """Cases whose donors, latents and constants are the draws named by the columns of `rows`; leaves (n,).

    rows: (n, 3).  products: of the donors drawn, leaves (draws,).  Latents and constants are the same whatever the
    products are.
    """
    count, patients = len(np.asarray(products.viability)), spec.patients
    keys = jax.random.split(jax.random.key(patients.seed), 3)
    shares = np.asarray(jax.random.uniform(keys[0], (count, len(Latents._fields)), np.float64))
    latents = Latents(*(patients.low + (patients.high - patients.low) * shares.T))
    population = POPULATION.with_values(**spec.parameters)
    return Case(
        product=rows_of(products, rows[:, 0]),
        latents=rows_of(latents, rows[:, 1]),
        veins=rows_of(varied(VeinParameters(), keys[1], count), rows[:, 2]),
        tumour=rows_of(varied(population, keys[2], count), rows[:, 2]),
    )
