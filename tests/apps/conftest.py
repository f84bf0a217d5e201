"""A small synthetic run with every variable of results.zarr: Gaussians that shrink and grow by closed formulae."""

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

FIELDS = {
    "C": ("functional CAR-T cells", "1e7 cells/cm3"),
    "E": ("exhausted CAR-T cells", "1e7 cells/cm3"),
    "T_A": ("antigen-positive tumour cells", "2.4e8 cells/cm3"),
    "T_B": ("antigen-reduced tumour cells", "2.4e8 cells/cm3"),
    "S": ("chemoattractant", "1"),
    "A": ("suppressive factor", "1"),
    "H": ("hypoxia", "1"),
}
OBSERVABLES = {
    "tumour_volume_cm3": ("tumour volume", "cm3"),
    "tumour_burden_cells": ("tumour cells", "cells"),
    "sum_of_diameters_mm": ("sum of longest diameters", "mm"),
    "antigen_positive_fraction": ("antigen-positive share of tumour cells", "1"),
    "infiltration_depth_mm": ("depth of infiltration", "mm"),
    "cart_tissue_cells": ("functional CAR-T cells in tissue", "cells"),
    "exhausted_tissue_cells": ("exhausted CAR-T cells in tissue", "cells"),
    "cart_blood_cells_per_litre": ("CAR-T cells in blood", "cells/L"),
    "transgene_copies_per_ug": ("transgene in blood", "copies/ug"),
    "il6_pg_per_ml": ("interleukin 6", "pg/mL"),
    "crp_mg_per_l": ("C-reactive protein", "mg/L"),
    "ferritin_ng_per_ml": ("ferritin", "ng/mL"),
}


def _fields(radius: np.ndarray, time: np.ndarray, axes: list[np.ndarray]) -> dict[str, np.ndarray]:
    mesh = np.meshgrid(*axes, indexing="ij")
    squared = sum((x - 1.0) ** 2 for x in mesh)[None]
    frame = (-1,) + (1,) * len(axes)
    r, t = radius.reshape(frame), time.reshape(frame)
    tumour = 0.8 / (1 + np.exp((np.sqrt(squared) - r) / 0.04))
    wave = np.exp(-(((t - 14) / 12) ** 2))
    shell = np.exp(-((np.sqrt(squared) - 0.8 * r) ** 2) / 0.02)
    escaped = 0.05 + 0.5 * t / 84
    return {
        "C": 0.4 * wave * shell,
        "E": 0.25 * wave * np.exp(-squared / (0.5 * r**2)),
        "T_A": tumour * (1 - escaped),
        "T_B": tumour * escaped,
        "S": 0.5 * np.exp(-squared / (2 * r**2)),
        "A": 0.8 * np.exp(-squared / (3 * r**2)),
        "H": 0.1 + 0.05 * np.exp(-squared / 2) * (1 + t / 84),
    }


def _observables(radius: np.ndarray, t: np.ndarray) -> dict[str, np.ndarray]:
    copies = 24000 * np.where(t < 9.3, np.exp(0.889 * (t - 9.3)), np.exp(-0.16 * np.maximum(t - 9.3, 0)))
    il6 = 1.7 + 400 * np.exp(-(((t - 8) / 3) ** 2))
    volume = 4 / 3 * np.pi * radius**3
    return {
        "tumour_volume_cm3": volume,
        "tumour_burden_cells": 0.6 * 2.4e8 * volume,
        "sum_of_diameters_mm": 20 * radius,
        "antigen_positive_fraction": 0.95 - 0.5 * t / 84,
        "infiltration_depth_mm": 4 * np.exp(-(((t - 14) / 12) ** 2)),
        "cart_tissue_cells": 2e6 * np.exp(-(((t - 14) / 12) ** 2)),
        "exhausted_tissue_cells": 1e6 * np.exp(-(((t - 20) / 12) ** 2)),
        "cart_blood_cells_per_litre": 500 * copies,
        "transgene_copies_per_ug": copies,
        "il6_pg_per_ml": il6,
        "crp_mg_per_l": 5 + 0.5 * il6,
        "ferritin_ng_per_ml": 300 + 8 * il6,
    }


@pytest.fixture(scope="session")
def synthetic() -> Callable[..., xr.Dataset]:
    """Makes a run: a nodule of 5 mm radius in a box of 2 cm that shrinks by `response`, then grows."""

    def make(days: int = 84, shape: tuple[int, ...] = (20, 20, 20), response: float = 0.45) -> xr.Dataset:
        time = np.arange(0.0, days + 1, 2.0)
        radius = 0.5 * (1 - response * np.sin(np.pi * np.minimum(time / 60, 1)) ** 2 + 0.004 * np.maximum(time - 40, 0))
        names = ("x", "y", "z")[: len(shape)]
        axes = [(np.arange(n) + 0.5) * 2.0 / n for n in shape]
        coords = {"time": ("time", time, {"units": "day"})}
        coords |= {name: (name, axis, {"units": "cm"}) for name, axis in zip(names, axes, strict=True)}
        variables = {}
        for name, values in _fields(radius, time, axes).items():
            long_name, units = FIELDS[name]
            variables[name] = (("time", *names), values, {"long_name": long_name, "units": units})
        for name, values in _observables(radius, time).items():
            long_name, units = OBSERVABLES[name]
            variables[name] = ("time", values, {"long_name": long_name, "units": units})
        variables["done"] = ((), len(time))
        return xr.Dataset(variables, coords, {"title": "synthetic", "preset": "normalised"})

    return make
