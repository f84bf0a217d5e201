"""What can be learnt of the latents at all, with the shipped emulator: found, kept in one file, drawn from it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

import oncotwin
from oncotwin.apps.compiled import keep_compiled
from oncotwin.apps.personal.estimates import emulated, shipped_emulator
from oncotwin.apps.personal.figures_identify import draw_known_truth, draw_profiles, draw_screening
from oncotwin.apps.personal.twin import LATENTS, TwinSpec, simulate
from oncotwin.apps.style import save
from oncotwin.core.observables import Observables
from oncotwin.errors import StorageFailure
from oncotwin.io.array_file import read_arrays, write_arrays
from oncotwin.io.fields import NOTICE
from oncotwin.io.manifest import write_manifest
from oncotwin.io.rundir import FIGURES, SPEC, SUMMARY, begin, utc_now
from oncotwin.io.specs.identify import IdentifySpec
from oncotwin.io.specs.resolve import write_spec
from oncotwin.studies.inverse.emulator import SCORES
from oncotwin.studies.inverse.identify import INPUTS, OBSERVATIONS, profile, screen, sobol_indices
from oncotwin.studies.inverse.known_truth import coverage, recover, uniformity
from oncotwin.studies.inverse.likelihood import data_of, first_population

DOSES = (2.5e8, 3.75e8, 5e8)
"""CT041's, Qi et al. 2022."""

ARRAYS, KIND = "identifiability.npz", "study of identifiability"
CAPTIONS = {
    "screening": "Which observation depends on which latent, and what it teaches beyond the population.",
    "profiles": "Profile likelihoods of one synthetic patient whose latents are known.",
    "known-truth": "Recovery of known latents: coverage of 90 % intervals and ranks of the truth. Synthetic patients.",
}


class Found(NamedTuple):
    """Arrays of the study, as they are stored; see `studies.inverse.identify` and `studies.inverse.known_truth`."""

    sobol_total: np.ndarray
    sobol_total_error: np.ndarray
    contraction: np.ndarray
    spectrum: np.ndarray
    vectors: np.ndarray
    profile_values: np.ndarray
    profile_rise: np.ndarray
    profile_truth: np.ndarray
    coverage: np.ndarray
    coverage_low: np.ndarray
    coverage_high: np.ndarray
    ranks: np.ndarray


def identify(
    spec: IdentifySpec,
    out: Path,
    admit: Callable[[Path], None],
    *,
    by_twin: Callable[..., Observables] | None = simulate,
) -> dict[str, Any]:
    """Study identifiability and recovery, into the run directory `out`: arrays, three figures, manifest; the summary.

    admit: which folders may be used, see `rundir.begin`.  by_twin: what makes the truth of the patients, the twin;
    None: the emulator itself, which tries the inference alone.  Raises BadInput for a folder that may not be used, and
    StorageFailure, both before anything is computed.
    """
    started = utc_now()
    with begin(out, admit) as run:
        write_spec(run / SPEC, spec)
        run.log("started", compiled_code=keep_compiled())
        found, r_hat = studied(spec, by_twin)
        keep(run / ARRAYS, found)
        draw_all(run.path)
        summary = {"status": "done", **summary_of(found, r_hat), "seed": spec.seed, "run_dir": str(run.path)}
        run.write_json(SUMMARY, summary | {"version": oncotwin.__version__, "notice": NOTICE})
        write_manifest(run.path, spec_path=run / SPEC, started=started, ended=utc_now(), seed=spec.seed)
        return run.read_json(SUMMARY)


def studied(spec: IdentifySpec, by_twin: Callable[..., Observables] | None) -> tuple[Found, np.ndarray]:
    """What a study finds, and the R-hat of its posteriors, (n, 6)."""
    problem, population = emulated(), first_population()
    follow_up = TwinSpec().end_days
    keys = jax.random.split(jax.random.key(spec.seed), 2)
    doses = np.random.default_rng(spec.seed).choice(DOSES, spec.patients)
    indices = sobol_indices(problem, tuple(shipped_emulator().dose_range), seed=spec.seed)
    screening = screen(problem, population, jnp.asarray(doses), keys[0])
    known = recover(problem, population, doses, keys[1], follow_up, twin=by_twin)
    row = jax.tree.map(lambda leaf: leaf[0], data_of(Observables(*(np.asarray(leaf) for leaf in known.observed))))
    profiles = profile(row, jnp.asarray(doses[0]), problem, population)
    found = Found(
        indices.total, indices.total_error, screening.contraction, screening.spectrum, screening.vectors,
        profiles.values, profiles.rise, known.truth[0], *coverage(known), known.ranks,
    )  # fmt: skip
    return found, known.estimates.r_hat


def keep(path: Path, found: Found) -> None:
    """Write the arrays, whole or not at all."""
    write_arrays(path, found._asdict(), {"kind": KIND, "notice": NOTICE})


def draw_all(out: Path) -> list[Path]:
    """Draw the three figures from the arrays in a run directory, into its folder `figures`; their paths.

    Raises StorageFailure where the arrays are missing or damaged.
    """
    found = read_found(out / ARRAYS)
    drawn = {
        "screening": draw_screening(found.sobol_total, found.contraction, found.spectrum, found.vectors),
        "profiles": draw_profiles(found.profile_values, found.profile_rise, found.profile_truth),
        "known-truth": draw_known_truth(found.coverage, found.coverage_low, found.coverage_high, found.ranks),
    }
    return [save(figure, out / FIGURES / f"{name}.png", CAPTIONS[name]) for name, figure in drawn.items()]


def read_found(path: Path) -> Found:
    """The arrays of a study.  Raises StorageFailure."""
    arrays, _ = read_arrays(path, KIND)
    absent = [name for name in Found._fields if name not in arrays]
    if absent:
        raise StorageFailure(f"a damaged {KIND}", where=str(path), got=f"nothing of {', '.join(absent)}")
    return Found(*(arrays[name] for name in Found._fields))


def summary_of(found: Found, r_hat: np.ndarray) -> dict[str, Any]:
    """The study in plain values.  contraction: share of the variance of a latent's logit that is learnt, by latent."""

    def by_latent(values: np.ndarray) -> dict[str, float]:
        return dict(zip(LATENTS, np.round(np.asarray(values, float), 4).tolist(), strict=True))

    return {
        "patients": len(found.ranks),
        "contraction_all": by_latent(found.contraction[-1]),
        "contraction_of_each": {
            name: by_latent(row) for name, row in zip(OBSERVATIONS, found.contraction[:-1], strict=True)
        },
        "eigenvalues_median": np.round(np.median(found.spectrum, axis=0), 4).tolist(),
        "directions_learnt_better_than_the_population": float(np.mean(np.sum(found.spectrum > 1, axis=1))),
        "coverage_of_90_percent_intervals": by_latent(found.coverage),
        "p_of_uniform_ranks": by_latent(uniformity(found.ranks)),
        "worst_r_hat": round(float(np.max(r_hat)), 4),
        "sobol_total": {
            score: dict(zip(INPUTS, np.round(row, 3).tolist(), strict=True))
            for score, row in zip(SCORES, found.sobol_total, strict=True)
        },
    }
