"""The population of the personalisation twin: the constants that the latents move, Theta_POP of equation (24).

Chosen by hand, before any patient is looked at, among values inside or near the ranges that the parameters' own sources
name, so that 64 patients with Sobol latents and CT041's doses (60, 20 and 20 % at 2.5, 3.75 and 5.0e8 cells) resemble
the margins of Qi et al. 2022 (doi:10.1038/s41591-022-01800-8): about half with an objective response (18 of 37),
cytokine release of grade 1 or 2 in all but one (35 of 37); and a median transgene peak near 3e4 copies/ug, that of
the same maker's CT071.  `oncotwin bank describe` prints what it amounts to.  Each value alone stays uncalibrated.
"""

from types import MappingProxyType

from oncotwin.models.tumour3d import TumourParameters

CHANGES = MappingProxyType(
    {
        "tumour_radius": 0.75,  # cm: a lesion of 15 mm, between the least that counts and the usual
        "r_T": 0.04,  # 1/day: the low end of what was explored
        "D_T": 1e-4,  # cm2/day: the high end of Owens, Rahman and Bozic
        "gamma": 0.2,  # 1/cart/day
        "nu": 0.005,  # 1/cart/day
        "k_e0": 0.08,  # 1/day
        "k_in": 15.0,  # 1/day
        "engraftment": 2.5e-4,  # a pure number
        "p_IL6": 6e-7,  # pg/mL for each tumour cell killed
    }
)
"""What differs from the preset `normalised`."""

POPULATION = TumourParameters().with_values(**CHANGES)
"""The population's constants."""
