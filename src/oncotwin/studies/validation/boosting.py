"""Gradient boosting of many targets at once with LightGBM, for cohorts of tens of patients.

The loss is Huber's, its threshold the 0.9 quantile of the absolute residuals of the stage, as scikit-learn has it. One
LightGBM model of as many classes as targets grows one tree a target and stage: the gradient is ours, so the targets do
not touch each other, and the cost of a stage is shared. LightGBM's own least number of samples in a leaf, 20, would
give one constant prediction on 29 patients: it is always set.

Weights stand in the gradient alone, the second derivative being one.  The trees descend the same weighted loss; and
LightGBM, which reads the number of samples in a leaf off its sum of second derivatives, counts right.
"""

from typing import NamedTuple

import numpy as np

from oncotwin.errors import BadInput
from oncotwin.numerics.forest import LEAF, Forest, packed
from oncotwin.studies.validation.learning import Lesson

try:
    import lightgbm
except OSError as error:  # the package is there, but not the system library that it loads
    lightgbm, _REFUSED = None, str(error)
else:
    _REFUSED = ""

HUBER_QUANTILE = 0.9
SUBSAMPLE = 0.8
MOST_WEIGHT = 3.0
"""A patient counts for this many at most."""
LARGEST_SEED = 2**31 - 1


class Shape(NamedTuple):
    """What trees may look like. depth: splits from root to leaf. leaf: least patients in a leaf. rate: of learning."""

    depth: int
    leaf: int
    rate: float


class Boosted(NamedTuple):
    """Grown trees of d targets.  start: (d,), the prediction without any tree."""

    booster: "lightgbm.Booster"
    start: np.ndarray

    def predict(self, X: np.ndarray, trees: int) -> np.ndarray:
        """Predictions with the first trees of each target.  X: (m, p).  Returns (m, d)."""
        return self.start + self.booster.predict(X, num_iteration=trees, raw_score=True).reshape(len(X), -1)

    def contributions(self, X: np.ndarray, trees: int) -> np.ndarray:
        """What each feature adds to each prediction (TreeSHAP), (m, d, p)."""
        parts = self.booster.predict(X, num_iteration=trees, pred_contrib=True)
        return parts.reshape(len(X), len(self.start), X.shape[1] + 1)[:, :, :-1]


def available() -> None:
    """Raise BadInput where LightGBM's system library is missing; there is no silent way round it."""
    if _REFUSED:
        raise BadInput(
            "LightGBM is installed but cannot be loaded",
            where="protocol default",
            got=_REFUSED,
            allowed="the OpenMP runtime libgomp",
            remedy="Install it (Debian, Ubuntu: apt install libgomp1; Fedora: dnf install libgomp), or use "
            "--protocol published, which needs no LightGBM",
        )


def grow(lesson: Lesson, shape: Shape, trees: int, seed: int) -> Boosted:
    """Boost so many trees for every target of a lesson.  The first k trees are those that `trees=k` would give."""
    available()
    n, d = lesson.z.shape
    start = np.median(lesson.z, axis=0)
    centred = lesson.z - start
    settings = _settings(shape, d, seed)
    data = lightgbm.Dataset(lesson.X, np.zeros(n), params=settings, free_raw_data=True)
    rank = int(np.ceil(HUBER_QUANTILE * (n - 1)))
    weight = np.minimum(lesson.w / np.mean(lesson.w, axis=0), MOST_WEIGHT)
    hessian = np.ones((n, d) if d > 1 else n)

    def slope(scores: np.ndarray, _: object) -> tuple[np.ndarray, np.ndarray]:
        apart = scores.reshape(n, d) - centred
        bend = np.partition(np.abs(apart), rank, axis=0)[rank]
        gradient = weight * np.clip(apart, -bend, bend)
        return (gradient if d > 1 else gradient[:, 0]), hessian

    booster = lightgbm.Booster(settings, data)
    for _ in range(trees):
        booster.update(fobj=slope)
    return Boosted(booster, start)


def forest_of(grown: Boosted, target: int, trees: int) -> Forest:
    """The first trees of one target as arrays."""
    d = len(grown.start)
    described = grown.booster.dump_model(num_iteration=trees)["tree_info"]
    return packed([_nodes(tree["tree_structure"]) for tree in described[target::d]], float(grown.start[target]))


def _settings(shape: Shape, targets: int, seed: int) -> dict[str, object]:
    """LightGBM's words; one thread, so that the same seed gives the same bits and folds can run side by side."""
    return {
        "objective": "none",
        "num_class": targets,
        "learning_rate": shape.rate,
        "max_depth": shape.depth,
        "num_leaves": 2**shape.depth,
        "min_child_samples": shape.leaf,
        "min_sum_hessian_in_leaf": 0.0,
        "bagging_fraction": SUBSAMPLE,
        "bagging_freq": 1,
        "bagging_seed": seed % LARGEST_SEED,
        "min_data_in_bin": 1,
        "feature_pre_filter": False,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbose": -1,
    }


def _nodes(root: dict) -> list[tuple[int, float, int, int, float]]:
    """LightGBM's nested tree as a list of nodes, parents first."""
    nodes: list = []

    def place(node: dict) -> int:
        here = len(nodes)
        if "split_feature" not in node:
            nodes.append((LEAF, 0.0, 0, 0, float(node["leaf_value"])))
            return here
        nodes.append(None)
        left, right = place(node["left_child"]), place(node["right_child"])
        nodes[here] = (int(node["split_feature"]), float(node["threshold"]), left, right, 0.0)
        return here

    place(root)
    return nodes
