"""Scales that the parameters of the cell share: factors to hours and nmol/L, bounds, the word for what is ours."""

PER_SECOND = 3600.0
"""1/hour in one 1/s."""
PER_MINUTE = 60.0
"""1/hour in one 1/min."""
PER_MOLAR_SECOND = 3.6e-6
"""1/nM/hour in one 1/M/s."""

ANY = (0.0, 1e6)
SHARE = (0.0, 1.0)
SPEED = (0.0, 1e6)
HALF = (1e-6, 1e3)
MANY = (1e-3, 1e8)
OURS = "uncalibrated"
