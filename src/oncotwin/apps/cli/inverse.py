"""`oncotwin inverse`: what can be learnt of the latents, and the problem for other solvers.  Heavy modules inside."""

import json
from pathlib import Path

from cyclopts import App

from oncotwin.apps.cli.options import Json

inverse = App(name="inverse", help="The inverse problem of a patient: what can be learnt, and its export.")


@inverse.command
def identify(out: Path, /, *, patients: int = 200, seed: int = 0, as_json: Json = False) -> None:
    """Say which latents the observations can tell, and whether known ones are recovered; with figures.

    Parameters
    ----------
    out
        Folder for arrays, figures and manifest.
    patients
        Synthetic patients whose truth the twin makes.
    seed
        Of the patients and the sampler.
    """
    from oncotwin.apps.compiled import keep_compiled
    from oncotwin.apps.personal.identify import identify as study

    keep_compiled()
    summary = study(out, patients, seed)
    if as_json:
        print(json.dumps(summary, indent=2))
        return
    print("share of a latent's prior variance that all observations together teach; coverage of 90 % intervals")
    for name, share in summary["contraction_all"].items():
        print(f"{name:>6} {share:8.2f} {summary['coverage_of_90_percent_intervals'][name]:8.3f}")
    print(f"figures: {out}")


@inverse.command
def redraw(out: Path, /) -> None:
    """Draw the figures of a study of identifiability again, from its arrays.

    Parameters
    ----------
    out
        Folder of `identify`.
    """
    from oncotwin.apps.personal.identify import draw_all

    draw_all(out)
    print(out)


@inverse.command
def export(cohort: Path, out: Path, /) -> None:
    """Write the inverse problem of a cohort as PEtab-style tables with an external model.

    Parameters
    ----------
    cohort
        CSV file; see `oncotwin cohort template`.
    out
        New folder for four TSV files and problem.yaml.
    """
    from oncotwin.apps.compiled import keep_compiled
    from oncotwin.apps.personal.petab import export_petab

    keep_compiled()
    for path in export_petab(cohort, out):
        print(path)
