"""What went wrong in an interval that ended in numbers which cannot be trusted."""

from pathlib import Path

import jax
import numpy as np

from oncotwin.core.rollout import Transition
from oncotwin.errors import NumericalFailure


def failure_of(transition: Transition, since: float, run: Path) -> NumericalFailure:
    """The exception for a failed interval: which entry of the state, which voxel, when.

    since: day on which the interval began, whose state is kept.  run: the run directory, for the remedy.
    """
    kept = f"The state of day {since:g} and the frames before it are kept in {run}"
    when = f"between day {since:g} and day {transition.time:g}"
    for path, leaf in jax.tree_util.tree_flatten_with_path(transition.state)[0]:
        values = np.asarray(leaf)
        if np.issubdtype(values.dtype, np.floating) and not np.all(np.isfinite(values)) and not _idle(path):
            voxel = tuple(int(i) for i in np.argwhere(~np.isfinite(values))[0])
            place = f" at voxel {voxel}" if voxel else ""
            return NumericalFailure(
                f"{jax.tree_util.keystr(path).lstrip('.')} left the finite numbers{place}",
                where=when,
                got=float(values[voxel]),
                remedy=f"Try a smaller scheme.rtol or scheme.max_step_days. {kept}",
            )
    return NumericalFailure(
        f"the step could not be made small enough (status {transition.numerics})",
        where=when,
        remedy=f"Try a larger scheme.rtol, or less extreme parameters. {kept}",
    )


def _idle(path: tuple) -> bool:
    """Whether an entry may be infinite: the step length before the first step is."""
    return jax.tree_util.keystr(path).startswith(".progress")
