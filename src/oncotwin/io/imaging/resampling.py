"""Values of a box on another number of voxels; each axis by itself, as a matrix of weights whose rows sum to one."""

import numpy as np


def fractions(values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Each new voxel's mean over the old voxels that it covers, weighted by their overlap.

    Keeps the integral over the box to round-off, so that the share of a label stays what it was.
    """
    return _resampled(values, [_overlap(old, new) for old, new in zip(values.shape, shape, strict=True)])


def smooth(values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Linear between voxel centres along an axis that becomes finer, the mean along one that becomes coarser."""
    weights = [(_linear if new > old else _overlap)(old, new) for old, new in zip(values.shape, shape, strict=True)]
    return _resampled(values, weights)


def resampled_affine(affine: np.ndarray, old: tuple[int, ...], new: tuple[int, ...]) -> np.ndarray:
    """Voxel index to world for the same box on another number of voxels; affine: (4, 4)."""
    ratio = np.divide(old, new)
    between = np.diag([*ratio, 1.0])
    between[:3, 3] = 0.5 * ratio - 0.5  # the first centre, in old voxels
    return affine @ between


def _resampled(values: np.ndarray, weights: list[np.ndarray]) -> np.ndarray:
    for axis, along in enumerate(weights):
        values = np.moveaxis(np.tensordot(along, values, axes=(1, axis)), 0, axis)
    return values


def _overlap(old: int, new: int) -> np.ndarray:
    """Share of each old cell in each new one; (new, old)."""
    edges = np.arange(new + 1)[:, None] * (old / new)
    cells = np.arange(old)[None, :]
    covered = np.minimum(edges[1:], cells + 1) - np.maximum(edges[:-1], cells)
    return np.clip(covered, 0.0, None) * (new / old)


def _linear(old: int, new: int) -> np.ndarray:
    """Weights of the two old centres about each new one, constant beyond the outermost; (new, old)."""
    places = np.clip((np.arange(new) + 0.5) * (old / new) - 0.5, 0, old - 1)
    return np.clip(1.0 - np.abs(places[:, None] - np.arange(old)[None, :]), 0.0, None)
