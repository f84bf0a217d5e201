"""The reduced patient vector, equation (26), and the parameters it moves.

Each latent in [0, 1] multiplies its parameters by span**(2 theta - 1): one half leaves the preset as it is, zero and
one divide and multiply by the span.  Monotone, invertible, and the same for both presets.  Which parameters belong to
which latent follows the paper's definitions below equation (26); the spans are ours, uncalibrated, and cover the ranges
that each parameter's source names.
"""

from typing import Any

from oncotwin.core.exchange import Latents
from oncotwin.errors import BadInput
from oncotwin.models.tumour3d.parameters import TumourParameters
from oncotwin.numerics.elementary import log

SPANS: dict[str, dict[str, float]] = {
    "inf": {"k_in": 5.0, "D_C": 2.0, "chi_0": 2.0},  # cells reach the tumour and move in it
    "exh": {"k_e0": 3.0, "p_r": 1 / 2.0},  # more exhaustion, less recovery
    "cyt": {"gamma": 3.0},  # more kill per contact
    "esc": {"mu_0": 5.0, "nu": 5.0, "mu_1": 1 / 2.0},  # antigen is lost sooner and regained later
    "env": {"beta_A": 3.0, "alpha_A": 3.0, "sigma_M": 3.0},  # suppression works harder and is made faster
    "init": {"tumour_radius": 1.3, "negative_fraction": 2.0},  # a larger, more heterogeneous first tumour
}
"""Factor by which each latent at one multiplies its parameters; below one: it divides.  Uncalibrated."""


def apply_latents(p: TumourParameters, latents: Latents) -> TumourParameters:
    """The parameters of a patient with these latents.  Traced latents are not checked against [0, 1]."""
    values: dict[str, Any] = {}
    for name, spans in SPANS.items():
        theta = getattr(latents, name)
        if isinstance(theta, (int, float)) and not 0 <= theta <= 1:
            raise BadInput("a latent lies outside its range", where=f"latents.{name}", got=theta, allowed="0 to 1")
        for parameter, span in spans.items():
            values[parameter] = getattr(p, parameter) * span ** (2 * theta - 1)
    return p.with_values(**values)


def latents_of(p: TumourParameters, reference: TumourParameters) -> Latents:
    """The latents that lead from the reference patient to this one, read from the first parameter of each."""
    thetas = {}
    for name, spans in SPANS.items():
        parameter, span = next(iter(spans.items()))
        ratio = getattr(p, parameter) / getattr(reference, parameter)
        thetas[name] = 0.5 + 0.5 * log(ratio) / log(span)
    return Latents(**thetas)
