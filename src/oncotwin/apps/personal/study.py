"""Everything that a personalisation computes, from a harmonised cohort and its reference latents; no files."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from oncotwin.apps.personal.endpoints import RESPONSE, endpoint_doubts, learnable
from oncotwin.apps.personal.harmonise import Harmonised, groups_of
from oncotwin.core.exchange import Latents
from oncotwin.io.specs.personal import PersonalSpec
from oncotwin.studies.outcomes.classify import Direct, Scored, boosted_fast, boosted_published, direct, scored
from oncotwin.studies.outcomes.effects import Effect, effect
from oncotwin.studies.outcomes.landscape import Landscape, landscape
from oncotwin.studies.outcomes.mechanisms import Dominant, dominant
from oncotwin.studies.validation import scaled_logit
from oncotwin.studies.validation.applicability import Domain, domain
from oncotwin.studies.validation.design import Design, design
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
    """The direct baseline of one endpoint with one feature set.  known: who has a best response, (n,) bool; the rest is
    of them alone.
    """

    known: np.ndarray
    direct: Direct
    scores: dict[str, Scored]


class Kept(NamedTuple):
    """The model that is kept: of all patients, on the primary feature set.

    columns: that it reads.  spanned: columns of the domain, those among them that are the same in everybody.
    """

    trained: Trained
    domain: Domain
    columns: tuple[str, ...]
    spanned: tuple[str, ...]


class Findings(NamedTuple):
    """All of a personalisation.

    targets: reference latents of each patient as the fold that holds it out knows them, (repeats, n, 6).  endpoints: by
    endpoint that can be learnt, then feature set.  effects: by source (out of fold, reference), endpoint, latent.
    landscape: None where objective response cannot be learnt.  mechanisms: of each patient.  suspects: in words.
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
    ready: Harmonised,
    reference: Reference,
    teach: Teach,
    spec: PersonalSpec,
    each: Each,
    tell: Tell,
    kept: Callable[[str], Each],
) -> Findings:
    """Learn, test and interpret.

    teach: reference latents as the patients of a fold let them be known.  each: how folds and permutations are gone
    through.  kept: the same for the folds of a feature set, by its name, each fold kept once it is done.
    """
    protocol = protocol_of(spec)
    sets = {}
    for name, found in ready.designs.items():
        tell(f"features {name}: {spec.repeats} x {protocol.outer} folds, {spec.permutations} permutations")
        sets[name] = recover(found, teach, protocol, spec.permutations, each, kept(name))
    endpoints, outcomes = {}, learnable(ready.table)
    for name, positive in outcomes.items():
        tell(f"direct baseline: {name}")
        endpoints[name] = classified(ready, name, positive, spec, each)
    tell("effects, landscape, mechanisms, the model of all patients")
    hidden = np.mean(sets[ready.primary].validation.predictions[0], axis=0)
    effects = {
        source: {name: effects_of(theta, y, spec.seed) for name, y in outcomes.items()}
        for source, theta in (("out of fold", hidden), ("reference", reference.latents))
    }
    return Findings(
        ready,
        reference,
        sets[ready.primary].validation.theta,
        sets,
        endpoints,
        effects,
        surface_of(hidden, outcomes[RESPONSE], spec.seed) if RESPONSE in outcomes else None,
        mechanisms_of(reference, spec.seed),
        keep(ready, teach, protocol),
        (*suspected(ready, reference), *unsettled(ready, reference), *endpoint_doubts(ready.table)),
    )


def recover(found: Design, teach: Teach, protocol: Protocol, permutations: int, each: Each, kept: Each) -> SetFindings:
    """Validation, its spread and its null for one feature set.  each, kept: how the null and the folds are gone
    through.
    """
    variables, groups = groups_of(found)
    validation = validate_taught(found.X, teach, protocol, groups=groups, each=kept)
    spreads = {name: spread(p, validation.theta) for name, p in zip(MODELS, validation.predictions, strict=True)}
    null = permutation_null(found.X, teach, protocol.scale, protocol.outer, permutations, protocol.seed, each)
    return SetFindings(variables, validation, spreads, null)


def classified(
    ready: Harmonised, endpoint: str, positive: np.ndarray, spec: PersonalSpec, each: Each
) -> dict[str, EndpointFindings]:
    """The direct baseline on every feature set that does not hold the outcome.  positive: NaN where unknown, (n,)."""
    known = ~np.isnan(positive)
    fast = {"default": boosted_fast, "published": boosted_published}[spec.protocol]
    found = {}
    for name, chosen in ready.designs.items():
        if "outcome" in name:
            continue
        settings = {"fast": fast, "repeats": spec.repeats, "folds": 5, "seed": spec.seed}
        made = direct(chosen.X[known], positive[known], endpoint, each=each, **settings)
        found[name] = EndpointFindings(known, made, scored(made, seed=spec.seed))
    return found


def effects_of(theta: np.ndarray, positive: np.ndarray, seed: int) -> dict[str, Effect]:
    """Cliff's delta of every latent between patients with and without an outcome.  positive: NaN where unknown."""
    yes, no = positive == 1, positive == 0
    return {name: effect(theta[yes, j], theta[no, j], seed=seed) for j, name in enumerate(LATENTS)}


def surface_of(theta: np.ndarray, positive: np.ndarray, seed: int) -> Landscape:
    """Response over infiltration and suppression, of those who have a best response."""
    known = ~np.isnan(positive)
    inf, env = (theta[known, LATENTS.index(name)] for name in ("inf", "env"))
    return landscape(inf, env, positive[known], seed=seed)


def mechanisms_of(reference: Reference, seed: int) -> tuple[Dominant, ...]:
    """The dominant mechanism of every patient, from the reference latents and their uncertainty."""
    pairs = zip(reference.mean, reference.sd, strict=True)
    return tuple(dominant(mean, sd, reference.mean, seed=seed) for mean, sd in pairs)


def keep(ready: Harmonised, teach: Teach, protocol: Protocol) -> Kept:
    """The model of all patients, with what it has seen; in its domain the constant columns, too, that teach nothing."""
    found, whole = ready.designs[ready.primary], design(ready.tables[ready.primary])
    lesson = lesson_on(found.X, teach(np.ones(len(found.X), bool)), protocol.scale)
    trained = protocol.train(lesson, protocol.scale, protocol.inner, protocol.seed)
    return Kept(trained, domain(whole.X), found.columns, whole.columns)


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
