"""Patients whose latents are known: what the tests beside this file share."""

import numpy as np

from oncotwin.core.cohort import Cohort
from oncotwin.core.features import patient_of

N = 20


def made_up(n: int = N, seed: int = 0) -> tuple[Cohort, np.ndarray]:
    """Patients whose latents are known: infiltration is told by expression, suppression by interleukin 6."""
    rng = np.random.default_rng(seed)
    theta = np.clip(rng.normal(0.5, 0.2, (n, 6)), 0.03, 0.97)
    people = []
    for i, t in enumerate(theta):
        good = t[0] - t[4]
        response = "PR" if good > 0.1 else "SD" if good > -0.2 else "PD"
        change = {"PR": -45.0, "SD": -10.0, "PD": 30.0}[response]
        values = {
            "tumour_type": str(rng.choice(["gastric", "pancreatic"])),
            "cldn18_2": ("low", "medium", "high")[int(np.clip(3 * t[0], 0, 2))],
            "age": float(rng.integers(30, 75)),
            "sex": "male",
            "dose": float(rng.choice([2.5e8, 3.75e8])),
            "c_max": float(np.exp(10 + t[2])),
            "peak_il6": float(np.exp(4 + 3 * t[4])),
            "best_response": response,
            "target_change": change,
        }
        if i != 3:
            values["peak_crp"] = 50.0
        people.append(patient_of(f"p{i:02d}", values))
    return Cohort(tuple(people)), theta
