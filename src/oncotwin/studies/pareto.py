"""What is not beaten in every respect."""

import numpy as np

from oncotwin.errors import BadInput


def undominated(costs: np.ndarray) -> np.ndarray:
    """Which of several costs (n, d), smaller is better, no other matches in all and beats in one; (n,), bool.

    Raises BadInput for numbers that are not finite.
    """
    rows = np.atleast_2d(np.asarray(costs, float))
    if not np.isfinite(rows).all():
        raise BadInput("costs must be finite", where="undominated", got=rows.shape)
    no_worse = (rows[:, None, :] <= rows[None, :, :]).all(axis=-1)
    better = (rows[:, None, :] < rows[None, :, :]).any(axis=-1)
    return ~(no_worse & better).any(axis=0)
