"""The culture twin: CAR-T cells in a bioreactor, flux balance within kinetic bounds."""

from oncotwin.models.culture.donors import DonorSubtype, median_donor, sample_donors
from oncotwin.models.culture.kinetics import RateLaw
from oncotwin.models.culture.metabolism import GROWTH, MAINTENANCE, OUTPUTS, VARYING
from oncotwin.models.culture.model import Culture
from oncotwin.models.culture.parameters import CultureParameters
from oncotwin.models.culture.product import Weights, product, reward
from oncotwin.models.culture.sensors import MEANINGS, Observation
from oncotwin.models.culture.state import (
    CELL_STATES,
    LIMITS,
    SOLUTES,
    Action,
    Cells,
    Ledger,
    Medium,
    State,
    limiting,
)

__all__ = [
    "CELL_STATES",
    "GROWTH",
    "LIMITS",
    "MAINTENANCE",
    "MEANINGS",
    "OUTPUTS",
    "SOLUTES",
    "VARYING",
    "Action",
    "Cells",
    "Culture",
    "CultureParameters",
    "DonorSubtype",
    "Ledger",
    "Medium",
    "Observation",
    "RateLaw",
    "State",
    "Weights",
    "limiting",
    "median_donor",
    "product",
    "reward",
    "sample_donors",
]
