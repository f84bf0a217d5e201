"""All figures of a personalisation: what each shows, and how they are drawn together."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from matplotlib.figure import Figure

from oncotwin.apps.page import read_summary
from oncotwin.apps.personal.figures_cohort import draw_features, draw_reference
from oncotwin.apps.personal.figures_mechanisms import draw_attributions, draw_effects, draw_landscape, draw_mechanisms
from oncotwin.apps.personal.figures_outcomes import draw_direct, draw_frequencies
from oncotwin.apps.personal.figures_patient import CAPTION, draw_patient
from oncotwin.apps.personal.figures_recovery import draw_errors, draw_patients, draw_table2
from oncotwin.apps.personal.results import Results, read_results
from oncotwin.apps.style import save
from oncotwin.io.rundir import FIGURES, SPEC, SUMMARY
from oncotwin.io.specs.personal import read_personal_spec

Draw = Callable[[Results, Mapping[str, Any]], Figure]


class Picture(NamedTuple):
    """One figure of a personalisation.  needs: what the results must hold, "" for nothing more."""

    file: str
    title: str
    caption: str
    draw: Draw
    needs: str = ""


def draw_personal(results: Results, summary: Mapping[str, Any], run_dir: Path) -> list[Path]:
    """Draw every figure that the results allow into the folder `figures`; their paths.  Raises StorageFailure."""
    return [
        save(picture.draw(results, summary), run_dir / FIGURES / picture.file, picture.caption)
        for picture in PERSONAL_PICTURES
        if _can(picture, results)
    ]


def redraw_personal(run_dir: Path) -> list[Path]:
    """Draw every figure of a run directory again, from its arrays and summary; their paths."""
    summary = read_summary(run_dir / SUMMARY)
    if read_personal_spec(run_dir / SPEC).patient:
        return [draw_course(run_dir, summary)]
    return draw_personal(read_results(run_dir), summary, run_dir)


def draw_course(run_dir: Path, summary: Mapping[str, Any]) -> Path:
    """Draw the figure of a patient's run; its path.  Raises StorageFailure."""
    return save(draw_patient(run_dir, summary), run_dir / FIGURES / "course.png", CAPTION)


def _can(picture: Picture, results: Results) -> bool:
    if picture.needs == "endpoints":
        return bool(results.about["endpoints"])
    return not picture.needs or picture.needs in results.arrays


PERSONAL_PICTURES = (
    Picture(
        "figure3_features.png",
        "Features of the cohort (figure 3)",
        "Every variable of every patient, scaled to its range in the cohort, by its logarithm where it spans more than "
        "a factor of twenty; grey where missing, white where everybody has the same. Colour of a name: when the "
        "variable is known.",
        lambda results, summary: draw_features(results),
    ),
    Picture(
        "figure4_reference.png",
        "Reference latents (figure 4)",
        "Reference estimates of the latents by the inverse problem, equation (31), and the standard deviations of "
        "their posteriors: where these are wide, the outcomes say little.",
        lambda results, summary: draw_reference(results),
    ),
    Picture(
        "figure5_errors.png",
        "Errors of out-of-fold recovery (figure 5)",
        "Left: absolute error of each patient, mean over repeats. Right: root mean squared error of each repeat. "
        "Diamonds: the paper's Table 2, from another cohort and other reference estimates.",
        lambda results, summary: draw_errors(results),
    ),
    Picture(
        "table2_recovery.png",
        "Recovery beside chance and the paper (Table 2)",
        "Rank correlation and R² of boosting for each feature set: median and 90 % of the repeats. Grey: 95 % of a "
        "fixed learner on permuted latents, and its median. What lies in the grey cannot be told from chance; what "
        "rises only with outcome features is circular.",
        lambda results, summary: draw_table2(results),
    ),
    Picture(
        "patients.png",
        "Every patient, out of fold",
        "Out-of-fold latents against the reference, on the primary feature set, with 90 % CV+ intervals where the "
        "protocol has them, and which model has the least median absolute error.",
        lambda results, summary: draw_patients(results),
    ),
    Picture(
        "figure6_direct.png",
        "Direct baseline (figure 6)",
        "Outcomes predicted from the features alone, beside classifiers that need none. Intervals: patients drawn "
        "anew, mean over repeats. The share of positives among those learnt from moves against those held out: its "
        "AUROC lies below one half by construction.",
        draw_direct,
        "endpoints",
    ),
    Picture(
        "figure7_frequencies.png",
        "Observed and predicted frequencies (figure 7)",
        "Calibration in the large: observed share, mean out-of-fold probability, and share called positive. The paper "
        "compares the first with one of the others.",
        draw_frequencies,
        "endpoints",
    ),
    Picture(
        "figure8_effects.png",
        "Latents by outcome (figure 8)",
        "Cliff's delta of each latent between patients with and without an outcome. Out-of-fold latents have not seen "
        "the outcome of their patient; reference latents were fitted to it.",
        draw_effects,
        "endpoints",
    ),
    Picture(
        "figure9_landscape.png",
        "Response landscape (figure 9)",
        "Probability of objective response over infiltration and suppression, and how wide its 95 % interval is when "
        "patients are drawn anew. Triangles: responders. "
        "Veiled: no patient is near, and a narrow interval there is that of a formula.",
        draw_landscape,
        "landscape/probability",
    ),
    Picture(
        "mechanisms.png",
        "Dominant mechanisms",
        "Probability that each latent deviates most to the bad side from the cohort's median, from reference latents "
        "and their posterior spread. Above the line a mechanism is more likely than all others together. Hypotheses.",
        draw_mechanisms,
    ),
    Picture(
        "attributions.png",
        "What the predictions rest on",
        "Variables by the rise of the out-of-fold error when their values change places among patients, and by their "
        "mean absolute contribution.",
        draw_attributions,
    ),
)
"""In the order in which a report shows them."""
