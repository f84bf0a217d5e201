"""One patient from vein to vein: make the cells, infuse, simulate, add drugs, compare, say how sure."""

import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w
from rich.console import Console

import oncotwin
from oncotwin.apps.compiled import keep_compiled
from oncotwin.apps.loop.belief import Belief, believe
from oncotwin.apps.loop.cells import Grown, check_process, grow
from oncotwin.apps.loop.document import document_of, of_document
from oncotwin.apps.loop.draws import SOURCES, first, uncertain
from oncotwin.apps.loop.facts import (
    belief_facts,
    clipped_facts,
    drug_facts,
    front_rows,
    labels,
    limit_facts,
    patient_facts,
    process_facts,
)
from oncotwin.apps.loop.likely import Arm, described, differences, draw_courses, parted_by_source
from oncotwin.apps.loop.obstacles import freed, without_each
from oncotwin.apps.loop.pictures import draw_loop
from oncotwin.apps.loop.report import write_loop_report
from oncotwin.apps.loop.seen import seen_of
from oncotwin.apps.loop.settings import LoopPatient, Settings
from oncotwin.apps.loop.space import Levels, dosed, run_arm, spec_of
from oncotwin.apps.loop.twin import Case, Found, Keep
from oncotwin.apps.loop.weighed import weighed
from oncotwin.apps.parts import Parts, began, parts_of, seconds_of
from oncotwin.io.cultures.protocols import is_file
from oncotwin.io.durable import storage, write_atomically
from oncotwin.io.fields import NOTICE, open_results
from oncotwin.io.manifest import write_manifest
from oncotwin.io.rundir import RESULTS, SPEC, SUMMARY, RunDirectory, begin, new_path, reopen, utc_now
from oncotwin.io.specs.documents import read_document
from oncotwin.models.tumour3d import TumourParameters
from oncotwin.studies.veins import VeinParameters, check_product

COMMAND = "oncotwin demo"
Say = Callable[[str], None]


def run_loop(patient: LoopPatient, settings: Settings, out: Path | None) -> dict[str, Any]:
    """The loop of one patient, its figures and report; the summary.

    out: a new or empty folder, None for a new one in runs/.
    """
    for process in (settings.standard, settings.other):
        check_process(process, "--cells")
    folder = new_path("loop") if out is None else out
    with begin(folder) as run:
        with storage("write the settings", run / SPEC):
            write_atomically(run / SPEC, tomli_w.dumps(document_of(patient, settings)).encode())
        run.log("started", compiled_code=keep_compiled())
        return _loop(run, patient, settings)


def go_on_loop(path: Path) -> dict[str, Any]:
    """Go on with a loop that was stopped; the summary.  A finished one is left as it is."""
    with reopen(path) as run:
        patient, settings = of_document(read_document(run / SPEC, "Start the loop again"), str(run / SPEC))
        if run.is_finished():
            print(f"{path}: this run is finished; nothing was done", file=sys.stderr)
            return run.read_json(SUMMARY)
        run.log("resumed", compiled_code=keep_compiled())
        return _loop(run, patient, settings)


def _loop(run: RunDirectory, patient: LoopPatient, settings: Settings) -> dict[str, Any]:
    say = _teller()
    files = [Path(process) for process in (settings.standard, settings.other) if is_file(process)]
    with parts_of(run, COMMAND, files) as parts:
        summary = _followed(parts, patient, settings, say)
    summary["wall_seconds"] = seconds_of(run)
    run.write_json(SUMMARY, summary)
    say("figures and report")
    draw_loop(run.path)
    write_loop_report(run.path)
    write_manifest(
        run.path, spec_path=run / SPEC, inputs=files, started=began(run), ended=utc_now(), seed=settings.seed
    )
    run.log("done", seconds=summary["wall_seconds"])
    return run.read_json(SUMMARY)


def _followed(parts: Parts, patient: LoopPatient, settings: Settings, say: Say) -> dict[str, Any]:
    """Everything that is simulated, as the summary has it."""
    made = _made(parts, patient, settings, say)
    cases = [Case(first(one.product), patient.latents, VeinParameters(), settings.population) for one in made]
    for case in cases:
        check_product(case.product)
    say("a belief for the controller of drugs")
    belief = parts.kept("belief", Belief, partial(believe, cases[1], settings.slab))
    arms, given = _in_space(parts, cases, settings, belief)
    say("what limits the response: one obstacle at a time")
    limits = freed(parts.kept("limits", Found, partial(without_each, cases[1], settings.slab)), cases[1])
    none = np.zeros_like(given.levels)
    drawn = {
        "A": Arm(made[0].product, none),
        "B": Arm(made[1].product, none),
        "C": Arm(made[1].product, given.levels),
    }
    likely = draw_courses(drawn, "C", patient, settings, partial(_keeping, parts, say))
    spread = described(likely)
    return {
        "status": "done",
        "notice": NOTICE,
        "version": oncotwin.__version__,
        "run_dir": str(parts.run.path),
        "patient": patient_facts(patient),
        "processes": [process_facts(one, case) for one, case in zip(made, cases, strict=True)],
        "priorities": weighed(made[0].product, made[1].product, settings.priorities),
        "arms": {name: {"label": label, **arms[name]} for name, label in labels(settings).items()},
        "drugs": drug_facts(given, settings),
        "belief": belief_facts(belief),
        "limits": limit_facts(limits),
        "times": list(settings.slab.times),
        "likely": spread,
        "front": front_rows(likely, drawn, settings),
        "differences": {
            "B-A": differences(spread["B"], spread["A"]),
            "C-B": differences(spread["C"], spread["B"]),
        },
        "sources": list(SOURCES),
        "split": parted_by_source(likely),
        "clipped": clipped_facts(drawn, patient, settings),
        "draws": {"pairs": settings.pairs, "courses": int(len(likely.trusted)), "seed": settings.seed},
        "uncertain": {
            "tumour": list(uncertain(TumourParameters)),
            "veins": list(uncertain(VeinParameters)),
        },
    }


def _made(parts: Parts, patient: LoopPatient, settings: Settings, say: Say) -> list[Grown]:
    """The cells of both processes, made beside one another."""
    processes = {"standard": settings.standard, "other": settings.other}
    say(f"making cells of {2 * settings.pairs + 1} donors: {' and '.join(processes.values())}")

    def one(which: str) -> Grown:
        make = partial(grow, processes[which], patient.donor, 2 * settings.pairs, settings.seed)
        return parts.kept(f"cells-{which}", Grown, make)

    with ThreadPoolExecutor(2) as both:
        return list(both.map(one, processes))


def _in_space(parts: Parts, cases: list[Case], settings: Settings, belief: Belief) -> tuple[dict[str, Any], Levels]:
    """The three arms in three dimensions, and the drug levels of the last."""
    arms: dict[str, Any] = {}
    folder = parts.run.path
    arms["A"], ready = run_arm(folder, "arm-A", spec_of(cases[0], settings), None)
    parts.go_on_or_stop()
    spec = spec_of(cases[1], settings)
    arms["B"], ready = run_arm(folder, "arm-B", spec, ready)
    parts.go_on_or_stop()
    given = parts.kept("drugs", Levels, partial(dosed, ready, settings, belief.parameters))
    arms["C"], _ = run_arm(folder, "arm-C", spec_of(cases[1], settings, given.levels), ready)
    parts.go_on_or_stop()
    for name, arm in arms.items():
        arm["seen"] = seen_of(open_results(folder / f"arm-{name}" / RESULTS))
    return arms, given


def _keeping(parts: Parts, say: Say, arm: str) -> Keep:
    """Keeps every batch of an arm's courses as a part."""

    def keep(first: int, total: int, batch: Callable[[], Found]) -> Found:
        found = parts.kept(f"courses-{arm}-{first:05}", Found, batch)
        say(f"courses of arm {arm}: {first + len(found.log_burden)} of {total}")
        return found

    return keep


def _teller() -> Say:
    """Says on stderr what is being done, and after how long."""
    console, begun = Console(stderr=True), time.monotonic()
    return lambda text: console.print(f"{time.monotonic() - begun:5.0f} s  {text}", highlight=False, soft_wrap=True)
