"""Figures of a run, each drawn from its results alone."""
