"""One patient from vein to vein: make the cells, infuse, simulate, add drugs, compare, say how sure."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w
from rich.console import Console

import oncotwin
from oncotwin.apps.compiled import keep_compiled
from oncotwin.apps.loop.belief import FITTED, Belief, believe
from oncotwin.apps.loop.cells import Grown, check_process, grow
from oncotwin.apps.loop.draws import SOURCES, first, uncertain
from oncotwin.apps.loop.likely import Arm, described, differences, draw_courses, parted_by_source
from oncotwin.apps.loop.obstacles import Freed, freed
from oncotwin.apps.loop.pictures import draw_loop
from oncotwin.apps.loop.regimens import WORDS
from oncotwin.apps.loop.report import write_loop_report
from oncotwin.apps.loop.settings import LoopPatient, Settings
from oncotwin.apps.loop.space import Levels, dosed, run_arm, spec_of
from oncotwin.apps.loop.twin import Case
from oncotwin.io.durable import storage, write_atomically
from oncotwin.io.fields import NOTICE
from oncotwin.io.rundir import SPEC, SUMMARY, RunDirectory, begin, new_path
from oncotwin.models.tumour3d import TumourParameters
from oncotwin.studies.veins import VeinParameters, check_product, handover

ARMS = ("A", "B", "C")
"""Standard cells; the other cells; the other cells with drugs beside them."""

Say = Callable[[str], None]


def run_loop(patient: LoopPatient, settings: Settings, out: Path | None) -> dict[str, Any]:
    """The loop of one patient, its figures and report; the summary.

    out: a new or empty folder, None for a new one in runs/.
    """
    for process in (settings.standard, settings.other):
        check_process(process)
    folder = new_path("loop") if out is None else out
    with begin(folder) as run:
        begun, say = time.monotonic(), _teller()
        run.log("compiled code", state=keep_compiled())
        with storage("write the settings", run / SPEC):
            write_atomically(run / SPEC, tomli_w.dumps(_document(patient, settings)).encode())
        summary = _followed(run, patient, settings, say)
        summary["wall_seconds"] = time.monotonic() - begun
        run.write_json(SUMMARY, summary)
        say("figures and report")
        draw_loop(run.path)
        write_loop_report(run.path)
        run.log("done", seconds=time.monotonic() - begun)
        return run.read_json(SUMMARY)


def _followed(run: RunDirectory, patient: LoopPatient, settings: Settings, say: Say) -> dict[str, Any]:
    """Everything that is simulated, as the summary has it."""
    processes = (settings.standard, settings.other)
    say(f"making cells of {2 * settings.pairs + 1} donors: {' and '.join(processes)}")
    with ThreadPoolExecutor(2) as both:  # they compile beside one another
        made = list(both.map(lambda name: grow(name, patient.donor, 2 * settings.pairs, settings.seed), processes))
    cases = [Case(first(one.product), patient.latents, VeinParameters(), settings.population) for one in made]
    for case in cases:
        check_product(case.product)
    say("a belief for the controller of drugs")
    belief = believe(cases[1], settings.slab)
    arms, given = _in_space(run.path, cases, settings, belief)
    say(f"what limits: {len(SOURCES)} sources, one obstacle at a time")
    limits = freed(cases[1], settings.slab)
    none = np.zeros_like(given.levels)
    drawn = {
        "A": Arm(made[0].product, none),
        "B": Arm(made[1].product, none),
        "C": Arm(made[1].product, given.levels),
    }
    likely = draw_courses(drawn, "C", patient, settings, lambda done, total: say(f"{done} of {total} courses"))
    spread = described(likely)
    return {
        "status": "done",
        "notice": NOTICE,
        "version": oncotwin.__version__,
        "run_dir": str(run.path),
        "patient": _patient(patient),
        "processes": [_process(one, case) for one, case in zip(made, cases, strict=True)],
        "arms": {name: {"label": label, **arms[name]} for name, label in _labels(settings).items()},
        "drugs": _drugs(given, settings),
        "belief": _belief(belief),
        "limits": _limits(limits),
        "times": list(settings.slab.times),
        "likely": spread,
        "differences": {
            "B-A": differences(spread["B"], spread["A"]),
            "C-B": differences(spread["C"], spread["B"]),
        },
        "sources": list(SOURCES),
        "split": parted_by_source(likely),
        "draws": {"pairs": settings.pairs, "courses": int(len(likely.trusted)), "seed": settings.seed},
        "uncertain": {
            "tumour": list(uncertain(TumourParameters)),
            "veins": list(uncertain(VeinParameters)),
        },
    }


def _in_space(folder: Path, cases: list[Case], settings: Settings, belief: Belief) -> tuple[dict[str, Any], Levels]:
    """The three arms in three dimensions, and the drug levels of the last."""
    arms: dict[str, Any] = {}
    arms["A"], ready = run_arm(folder, "arm-A", spec_of(cases[0], settings), None)
    spec = spec_of(cases[1], settings)
    arms["B"], ready = run_arm(folder, "arm-B", spec, ready)
    given = dosed(ready, settings, belief.parameters)
    arms["C"], _ = run_arm(folder, "arm-C", spec_of(cases[1], settings, given.levels), ready)
    return arms, given


def _labels(settings: Settings) -> dict[str, str]:
    """What each arm is, in words."""
    names = (settings.standard, settings.other, f"{settings.other} + drugs")
    return dict(zip(ARMS, names, strict=True))


def _process(made: Grown, case: Case) -> dict[str, Any]:
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


def _drugs(given: Levels, settings: Settings) -> dict[str, Any]:
    days = np.diff(settings.slab.instants)
    return {
        "regimen": settings.regimen,
        "words": WORDS[settings.regimen],
        "instants": list(settings.slab.instants),
        "levels": given.levels.tolist(),
        "statuses": given.statuses.tolist(),
        "chemotherapy": float(given.levels[:, 0] @ days),
        "inhibitor": float(given.levels[:, 1] @ days),
    }


def _belief(belief: Belief) -> dict[str, Any]:
    return {
        "probes": list(belief.probes),
        "days": belief.days.tolist(),
        "seen": belief.seen.tolist(),
        "predicted": belief.predicted.tolist(),
        "error": belief.fit.error,
        "values": dict(zip(FITTED, belief.fit.values.tolist(), strict=True)),
    }


def _limits(found: Freed) -> dict[str, Any]:
    rows = [dict(zip(("name", "words", "log_burden", "response_days"), row, strict=True)) for row in found.rows]
    series = found.found.series
    names = ("antigen_positive_fraction", "cart_tissue_cells", "exhausted_tissue_cells", "tumour_burden_cells")
    course = {name: np.asarray(getattr(series, name), float)[0].tolist() for name in names}
    return {"base": found.base, "rows": rows, "course": course}


def _patient(patient: LoopPatient) -> dict[str, Any]:
    return {
        "donor": dict(patient.donor._asdict()),
        "latents": {name: float(x) for name, x in patient.latents._asdict().items()},
        "spread": {name: float(x) for name, x in patient.spread._asdict().items()},
        "words": patient.words,
    }


def _document(patient: LoopPatient, settings: Settings) -> dict[str, Any]:
    """What the loop was run with, as TOML has it."""
    slab = settings.slab
    return {
        "cells": {"standard": settings.standard, "other": settings.other},
        "drugs": {
            "regimen": settings.regimen,
            "first_days": slab.drugs_days,
            "interval_days": slab.interval_days,
        },
        "patient": {key: value for key, value in _patient(patient).items() if key != "words"},
        "space": {"shape": list(settings.shape), "lengths_cm": list(settings.lengths_cm), "end_days": slab.end_days},
        "slab": {"shape": list(slab.shape), "lengths_cm": list(slab.lengths_cm)},
        "draws": {"pairs": settings.pairs, "seed": settings.seed},
    }


def _teller() -> Say:
    """Says on stderr what is being done, and after how long."""
    console, begun = Console(stderr=True), time.monotonic()
    return lambda text: console.print(f"{time.monotonic() - begun:5.0f} s  {text}", highlight=False, soft_wrap=True)
