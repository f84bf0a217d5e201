"""Training a policy of the culture: improvement by improvement, kept after each, gone on with after any stop."""

import hashlib
import json
import sys
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

import oncotwin
from oncotwin.apps.compiled import keep_compiled
from oncotwin.apps.interruption import stop_requests
from oncotwin.apps.learning.phase1 import HELD_OUT
from oncotwin.apps.learning.policies import save_network
from oncotwin.apps.learning.problem import DISCOUNT, culture_problem, terminal
from oncotwin.control.dqn import Dqn
from oncotwin.control.ppo import Ppo, Shares
from oncotwin.errors import BadInput, nearest
from oncotwin.io.checkpoint import read_checkpoint, write_checkpoint
from oncotwin.io.durable import storage, write_atomically
from oncotwin.io.manifest import write_manifest
from oncotwin.io.rundir import CHECKPOINT, SPEC, SUMMARY, RunDirectory, begin, new_path, reopen, utc_now
from oncotwin.models.culture import Weights

POLICY = "policy.json"
JUDGED = 27
"""Held-out donors of an evaluation, on which the best network is kept: one of each subtype on average."""


class Plan(NamedTuple):
    """What is trained.

    learner: of `LEARNERS`.  seeds: learners side by side.  improvements: how often each is evaluated and kept.  seed:
    of all randomness.  cytotoxicity, crs, neurotoxicity: weights of the reward.
    """

    learner: str = "dqn"
    seeds: int = 4
    improvements: int = 12
    seed: int = 0
    cytotoxicity: float = 1.0
    crs: float = 0.5
    neurotoxicity: float = 0.5

    @property
    def weights(self) -> Weights:
        """Of the reward."""
        return Weights(self.cytotoxicity, self.crs, self.neurotoxicity)

    @property
    def digest(self) -> str:
        """SHA-256 of all of it: what a checkpoint was made for."""
        return hashlib.sha256(json.dumps(self._asdict(), sort_keys=True).encode()).hexdigest()


def _dqn(plan: Plan, learnt: Any, judge: Any) -> Dqn:
    return Dqn(
        learnt,
        judge,
        hidden=(128, 128),
        discount=DISCOUNT,
        learning_rate=5e-4,
        lanes=16,
        stretch=6,
        updates=12,
        turns=20,
        improvements=plan.improvements,
        warm_up=600,
        ahead=3,
        follow=0.02,
        judged=JUDGED,
    )


def _ppo(plan: Plan, learnt: Any, judge: Any) -> Ppo:
    return Ppo(
        learnt,
        judge,
        hidden=(128, 128),
        discount=DISCOUNT,
        lanes=16,
        stretch=24,
        turns=5,
        improvements=plan.improvements,
        judged=JUDGED,
    )


def _ppo_settings(plan: Plan, learnt: Any, judge: Any) -> Ppo:
    made = _ppo(plan, learnt, judge)
    own = {"head": Shares(), "entropy": 0.0}  # the spread of a normal number has no greatest entropy
    return Ppo(**{name: getattr(made, name) for name in made.__dataclass_fields__} | own)


LEARNERS: dict[str, Callable[[Plan, Any, Any], Any]] = {"dqn": _dqn, "ppo": _ppo, "ppo-settings": _ppo_settings}
"""Deep Q-learning on moves, proximal policy optimisation on moves and on continuous settings."""
VARIANT = {"dqn": "levels", "ppo": "levels", "ppo-settings": "settings"}


class Trainer(NamedTuple):
    """A plan made ready.  begin: keys -> memory of every seed.  improve: memory -> memory, report."""

    learner: Any
    task: Any
    begin: Callable[[jax.Array], Any]
    improve: Callable[[Any], tuple[Any, Any]]


def trainer(plan: Plan) -> Trainer:
    """The learner and its compiled programs.  Raises BadInput for an unknown learner or numbers out of range."""
    if plan.learner not in LEARNERS:
        remedy = nearest(plan.learner, LEARNERS)
        raise BadInput("unknown learner", where="--learner", got=plan.learner, remedy=remedy)
    for name in ("seeds", "improvements"):
        if getattr(plan, name) < 1:
            raise BadInput(f"{name} must be positive", where=f"--{name}", got=getattr(plan, name), allowed="1 or more")
    problem = culture_problem(weights=plan.weights)
    judge = culture_problem(terminal(plan.weights)).decisions
    learner = LEARNERS[plan.learner](plan, problem.decisions, judge)
    return Trainer(
        learner,
        problem.task,
        jax.jit(jax.vmap(lambda key: learner.begin(problem.task, key))),
        jax.jit(jax.vmap(lambda memory: learner.improve(problem.task, memory))),
    )


def check_seed(seed: int) -> None:
    """Raise BadInput for the seeds whose keys are, or lead to, those that the held-out donors are drawn with.

    Learners split the key of the seed itself; recipes and priorities draw donors with the key of the next number.
    """
    if seed in (HELD_OUT - 1, HELD_OUT):
        raise BadInput(
            "this seed is kept for the held-out donors of `oncotwin evaluate`",
            where="--seed",
            got=seed,
            allowed=f"any but {HELD_OUT - 1} and {HELD_OUT}",
        )


def train(plan: Plan, out: Path | None, admit: Callable[[Path], None]) -> dict[str, Any]:
    """Train from the beginning in a new folder; the summary.  Raises BadInput for a plan that cannot be carried out."""
    check_seed(plan.seed)
    made = trainer(plan)
    keep_compiled()
    path = new_path("train") if out is None else out
    with begin(path, admit) as run:
        write_plan(run, plan)
        return _go_on(run, plan, made, made.begin(_keys(plan)), [], utc_now())


def resume_training(path: Path) -> dict[str, Any]:
    """Go on from the last improvement that was kept; the summary, the same as without the stop.

    Raises BadInput for a spec that was changed since, and for a checkpoint that does not say which it was made for.
    """
    with reopen(path) as run:
        plan = _read_plan(run)
        if plan.learner not in LEARNERS:
            raise BadInput("this search keeps no checkpoint", where=str(path), got=plan.learner, remedy="Begin again.")
        check_seed(plan.seed)
        keep_compiled()
        made = trainer(plan)
        like = jax.eval_shape(made.begin, _keys(plan))
        if not (run / CHECKPOINT).is_file():
            return _go_on(run, plan, made, made.begin(_keys(plan)), [], utc_now())
        empty = jax.tree.map(lambda x: np.zeros(x.shape, x.dtype), like)
        memory, meta = read_checkpoint(run / CHECKPOINT, empty)
        _check_made_for(plan, meta, run)
        return _go_on(run, plan, made, memory, meta["history"], meta["started"])


def _check_made_for(plan: Plan, meta: dict[str, Any], run: RunDirectory) -> None:
    """Raise BadInput unless a checkpoint was made for this plan."""
    if "plan" not in meta:
        raise BadInput(
            "this checkpoint is of an older layout, which does not say what plan it was made for",
            where=str(run / CHECKPOINT),
            remedy=f"Train anew with the plan of {run / SPEC}.",
        )
    if meta["plan"] != plan.digest:
        raise BadInput(
            "this plan is not the one that the checkpoint was made for: the spec was changed since",
            where=str(run / SPEC),
            got=plan._asdict(),
            remedy="Put back what it said, or train anew with the new plan.",
        )


def _go_on(run: RunDirectory, plan: Plan, made: Trainer, memory: Any, history: list, started: str) -> dict[str, Any]:
    """The remaining improvements; then the policy, the summary and the manifest."""
    begun = time.monotonic()
    with stop_requests() as request:
        for number in range(len(history), plan.improvements):
            memory, report = made.improve(memory)
            row = {
                "improvement": number + 1,
                "steps": int(np.sum(report.steps)),
                "scores": np.asarray(report.score, float).tolist(),
                "best": np.asarray(report.best_score, float).tolist(),
                "loss": np.asarray(report.loss, float).tolist(),
                "seconds": time.monotonic() - begun,
            }
            history = [*history, row]
            write_checkpoint(run / CHECKPOINT, memory, history=history, started=started, plan=plan.digest)
            run.log("improved", **row)
            _say(run, plan, row)
            if request.signal is not None and number + 1 < plan.improvements:
                raise request.interrupted(f"Go on with --resume {run.path}")
    return _finish(run, plan, memory, history, started)


def _finish(run: RunDirectory, plan: Plan, memory: Any, history: list, started: str) -> dict[str, Any]:
    """Write the best seed's policy, the summary and the manifest."""
    best = np.asarray(memory.best_score)
    winner = int(np.argmax(best))
    networks = [jax.tree.map(lambda x, seed=seed: x[seed], memory.best) for seed in range(plan.seeds)]
    said = {
        "made_by": (
            f"oncotwin train culture --learner {plan.learner} --seeds {plan.seeds} "
            f"--improvements {plan.improvements} --seed {plan.seed}"
        ),
        "oncotwin": oncotwin.__version__,
        "learner": plan.learner,
        "plan": plan._asdict(),
        "judged_score": float(best[winner]),
        "scores_of_all_seeds": best.tolist(),
        "steps": history[-1]["steps"],
    }
    for seed, network in enumerate(networks):
        save_network(run / f"seed-{seed:02d}.json", VARIANT[plan.learner], network, seed=seed, **said)
    save_network(run / POLICY, VARIANT[plan.learner], networks[winner], seed=winner, **said)
    summary = {"status": "done", **said, "history": history, "run_dir": str(run.path), "policy": str(run / POLICY)}
    run.write_json(SUMMARY, summary)
    write_manifest(run.path, started=started, spec_path=run / SPEC, seed=plan.seed)
    return run.read_json(SUMMARY)


def _say(run: RunDirectory, plan: Plan, row: dict[str, Any]) -> None:
    """One line of progress on stderr."""
    scores = " ".join(f"{score:.3f}" for score in row["scores"])
    print(
        f"{run.path.name}: {row['improvement']} of {plan.improvements}, {row['steps']} decisions, held-out score "
        f"{scores}, best {max(row['best']):.3f}, {row['seconds']:.0f} s",
        file=sys.stderr,
        flush=True,
    )


def _keys(plan: Plan) -> jax.Array:
    return jax.random.split(jax.random.key(plan.seed), plan.seeds)


def write_plan(run: RunDirectory, plan: Plan) -> None:
    """Write a plan as the spec of its run.  Raises StorageFailure."""
    lines = ['kind = "training"', 'task = "culture"', *(f"{k} = {json.dumps(v)}" for k, v in plan._asdict().items())]
    with storage("write the plan", run / SPEC):
        write_atomically(run / SPEC, ("\n".join(lines) + "\n").encode())


def _read_plan(run: RunDirectory) -> Plan:
    with storage("read the plan", run / SPEC):
        document = tomllib.loads((run / SPEC).read_text(encoding="utf-8"))
    if document.get("kind") != "training":
        raise BadInput("this is no training", where=str(run.path), got=document.get("kind"), allowed="training")
    return Plan(**{name: document[name] for name in Plan._fields})
