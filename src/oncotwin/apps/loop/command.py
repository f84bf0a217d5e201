"""The command that runs a loop again, from what it was asked."""

import shlex
from dataclasses import replace

from oncotwin.apps.loop.settings import LoopPatient, Settings


def loop_command(patient: LoopPatient, settings: Settings) -> str:
    """`oncotwin demo` with every flag that differs from its default."""
    usual, standard = LoopPatient(), Settings()
    donor = _changed(patient.donor._asdict(), usual.donor._asdict())
    latents = _changed(patient.latents._asdict(), usual.latents._asdict())
    flags = {
        "--patient": "FILE" if patient.spread != usual.spread else "",
        "--latents": latents,
        "--donor": donor,
        "--cells": settings.other if settings.other != standard.other else "",
        "--drugs": settings.regimen if settings.regimen != standard.regimen else "",
        "--priorities": "FILE" if settings.priorities != standard.priorities else "",
    }
    return " ".join(["oncotwin demo", *(f"{name} {shlex.quote(value)}" for name, value in flags.items() if value)])


def command_remark(patient: LoopPatient, settings: Settings) -> str:
    """What the command cannot say; "" where it says all."""
    said = []
    if patient.spread != LoopPatient().spread:
        said.append("FILE of --patient holds tables latents and sd, as patient.latents and patient.spread of spec.toml")
    if settings.priorities != Settings().priorities:
        said.append(f"FILE of --priorities holds the weights of section 1 ({settings.priorities.basis})")
    flagged = replace(Settings(), other=settings.other, regimen=settings.regimen, priorities=settings.priorities)
    if settings != flagged:
        said.append("grid, days, draws or constants were set from Python, as spec.toml has them")
    return "; ".join(said)


def _changed(given: dict[str, object], usual: dict[str, object]) -> str:
    return ",".join(f"{name}={value}" for name, value in given.items() if value != usual[name])
