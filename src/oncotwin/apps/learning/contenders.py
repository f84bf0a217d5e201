"""Who is compared: standard protocols, recipes, feedback, predictive control, learnt policies."""

from collections.abc import Callable, Mapping

from oncotwin.apps.learning.feedback import Feedback
from oncotwin.apps.learning.lactate import around_plain, lactate_control
from oncotwin.apps.learning.policies import load
from oncotwin.apps.learning.problem import USUAL_STEP_HOURS
from oncotwin.apps.learning.processes import Flaws, Process, controlled, policed, process
from oncotwin.io.cultures.protocols import protocol_names

FEEDBACK, LACTATE_MPC = "feedback", "lactate-mpc"

Contender = Callable[[Flaws], Process]
"""How far the instruments are worse -> the process; a protocol or recipe does not look at them."""

WORDS: Mapping[str, str] = {
    "protocol": "standard protocol, in its own vessel, as written",
    "recipe": "moves in a fixed order, found by Bayesian optimisation",
    FEEDBACK: "proportional and integral action on lactate and glucose around a plain recipe",
    LACTATE_MPC: "model predictive control of lactate along a reference, around a plain recipe",
    "dqn": "deep Q-learning, the paper's learner",
    "ppo": "proximal policy optimisation on moves",
    "ppo-settings": "proximal policy optimisation on continuous settings",
}
"""What each kind of contender is."""


def contenders(policies: tuple[str, ...], step_hours: float = USUAL_STEP_HOURS) -> dict[str, Contender]:
    """Every protocol, the controllers, and the named policies, by name.  Raises BadInput for a policy unknown."""
    found = {name: _always(process(name, step_hours)) for name in protocol_names()}
    plain = lactate_control(around_plain())
    for name, controller in ((FEEDBACK, Feedback()), (LACTATE_MPC, plain)):
        found[name] = _sensing(name, controller, step_hours)
    for name in policies:
        policy = load(name)
        fixed = policy.is_recipe
        found[name] = (
            _always(policed(name, policy, step_hours)) if fixed else _sensing(name, policy.controller, step_hours)
        )
    return found


def words(name: str, policies: tuple[str, ...]) -> str:
    """What a contender is, in words."""
    if name in WORDS:
        return WORDS[name]
    return WORDS.get(str(load(name).card.get("learner")), "policy") if name in policies else WORDS["protocol"]


def _always(made: Process) -> Contender:
    return lambda flaws: made


def _sensing(name: str, controller: object, step_hours: float) -> Contender:
    return lambda flaws: controlled(name, controller, step_hours, flaws)
