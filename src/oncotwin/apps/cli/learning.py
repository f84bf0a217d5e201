"""Learnt control on the command line.  Heavy modules are imported inside the commands."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from oncotwin.apps.cli.culture import refuse_with
from oncotwin.apps.cli.options import Force, Json

train = App(name="train", help="Make a controller by learning.")

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
    priorities: Path | None = None,
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
    priorities
        File of weights of the reward, as `prefer` and `priorities` write it; default: 1, 0.5, 0.5.
    """
    from oncotwin.apps.learning.recipes import train_recipe
    from oncotwin.apps.learning.training import Plan, resume_training
    from oncotwin.apps.learning.training import train as learn
    from oncotwin.io.rundir import only_empty, only_run

    admit = only_run if force else only_empty
    chosen = _priorities(priorities)
    plan = Plan(learner, seeds, improvements, seed, *(chosen.weights if chosen else ()))
    if resume is None:
        summary = (train_recipe if learner == "recipe" else learn)(plan, out, admit)
    else:
        refuse_with("--resume", {"--out": out, "--force": force, "--priorities": priorities})
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
    seeds: Annotated[
        tuple[Path, ...], Parameter(negative="", help="Run directory of a training whose every seed is evaluated too.")
    ] = (),
    priorities: Path | None = None,
    out: Path | None = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Phase 1 of the paper: learnt policies, a recipe, feedback and predictive control against every standard protocol.

    Parameters
    ----------
    donors
        Held-out virtual donors over all subtypes.
    step_hours
        Longest step of the cultures, up to 1; 0.25 is the usual one.
    priorities
        File of weights of the reward, by which the order is judged too; default: those that ship.
    out
        Run directory; default: runs/evaluate-TIME-N.
    """
    from oncotwin.apps.learning.evaluation import Asked
    from oncotwin.apps.learning.evaluation import evaluate as compare
    from oncotwin.apps.learning.policies import shipped
    from oncotwin.io.rundir import only_empty, only_run

    asked = Asked(policy or shipped(), donors, step_hours, seeds, _priorities(priorities))
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
    out: Path | None = None,
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
    out
        File to which the weights are written with their uncertainty, for `--priorities` of other commands.
    """
    from oncotwin.apps.learning.interview import interview

    _say_priorities(interview(log, who, questions, _asked), out, as_json, str(log))


def priorities(
    *,
    recipes: int = 64,
    trials: int = 60,
    seed: int = 0,
    out: Path = Path("priorities.json"),
    as_json: Json = False,
) -> None:
    """Find the weights of the reward whose best recipe has the greatest clinical utility, by Bayesian optimisation.

    The utility is declared, not measured: released cytotoxicity (1 - CRS risk) (1 - neurotoxicity risk).

    Parameters
    ----------
    recipes
        Recipes spread over all switching days, from which a reward chooses.
    trials
        Pairs of weights that are tried.
    seed
        Of all randomness.
    out
        File to which the weights are written with their uncertainty, for `--priorities` of other commands.
    """
    from oncotwin.apps.learning.clinical import check_asked, grown_recipes, tuned_priorities

    check_asked(recipes, trials, seed)
    _say_priorities(tuned_priorities(grown_recipes(recipes, seed), trials=trials, seed=seed), out, as_json, str(out))


def _asked(question: str) -> str:
    """What is typed in answer to a question, which is printed on stderr: stdout is for the weights."""
    print(question, end="", file=sys.stderr, flush=True)
    return input()


def _say_priorities(found: Any, out: Path | None, as_json: bool, where: str) -> None:
    """Write priorities if a file is named, and print them."""
    from oncotwin.apps.learning.priorities import described, write_priorities

    if out is not None:
        write_priorities(out, found)
    _show(found._asdict(), as_json, described(found), where)


def _priorities(file: Path | None) -> Any:
    """The priorities of a file; none for no file."""
    from oncotwin.apps.learning.priorities import read_priorities

    return None if file is None else read_priorities(file)
