"""Growth that signals allow, death and transitions of the cell states."""

from typing import Any, NamedTuple

import jax.numpy as jnp

from oncotwin.core.exchange import Signals
from oncotwin.core.parameters import Parameters
from oncotwin.models.culture import kinetics
from oncotwin.models.culture.state import CELL_STATES, LIMITS, Medium, over_states
from oncotwin.numerics.elementary import maximum

NAIVE, ACTIVATED, MEMORY, EFFECTOR, EXHAUSTED = range(len(CELL_STATES))


class Environment(NamedTuple):
    """What cells feel: signals, receptor occupancies, acid, heat.

    signals: of the virtual cell.  il2, il7, il15, il21: occupancies.  acid: undissociated lactic acid, mmol/L.  pH.
    excess: kelvin above 37 degrees.  hypoxia: in [0, 1].
    """

    signals: Signals
    il2: Any
    il7: Any
    il15: Any
    il21: Any
    acid: Any
    pH: Any
    excess: Any
    hypoxia: Any


def environment(signals: Signals, medium: Medium, pH: Any, temperature_c: Any, p: Parameters) -> Environment:
    """What cells feel in a medium."""
    return Environment(
        signals,
        kinetics.occupancy(medium.il2, p.K_il2),
        kinetics.occupancy(medium.il7, p.K_il7),
        kinetics.occupancy(medium.il15, p.K_il15),
        kinetics.occupancy(medium.il21, p.K_il21),
        kinetics.undissociated(medium.lactate, pH, p),
        pH,
        temperature_c - kinetics.BODY_C,
        kinetics.inhibition(medium.oxygen, p.K_hypoxia, 1.0),
    )


def mitogen(around: Environment, p: Parameters) -> Any:
    """The proliferative signal in [0, 1]: STAT5, and a little for interleukin 21."""
    stat5 = around.signals.stat5
    return stat5 + (1 - stat5) * p.il21_growth * around.il21


def factors(around: Environment, medium: Medium, p: Parameters) -> dict[str, Any]:
    """Share of growth that each condition of the medium leaves, by its name in `LIMITS`."""
    return {
        "oxygen": kinetics.saturation(medium.oxygen, p.K_anoxia, p.n_anoxia),
        "lactate": kinetics.inhibition(around.acid, p.K_lactic_acid, p.n_lactic_acid),
        "ammonia": kinetics.inhibition(medium.ammonia, p.K_ammonia, p.n_ammonia),
        "ph": kinetics.pH_factor(around.pH, p),
        "temperature": kinetics.temperature_factor(around.excess, p),
    }


def priming(around: Environment, p: Parameters) -> tuple[Any, Any]:
    """Rates, 1/h, at which resting cells are primed for cytokines and at which that fades."""
    return p.k_priming * kinetics.response(around.signals.nfat, p.K_nfat), p.k_fading


def growth_caps(around: Environment, left: Any, primed: Any, p: Parameters) -> Any:
    """Growth that signals and conditions allow every state, 1/h, (5,).

    left: the product of `factors`.  primed: share of the cells that divide under cytokines, for they were activated
    within the last days; blasts always do.
    """
    primed = p.unprimed + (1 - p.unprimed) * primed
    cytokines = kinetics.response(mitogen(around, p), p.K_stat5)
    trigger = kinetics.response(around.signals.nfat, p.K_nfat)
    homeostatic = 0.5 * (around.il7 + around.il15)
    able = 1 - p.senescent_fraction
    drive = jnp.stack(
        [
            homeostatic,
            cytokines * (1 - p.costimulation * (1 - trigger)),
            cytokines * primed,
            cytokines * primed * able,
            cytokines * primed * able,
        ]
    )
    return p.fitness * over_states(p, "mu") * drive * left


def deaths(around: Environment, medium: Medium, shortage: Any, p: Parameters) -> Any:
    """Death of every state, 1/h, (5,).  shortage: missed share of maintenance, (5,)."""
    neglect = 1 - kinetics.response(mitogen(around, p), p.K_survival)
    hunger = p.death_hunger * kinetics.inhibition(medium.glucose, p.K_hunger, p.n_hunger)
    poison = p.death_ammonia * kinetics.saturation(medium.ammonia, p.K_toxic_ammonia, p.n_ammonia)
    acid = p.death_acid * kinetics.saturation(around.acid, p.K_toxic_acid, p.n_lactic_acid)
    induced = p.death_induced * around.signals.nfat * jnp.asarray([0.0, 0.0, 0.0, 1.0, 1.0])
    appetite = over_states(p, "maintenance") / p.maintenance_activated
    return (
        over_states(p, "death")
        + over_states(p, "neglect") * neglect
        + hunger * appetite
        + p.death_energy * shortage
        + poison
        + acid
        + induced
    )


def effector_share(around: Environment, spare: Any, p: Parameters) -> Any:
    """Share of the blasts that leave towards effectors; the others become central memory.  spare: of the blasts."""
    s = around.signals
    effector = p.effector_base + p.effector_mtor * s.mtor + p.effector_il2 * around.il2
    memory = (
        p.memory_base
        + p.memory_il7 * around.il7
        + p.memory_il15 * around.il15
        + p.memory_il21 * around.il21
        + p.memory_ampk * s.ampk
        + p.memory_spare * spare
        + p.memory_hypoxia * around.hypoxia
    )
    return effector / (effector + memory)


def activation(around: Environment, p: Parameters) -> Any:
    """Rate at which resting cells become blasts, 1/h."""
    return p.k_activation * kinetics.response(around.signals.nfat, p.K_nfat)


def leaving(around: Environment, p: Parameters) -> Any:
    """Rate at which blasts leave the blast state, 1/h."""
    return p.k_rest * (1 - p.rest_hold * around.signals.nfat)


def exhaustion(around: Environment, spare: Any, p: Parameters) -> Any:
    """Rate at which effectors tire, 1/h; spare: unused share of their respiratory cap."""
    return p.k_exhaustion * around.signals.exhaustion * (1 + p.exhaustion_spare * (1 - spare)) + p.k_wear


def recovery(around: Environment, p: Parameters) -> Any:
    """Rate at which exhausted cells recover, 1/h."""
    return p.k_recovery * (1 - around.signals.exhaustion)


def blast_cost(around: Environment, p: Parameters) -> Any:
    """Biomass that cells make to become blasts, 1/h, (5,): the mass they gain, for each that leaves."""
    mass = over_states(p, "mass")
    gain = maximum(mass[ACTIVATED] / mass - 1, 0.0)
    return activation(around, p) * gain * jnp.asarray([1.0, 0.0, 1.0, 0.0, 0.0])


def transitions(around: Environment, share: Any, spare: Any, p: Parameters) -> Any:
    """Rates from every state (column) to every other (row), 1/h, (5, 5), zero on the diagonal.

    share: of the biomass asked for that metabolism can make, which activation waits for.  spare: respiratory.
    """
    towards = effector_share(around, spare[ACTIVATED], p)
    ageing = effector_share(around, spare[MEMORY], p)
    waking = activation(around, p)
    out = leaving(around, p)
    tiring = exhaustion(around, spare[EFFECTOR], p)
    T = jnp.zeros((len(CELL_STATES),) * 2)
    T = T.at[ACTIVATED, NAIVE].set(waking * share[NAIVE])
    T = T.at[ACTIVATED, MEMORY].set(waking * share[MEMORY])
    T = T.at[MEMORY, ACTIVATED].set(out * (1 - towards))
    T = T.at[EFFECTOR, ACTIVATED].set(out * towards)
    T = T.at[EFFECTOR, MEMORY].set(p.k_differentiation * ageing)
    T = T.at[EXHAUSTED, ACTIVATED].set(p.exhaustion_blast * exhaustion(around, spare[ACTIVATED], p))
    T = T.at[EXHAUSTED, EFFECTOR].set(tiring)
    return T.at[EFFECTOR, EXHAUSTED].set(recovery(around, p))


def losses(left: dict[str, Any]) -> Any:
    """The loss of growth, -log(share left), of every condition of the medium; (9,) in the order of `LIMITS`."""
    return jnp.stack([-jnp.log(maximum(left[name], 1e-30)) if name in left else jnp.asarray(0.0) for name in LIMITS])
