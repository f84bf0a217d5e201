"""From vein to vein: what a product of the culture is in the tumour twin.

Every coupling is a bounded function that is monotone in what it should follow from, relative to a reference product,
the one that leaves the patient's constants as they are.  Which way each one goes has a source, named at its constant;
how far it goes is uncalibrated unless it says so.  All take numbers or arrays, and may be traced and mapped.
"""

from typing import Any, NamedTuple

from jax import Array

from oncotwin.core.exchange import Infusion, Latents, Product
from oncotwin.core.parameters import Parameters, param
from oncotwin.errors import BadInput
from oncotwin.numerics.elementary import exp, log, maximum, minimum

_OURS = "uncalibrated"
_REFERENCE = "the culture twin, static-il2, healthy donor of middle age: python -m oncotwin.apps.loop.reference"
_CULTURE_TIME = "PMC8274631: cells harvested on day 3 control leukaemia in mice at a sixth of the dose of day 9"
_MEMORY = (
    "direction: naive-like cells track expansion (Blood 123:3750), so do central-memory cells (Clin Cancer Res 28:3378)"
)
_EXHAUSTED = "direction: products of patients without response hold more exhausted cells (doi:10.3390/cells11071140)"
_ODDS = 1e-6
"""How near to zero or one a score may come."""


class VeinParameters(Parameters):
    """Constants of the couplings between product and tumour."""

    planned_dose: Array = param(
        2.5e8,
        "cell",
        bounds=(0, 1e13),
        scope="treatment",
        source="CT041, Qi et al. 2022, doi:10.1038/s41591-022-01800-8: the lowest and most given dose level",
        doc="CAR-positive cells to be infused; fewer where the product holds fewer.",
    )
    recovery: Array = param(
        0.9, "1", bounds=(0, 1), scope="treatment", source=_OURS, doc="Share of cells left by formulation and thaw."
    )
    young_reference: Array = param(
        0.1680, "1", bounds=(0, 1), source=_REFERENCE, doc="Less differentiated share of the reference product."
    )
    cytotoxicity_reference: Array = param(
        0.4184, "1", bounds=(0, 1), source=_REFERENCE, doc="Cytotoxicity score of the reference product."
    )
    exhausted_reference: Array = param(
        0.0406, "1", bounds=(0, 1), source=_REFERENCE, doc="Exhausted share of the reference product."
    )
    crs_reference: Array = param(
        0.5061, "1", bounds=(0.001, 0.999), source=_REFERENCE, doc="CRS risk score of the reference product."
    )
    copies_reference: Array = param(
        1.6152, "1", bounds=(0.01, 100), source=_REFERENCE, doc="Vector copies for each CAR-positive cell of it."
    )
    blast_weight: Array = param(
        0.5, "1", bounds=(0, 1), source=_OURS, doc="What an activated blast counts as a less differentiated cell."
    )
    span_engraftment: Array = param(
        6.0,
        "1",
        bounds=(1, 100),
        source=f"{_CULTURE_TIME}; the share over which it is reached is uncalibrated",
        doc="Factor of engraftment over `young_range`, and the most it may be.",
    )
    span_rho: Array = param(
        2.0, "1", bounds=(1, 100), source=f"{_OURS}; {_MEMORY}", doc="Factor of expansion in tissue over `young_range`."
    )
    young_range: Array = param(
        0.5,
        "1",
        bounds=(0.01, 1),
        source=_OURS,
        doc="Rise of the less differentiated share over which spans are reached.",
    )
    gain_cyt: Array = param(
        2.0,
        "1",
        bounds=(0, 10),
        source="kill halves for cells kept in 20 mmol/L lactic acid (Blood 109:3812), whose score falls by 0.16 in the "
        "culture twin at pH 7.2",
        doc="Rise of the latent cyt for one of the cytotoxicity score.",
    )
    gain_exh: Array = param(
        1.0,
        "1",
        bounds=(0, 10),
        source=f"{_OURS}; {_EXHAUSTED}",
        doc="Rise of the latent exh for one of the exhausted share.",
    )
    gain_young: Array = param(
        0.3,
        "1",
        bounds=(0, 10),
        source=f"{_OURS}; {_MEMORY}",
        doc="Fall of the latent exh for one of the less differentiated share.",
    )
    gain_il6: Array = param(
        1.0,
        "1",
        bounds=(0, 5),
        source=_OURS,
        doc="Exponent by which interleukin 6 follows the odds of the CRS risk score.",
    )
    most_il6: Array = param(
        5.0, "1", bounds=(1, 100), source=_OURS, doc="Most by which interleukin 6 may be multiplied or divided."
    )


class Factors(NamedTuple):
    """What multiplies constants of the tumour twin that bear these names."""

    rho_C: Any
    engraftment: Any
    p_IL6: Any
    copies_per_cell: Any


class Handover(NamedTuple):
    """A product as the tumour twin takes it.

    cells: CAR-positive cells infused.  exhausted_fraction: of them.  cyt, exh: what is added to the patient's latents
    of potency and exhaustion.  factors: of constants.
    """

    cells: Any
    exhausted_fraction: Any
    cyt: Any
    exh: Any
    factors: Factors


def young_share(product: Product, p: VeinParameters) -> Any:
    """Less differentiated share of a product: naive, central-memory and, in part, activated cells; in [0, 1]."""
    return product.naive + product.central_memory + p.blast_weight * product.activated


def dose(product: Product, p: VeinParameters) -> Any:
    """CAR-positive viable cells infused: the planned dose, or what is left of all there are."""
    return minimum(p.planned_dose, p.recovery * product.car_positive_cells)


def handover(product: Product, p: VeinParameters) -> Handover:
    """What a product sets in the tumour twin.  Leaves: as those of the product.

    dose = min(planned, recovery · made).  cyt: gain · (cytotoxicity - reference).  exh: gain · (exhausted - reference)
    - gain · (young - reference).  Factors: span^((young - reference)/range) in [1/span, span] of expansion and of
    engraftment; (odds of the CRS score / reference)^gain in [1/most, most] of interleukin 6; vector copies relative to
    the reference of what the assay of blood counts.
    """
    share = young_share(product, p) - p.young_reference
    younger = maximum(minimum(share / p.young_range, 1.0), -1.0)
    most = log(p.most_il6)
    inflamed = p.gain_il6 * (_log_odds(product.crs_risk) - _log_odds(p.crs_reference))
    return Handover(
        cells=dose(product, p),
        exhausted_fraction=product.exhausted,
        cyt=p.gain_cyt * (product.cytotoxicity - p.cytotoxicity_reference),
        exh=p.gain_exh * (product.exhausted - p.exhausted_reference) - p.gain_young * share,
        factors=Factors(
            rho_C=exp(log(p.span_rho) * younger),
            engraftment=exp(log(p.span_engraftment) * younger),
            p_IL6=exp(maximum(minimum(inflamed, most), -most)),
            copies_per_cell=maximum(product.copies_per_cell, 0.01) / p.copies_reference,
        ),
    )


def infusion_of(given: Handover, time_days: float = 0.0) -> Infusion:
    """The intravenous infusion of a product on a day."""
    return Infusion(time_days, given.cells, exhausted_fraction=given.exhausted_fraction)


def moved_latents(latents: Latents, given: Handover) -> Latents:
    """The patient's latents with this product: potency and exhaustion moved inside [0, 1]."""
    return latents._replace(cyt=_in_unit(latents.cyt + given.cyt), exh=_in_unit(latents.exh + given.exh))


def moved_constants(parameters: Any, given: Handover) -> Any:
    """The tumour's constants with this product.  parameters: a record that has those of `Factors`."""
    values = {name: getattr(parameters, name) * factor for name, factor in given.factors._asdict().items()}
    return parameters.with_values(**values)


def check_product(product: Product) -> None:
    """Raise BadInput for a product that no culture can have made.  Numbers only."""
    shares = ("viability", "naive", "activated", "central_memory", "effector", "exhausted")
    scores = ("cytotoxicity", "crs_risk", "neurotoxicity_risk")
    for name in (*shares, *scores):
        value = float(getattr(product, name))
        if not 0 <= value <= 1:
            raise BadInput(f"{name} of a product is a share", where="Product", got=value, allowed="0 to 1")
    for name in ("car_positive_cells", "copies_per_cell"):
        value = float(getattr(product, name))
        if not 0 <= value < float("inf"):
            raise BadInput(f"{name} of a product cannot be used", where="Product", got=value, allowed="0 or more")
    total = sum(float(getattr(product, name)) for name in shares[1:])
    if abs(total - 1) > 1e-6:
        raise BadInput("the states of a product's cells do not add up", where="Product", got=total, allowed="1")


def _log_odds(share: Any) -> Any:
    kept = maximum(minimum(share, 1 - _ODDS), _ODDS)
    return log(kept / (1 - kept))


def _in_unit(x: Any) -> Any:
    return maximum(minimum(x, 1.0), 0.0)
