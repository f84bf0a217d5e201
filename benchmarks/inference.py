"""Cost and worth of inference: simulations, emulator, protocols, a whole personalisation; what more patients would buy.

    python benchmarks/inference.py [--parts bank,emulator,protocols,curve,personalise] [--json FILE]

`bank`: simulations of the tumour twin a second, in batches, compilation apart.  `emulator`: one patient by the emulator
and by the twin, and the emulator's error on simulations made now, outside its bank, in units of each score's spread.
`protocols`: one repeat of six latents by the protocol `default`, and by the literal scikit-learn script of the tests on
one fold and one latent, scaled to the same number; errors of both on the same fold.  `curve`: the command that draws
the learning curve, one cohort of each size.  `personalise`: the command on the reconstructed cohort.

Processor seconds are given beside wall seconds: on a busy machine only the former compare.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from oncotwin.apps.personal.bank import shipped_bank
from oncotwin.apps.personal.estimates import shipped_emulator
from oncotwin.apps.personal.twin import simulate
from oncotwin.studies.inverse.bank import sobol_design
from oncotwin.studies.inverse.emulator import SCORES, scores_of
from oncotwin.studies.validation.folds import partition
from oncotwin.studies.validation.learning import given
from oncotwin.studies.validation.protocols import Job, default_protocol, hold_out

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "studies"))
from literal_protocol import search  # noqa: E402
from parts import run_parts  # noqa: E402

PATIENTS, BATCH, LATENT = 37, 16, 0
NOISE = 0.2
"""Standard deviation of the logarithm of a measurement, in `protocols`."""
MEASURED = ("c_max", "t_max_days", "crs_grade", "peak_il6", "peak_crp", "peak_ferritin", "auc_0_28")


def timed(call: Callable[[], Any]) -> tuple[Any, float, float]:
    """The result of a call, its wall seconds and its processor seconds, children included."""
    wall, cpu = time.perf_counter(), processor()
    made = jax.block_until_ready(call())
    return made, time.perf_counter() - wall, processor() - cpu


def processor() -> float:
    """Processor seconds of this process and of the children that have ended."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in spent)


def synthetic(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Early measurements of simulated patients, noisy, and their true latents."""
    bank = shipped_bank()
    good = np.flatnonzero(np.asarray(bank.observables.status) == 0)[:count]
    rng = np.random.default_rng(0)
    columns = [np.asarray(getattr(bank.observables, name), float)[good] for name in MEASURED]
    noisy = [np.log1p(np.maximum(x, 0)) + (NOISE * rng.normal(size=len(x)) if x.max() > 10 else 0) for x in columns]
    return np.column_stack([*noisy, np.log(bank.design.doses_cells[good])]), bank.design.latents[good]


def bank() -> list[dict]:
    """Rows of simulations a second."""
    design = sobol_design(4 * BATCH, (2.5e8, 5e8), seed=7)
    _, wall, cpu = timed(lambda: simulate(design.latents[:BATCH], design.doses_cells[:BATCH]))
    rows = [{"what": "first batch, compiled", "simulations": BATCH, "wall_s": wall, "cpu_s": cpu}]
    _, wall, cpu = timed(lambda: simulate(design.latents, design.doses_cells))
    rows.append({"what": "then", "simulations": 4 * BATCH, "wall_s": wall, "cpu_s": cpu})
    return [
        row | {"per_wall_s": row["simulations"] / row["wall_s"], "per_cpu_s": row["simulations"] / row["cpu_s"]}
        for row in rows
    ]


def emulator() -> list[dict]:
    """Rows of cost a patient, and of error a score relative to its spread."""
    emulate, design = shipped_emulator(), sobol_design(4 * BATCH, (2.5e8, 5e8), seed=11)
    theta, doses = jnp.asarray(design.latents), jnp.asarray(design.doses_cells)
    together = jax.jit(jax.vmap(emulate))
    together(theta, doses).block_until_ready()
    found, wall, _ = timed(lambda: together(theta, doses))
    seen, slow, _ = timed(lambda: simulate(design.latents, design.doses_cells))
    rows = [{"what": "speed of emulator over twin", "value": slow / wall, "held_out": float("nan")}]
    apart = np.asarray(found) - scores_of(seen)
    for j, name in enumerate(SCORES):
        error = float(np.sqrt(np.nanmean(apart[:, j] ** 2)) / emulate.spread[j])
        rows.append(
            {"what": f"error of {name}", "value": error, "held_out": float(emulate.error[j] / emulate.spread[j])}
        )
    return rows


def protocols() -> list[dict]:
    """Rows of cost of one repeat, five folds of six latents, and of the error on the first fold."""
    X, theta = synthetic(PATIENTS)
    protocol = default_protocol(repeats=1)
    groups, targets = tuple((j,) for j in range(X.shape[1])), given(theta)(np.ones(PATIENTS, bool))
    held = partition(PATIENTS, protocol.outer, protocol.seed)
    jobs = [Job(0, fold, targets) for fold in range(protocol.outer)]
    hold_out(X, protocol, groups, jobs[0])
    fast, wall, cpu = timed(lambda: [hold_out(X, protocol, groups, job) for job in jobs])
    rows = [
        {
            "protocol": "default",
            "wall_s": wall,
            "cpu_s": cpu,
            "mae": float(np.mean(np.abs(fast[0].predictions[0, :, LATENT] - theta[held == 0, LATENT]))),
        }
    ]
    train, test = held != 0, held == 0
    found, wall, cpu = timed(lambda: search(X[train], theta[train, LATENT], 5, protocol.seed))
    error = float(np.mean(np.abs(found.predict(X[test]) - theta[test, LATENT])))
    fits = protocol.outer * theta.shape[1]
    rows.append({"protocol": "literal script", "wall_s": fits * wall, "cpu_s": fits * cpu, "mae": error})
    return [row | {"times default, cpu": row["cpu_s"] / rows[0]["cpu_s"]} for row in rows]


def curve() -> list[dict]:
    """The command that draws the learning curve, one cohort a size: rank correlation of boosting with the truth."""
    row, summary = commanded("cohort", "curve", "--cohorts", "1", "--no-figures")
    rows = []
    for size in summary["sizes"]:
        of = [r for r in summary["rows"] if (r["patients"], r["against"], r["model"]) == (size, "truth", "boosting")]
        rows.append({"patients": size} | {f"rho {r['latent']}": r["rho"] for r in of})
    return [{"patients": "all", **row}, *rows]


def personalise() -> list[dict]:
    """The command on the reconstructed cohort."""
    return [commanded("personalise", "ct041-reconstructed")[0]]


def commanded(*arguments: str) -> tuple[dict, dict]:
    """What a command costs with two processes, stage by stage, and its summary."""
    with tempfile.TemporaryDirectory() as folder:
        fixed = ("--out", f"{folder}/run", "--processes", "2", "--json")
        command = [sys.executable, "-m", "oncotwin", *arguments, *fixed]
        done, wall, cpu = timed(lambda: subprocess.run(command, check=True, capture_output=True, text=True))
    stages = [line.split(": ", 1)[1] for line in done.stderr.splitlines() if line.startswith("run: ")]
    return {"wall_s": wall, "cpu_s": cpu, "stages": "; ".join(stages)}, json.loads(done.stdout)


PARTS = {"bank": bank, "emulator": emulator, "protocols": protocols, "curve": curve, "personalise": personalise}


if __name__ == "__main__":
    run_parts("inference", __doc__, PARTS)
