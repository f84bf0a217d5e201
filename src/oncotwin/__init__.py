"""oncotwin: digital twins for cell therapy and cancer.  Research use only.

Importing oncotwin switches JAX to float64, and on a CPU to calls that are answered where they are made: a decision that
is waited for is not passed between threads.
"""

import jax

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_cpu_enable_async_dispatch", False)

from oncotwin.core.cohort import Cohort, Patient, rollout_each, stack  # noqa: E402
from oncotwin.core.controller import Controller, Decision, Learner, Status  # noqa: E402
from oncotwin.core.model import Model, OdeModel  # noqa: E402
from oncotwin.core.parameters import Parameters, param  # noqa: E402
from oncotwin.core.rollout import rollout, transitions  # noqa: E402
from oncotwin.core.task import Task  # noqa: E402
from oncotwin.core.trajectory import Trajectory  # noqa: E402

__version__ = "0.1.0"

__all__ = [
    "Cohort",
    "Controller",
    "Decision",
    "Learner",
    "Model",
    "OdeModel",
    "Parameters",
    "Patient",
    "Status",
    "Task",
    "Trajectory",
    "param",
    "rollout",
    "rollout_each",
    "stack",
    "transitions",
]
