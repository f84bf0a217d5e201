"""What the dosing paper says of its Figures 8 to 10, beside what we find, and why they differ."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from oncotwin.io.specs.dosing import ComparisonSpec

OPTIMALITY: Mapping[str, Mapping[int, float]] = MappingProxyType(
    {
        "figure8": MappingProxyType({}),
        "figure9": MappingProxyType({2: 0.80, 5: 0.35, 10: 0.70}),
        "figure10": MappingProxyType({2: 0.80, 5: 0.90, 10: 0.70}),
    }
)
"""Dosing paper, section 4: "optimality rate" by horizon, which it does not define."""

COMBINED_REDUCTION = 0.65
"""Dosing paper, abstract: the combination reduces the number of cells by about this share."""

CLAIMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "figure8": (
            "The tumour falls under every therapy.",
            "Chemotherapy lets it fall much faster than immunotherapy; both together look like chemotherapy.",
        ),
        "figure9": (
            "Over 30 days N = 2 is the best with an optimality of almost 80 %, then N = 10 with 70 %, then N = 5 with "
            "35 %.",
            "Both therapies together reduce the cells by about 65 %.",
        ),
        "figure10": (
            "From random starts N = 5 is the best with an optimality of 90 %, then N = 2 with almost 80 %, then N = 10 "
            "with 70 %.",
            "Both therapies together reduce the cells by about 65 %.",
        ),
    }
)

REASONS = (
    "The paper gives no weights, interval, bins, doses or rates, no definition of optimality, and no first state: zero "
    "initial conditions, as it says, are outside the domain of its equation (1). Its numbers cannot be reproduced; "
    "ours are those of the spec of this run.",
    "It mixes two models: equation (1) is a tumour with its vasculature and has no chemotherapy, constraints (5) and "
    "(6) and Tables 3 and 4 are those of a tumour and immune cells. Here all is run on one model, that of the spec.",
    "An order of horizons that is not monotone is no property of a controller whose problem is solved: what is planned "
    "over a longer horizon is, on the same model, closer to the optimum.",
    "Percent of cells remaining cannot rank controllers where the model has a benign equilibrium: every one that "
    "reaches its basin ends there, whatever it gave. Cost, doses, the time to the basin and relapse can.",
    "Its reward (9) prices no dose, so what learns it exactly always gives the most; the default here prices doses "
    "(learner.reward).",
)
"""Why our numbers are others."""


def beside(spec: ComparisonSpec, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The paper's words and numbers, and ours: of the corrected controller, else of the bare one."""
    name = "corrected" if "corrected" in spec.controllers else "mpc"
    therapy = "P+Q" if "P+Q" in spec.therapies else spec.therapies[0]
    ours = [row for row in rows if row["controller"] == name and row["therapy"] == therapy]
    return {
        "paper": list(CLAIMS[spec.kind]),
        "reasons": list(REASONS),
        "controller": name,
        "therapy": therapy,
        "paper_reduction": COMBINED_REDUCTION,
        "horizons": [
            {
                "horizon": row["horizon"],
                "paper_optimality": OPTIMALITY[spec.kind].get(row["horizon"]),
                "reduction": _reduction(row["remaining_fraction"]["value"]),
                "gap_to_optimal": row["gap_to_optimal"]["value"],
            }
            for row in ours
        ],
    }


def _reduction(remaining: float | None) -> float | None:
    return None if remaining is None else 1.0 - remaining
