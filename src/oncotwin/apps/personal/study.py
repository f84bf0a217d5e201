"""Everything that a personalisation computes, from a harmonised cohort and its reference latents; no files."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from oncotwin.apps.personal.harmonise import Harmonised, endpoints_of, groups_of
from oncotwin.core.exchange import Latents
from oncotwin.io.specs.personal import PersonalSpec
from oncotwin.studies.outcomes.classify import Direct, Scored, boosted_fast, boosted_published, direct, scored
from oncotwin.studies.outcomes.effects import Effect, effect
from oncotwin.studies.outcomes.landscape import Landscape, landscape
from oncotwin.studies.outcomes.mechanisms import Dominant, dominant
from oncotwin.studies.validation import scaled_logit
from oncotwin.studies.validation.applicability import Domain, domain
from oncotwin.studies.validation.design import Design
from oncotwin.studies.validation.leaks import suspects
from oncotwin.studies.validation.learning import Teach, lesson_on
from oncotwin.studies.validation.protocols import (
    MODELS,
    Each,
    Protocol,
    Validation,
    default_protocol,
    published_protocol,
    validate_taught,
)
from oncotwin.studies.validation.recovery import Null, Spread, permutation_null, spread
from oncotwin.studies.validation.trained import Trained

LATENTS = Latents._fields
Tell = Callable[[str], None]
"""Says how far a study has come."""
MOST_R_HAT = 1.05
"""Split R-hat from which on the chains of a posterior are said to disagree."""
SCALES = {"exact": scaled_logit.exact, "published": scaled_logit.published}


class Reference(NamedTuple):
    """Reference latents of the whole cohort, equation (31), with its own population: what is shown, and kept.

    latents, mean, sd, low, high, r_hat: (n, 6).  Nothing is validated against them; see `Findings.targets`.
    """

    latents: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    low: np.ndarray
    high: np.ndarray
    r_hat: np.ndarray


class SetFindings(NamedTuple):
    """What one feature set gives.  variables: in the order of importance and attribution.  spreads: by model."""

    variables: tuple[str, ...]
    validation: Validation
    spreads: dict[str, Spread]
    null: Null


class EndpointFindings(NamedTuple):
    """The direct baseline of one endpoint with one feature set."""

    direct: Direct
    scores: dict[str, Scored]


class Kept(NamedTuple):
    """The model that is kept: of all patients, on the primary feature set."""

    trained: Trained
    domain: Domain
    columns: tuple[str, ...]


class Findings(NamedTuple):
    """All of a personalisation.

    targets: reference latents of each patient as the fold that holds it out knows them, (repeats, n, 6).  endpoints: by
    endpoint, then feature set.  effects: by source (out of fold, reference), endpoint, latent.  landscape: None where
    nobody, or everybody, responds.  mechanisms: of each patient.  suspects: in words.
    """

    harmonised: Harmonised
    reference: Reference
    targets: np.ndarray
    sets: dict[str, SetFindings]
    endpoints: dict[str, dict[str, EndpointFindings]]
    effects: dict[str, dict[str, dict[str, Effect]]]
    landscape: Landscape | None
    mechanisms: tuple[Dominant, ...]
    kept: Kept
    suspects: tuple[str, ...]


def protocol_of(spec: PersonalSpec) -> Protocol:
    """The protocol of a spec.  Raises BadInput where its library cannot be loaded."""
    make = {"default": default_protocol, "published": published_protocol}[spec.protocol]
    return make(spec.seed, spec.repeats, SCALES[spec.inverse]())


def study(
    ready: Harmonised, reference: Reference, teach: Teach, spec: PersonalSpec, each: Each, tell: Tell
) -> Findings:
    """Learn, test and interpret.  teach: reference latents as the patients of a fold let them be known."""
    protocol = protocol_of(spec)
    sets = {}
    for name, found in ready.designs.items():
        tell(f"features {name}: {spec.repeats} x {protocol.outer} folds, {spec.permutations} permutations")
        sets[name] = recover(found, teach, protocol, spec.permutations, each)
    endpoints = {}
    for name, positive in endpoints_of(ready.table).items():
        tell(f"direct baseline: {name}")
        endpoints[name] = classified(ready, name, positive, spec, each)
    tell("effects, landscape, mechanisms, the model of all patients")
    hidden = np.mean(sets[ready.primary].validation.predictions[0], axis=0)
    outcomes = {name: np.asarray(y) for name, y in endpoints_of(ready.table).items() if _both(y)}
    effects = {
        source: {name: effects_of(theta, y, spec.seed) for name, y in outcomes.items()}
        for source, theta in (("out of fold", hidden), ("reference", reference.latents))
    }
    responded = outcomes.get("objective response")
    inf, env = LATENTS.index("inf"), LATENTS.index("env")
    surface = None if responded is None else landscape(hidden[:, inf], hidden[:, env], responded, seed=spec.seed)
    return Findings(
        ready,
        reference,
        sets[ready.primary].validation.theta,
        sets,
        endpoints,
        effects,
        surface,
        mechanisms_of(reference, spec.seed),
        keep(ready.designs[ready.primary], teach, protocol),
        (*suspected(ready, reference), *unsettled(ready, reference)),
    )


def recover(found: Design, teach: Teach, protocol: Protocol, permutations: int, each: Each) -> SetFindings:
    """Validation, its spread and its null for one feature set."""
    variables, groups = groups_of(found)
    validation = validate_taught(found.X, teach, protocol, groups=groups, each=each)
    spreads = {name: spread(p, validation.theta) for name, p in zip(MODELS, validation.predictions, strict=True)}
    null = permutation_null(found.X, teach, protocol.scale, protocol.outer, permutations, protocol.seed, each)
    return SetFindings(variables, validation, spreads, null)


def classified(
    ready: Harmonised, endpoint: str, positive: np.ndarray, spec: PersonalSpec, each: Each
) -> dict[str, EndpointFindings]:
    """The direct baseline on every feature set that does not hold the outcome; {} for an outcome of one class."""
    if not _both(positive):
        return {}
    fast = {"default": boosted_fast, "published": boosted_published}[spec.protocol]
    found = {}
    for name, chosen in ready.designs.items():
        if "outcome" in name:
            continue
        settings = {"fast": fast, "repeats": spec.repeats, "folds": 5, "seed": spec.seed}
        made = direct(chosen.X, positive, endpoint, each=each, **settings)
        found[name] = EndpointFindings(made, scored(made, seed=spec.seed))
    return found


def effects_of(theta: np.ndarray, positive: np.ndarray, seed: int) -> dict[str, Effect]:
    """Cliff's delta of every latent between patients with and without an outcome."""
    yes = positive > 0.5
    return {name: effect(theta[yes, j], theta[~yes, j], seed=seed) for j, name in enumerate(LATENTS)}


def mechanisms_of(reference: Reference, seed: int) -> tuple[Dominant, ...]:
    """The dominant mechanism of every patient, from the reference latents and their uncertainty."""
    pairs = zip(reference.mean, reference.sd, strict=True)
    return tuple(dominant(mean, sd, reference.mean, seed=seed) for mean, sd in pairs)


def keep(found: Design, teach: Teach, protocol: Protocol) -> Kept:
    """The model of all patients, with what it has seen."""
    lesson = lesson_on(found.X, teach(np.ones(len(found.X), bool)), protocol.scale)
    trained = protocol.train(lesson, protocol.scale, protocol.inner, protocol.seed)
    return Kept(trained, domain(found.X), found.columns)


def suspected(ready: Harmonised, reference: Reference) -> tuple[str, ...]:
    """Variables that alone rank the patients as a latent does, in words."""
    primary = ready.designs[ready.primary]
    return tuple(
        f"{primary.columns[column]} alone ranks the patients almost as {LATENTS[latent]} does (rho {rho:.3f}): "
        "is it a measurement, or the answer?"
        for column, latent, rho in suspects(primary.X, reference.latents)
    )


def unsettled(ready: Harmonised, reference: Reference) -> tuple[str, ...]:
    """Patients whose posterior has not settled, in words."""
    worst = np.max(reference.r_hat, axis=1)
    return tuple(
        f"the posterior of {name} has not settled (R-hat {value:.2f}): trust its latents less than they look"
        for name, value in zip(ready.table.patients, worst, strict=True)
        if value > MOST_R_HAT
    )


def leading_models(findings: SetFindings) -> dict[str, str]:
    """The model of least median absolute error for each latent."""
    errors = {name: spread.median.mae for name, spread in findings.spreads.items()}
    return {latent: min(errors, key=lambda name, j=j: errors[name][j]) for j, latent in enumerate(LATENTS)}


def _both(positive: np.ndarray) -> bool:
    """Whether two patients at least have an outcome, and two have not."""
    return min(np.sum(positive), np.sum(1 - positive)) >= 2
