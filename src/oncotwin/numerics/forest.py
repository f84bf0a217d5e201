"""Sums of decision trees as arrays, evaluated without the library that grew them."""

from typing import NamedTuple

import numpy as np

from oncotwin.errors import BadInput

LEAF = -1


class Forest(NamedTuple):
    """A sum of trees. Every tree fills a row; unused nodes are leaves of value 0.

    feature: column that a node asks for, `LEAF` at a leaf, (trees, nodes). threshold: x <= threshold goes left, (trees,
    nodes). left, right: nodes below, (trees, nodes). value: what a leaf adds, (trees, nodes). start: added to the sum.
    Node 0 is the root.
    """

    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    value: np.ndarray
    start: float


def evaluate(forest: Forest, X: np.ndarray) -> np.ndarray:
    """The sum of the trees for each row.  X: (n, p), in the precision in which the trees were grown.  Returns (n,)."""
    trees, nodes = forest.feature.shape
    at = np.zeros((len(X), trees), dtype=int)
    row, tree = np.arange(len(X))[:, None], np.arange(trees)[None, :]
    for _ in range(nodes):
        feature = forest.feature[tree, at]
        if np.all(feature == LEAF):
            break
        below = X[row, np.maximum(feature, 0)] <= forest.threshold[tree, at]
        step = np.where(below, forest.left[tree, at], forest.right[tree, at])
        at = np.where(feature == LEAF, at, step)
    return forest.start + np.sum(forest.value[tree, at], axis=1)


def packed(trees: list[list[tuple[int, float, int, int, float]]], start: float) -> Forest:
    """A forest from trees, each a list of nodes (feature, threshold, left, right, value)."""
    nodes = max((len(tree) for tree in trees), default=1)
    shape = (len(trees), nodes)
    forest = Forest(
        np.full(shape, LEAF), np.zeros(shape), np.zeros(shape, int), np.zeros(shape, int), np.zeros(shape), start
    )
    for i, tree in enumerate(trees):
        for field, entries in zip(forest[:5], zip(*tree, strict=True), strict=True):
            field[i, : len(tree)] = entries
    return forest


def check(forest: Forest, columns: int, where: str) -> Forest:
    """The forest, if it can be evaluated on rows of so many columns.  Raises BadInput if its arrays cannot be right."""
    shape = np.shape(forest.feature)
    same = len(shape) == 2 and all(np.shape(field) == shape for field in forest[:5])
    if not same or not np.all((forest.feature >= LEAF) & (forest.feature < columns)):
        raise BadInput("these arrays are no trees", where=where, got=shape, allowed=f"nodes of {columns} columns")
    node, inner = np.broadcast_to(np.arange(shape[1]), shape), forest.feature != LEAF
    deeper = (forest.left > node) & (forest.right > node) & (forest.left < shape[1]) & (forest.right < shape[1])
    if not np.all(deeper[inner]) or not all(np.all(np.isfinite(x)) for x in (forest.threshold, forest.value)):
        raise BadInput("these trees lead nowhere", where=where, allowed="children below their parent, finite numbers")
    return forest
