"""The tumour twin: CAR-T cells in a solid tumour, seven fields in one, two or three dimensions."""

from oncotwin.models.tumour3d.accurate import Accurate
from oncotwin.models.tumour3d.dynamics import Fields
from oncotwin.models.tumour3d.latent import apply_latents, latents_of
from oncotwin.models.tumour3d.model import Tumour
from oncotwin.models.tumour3d.observation import MEANINGS, Observation
from oncotwin.models.tumour3d.parameters import TumourParameters
from oncotwin.models.tumour3d.published import Published
from oncotwin.models.tumour3d.seeding import CartLayer, Nodule, Seeding
from oncotwin.models.tumour3d.state import Action, Extensions, State
from oncotwin.models.tumour3d.transport import Tissue
from oncotwin.models.tumour3d.treatment import plan_actions, schedule_times
from oncotwin.numerics.grid import Grid

FIELD_UNITS = {
    "C": ("cart", "functional CAR-T cells"),
    "E": ("cart", "exhausted CAR-T cells"),
    "T_A": ("tumour", "antigen-positive tumour cells"),
    "T_B": ("tumour", "antigen-reduced tumour cells"),
    "S": ("attractant", "chemoattractant"),
    "A": ("1", "immunosuppressive factor"),
    "H": ("1", "hypoxia"),
}
"""Unit and long name of each field; one cart is C_ref, one tumour T_ref cells/cm3."""

__all__ = [
    "FIELD_UNITS",
    "MEANINGS",
    "Accurate",
    "Action",
    "CartLayer",
    "Extensions",
    "Fields",
    "Grid",
    "Nodule",
    "Observation",
    "Published",
    "Seeding",
    "State",
    "Tissue",
    "Tumour",
    "TumourParameters",
    "apply_latents",
    "latents_of",
    "plan_actions",
    "schedule_times",
]
