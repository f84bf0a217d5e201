"""Learnt control on the command line.  Heavy modules are imported inside the commands."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from oncotwin.apps.cli.culture import refuse_with

train = App(name="train", help="Make a controller by learning.")

Json = Annotated[bool, Parameter(name="--json", negative="", help="Print the summary as JSON.")]
Force = Annotated[bool, Parameter(negative="", help="Replace what is there.")]
Learner = Literal["dqn", "ppo", "ppo-settings", "recipe"]


@train.command(name="culture")
def train_culture(
    *,
    learner: Learner = "dqn",
    seeds: int = 4,
    improvements: int = 12,
    seed: int = 0,
    out: Path | None = None,
    resume: Path | None = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Learn to control the culture; donors are drawn anew for every episode.

    Parameters
    ----------
    learner
        Deep Q-learning (dqn), proximal policy optimisation on moves (ppo) or on continuous settings (ppo-settings), or
        Bayesian optimisation of moves in a fixed order (recipe).
    seeds
        Learners side by side; the one that does best on held-out donors is written.
    improvements
        How often each is evaluated and kept; of a recipe, how many are tried.
    seed
        Of all randomness.
    out
        Run directory; default: runs/train-TIME-N.
    resume
        Run directory of a training that was stopped, to go on from its checkpoint.
    """
    from oncotwin.apps.learning.recipes import LEAST_TRIALS, train_recipe
    from oncotwin.apps.learning.training import Plan, resume_training
    from oncotwin.apps.learning.training import train as learn
    from oncotwin.io.rundir import only_empty, only_run

    admit = only_run if force else only_empty
    if resume is None and learner == "recipe":
        summary = train_recipe(max(improvements, LEAST_TRIALS), seed, out, admit)
    elif resume is None:
        summary = learn(Plan(learner, seeds, improvements, seed), out, admit)
    else:
        refuse_with("--resume", {"--out": out, "--force": force})
        summary = resume_training(resume)
    _show(summary, as_json, f"score {summary['judged_score']:.3f}", summary["policy"])


def _show(summary: dict[str, Any], as_json: bool, line: str, where: str) -> None:
    """Print a summary on stdout, as JSON or in a line, and on stderr where to look."""
    print(json.dumps(summary, indent=2) if as_json else line)
    print(f"Results: {where}", file=sys.stderr)


evaluate = App(name="evaluate", help="Compare ways to make the cells on held-out virtual donors.")


@evaluate.command(name="culture")
def evaluate_culture(
    *,
    policy: Annotated[
        tuple[str, ...], Parameter(negative="", help="Name of a shipped policy, or its card NAME.json; repeatable.")
    ] = (),
    donors: int = 540,
    step_hours: float = 1.0,
    seeds: Path | None = None,
    out: Path | None = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Phase 1 of the paper: learnt policies, a recipe and feedback against every standard protocol.

    Parameters
    ----------
    donors
        Held-out virtual donors over all subtypes.
    step_hours
        Longest step of the cultures, up to 1; 0.25 is the usual one.
    seeds
        Run directory of a training, whose every seed is evaluated too.
    out
        Run directory; default: runs/evaluate-TIME-N.
    """
    from oncotwin.apps.learning.evaluation import Asked
    from oncotwin.apps.learning.evaluation import evaluate as compare
    from oncotwin.apps.learning.policies import shipped
    from oncotwin.io.rundir import only_empty, only_run

    asked = Asked(policy or shipped(), donors, step_hours, seeds)
    summary = compare(asked, out, only_run if force else only_empty)
    best, standard = summary["best"], summary["best_standard"]
    worth = {name: summary["means"][name]["worth"] for name in (best, standard)}
    line = f"best: {best}, worth {worth[best]:.3f}; best standard protocol: {standard}, {worth[standard]:.3f}"
    _show(summary, as_json, line, summary["run_dir"])


def prefer(
    *,
    who: str,
    log: Path = Path("preferences.jsonl"),
    questions: int = 12,
    as_json: Json = False,
) -> None:
    """Ask which of two products you would rather infuse; learn the weights of the reward from the answers.

    Parameters
    ----------
    who
        Who answers; logged with every answer.
    log
        File of comparisons, one JSON object a line; earlier answers count too.
    questions
        How many are asked at most.
    """
    from oncotwin.apps.learning.priorities import OUTCOMES, interview

    found = interview(log, who, questions, input)
    weights = zip(OUTCOMES, found.weights, found.low, found.high, strict=True)
    line = "; ".join(f"{name} {mean:.2f} [{low:.2f}, {high:.2f}]" for name, mean, low, high in weights)
    _show(found._asdict(), as_json, line, str(log))
