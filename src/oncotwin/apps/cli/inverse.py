"""`oncotwin inverse`: what can be learnt of the latents, and the problem for other solvers.  Heavy modules inside."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cyclopts import App

from oncotwin.apps.cli.options import Force, Json
from oncotwin.apps.cli.shown import show

inverse = App(name="inverse", help="The inverse problem of a patient: what can be learnt, and its export.")


@inverse.command
def identify(out: Path, /, *, patients: int = 200, seed: int = 0, force: Force = False, as_json: Json = False) -> None:
    """Say which latents the observations can tell, and whether known ones are recovered; with figures.

    Parameters
    ----------
    out
        Run directory for arrays, figures and manifest: a new or empty folder.
    patients
        Synthetic patients whose truth the twin makes, 2 or more.
    seed
        Of the patients and the sampler.
    """
    from oncotwin.apps.personal.identify import identify as study
    from oncotwin.io.rundir import only_empty, only_run
    from oncotwin.io.specs.identify import identify_spec

    spec = identify_spec({"patients": patients, "seed": seed}, "oncotwin inverse identify")
    show(study(spec, out, only_run if force else only_empty), as_json, _told)


def _told(summary: dict[str, Any]) -> Iterator[str]:
    yield "share of a latent's prior variance that all observations together teach; coverage of 90 % intervals"
    for name, share in summary["contraction_all"].items():
        yield f"{name:>6} {share:8.2f} {summary['coverage_of_90_percent_intervals'][name]:8.3f}"


@inverse.command
def redraw(out: Path, /) -> None:
    """Draw the figures of a study of identifiability again, from its arrays.

    Parameters
    ----------
    out
        Run directory of `identify`.
    """
    from oncotwin.apps.personal.identify import draw_all

    for path in draw_all(out):
        print(path)


@inverse.command
def refine(
    cohort: str,
    out: Path,
    /,
    *,
    truth: Path | None = None,
    bank: Path | None = None,
    rounds: int = 3,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Estimate the latents of a cohort by the twin itself, and say how far its emulator was off.

    Parameters
    ----------
    cohort
        CSV file (see `oncotwin cohort template`), or ct041-reconstructed, which ships.
    out
        Run directory for the latents by twin and emulator, figure and manifest: a new or empty folder.
    truth
        CSV file of the latents of synthetic patients, to be compared with; that of the cohort that ships is known.
    bank
        Folder or file of `oncotwin bank build` that the emulator is fitted to; without it, the shipped bank.
    rounds
        Times that the twin is linearised, 1 to 20; each costs seven simulations a patient.
    """
    from contextlib import ExitStack

    from oncotwin.apps.cohorts.reading import cohort_file
    from oncotwin.apps.personal.refined import lines_of, run_refine
    from oncotwin.io.cohorts.truth import shipped, shipped_names
    from oncotwin.io.rundir import only_empty, only_run
    from oncotwin.io.specs.refine import refine_spec

    with ExitStack() as stack:
        chosen: dict[str, Any] = {"cohort": str(stack.enter_context(cohort_file(cohort))), "rounds": rounds}
        if truth is None and cohort in shipped_names():
            truth = stack.enter_context(shipped(cohort, "-truth"))
        chosen |= {"truth": str(truth or ""), "bank": str(bank or "")}
        spec = refine_spec(chosen, "oncotwin inverse refine")
        show(run_refine(spec, out, only_run if force else only_empty), as_json, lines_of)


@inverse.command
def export(cohort: str, out: Path, /, *, bank: Path | None = None) -> None:
    """Write the inverse problem of a cohort as PEtab-style tables with an external model.

    Parameters
    ----------
    cohort
        CSV file (see `oncotwin cohort template`), or ct041-reconstructed, which ships.
    out
        New folder for four TSV files and problem.yaml.
    bank
        Folder or file of `oncotwin bank build` that the population is fitted by; without it, the shipped bank.
    """
    from oncotwin.apps.cohorts.reading import cohort_file
    from oncotwin.apps.compiled import keep_compiled
    from oncotwin.apps.personal.petab import export_petab

    keep_compiled()
    with cohort_file(cohort) as file:
        for path in export_petab(file, out, "" if bank is None else str(bank)):
            print(path)
