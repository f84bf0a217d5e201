"""Figures of a run, each drawn from its results alone."""

from oncotwin.apps.figures.comparison import draw_comparison
from oncotwin.apps.figures.gallery import PICTURES, Picture, draw_all

__all__ = ["PICTURES", "Picture", "draw_all", "draw_comparison"]
