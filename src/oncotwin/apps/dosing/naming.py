"""Measurements, drugs and controllers of the dosing tasks in words, with units as they are printed."""

from types import MappingProxyType

from oncotwin.apps.dosing.plants import Plant
from oncotwin.apps.style import in_print

_CELLS = "1e6 cells"
_COUNT = "1e9/l"
NAMES = MappingProxyType(
    {
        "tumour_1e6_cells": ("tumour", _CELLS),
        "effectors_1e6_cells": ("effector cells", _CELLS),
        "immune_density": ("immune cells", "1"),
        "volume_mm3": ("tumour volume", "mm3"),
        "capacity_mm3": ("volume that vessels carry", "mm3"),
        "inhibitor_mg_per_kg": ("inhibitor", "mg/kg"),
        "inhibitor_mg_per_kg_per_day": ("inhibitor", "mg/kg/day"),
        "exposure_mg_day_per_kg": ("drug given", "mg/kg*day"),
        "normal": ("normal cells, relative", "1"),
        "tumour": ("tumour cells, relative", "1"),
        "immune": ("immune cells, relative", "1"),
        "drug": ("drug in blood, relative", "1"),
        "mass_g": ("tumour mass", "g"),
        "cycling_g": ("cycling cells", "g"),
        "damaged_1_g": ("damaged, stage 1", "g"),
        "damaged_2_g": ("damaged, stage 2", "g"),
        "damaged_3_g": ("damaged, stage 3", "g"),
        "neutrophils_1e9_per_l": ("neutrophils", _COUNT),
        "docetaxel_mg": ("docetaxel, slow compartment", "mg"),
        "dividing_1e9_per_l": ("dividing cells in marrow", _COUNT),
        "maturing_1_1e9_per_l": ("maturing, stage 1", _COUNT),
        "maturing_2_1e9_per_l": ("maturing, stage 2", _COUNT),
        "maturing_3_1e9_per_l": ("maturing, stage 3", _COUNT),
        "maturing_4_1e9_per_l": ("maturing, stage 4", _COUNT),
        "docetaxel_mg_per_day": ("docetaxel", "mg/day"),
        "chemotherapy": ("chemotherapy", "1"),
        "immunotherapy": ("immunotherapy", "1"),
        "effectors_1e6_cells_per_day": ("effector cells given", "1e6 cells/day"),
        "chemotherapy_per_day": ("chemotherapy", "1/day"),
        "concentration_ng_per_ml": ("drug level", "ng/mL"),
    }
)
"""Field of a record -> what it is, and its unit."""

CONTROLLERS = MappingProxyType(
    {
        "none": "no drug",
        "max": "always the greatest dose",
        "constant": "constant dose",
        "on-off": "on and off",
        "optimal": "open-loop optimum",
        "mpc": "model predictive control",
        "scenario": "model predictive control over scenarios",
        "q-learning": "Q-learning",
        "corrected": "model predictive control, corrected by Q-learning",
        "scaled": "model predictive control, scaled by Q-learning",
    }
)


def therapy_in_words(plant: Plant, therapy: str) -> str:
    """What a therapy gives: the drugs' names."""
    given = [NAMES[drug][0] for drug, kind in zip(plant.drugs, plant.therapy, strict=True) if kind in therapy]
    return " and ".join(given)


def dose_label(drug: str) -> tuple[str, str]:
    """What a drug is, and the unit of its amount in all: the dose rate's times days, as it is printed."""
    name, unit = NAMES[drug]
    if unit == "1":
        return name, "dose × days"
    return name, in_print(unit.removesuffix("/day")) or "1" if unit.endswith("/day") else f"{in_print(unit)} × days"
