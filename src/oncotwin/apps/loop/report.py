"""The report of a loop: one HTML page that needs nothing but itself."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from oncotwin.apps.citations import Citation
from oncotwin.apps.loop import draws
from oncotwin.apps.loop.command import command_remark, loop_command
from oncotwin.apps.loop.document import of_document
from oncotwin.apps.loop.pictures import LOOP_PICTURES
from oncotwin.apps.loop.rows import (
    bound_rows,
    coupling_rows,
    endpoint_rows,
    gain_rows,
    made_rows,
    made_words,
    spread_rows,
)
from oncotwin.apps.loop.sentences import DRUG_FACTS, beside_the_slab, in_short, tiles, why
from oncotwin.apps.loop.weighed import origin_words, weight_rows, worth_sentence
from oncotwin.apps.page import Constant, constants_beside, read_summary, shown_pictures, write_page
from oncotwin.apps.style import number
from oncotwin.io.rundir import SPEC, SUMMARY
from oncotwin.io.specs.documents import read_document
from oncotwin.models.tumour3d import TumourParameters
from oncotwin.models.tumour3d.adjunct_parameters import AdjunctParameters
from oncotwin.studies.veins import VeinParameters

PAPERS = (
    Citation(
        "M. Polyakov: A Hybrid Machine Learning Framework for Mechanistically Interpretable Latent Parameter Inference "
        "in a Spatiotemporal CAR-T Therapy Model for Solid Tumours. Preprints.org, 2026 (CC BY 4.0).",
        "the tumour twin, its latents",
        "10.20944/preprints202604.0650.v1",
    ),
    Citation(
        "Automated Optimization of CAR-T Cell Expansion and Tuning via Predictive Metabolic Modeling and Reinforcement "
        "Learning (MOCES).",
        "the culture twin and the idea of the loop",
    ),
    Citation(
        "Development of Model Predictive Control by Reinforcement Learning to Treat Cancer with Mixed of Chemotherapy "
        "and Anti-Angiogenic. Preprints.org, 2025 (CC BY 4.0).",
        "control of the drugs",
    ),
)

SOURCES = (
    Citation("PMC8274631.", "cells harvested on day 3 act at a sixth of the dose of day 9; span of engraftment"),
    Citation("Blood 123:3750.", "naive-like cells of a product track its expansion; direction"),
    Citation("Clin Cancer Res 28:3378.", "central-memory cells of a product track its expansion; direction"),
    Citation("Blood 109:3812.", "lactic acid halves the kill of T cells; size of the gain of potency"),
    Citation("Cells 11(7):1140, 2022.", "exhausted cells in products without response", "10.3390/cells11071140"),
    Citation(
        "R. K. Jain: Normalization of tumor vasculature: an emerging concept in antiangiogenic therapy. Science "
        "307:58, 2005.",
        "the window of the inhibitor; direction",
        "10.1126/science.1104819",
    ),
    Citation(
        "B. Lickefett et al.: Lymphodepletion, an essential but undervalued part of the chimeric antigen receptor "
        "T-cell therapy cycle. Frontiers in Immunology, 2023.",
        "chemotherapy before an infusion; direction",
        "10.3389/fimmu.2023.1303935",
    ),
    Citation(
        "CT041-ST-01. Lancet, 2025.",
        "how little the physician's choice of drugs does in these patients",
        "10.1016/S0140-6736(25)00860-8",
    ),
    Citation(
        "C. Qi et al.: Claudin18.2-specific CAR T cells in gastrointestinal cancers. Nature Medicine 28:1189, 2022.",
        "the dose; the margins that the population of patients resembles",
        "10.1038/s41591-022-01800-8",
    ),
    Citation(
        "M. Dolbniak, A. Swierniak, 2013.",
        "the lumped model that the controller of drugs believes in",
        "10.1155/2013/567213",
    ),
    Citation(
        "A. Saltelli et al.: Variance based sensitivity analysis of model output. Computer Physics Communications "
        "181:259, 2010.",
        "the split of the spread by source",
    ),
    Citation(
        "E. A. Eisenhauer et al.: New response evaluation criteria in solid tumours (RECIST 1.1).",
        "categories of response",
        "10.1016/j.ejca.2008.10.026",
    ),
)


def write_loop_report(folder: Path) -> Path:
    """Write report.html of a loop from its summary and figures; its path.

    Raises StorageFailure if the summary cannot be read, or the report not written.
    """
    summary, asked = read_summary(folder / SUMMARY), of_document(read_document(folder / SPEC), str(folder / SPEC))
    first, second = (one["process"] for one in summary["processes"])
    facts = {
        "summary": summary,
        "tiles": tiles(summary),
        "short": in_short(summary),
        "donor": donor_words(summary["patient"]),
        "made_words": made_words(summary),
        "made": made_rows(summary),
        "weights": weight_rows(summary["priorities"]),
        "worth": worth_sentence(summary["priorities"], (first, second)),
        "basis": origin_words(summary["priorities"]),
        "arms": {"A": first, "B": second},
        "drugs": summary["drugs"]["words"],
        "endpoints": endpoint_rows(summary),
        "why": why(summary),
        "spread": _range(summary["patient"]["spread"].values()),
        "constant_spread": number(draws.SPREAD),
        "constants_drawn": sum(map(len, summary["uncertain"].values())),
        "slab": beside_the_slab(summary),
        "gains": gain_rows(summary),
        "spread_rows": spread_rows(summary),
        "bounds": bound_rows(summary),
        "reference": "protocol static-il2, a healthy donor of middle age",
        "couplings": coupling_rows(summary),
        "drug_facts": DRUG_FACTS,
        "constants": loop_constants(),
        "pictures": shown_pictures(folder, LOOP_PICTURES),
        "papers": PAPERS,
        "sources": SOURCES,
        "kind": "demo",
        "command": loop_command(*asked),
        "remark": command_remark(*asked),
    }
    return write_page(folder, "loop.html", {}, facts)


def donor_words(patient: Mapping[str, Any]) -> str:
    """The patient in words."""
    donor = patient["donor"]
    latents = ", ".join(f"{name} {number(value)}" for name, value in patient["latents"].items())
    return (
        f"age {donor['age']}, disease {donor['stage']}, treated before: {donor['prior']}; the tumour's latents "
        f"({patient['words']}) {latents}"
    )


def loop_constants() -> list[Constant]:
    """Constants of the couplings and of the drugs, as a table shows them."""
    drugs = set(info.name for info in AdjunctParameters.about())
    tumour = TumourParameters()
    return [
        *constants_beside(VeinParameters(), VeinParameters()),
        *(row for row in constants_beside(tumour, tumour) if row.name in drugs),
    ]


def _range(values: Sequence[float] | Any) -> str:
    low, high = min(values), max(values)
    return number(low) if low == high else f"{number(low)} to {number(high)}"
