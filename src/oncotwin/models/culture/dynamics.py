"""One step of the culture: rates at a broth, and the positive, conservative move that they drive.

A step is an exponential midpoint rule, second order: a half move with the rates at its start gives the midpoint, a
whole move with the rates there the end.  A move holds rates, so every solute relaxes exponentially and the cells follow
a matrix exponential of non-negative terms: nothing can fall below zero.  All metabolism of a step is slowed by one
factor, that of its scarcest nutrient, so that what cells make matches what they take to round-off.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp

from oncotwin.core.exchange import SignalTable
from oncotwin.core.parameters import Parameters
from oncotwin.models.culture import acid_base, gas, kinetics, states
from oncotwin.models.culture.broth import Broth, Flow, biomass, medium_of
from oncotwin.models.culture.kinetics import RateLaw
from oncotwin.models.culture.metabolism import EXCHANGED, Metabolism, metabolism, uptake_bounds
from oncotwin.models.culture.signals import signals_of
from oncotwin.models.culture.state import SOLUTES, Action, Medium, Respiration, over_states

EXCHANGED_AT = jnp.asarray([SOLUTES.index(name) for name in EXCHANGED])
CYTOKINES = ("il2", "il7", "il15", "il21")
TERMS = 10
"""Terms of the series of a matrix exponential; the share left out is below 1e-12 for steps of a quarter of an hour."""
SERIES = jnp.asarray([(-1.0) ** n / math.factorial(n + 2) for n in range(7)][::-1])
"""Coefficients of (1 - (1 - e^-z)/z)/z in powers of z, highest first."""
SCARCE = 1e-9
"""Concentration below which first-order losses are held, mmol/L."""


class Cell(NamedTuple):
    """What the culture asks of its cells: the flux solver, the signal table, further rate laws."""

    solve: Callable[[Any], Any]
    table: SignalTable
    laws: tuple[RateLaw, ...]


class Rates(NamedTuple):
    """Rates at a broth, held over a move.

    growth: (5,) 1/h.  death: (5,) 1/h.  transitions: (5, 5) 1/h.  formed: (11,) made by metabolism, concentration unit
    times mL for each hour, negative for uptake.  released: (11,) the same of interleukin 2.  lost: (11,) first-order
    losses beside metabolism, 1/h.  reference: (11,) the amounts that the rates were taken at.  oxygen, carbon_dioxide:
    umol/h.  target: of acid stress.  priming: its rise and fall, 1/h.  respiration: for the next gas balance.  limits:
    (9,) loss of growth, -log(share).
    """

    growth: Any
    death: Any
    transitions: Any
    formed: Any
    released: Any
    lost: Any
    reference: Any
    oxygen: Any
    carbon_dioxide: Any
    target: Any
    priming: Any
    respiration: Respiration
    limits: Any


class Booking(NamedTuple):
    """What a move brought, took and made: the rows of the ledger."""

    supplied: Any
    removed: Any
    formed: Any
    oxygen: Any
    carbon_dioxide: Any
    divided: Any
    medium_ml: Any


class Wish(NamedTuple):
    """What the cells would do: medium, what they feel, share of growth left by each condition, caps, bounds (5, k)."""

    medium: Medium
    around: states.Environment
    left: dict[str, Any]
    caps: Any
    bounds: Any


def wish(broth: Broth, action: Action, p: Parameters, cell: Cell) -> Wish:
    """Caps on growth and the bounds that the flux balance is asked with."""
    medium, _ = medium_of(broth, action, p)
    density = jnp.sum(broth.cells[:5]) / broth.volume
    signals = signals_of(cell.table, medium, density, p)
    around = states.environment(signals, medium, acid_base.pH_of(medium, p), action.temperature_c, p)
    left = states.factors(around, medium, p)
    caps = states.growth_caps(around, math.prod(left.values()), broth.primed, p)
    return Wish(medium, around, left, caps, uptake_bounds(medium, caps + states.blast_cost(around, p), p, cell.laws))


def rates(broth: Broth, action: Action, p: Parameters, cell: Cell) -> Rates:
    """All rates at a broth: signals, caps on growth, flux balance, death, transitions."""
    medium, around, left, caps, bounds = wish(broth, action, p, cell)
    made = metabolism(cell.solve(bounds), bounds, medium, p)
    dry = biomass(broth, p)
    return Rates(
        growth=caps * made.share,
        death=states.deaths(around, medium, made.shortage, p),
        transitions=states.transitions(around, made.share, made.spare, p),
        formed=jnp.zeros(len(SOLUTES)).at[EXCHANGED_AT].set(dry @ made.solutes * broth.volume),
        released=_released(around.signals.il2, broth, p),
        lost=_lost(medium, broth, p),
        reference=broth.solutes,
        oxygen=jnp.sum(dry * made.oxygen) * broth.volume,
        carbon_dioxide=jnp.sum(dry * made.carbon_dioxide) * broth.volume,
        target=kinetics.saturation(around.acid, p.K_acid_damage, 1.0),
        priming=states.priming(around, p),
        respiration=_respiration(made, bounds),
        limits=_limits(made, left, dry, p),
    )


def _released(il2: Any, broth: Broth, p: Parameters) -> Any:
    """Interleukin 2 that blasts, memory cells and effectors release, ng/h.  il2: molecules/cell/h."""
    makers = broth.cells[states.ACTIVATED] + broth.cells[states.MEMORY] + broth.cells[states.EFFECTOR]
    return jnp.zeros(len(SOLUTES)).at[SOLUTES.index("il2")].set(il2 * p.il2_mass * makers)


def _lost(medium: Medium, broth: Broth, p: Parameters) -> Any:
    """First-order losses beside metabolism, 1/h: decay of glutamine, decay and consumption of cytokines."""
    density = broth.cells[:5] / broth.volume
    blasts = density[states.ACTIVATED]
    eaters = blasts + p.use_rest * (jnp.sum(density) - blasts)
    lost = jnp.zeros(len(SOLUTES)).at[SOLUTES.index("glutamine")].set(p.k_glutamine)
    for name in CYTOKINES:
        used = eaters * getattr(p, f"use_{name}") / (getattr(p, f"K_{name}") + getattr(medium, name))
        lost = lost.at[SOLUTES.index(name)].set(p.decay_cytokine + used)
    return lost


def _respiration(made: Metabolism, bounds: Any) -> Respiration:
    """Demand for oxygen: what was taken up, or without limit where all that could be had was taken."""
    breath = bounds[:, 5]
    took_all = made.oxygen >= breath * (1 - 1e-9)
    return Respiration(jnp.where(took_all, gas.UNLIMITED, made.oxygen), made.carbon_dioxide)


def _limits(made: Metabolism, left: dict[str, Any], dry: Any, p: Parameters) -> Any:
    """Loss of growth to each of `LIMITS`, (9,), averaged over the states by the growth they are capable of."""
    weight = dry * over_states(p, "mu")
    total = jnp.sum(weight)
    return weight @ made.held / jnp.where(total > 0, total, 1.0) + states.losses(left)


def shares(z: Any) -> tuple[Any, Any, Any]:
    """e^-z, (1 - e^-z)/z and (1 - (1 - e^-z)/z)/z for z >= 0; the first two from the last, so that amounts balance."""
    small = z < 1e-2
    safe = jnp.where(small, 1.0, z)
    gone = -jnp.expm1(-safe)
    second = jnp.where(small, jnp.polyval(SERIES, z), (1 - gone / safe) / safe)
    first = 1 - z * second
    return 1 - z * first, first, second


def move(broth: Broth, at: Rates, flow: Flow, h: Any, p: Parameters) -> tuple[Broth, Booking]:
    """The broth after h hours of held rates and flows, and what was booked."""
    gain, uptake = jnp.maximum(at.formed, 0.0), jnp.maximum(-at.formed, 0.0)
    eaten = uptake / jnp.maximum(at.reference, SCARCE * broth.volume)
    kept, first, second = shares((eaten + at.lost + flow.dilution) * h)
    source = flow.supply + at.released
    mean = broth.solutes * first + source * h * second
    met = jnp.where(uptake > 0, mean / jnp.maximum(at.reference, SCARCE * broth.volume), 1.0)
    slowed = jnp.minimum(jnp.min(met), 1.0)  # all metabolism waits for its scarcest nutrient
    source = source + slowed * gain
    source, degraded = _with_decayed_glutamine(source, mean, at, h)
    mean = broth.solutes * first + source * h * second
    spared = (eaten * mean - slowed * eaten * jnp.maximum(at.reference, SCARCE * broth.volume)) * h
    solutes = jnp.maximum(broth.solutes * kept + source * h * first + spared, 0.0)
    cells, divided = grow(broth.cells, at, slowed, flow.dilution * p.clearance, h, p)
    after = Broth(
        volume=broth.volume + flow.rise * h,
        cells=cells,
        solutes=solutes,
        beads=broth.beads * jnp.exp(-p.decay_activator * h),
        acid_stress=relaxed(broth.acid_stress, at.target, 1.0 / p.acid_memory, h),
        primed=relaxed(broth.primed, at.priming[0] / sum(at.priming), sum(at.priming), h),
        respiration=at.respiration,
    )
    used = at.lost * mean * h
    reacted = slowed * at.formed * h + at.released * h - used + degraded
    booking = Booking(
        supplied=flow.supply * h,
        removed=flow.dilution * mean * h,
        formed=reacted,
        oxygen=slowed * at.oxygen * h,
        carbon_dioxide=slowed * at.carbon_dioxide * h,
        divided=divided,
        medium_ml=flow.fresh * h,
    )
    return after, booking


def relaxed(x: Any, target: Any, rate: Any, h: Any) -> Any:
    """x after h hours of x' = rate (target - x)."""
    return target + (x - target) * jnp.exp(-rate * h)


def _with_decayed_glutamine(source: Any, mean: Any, at: Rates, h: Any) -> tuple[Any, Any]:
    """The source with the ammonia of decayed glutamine, and the amounts so formed.

    Each glutamine gives one ammonium and one pyrrolidone carboxylate, which counts as a strong anion.
    """
    glutamine, ammonia, ions = (SOLUTES.index(name) for name in ("glutamine", "ammonia", "strong_ions"))
    decayed = at.lost[glutamine] * mean[glutamine] * h
    formed = jnp.zeros(len(SOLUTES)).at[ammonia].set(decayed).at[ions].set(-decayed)
    return source + formed / jnp.where(h > 0, h, 1.0), formed


def grow(cells: Any, at: Rates, slowed: Any, washed: Any, h: Any, p: Parameters) -> tuple[Any, Any]:
    """Cells, (6,), after h hours of held rates, and how many divided.

    The exponential of the matrix of rates by its uniformised series, of which every term is non-negative.
    """
    growth = slowed * at.growth
    leaving = jnp.sum(at.transitions, axis=0) + at.death
    A = jnp.zeros((7, 7))
    A = A.at[:5, :5].set(at.transitions + jnp.diag(growth - leaving))
    A = A.at[5, :5].set(at.death).at[5, 5].set(-(p.lysis + washed))
    A = A.at[6, :5].set(growth)
    fastest = jnp.maximum(jnp.max(-jnp.diag(A)), 0.0)
    positive = (A + fastest * jnp.eye(7)) * h
    term = jnp.concatenate([cells, jnp.zeros(1)])
    total = term
    for n in range(1, TERMS):
        term = positive @ term / n
        total = total + term
    total = total * jnp.exp(-fastest * h)
    return total[:6], total[6]
