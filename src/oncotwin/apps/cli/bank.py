"""`oncotwin bank`: simulation banks of the tumour twin on the command line.  Heavy modules are imported inside."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from cyclopts import App

from oncotwin.apps.cli.options import Json

bank = App(name="bank", help="Banks of simulations of the tumour twin, from which emulators are made.")


@bank.command
def build(
    out: Path,
    /,
    *,
    count: int = 2048,
    dimensions: Literal[2, 3] = 2,
    voxels: int = 24,
    least_dose: float = 1e8,
    most_dose: float = 1e9,
    seed: int = 41,
    as_json: Json = False,
) -> None:
    """Simulate a bank: a Sobol design over the six latents and the dose.  A build that was stopped goes on.

    Parameters
    ----------
    out
        Folder for bank.npz and its manifest.
    count
        Simulations, a power of two from 2 to 1048576.
    dimensions
        A slab of 1 cm (2) or the box (3).
    voxels
        Along each edge of 3 cm, 4 to 256.
    least_dose
        CAR-T cells.
    most_dose
        CAR-T cells.
    seed
        Of the design, 0 or more.
    """
    from oncotwin.apps.compiled import keep_compiled
    from oncotwin.apps.personal.bank import BankSpec, build_bank, describe
    from oncotwin.apps.personal.twin import TwinSpec

    keep_compiled()
    twin = TwinSpec(shape=(voxels,) * dimensions, lengths_cm=(3.0,) * dimensions)
    made = build_bank(out, BankSpec(count, (least_dose, most_dose), seed, twin), _lines())
    _show(describe(made), as_json)


@bank.command(name="describe")
def describe_bank(file: Path | None = None, /, *, as_json: Json = False) -> None:
    """Say what a bank holds.

    Parameters
    ----------
    file
        bank.npz or the folder of a build; without it, the shipped bank.
    """
    from oncotwin.apps.personal.bank import describe, read_bank, shipped_bank

    _show(describe(shipped_bank() if file is None else read_bank(file)), as_json)


def _lines() -> Callable[[int, int], None]:
    """How far a build has come, a line a part on stderr."""
    begun = time.monotonic()

    def said(done: int, total: int) -> None:
        print(f"bank: {done} of {total} simulations, {time.monotonic() - begun:.0f} s", file=sys.stderr)

    return said


def _show(description: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(description, indent=2))
        return
    print(f"{description['simulations']} simulations, {description['trusted']} trusted")
    for name in ("best_response", "crs_grade"):
        shares = ", ".join(f"{key} {share:.1%}" for key, share in description[name].items())
        print(f"{name}: {shares}")
    print(f"progressed: {description['progressed']:.1%}")
    for name, (low, middle, high) in description["quantiles_05_50_95"].items():
        print(f"{name:>20} {low:>12.4g} {middle:>12.4g} {high:>12.4g}   5 %, median, 95 %")
    print(_emulator_line(description["emulator"]))
    for name, one in description["emulator"].items():
        relative = "does not vary" if one["relative"] is None else f"{one['relative']:>12.1%}"
        print(f"{name:>20} {one['error']:>12.4g} {one['spread']:>12.4g} {relative}")
    print(json.dumps(description["about"]))


def _emulator_line(errors: dict[str, Any]) -> str:
    """What stands above the errors of a bank's emulator."""
    if not errors:
        return "emulator: none, for it needs more simulations (240 or more that can be trusted)"
    return (
        "emulator: error on held-out simulations, spread over the bank (logarithms, the last three apart), their ratio"
    )
