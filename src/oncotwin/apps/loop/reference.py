"""`python -m oncotwin.apps.loop.reference`: the reference product of the couplings, as the culture twin makes it."""

import numpy as np

from oncotwin.apps.loop.cells import grow
from oncotwin.core.exchange import Product
from oncotwin.models.culture import DonorSubtype
from oncotwin.studies.veins import VeinParameters, young_share

PROCESS, DONOR = "static-il2", DonorSubtype("middle", "healthy", "none")


def reference_product() -> Product:
    """What the reference process makes of the typical reference donor."""
    made = grow(PROCESS, DONOR, 1, 0).product
    return Product(*(float(np.asarray(leaf)[0]) for leaf in made))


def constants_of(product: Product) -> dict[str, float]:
    """The constants of `VeinParameters` by which a product is the reference."""
    return {
        "young_reference": float(young_share(product, VeinParameters())),
        "cytotoxicity_reference": product.cytotoxicity,
        "exhausted_reference": product.exhausted,
        "crs_reference": product.crs_risk,
        "copies_reference": product.copies_per_cell,
    }


if __name__ == "__main__":
    print(constants_of(reference_product()))
