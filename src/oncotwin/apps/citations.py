"""What a report cites: the papers that oncotwin realises, and the sources of a tumour run's equations and endpoints."""

from typing import NamedTuple


class Citation(NamedTuple):
    """A work, what it gave, and its DOI ("" where it has none)."""

    text: str
    gave: str
    doi: str = ""


PAPERS = (
    Citation(
        "M. Polyakov: A Hybrid Machine Learning Framework for Mechanistically Interpretable Latent Parameter Inference "
        "in a Spatiotemporal CAR-T Therapy Model for Solid Tumours. Preprints.org, 2026 (CC BY 4.0).",
        "the tumour twin of this run, equations (1) to (13) and (26)",
        "10.20944/preprints202604.0650.v1",
    ),
    Citation(
        "Development of Model Predictive Control by Reinforcement Learning to Treat Cancer with Mixed of Chemotherapy "
        "and Anti-Angiogenic. Preprints.org, 2025 (CC BY 4.0).",
        "control of the dose; not used in this run",
    ),
    Citation(
        "Automated Optimization of CAR-T Cell Expansion and Tuning via Predictive Metabolic Modeling and Reinforcement "
        "Learning (MOCES).",
        "control of the culture; not used in this run",
    ),
)
"""The papers whose methods oncotwin puts together."""

SOURCES = (
    Citation(
        "M. Polyakov: CAR-T-model, the published solver, github.com/maximvpolyakov/CAR-T-model.",
        "preset `published` and most rates of transport and decay; no code",
    ),
    Citation(
        "Owens, Rahman, Bozic: RadiallySymmetricCART, github.com/lacyk3/RadiallySymmetricCART.",
        "carrying capacity, ranges of growth, motility and kill",
    ),
    Citation(
        "A. M. Stein et al.: Tisagenlecleucel model-based cellular kinetic analysis. CPT Pharmacometrics & Systems "
        "Pharmacology, 2019.",
        "expansion, contraction and persistence in blood",
        "10.1002/psp4.12388",
    ),
    Citation(
        "D. Hardiansyah, C. M. Ng: Quantitative systems pharmacology model of chimeric antigen receptor T-cell "
        "therapy. Clinical and Translational Science, 2019.",
        "base level and elimination of interleukin 6",
        "10.1111/cts.12636",
    ),
    Citation(
        "E. A. Eisenhauer et al.: New response evaluation criteria in solid tumours, RECIST 1.1. European Journal of "
        "Cancer, 2009.",
        "response categories",
        "10.1016/j.ejca.2008.10.026",
    ),
    Citation(
        "D. W. Lee et al.: ASTCT consensus grading for cytokine release syndrome. Biology of Blood and Marrow "
        "Transplantation, 2019.",
        "grades of cytokine release syndrome; the map from interleukin 6 to signs is ours and uncalibrated",
        "10.1016/j.bbmt.2018.12.758",
    ),
    Citation(
        "A. R. Haas et al.: Phase I study of lentiviral-transduced CAR-T cells recognizing mesothelin. Molecular "
        "Therapy 27:1919, 2019.",
        "limit of detection of the transgene",
    ),
)
"""Where the numbers and definitions of a tumour run come from, beside the sources in its table of parameters."""
