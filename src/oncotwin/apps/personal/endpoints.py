"""Outcomes that are predicted without latents: which there are, among which patients, and why one is left out."""

import numpy as np

from oncotwin.core.endpoints import Response
from oncotwin.core.features import FeatureTable
from oncotwin.studies.validation.folds import LEAST_PATIENTS

FEWEST = 2
"""Fewest patients with an outcome, and without, from which anything can be learnt of it."""
RESPONSE = "objective response"
HELD = {
    RESPONSE: (Response.CR, Response.PR),
    "disease control": (Response.CR, Response.PR, Response.SD),
}
"""Endpoint -> the best responses that are counted as having it."""


def endpoints_of(table: FeatureTable) -> dict[str, np.ndarray]:
    """Objective response and disease control as 0 or 1, NaN of a patient without a best response, (n,).

    A patient that could not be evaluated (NE) has neither.
    """
    known = "best_response" in table.names
    response = table.column("best_response") if known else np.full(len(table.patients), np.nan)
    return {
        name: np.where(np.isnan(response), np.nan, np.isin(response, [int(r) for r in best]))
        for name, best in HELD.items()
    }


def learnable(table: FeatureTable) -> dict[str, np.ndarray]:
    """The endpoints that can be learnt, as in `endpoints_of`."""
    return {name: positive for name, positive in endpoints_of(table).items() if not obstacle(positive)}


def left_out(table: FeatureTable) -> dict[str, str]:
    """The endpoints that cannot be learnt, and why, in words."""
    found = {name: obstacle(positive) for name, positive in endpoints_of(table).items()}
    return {name: why for name, why in found.items() if why}


def counts(table: FeatureTable) -> dict[str, dict[str, int]]:
    """Patients with, without and of unknown endpoint."""
    return {
        name: {
            "with": int(np.sum(positive == 1)),
            "without": int(np.sum(positive == 0)),
            "unknown": int(np.sum(np.isnan(positive))),
        }
        for name, positive in endpoints_of(table).items()
    }


def obstacle(positive: np.ndarray) -> str:
    """Why an endpoint cannot be learnt, in words; "" where it can.  positive: 0, 1 or NaN, (n,)."""
    known = int(np.sum(~np.isnan(positive)))
    if not known:
        return "no patient has a best_response"
    if known < LEAST_PATIENTS:
        return f"{known} of {len(positive)} patients have a best_response, and {LEAST_PATIENTS} are needed"
    held = int(np.sum(positive == 1))
    if min(held, known - held) < FEWEST:
        return f"{held} of {known} patients have it; {FEWEST} at least must have it, and {FEWEST} must not"
    return ""


def endpoint_doubts(table: FeatureTable) -> tuple[str, ...]:
    """What is not shown for want of an endpoint, and what rests on some of the patients only, in words."""
    why = left_out(table)
    said = [
        f"{name} is left out of the direct baseline, the effect sizes and figures 6 to 8"
        f"{', and there is no landscape (figure 9)' if name == RESPONSE else ''}: {reason}"
        for name, reason in why.items()
    ]
    lacking = table.incomplete().get("best_response", 0)
    if lacking and len(why) < len(HELD):
        n = len(table.patients)
        said.append(
            f"{lacking} of {n} patients have no best_response: outcomes are predicted, scored and compared among the "
            f"other {n - lacking}, as if those without were missing by chance"
        )
    return tuple(said)
