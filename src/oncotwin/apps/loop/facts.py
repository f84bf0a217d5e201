"""What the summary of a loop holds, table by table."""

from typing import Any

import numpy as np

from oncotwin.apps.loop.belief import FITTED, Belief
from oncotwin.apps.loop.cells import Grown
from oncotwin.apps.loop.draws import SOURCES, at_bounds, cases_of, others
from oncotwin.apps.loop.front import front_of, gains_of
from oncotwin.apps.loop.likely import Arm, Likely
from oncotwin.apps.loop.obstacles import Freed
from oncotwin.apps.loop.regimens import regimen_words
from oncotwin.apps.loop.settings import LoopPatient, Settings
from oncotwin.apps.loop.space import Levels
from oncotwin.apps.loop.twin import Case, rows_of
from oncotwin.studies.sources import design
from oncotwin.studies.veins import handover

ARMS = ("A", "B", "C")
"""Standard cells; the other cells; the other cells with drugs beside them."""


def front_rows(likely: Likely, drawn: dict[str, Arm], settings: Settings) -> list[dict[str, Any]]:
    """What each arm gains and pays over the draws."""
    rows = likely.trusted
    arms = []
    for name, found in likely.arms.items():
        donors = rows_of(others(drawn[name].product), rows)  # the draws A and B take the donors one by one
        drugs = np.asarray(found.chemotherapy)[rows], np.asarray(found.inhibitor)[rows]
        arms.append(gains_of(found.response_days[rows], found.seen.crs_grade[rows], drugs, donors))
    how = {"A": (settings.standard, "none"), "B": (settings.other, "none"), "C": (settings.other, settings.regimen)}
    return [
        {"process": process, "regimen": regimen, **row}
        for (process, regimen), row in zip(how.values(), front_of(arms), strict=True)
    ]


def clipped_facts(drawn: dict[str, Arm], patient: LoopPatient, settings: Settings) -> dict[str, dict[str, float]]:
    """Share of the draws of each arm without drugs in which a latent, moved by the product, is cut off at 0 or 1."""
    rows = design(settings.pairs, len(SOURCES))[: 2 * settings.pairs]
    told = {}
    for name in ("A", "B"):
        cases = cases_of(rows, others(drawn[name].product), patient, settings.population, settings.seed)
        told[name] = at_bounds(cases)
    return told


def labels(settings: Settings) -> dict[str, str]:
    """What each arm is, in words."""
    names = (settings.standard, settings.other, f"{settings.other} + drugs")
    return dict(zip(ARMS, names, strict=True))


def process_facts(made: Grown, case: Case) -> dict[str, Any]:
    """One process: what it made, of whom, and what that sets in the tumour twin."""
    given = handover(case.product, case.veins)
    factors = {name: float(x) for name, x in given.factors._asdict().items()}
    return {
        "process": made.process,
        "words": made.words,
        "product": {name: float(x) for name, x in case.product._asdict().items()},
        "donors": {name: np.asarray(x)[1:].tolist() for name, x in made.product._asdict().items()},
        "days": made.days.tolist(),
        "cells": made.cells.tolist(),
        "handover": {
            **{name: float(getattr(given, name)) for name in ("cells", "exhausted_fraction", "cyt", "exh")},
            **factors,
        },
    }


def drug_facts(given: Levels, settings: Settings) -> dict[str, Any]:
    """The drugs of arm C."""
    days = np.diff(settings.slab.instants)
    return {
        "regimen": settings.regimen,
        "words": regimen_words(settings.regimen, settings.slab.interval_days),
        "interval_days": settings.slab.interval_days,
        "instants": list(settings.slab.instants),
        "levels": given.levels.tolist(),
        "statuses": given.statuses.tolist(),
        "chemotherapy": float(given.levels[:, 0] @ days),
        "inhibitor": float(given.levels[:, 1] @ days),
    }


def belief_facts(belief: Belief) -> dict[str, Any]:
    """What the controller believes, beside what it was fitted to."""
    return {
        "probes": list(belief.probes),
        "days": belief.days.tolist(),
        "seen": belief.seen.tolist(),
        "predicted": belief.predicted.tolist(),
        "counted": np.asarray(belief.counted).tolist(),
        "error": belief.fit.error if np.any(belief.counted) else None,
        "values": dict(zip(FITTED, belief.fit.values.tolist(), strict=True)),
    }


def limit_facts(found: Freed) -> dict[str, Any]:
    """The obstacles, and the course without any taken away."""
    keys = ("name", "words", "at_bound", "log_burden", "response_days")
    rows = [dict(zip(keys, row, strict=True)) for row in found.rows]
    series = found.found.series
    names = ("antigen_positive_fraction", "cart_tissue_cells", "exhausted_tissue_cells", "tumour_burden_cells")
    course = {name: np.asarray(getattr(series, name), float)[0].tolist() for name in names}
    return {"base": found.base, "rows": rows, "course": course}


def patient_facts(patient: LoopPatient) -> dict[str, Any]:
    """Who the patient is."""
    return {
        "donor": dict(patient.donor._asdict()),
        "latents": {name: float(x) for name, x in patient.latents._asdict().items()},
        "spread": {name: float(x) for name, x in patient.spread._asdict().items()},
        "words": patient.words,
    }
