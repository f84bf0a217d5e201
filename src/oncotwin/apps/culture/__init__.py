"""The culture of CAR-T cells as an application: set up, run, assimilated, drawn, reported."""
