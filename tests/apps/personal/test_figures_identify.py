"""Figures of identifiability: drawn from the stored arrays alone, every axis said."""

import numpy as np

from oncotwin.apps.personal.identify import ARRAYS, CAPTIONS, Found, draw_all, keep, summary_of


def test_the_figures_are_drawn_again_from_the_arrays(tmp_path):
    rng = np.random.default_rng(0)
    found = Found(
        sobol_total=rng.random((12, 7)),
        sobol_total_error=rng.random((12, 7)),
        contraction=rng.random((10, 6)),
        spectrum=np.sort(rng.random((30, 6)))[:, ::-1] * 2,
        vectors=np.linalg.qr(rng.normal(size=(6, 6)))[0],
        profile_values=np.linspace(0.01, 0.99, 9),
        profile_rise=4 * rng.random((6, 9)),
        profile_truth=rng.random(6),
        coverage=np.full(6, 0.9),
        coverage_low=np.full(6, 0.8),
        coverage_high=np.full(6, 0.95),
        ranks=rng.integers(0, 100, (30, 6)),
    )
    keep(tmp_path / ARRAYS, found)
    draw_all(tmp_path)
    sizes = {name: (tmp_path / "figures" / f"{name}.png").stat().st_size for name in CAPTIONS}
    assert min(sizes.values()) > 10_000
    said = summary_of(found, np.ones((30, 6)))
    assert said["coverage_of_90_percent_intervals"]["esc"] == 0.9
    assert said["directions_learnt_better_than_the_population"] == np.mean((found.spectrum > 1).sum(axis=1))
    assert said["contraction_of_each"]["c_max"]["inf"] == round(float(found.contraction[2, 0]), 4)
