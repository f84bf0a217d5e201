"""What a study finds of each arm: rates with intervals, cost, and where the spread comes from."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from oncotwin.apps.loop.draws import SOURCES, others, quantiles
from oncotwin.apps.loop.front import SEVERE_GRADE, front_of, gains_of
from oncotwin.apps.loop.twin import Found, rows_of
from oncotwin.core.endpoints import Response
from oncotwin.core.exchange import Product
from oncotwin.studies.sources import split
from oncotwin.studies.veins import VeinParameters, dose

KEPT = (
    "best_response",
    "log_burden",
    "depth",
    "response_days",
    "progression_days",
    "escape_fraction",
    "peak_il6",
    "crs_grade",
    "c_max",
    "chemotherapy",
    "inhibitor",
    "status",
)
"""Outcomes of every course that are kept."""
PARTED = ("log_burden", "response_days", "escape_fraction", "log_il6")
"""Outcomes whose spread is split by source."""
MADE = (
    "car_positive_cells",
    "viability",
    "central_memory",
    "exhausted",
    "cytotoxicity",
    "crs_risk",
    "neurotoxicity_risk",
    "culture_days",
    "cost",
)
"""Entries of a product that are told of each process."""
RESAMPLES = 2000


def kept_of(found: Found) -> dict[str, np.ndarray]:
    """The outcomes of courses that are kept, (n,) each."""
    seen = found.seen._asdict()
    return {name: np.asarray(seen.get(name, getattr(found, name, None)), float) for name in KEPT}


def row_of(
    process: str, regimen: str, values: Mapping[str, np.ndarray], products: Product, rows: np.ndarray
) -> dict[str, Any]:
    """One arm.  values: of all runs of the design.  products: of the donors, the typical one first."""
    patients = 2 * (len(rows) // (len(SOURCES) + 2))
    plain = {name: x[:patients] for name, x in values.items()}
    trusted = plain["status"] == 0
    plain = {name: x[trusted] for name, x in plain.items()}
    measured = {
        "response": plain["best_response"] >= int(Response.PR),
        "control": plain["best_response"] >= int(Response.SD),
        "crs": plain["crs_grade"] >= SEVERE_GRADE,
        "escape": plain["escape_fraction"],
        "log_burden": plain["log_burden"],
        "response_days": plain["response_days"],
        "chemotherapy": plain["chemotherapy"],
        "inhibitor": plain["inhibitor"],
    }
    made = rows_of(others(products), rows[:patients, 0][trusted])
    return {
        "process": process,
        "regimen": regimen,
        "patients": int(np.sum(trusted)),
        "failed": int(np.sum(~trusted)),
        **{name: mean_of(x) for name, x in measured.items()},
        "neurotoxicity": mean_of(np.asarray(made.neurotoxicity_risk)),
        "cost": mean_of(np.asarray(made.cost)),
        "split": {name: _split(name, values) for name in PARTED},
    }


def made_of(products: Product) -> dict[str, dict[str, float]]:
    """What a process made, over the donors drawn: median, 5 and 95 %; and what of it is infused."""
    drawn = others(products)
    values = {name: np.asarray(getattr(drawn, name), float) for name in MADE}
    values["infused"] = np.asarray(dose(drawn, VeinParameters()), float)
    return {name: dict(zip(("low", "value", "high"), quantiles(x), strict=True)) for name, x in values.items()}


def fronts(
    found: Mapping[tuple[str, str], Mapping[str, np.ndarray]], products: Mapping[str, Product], rows: np.ndarray
) -> list[dict[str, Any]]:
    """What each arm gains and costs over the patients whom no arm failed, see `front_of`; in the order of `found`."""
    patients = 2 * (len(rows) // (len(SOURCES) + 2))
    trusted = np.all([values["status"][:patients] == 0 for values in found.values()], axis=0)
    arms = []
    for (process, _), values in found.items():
        kept = {name: x[:patients][trusted] for name, x in values.items()}
        drugs = kept["chemotherapy"], kept["inhibitor"]
        made = rows_of(others(products[process]), rows[:patients, 0][trusted])
        arms.append(gains_of(kept["response_days"], kept["crs_grade"], drugs, made))
    return [
        {"process": process, "regimen": name, **row} for (process, name), row in zip(found, front_of(arms), strict=True)
    ]


def mean_of(values: np.ndarray) -> dict[str, float]:
    """The mean with its 95 % bootstrap interval."""
    numbers = np.asarray(values, float)
    draws = np.random.default_rng(0).integers(0, len(numbers), (RESAMPLES, len(numbers)))
    low, high = np.quantile(numbers[draws].mean(axis=1), (0.025, 0.975))
    return {"value": float(numbers.mean()), "low": float(low), "high": float(high)}


def paired(found: Mapping[tuple[str, str], Mapping[str, np.ndarray]], patients: int) -> list[dict[str, Any]]:
    """Every arm less the first, patient by patient: means of the differences with their intervals."""
    arms = list(found)
    base = found[arms[0]]
    rows = []
    for arm in arms[1:]:
        both = (base["status"][:patients] == 0) & (found[arm]["status"][:patients] == 0)
        gaps = {
            name: mean_of(found[arm][name][:patients][both] - base[name][:patients][both])
            for name in ("log_burden", "response_days", "escape_fraction", "crs_grade")
        }
        rows.append({"arm": " + ".join(arm), "base": " + ".join(arms[0]), **gaps})
    return rows


def _split(name: str, values: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Shares of the variance by source; nothing where a course failed."""
    outcome = np.log10(values["peak_il6"]) if name == "log_il6" else values[name]
    if np.any(values["status"] != 0):
        return {}
    shares = split(outcome, len(SOURCES))
    parts = ("first", "total", "first_error", "total_error")
    return {
        "deviation": float(np.sqrt(shares.variance)),
        **{part: getattr(shares, part).tolist() for part in parts},
    }
