"""A personalisation in numbers that JSON can hold: what `--json` prints and the report shows."""

from typing import Any

import numpy as np

from oncotwin.apps.personal.endpoints import counts, left_out
from oncotwin.apps.personal.harmonise import told_gaps
from oncotwin.apps.personal.paper import CAVEATS, SECTION_3_2, TABLE_2
from oncotwin.apps.personal.study import LATENTS, Findings, SetFindings, leading_models
from oncotwin.io.specs.personal import PersonalSpec
from oncotwin.studies.outcomes.classify import Scored
from oncotwin.studies.outcomes.mechanisms import MECHANISMS
from oncotwin.studies.outcomes.sample_size import expected_r2, largest_r2, riley
from oncotwin.studies.validation.protocols import BOOSTING
from oncotwin.studies.validation.recovery import Null, Spread, holm, quantile, recovery
from oncotwin.studies.validation.tuned import COVERAGE

SIGNIFICANT = 0.05
"""Level that the verdicts on all latents of a feature set share."""
LEAST_PERMUTATIONS = round(len(LATENTS) / SIGNIFICANT) - 1
"""Fewer cannot tell one latent of six from chance, however clear it is."""
EXPECTED_R2 = 0.2
"""Cox and Snell's R2 that the sample size is computed for where it can be reached: optimistic for a clinical model."""

Number = float | None


def summarise(found: Findings, spec: PersonalSpec) -> dict[str, Any]:
    """All numbers of a personalisation."""
    ready = found.harmonised
    n = len(ready.table.patients)
    return {
        "patients": n,
        "protocol": spec.protocol,
        "repeats": spec.repeats,
        "permutations": spec.permutations,
        "primary": ready.primary,
        "variables": {name: list(table.names) for name, table in ready.tables.items()},
        "excluded": dict(ready.excluded),
        "gaps": told_gaps(ready.excluded),
        "constant": list(ready.constant),
        "doubts": [*ready.doubts, *found.suspects, *too_few_permutations(spec.permutations)],
        "table2": {name: table2(one) for name, one in found.sets.items()},
        "paper_table2": {latent: row._asdict() for latent, row in TABLE_2.items()},
        "verdicts": verdicts(found),
        "moved": moved(found),
        "direct": {
            endpoint: {name: {who: scored_table(s) for who, s in one.scores.items()} for name, one in several.items()}
            for endpoint, several in found.endpoints.items()
        },
        "endpoints": counts(ready.table),
        "endpoints_left_out": left_out(ready.table),
        "paper_direct": {endpoint: dict(scores) for endpoint, scores in SECTION_3_2.items()},
        "sample_size": sample_sizes(found),
        "effects": {
            source: {
                endpoint: {latent: {**one._asdict(), "size": one.size} for latent, one in effects.items()}
                for endpoint, effects in several.items()
            }
            for source, several in found.effects.items()
        },
        "mechanisms": mechanisms(found),
        "caveats": list(CAVEATS),
    }


def against_truth(found: Findings, truth: np.ndarray) -> dict[str, Any]:
    """How near reference and out-of-fold latents come to the truth of synthetic patients, (n, 6)."""
    reference = found.reference
    inside = np.mean((reference.low <= truth) & (truth <= reference.high), axis=0)
    parts = {"reference": recovery(reference.latents, truth)}
    for name, one in found.sets.items():
        several = recovery(one.validation.predictions[0], truth)
        parts[name] = type(several)(*(np.median(values, axis=0) for values in several))
    shown = {
        name: {latent: {m: _number(getattr(of, m)[j]) for m in of._fields} for j, latent in enumerate(LATENTS)}
        for name, of in parts.items()
    }
    return {"recovery": shown, "reference_interval_holds": dict(zip(LATENTS, map(float, inside), strict=True))}


def table2(one: SetFindings) -> dict[str, Any]:
    """The analogue of Table 2 for one feature set: every model, the null, the intervals' coverage, the settings."""
    validation, null = one.validation, one.null
    inside = (validation.low <= validation.theta) & (validation.theta <= validation.high)
    measured = np.isfinite(validation.low).any()
    rows = {model: _metrics(spread) for model, spread in one.spreads.items()}
    p = {"p_rho": null.p_value("rho"), "p_holm": holm(null.p_value("rho")), "p_r2": null.p_value("r2")}
    leading = leading_models(one)
    return {
        "models": rows,
        "null": {
            latent: {
                **{name: float(values[j]) for name, values in p.items()},
                "rho": _quantiles(null.permuted.rho[:, j]),
                "r2": _quantiles(null.permuted.r2[:, j]),
                "probe_rho": _number(null.observed.rho[j]),
                "probe_r2": _number(null.observed.r2[j]),
            }
            for j, latent in enumerate(LATENTS)
        },
        "intervals": {
            latent: {
                "nominal": COVERAGE,
                "coverage": float(inside[:, :, j].mean()),
                "width": float(np.mean(np.where(np.isfinite(w := validation.high - validation.low), w, 1.0)[:, :, j])),
            }
            for j, latent in enumerate(LATENTS)
        }
        if measured
        else {},
        "least_error": leading,
        "settings": {latent: dict(counts) for latent, counts in zip(LATENTS, validation.settings, strict=True)},
    }


def moved(found: Findings) -> dict[str, dict[str, float]]:
    """How far the reference latents of patients move where the population is fitted without their fold."""
    apart = np.abs(found.targets - found.reference.latents)
    parts = {"median": np.median(apart, axis=(0, 1)), "most": np.max(apart, axis=(0, 1))}
    return {latent: {name: float(of[j]) for name, of in parts.items()} for j, latent in enumerate(LATENTS)}


def verdicts(found: Findings) -> dict[str, str]:
    """One sentence a latent on the primary feature set: whether anything was found, and whether boosting found it."""
    one = found.sets[found.harmonised.primary]
    chance, leading = against_chance(one.null), leading_models(one)
    error = {
        latent: "boosting has the least error" if best == BOOSTING else f"{best} has less error than boosting"
        for latent, best in leading.items()
    }
    return {
        latent: f"{said}; {error[latent]}" if said == ABOVE else said
        for latent, said in zip(LATENTS, chance, strict=True)
    }


ABOVE = "above chance"


def against_chance(null: Null) -> list[str]:
    """Whether each latent is told from chance: by its rank correlation, Holm's adjustment over the six, level 0.05.

    The metric is declared here, before any cohort is seen: R2 has no part in the verdict.
    """
    adjusted, defined = holm(null.p_value("rho")), np.isfinite(null.observed.rho)
    return [
        "not defined" if not known else ABOVE if p <= SIGNIFICANT else "not told from chance"
        for p, known in zip(adjusted, defined, strict=True)
    ]


def too_few_permutations(permutations: int) -> list[str]:
    """That no latent could be told from chance, in words, where it is so."""
    if permutations >= LEAST_PERMUTATIONS:
        return []
    return [
        f"with {permutations} permutations no latent can be told from chance: the least p is "
        f"{1 / (1 + permutations):.3g}, six times that is above {SIGNIFICANT}; {LEAST_PERMUTATIONS} or more can"
    ]


def scored_table(scored: Scored) -> dict[str, dict[str, Number]]:
    """Metric -> value and interval."""
    return {
        name: {"value": _number(v), "low": _number(low), "high": _number(high)}
        for name, v, low, high in zip(scored.value._fields, *scored, strict=True)
    }


def sample_sizes(found: Findings) -> dict[str, Any]:
    """Riley's least number of patients for each endpoint, with one parameter a variable of the primary set."""
    sizes = {}
    primary = found.harmonised.primary
    columns = found.harmonised.designs[primary].X.shape[1]
    for endpoint, several in found.endpoints.items():
        if primary not in several:
            continue
        share = float(np.mean(several[primary].direct.positive))
        r2 = expected_r2(share, EXPECTED_R2)
        size = riley(share, columns, r2)
        settings = {"prevalence": share, "parameters": columns, "expected_r2": r2, "largest_r2": largest_r2(share)}
        sizes[endpoint] = {**size._asdict(), "needed": size.needed, **settings}
    return sizes


def mechanisms(found: Findings) -> list[dict[str, Any]]:
    """The leading mechanism of each patient, as a hypothesis."""
    rows = []
    for patient, one in zip(found.harmonised.table.patients, found.mechanisms, strict=True):
        mechanism = MECHANISMS[one.leading]
        hypothesis = mechanism.strategy or "the paper attaches no strategy"
        rows.append(
            {
                "patient": patient,
                "latent": mechanism.latent,
                "mechanism": mechanism.words,
                "probability": float(one.probability[one.leading]),
                "decided": one.decided,
                "hypothesis": hypothesis if one.decided else "undecided: no mechanism leads with more than one half",
                "probabilities": dict(zip(LATENTS, map(float, one.probability), strict=True)),
            }
        )
    return rows


def _metrics(spread: Spread) -> dict[str, dict[str, dict[str, Number]]]:
    """Latent -> metric -> median over repeats, range of repeats, interval over patients."""
    parts = spread._asdict()
    return {
        latent: {
            metric: {part: _number(getattr(values, metric)[j]) for part, values in parts.items()}
            for metric in ("rho", "mae", "rmse", "r2")
        }
        for j, latent in enumerate(LATENTS)
    }


def _quantiles(values: np.ndarray) -> dict[str, Number]:
    return {f"{100 * q:g}%": _number(quantile(values, q)) for q in (0.025, 0.5, 0.95, 0.975)}


def _number(value: Any) -> Number:
    return float(value) if np.isfinite(value) else None
