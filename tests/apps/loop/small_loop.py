"""A loop small enough for tests: a coarse grid, few days, and cells as a culture would make them, without one."""

import jax
import numpy as np

from oncotwin.apps.loop.cells import Grown
from oncotwin.apps.loop.settings import Settings
from oncotwin.apps.loop.twin import Slab
from oncotwin.core.exchange import Product

SLAB = Slab(shape=(8, 8), end_days=56.0, drugs_days=28.0, interval_days=14.0)
SETTINGS = Settings(shape=(8, 8, 8), every_days=7.0, slab=SLAB, pairs=2, regimen="fixed")
MADE = Product(7.4e8, 0.86, 25.0, 0.0, 0.12, 0.14, 0.7, 0.04, 0.44, 0.51, 0.25, 1.6, 10.0, 1.05)
STUDY = (
    "kind=veins",
    "patients.pairs=2",
    "slab.voxels=8",
    "slab.end_days=56",
    "slab.drugs_days=28",
    "slab.interval_days=14",
)
"""A study in the same slab."""


def grown(process, donor, count, seed):
    """Donors differ in potency; another process than the standard one keeps more memory, at a higher cost."""
    other = process != SETTINGS.standard
    made = MADE._replace(central_memory=0.44, effector=0.4, neurotoxicity_risk=0.2, cost=2.0) if other else MADE
    product = jax.tree.map(lambda x: np.full(count + 1, x), made)
    potency = np.linspace(-0.1, 0.1, count) * np.cos(seed + np.arange(count))
    product = product._replace(cytotoxicity=made.cytotoxicity + np.append(0.0, potency))
    return Grown(process, f"made by {process}", product, np.array([0.0, 10.0]), np.array([1e8, 2.2e9]))
