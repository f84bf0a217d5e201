"""The TRIPOD+AI checklist (Collins et al. 2024, doi:10.1136/bmj-2023-078378), filled from a run as far as a run can.

Topics are in our words.  What only the authors of a study can say is marked so; nothing is claimed for them.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from oncotwin.apps.personal.names import counted

AUTHORS = "for the authors"


class Item(NamedTuple):
    """One item.  answer: from the run, or `AUTHORS`."""

    number: str
    topic: str
    answer: str


def checklist(summary: Mapping[str, Any]) -> list[Item]:
    """All 27 items for a personalisation."""
    filled = {**_data(summary), **_methods(summary), **_results(summary)}
    return [Item(number, topic, filled.get(number, AUTHORS)) for number, topic in TOPICS.items()]


def _data(s: Mapping[str, Any]) -> dict[str, str]:
    counts = "; ".join(f"{name}: {', '.join(names)}" for name, names in s["variables"].items())
    return {
        "5": f"{s['cohort']}, sha256 {s['cohort_sha256']}",
        "7": "values checked against the schema; logarithms of continuous variables, levels as codes or indicators",
        "8": "reference latents, equation (31); objective response and disease control by RECIST 1.1",
        "9": f"by time tag. {counts}",
        "10": _sizes(s),
        "11": f"variables with gaps: {s['gaps']}",
    }


def _methods(s: Mapping[str, Any]) -> dict[str, str]:
    folds = f"{counted(s['repeats'], 'repeat')} of nested 5-fold cross-validation by patient"
    intervals = " with 90 % CV+ intervals" if s["table2"][s["primary"]]["intervals"] else ""
    return {
        "4": "development with internal validation; no external validation",
        "12": f"protocol {s['protocol']}: gradient boosting beside mean, ridge, Gaussian process; {folds}; "
        f"{s['permutations']} permutations, verdicts by rho with Holm's adjustment over six latents; patient bootstrap",
        "13": "no resampling of classes; balanced accuracy and trivial classifiers are shown beside F1",
        "15": f"latents in [0, 1]{intervals}; probabilities of two outcomes, called positive from 0.5 on",
        "16": "training and evaluation patients differ in nothing but the fold",
        "22": "model.npz: trees, columns, schema, settings; read by `oncotwin personalise COHORT --model RUN`",
    }


def _results(s: Mapping[str, Any]) -> dict[str, str]:
    said = "; ".join(f"{latent}: {verdict}" for latent, verdict in s["verdicts"].items())
    return {
        "20": f"{s['patients']} patients; characteristics in figure 3",
        "21": _numbers(s),
        "23": f"Table 2 and figure{'s 5 to 8' if s['direct'] else ' 5'}, with intervals and null. {said}",
        "24": "none",
        "25": "every number stands beside its null, simple rivals and the paper's",
        "26": " ".join(s["caveats"]),
        "27": "missing inputs are refused, patients outside the applicability domain flagged",
    }


def _numbers(s: Mapping[str, Any]) -> str:
    """Participants and events of each analysis."""
    parts = [f"latents: {s['patients']} patients in every repeat's training and evaluation together, no events"]
    for name, of in s["endpoints"].items():
        known = of["with"] + of["without"]
        unknown = f", {of['unknown']} without a best response left out" if of["unknown"] else ""
        why = s["endpoints_left_out"].get(name)
        parts.append(f"{name}: {of['with']} of {known} patients{unknown}{f'; not analysed: {why}' if why else ''}")
    return ". ".join(parts)


def _sizes(s: Mapping[str, Any]) -> str:
    if not s["sample_size"]:
        return f"{s['patients']} patients, as given; no endpoint that can be learnt to compute a minimum for"
    parts = [f"{name}: {size['needed']} needed (Riley 2019)" for name, size in s["sample_size"].items()]
    return f"{s['patients']} patients, as given. {'; '.join(parts)}"


TOPICS = {
    "1": "Title: a prediction model, its population and outcome",
    "2": "Abstract",
    "3": "Background: clinical context, intended use, known inequalities",
    "4": "Objectives: development, evaluation or both",
    "5": "Data: sources and dates",
    "6": "Participants: setting, eligibility, treatments",
    "7": "Preparation of the data",
    "8": "Outcome: definition, assessment",
    "9": "Predictors: choice, definition, time",
    "10": "Sample size",
    "11": "Missing data",
    "12": "Analysis: handling of predictors, model, tuning, validation, measures",
    "13": "Class imbalance",
    "14": "Fairness",
    "15": "Output of the model",
    "16": "Differences between training and evaluation data",
    "17": "Ethical approval",
    "18": "Open science: funding, interests, protocol, registration, data, code",
    "19": "Involvement of patients and the public",
    "20": "Participants: flow, characteristics",
    "21": "Numbers of participants and events in each analysis",
    "22": "Specification of the model",
    "23": "Performance with intervals",
    "24": "Updating of the model",
    "25": "Interpretation",
    "26": "Limitations",
    "27": "Use: poor or missing inputs, expertise, next steps",
}
"""Number -> topic."""
