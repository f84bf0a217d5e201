"""A personalisation on the terminal."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.table import Table

from oncotwin.apps.personal.names import counted
from oncotwin.io.fields import NOTICE


def personal_tables(summary: Mapping[str, Any]) -> Iterator[Table | str]:
    """Recovery on the primary features, the direct baseline, what is no feature, the doubts."""
    yield _recovery(summary)
    for endpoint, several in summary["direct"].items():
        if summary["primary"] in several:
            yield _direct(summary, endpoint, several[summary["primary"]])
    for endpoint, size in summary["sample_size"].items():
        needed = f"a prediction model would need {size['needed']} patients (Riley 2019)"
        of = summary["endpoints"][endpoint]
        yield f"{endpoint}: {needed}; there are {of['with'] + of['without']}"
    yield f"incomplete: {summary['gaps']}"
    yield f"the same in everybody, so no feature: {', '.join(summary['constant']) or 'none'}"
    yield from (f"doubt: {doubt}" for doubt in summary["doubts"])


def patient_table(summary: Mapping[str, Any]) -> Iterator[Table | str]:
    """Latents and forecast of one patient."""
    if summary["outside"]:
        yield f"OUTSIDE the applicability domain, do not rely on this: {'; '.join(summary['outside'])}"
    if summary["in_training"]:
        yield "these very values stand among the training patients: this is a description, no test of the model"
    latents = Table(title=f"{summary['patient']}: latents", caption=NOTICE, title_justify="left")
    for head in ("Latent", "Predicted", "90 % interval"):
        latents.add_column(head, justify="left" if head == "Latent" else "right")
    for name, one in summary["latents"].items():
        latents.add_row(name, _shown(one["value"]), f"{_shown(one['low'])} to {_shown(one['high'])}")
    yield latents
    forecast = summary["forecast"]
    shares = ", ".join(f"{name} {100 * share:.0f} %" for name, share in forecast["best_response"].items() if share)
    yield f"best response over {forecast['courses']} courses: {shares}"
    yield from summary["caveats"]
    days = forecast["progression_days"]
    yield f"progression or last visit: day {days['median']:.0f} ({days['low']:.0f} to {days['high']:.0f})"


def _recovery(summary: Mapping[str, Any]) -> Table:
    primary = summary["primary"]
    found = summary["table2"][primary]
    sizes = f"{counted(summary['repeats'], 'repeat')}, {counted(summary['patients'], 'patient')}"
    title = f"Latents from {primary}, out of fold, {sizes}"
    table = Table(title=title, caption=NOTICE, title_justify="left")
    for head in ("Latent", "rho", "95 %", "MAE", "R2", "p of rho", "Holm", "paper rho", "Verdict"):
        table.add_column(head, justify="left" if head in ("Latent", "Verdict") else "right")
    for latent, row in found["models"]["boosting"].items():
        rho, paper = row["rho"], summary["paper_table2"][latent]
        null = found["null"][latent]
        p = (_shown(null["p_rho"], 3), _shown(null["p_holm"], 3))
        ends = f"{_shown(rho['low'])} to {_shown(rho['high'])}"
        numbers = (_shown(rho["median"]), ends, _shown(row["mae"]["median"], 3), _shown(row["r2"]["median"]))
        table.add_row(latent, *numbers, *p, _shown(paper["rho"]), summary["verdicts"][latent])
    return table


def _direct(summary: Mapping[str, Any], endpoint: str, several: Mapping[str, Any]) -> Table:
    table = Table(title=f"{endpoint.capitalize()} from {summary['primary']}", caption=NOTICE, title_justify="left")
    heads = {"balanced_accuracy": "Balanced accuracy", "f1": "F1", "auroc": "AUROC", "auprc": "AUPRC", "brier": "Brier"}
    table.add_column("Classifier")
    for head in heads.values():
        table.add_column(head, justify="right")
    for who, scores in several.items():
        cells = [
            f"{_shown(s['value'])} ({_shown(s['low'])} to {_shown(s['high'])})" for s in (scores[k] for k in heads)
        ]
        table.add_row(who, *cells)
    paper = summary["paper_direct"][endpoint]
    table.add_row("paper, another cohort", *(_shown(paper.get(key)) for key in heads))
    return table


def _shown(value: float | None, digits: int = 2) -> str:
    return "–" if value is None else f"{value:.{digits}f}"
