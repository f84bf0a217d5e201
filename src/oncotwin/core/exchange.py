"""Records that pass between families and studies."""

from typing import Literal, NamedTuple

Route = Literal["intravenous", "layer", "ball"]


class Infusion(NamedTuple):
    """One administration of CAR-T cells.

    time_days: days from the first state.  cells: number given.  route: `intravenous` (through the blood), `layer` (a
    disc at the wall x = 0, as the published solver starts) or `ball` (injected into the field).  centre_cm: of the
    ball, None for the middle of the field.  radius_cm: of disc or ball.  depth_cm: thickness of the layer.
    """

    time_days: float
    cells: float
    route: Route = "intravenous"
    centre_cm: tuple[float, ...] | None = None
    radius_cm: float = 0.2
    depth_cm: float = 0.05


class Latents(NamedTuple):
    """The reduced patient vector, equation (26); each in [0, 1], one half being the preset's patient.

    inf: infiltration.  exh: exhaustion.  cyt: cytotoxic potency.  esc: antigen escape.  env: suppressive
    microenvironment.  init: size and antigen heterogeneity of the first tumour.
    """

    inf: float = 0.5
    exh: float = 0.5
    cyt: float = 0.5
    esc: float = 0.5
    env: float = 0.5
    init: float = 0.5
