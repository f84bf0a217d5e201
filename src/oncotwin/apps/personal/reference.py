"""Reference latents of a cohort, equation (31), as the study takes them."""

import jax

from oncotwin.apps.personal.estimates import reference_estimates
from oncotwin.apps.personal.harmonise import Harmonised, observables_of
from oncotwin.apps.personal.study import Reference, Tell


def referred(ready: Harmonised, seed: int, tell: Tell) -> Reference:
    """Reference latents of every patient by the inverse problem."""
    tell(f"reference latents of {len(ready.table.patients)} patients")
    doses = ready.table.column("dose")
    found = reference_estimates(observables_of(ready.table), doses, jax.random.key(seed))
    return Reference(found.latents, found.mean, found.sd, found.low, found.high, found.weights, found.r_hat)
