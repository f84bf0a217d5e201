"""All parameters of the culture twin and the presets of its vessels.

Time is in hours here, as bioprocess literature counts it; the model's intervals are in days.  Every preset seeds a
healthy donor's cells; `oncotwin.models.culture.donors` varies the donor.
"""

from types import MappingProxyType
from typing import ClassVar

from oncotwin.models.culture.cell_parameters import DeathParameters, GrowthParameters, TransitionParameters
from oncotwin.models.culture.donor_parameters import ProductParameters, SeedParameters, SensorParameters
from oncotwin.models.culture.metabolic_parameters import MetabolicParameters
from oncotwin.models.culture.vessel_parameters import CytokineParameters, MediumParameters, VesselParameters


class CultureParameters(
    ProductParameters,
    SensorParameters,
    SeedParameters,
    CytokineParameters,
    MediumParameters,
    VesselParameters,
    TransitionParameters,
    DeathParameters,
    GrowthParameters,
    MetabolicParameters,
):
    """Constants of the culture twin: cells, metabolism, vessel, medium, sensors, product."""

    presets: ClassVar = MappingProxyType(
        {
            "gas_permeable": MappingProxyType({}),
            "bag": MappingProxyType({"volume_start": 50.0, "volume_most": 1000.0, "kLa": 1.2, "seed_density": 5e5}),
            "stirred_tank": MappingProxyType(
                {
                    "volume_start": 150.0,
                    "volume_most": 500.0,
                    "kLa": 10.0,
                    "oxygen_gas_most": 476.0,
                    "oxygen_control": 1.0,
                    "pH_control": 1.0,
                    "base_control": 1.0,
                }
            ),
            "perfusion_microbioreactor": MappingProxyType(
                {
                    "volume_start": 2.0,
                    "volume_most": 2.0,
                    "kLa": 30.0,
                    "oxygen_gas_most": 476.0,
                    "oxygen_control": 1.0,
                    "pH_control": 1.0,
                    "base_control": 1.0,
                }
            ),
        }
    )
