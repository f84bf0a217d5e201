"""What a loop is run with, as TOML has it, and back."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from oncotwin.apps.learning.priorities import Priorities
from oncotwin.apps.loop.settings import LoopPatient, Settings
from oncotwin.apps.loop.twin import Slab
from oncotwin.core.exchange import Latents
from oncotwin.errors import BadInput, StorageFailure
from oncotwin.io.specs.kinds import LOOP
from oncotwin.models.culture import DonorSubtype
from oncotwin.models.tumour3d import TumourParameters


def document_of(patient: LoopPatient, settings: Settings) -> dict[str, Any]:
    """Patient and settings as tables; of the population's constants those that differ from the preset's."""
    preset = TumourParameters()
    population = {name: float(getattr(settings.population, name)) for name in _names(preset)}
    return {
        "kind": LOOP,
        "cells": {"standard": settings.standard, "other": settings.other},
        "drugs": {"regimen": settings.regimen},
        "patient": {
            "words": patient.words,
            "donor": patient.donor._asdict(),
            "latents": _numbers(patient.latents),
            "spread": _numbers(patient.spread),
        },
        "space": {
            "shape": list(settings.shape),
            "lengths_cm": list(settings.lengths_cm),
            "every_days": settings.every_days,
        },
        "slab": {name: list(x) if isinstance(x, tuple) else x for name, x in asdict(settings.slab).items()},
        "draws": {"pairs": settings.pairs, "seed": settings.seed},
        "priorities": {name: _plain(x) for name, x in settings.priorities._asdict().items()},
        "population": {name: x for name, x in population.items() if x != float(getattr(preset, name))},
    }


def of_document(document: Mapping[str, Any], where: str) -> tuple[LoopPatient, Settings]:
    """Patient and settings from their tables.

    Raises BadInput for the spec of another kind of run, StorageFailure for tables that `document_of` did not write.
    """
    if document.get("kind") != LOOP:
        allowed = "a folder of `oncotwin demo`"
        raise BadInput("this run is no loop", where=where, got=document.get("kind"), allowed=allowed)
    try:
        told, space, slab = document["patient"], document["space"], document["slab"]
        patient = LoopPatient(
            DonorSubtype(**told["donor"]), Latents(**told["latents"]), Latents(**told["spread"]), told["words"]
        )
        settings = Settings(
            **document["cells"],
            **document["drugs"],
            shape=tuple(space["shape"]),
            lengths_cm=tuple(space["lengths_cm"]),
            every_days=space["every_days"],
            slab=Slab(**{name: tuple(x) if isinstance(x, list) else x for name, x in slab.items()}),
            **document["draws"],
            priorities=Priorities(**{name: _tupled(x) for name, x in document["priorities"].items()}),
            population=TumourParameters().with_values(**document["population"]),
        )
    except (KeyError, TypeError) as error:
        remedy = "Start the loop again"
        raise StorageFailure(f"this is no spec of a loop: {error}", where=where, remedy=remedy) from error
    return patient, settings


def _plain(value: Any) -> Any:
    """Tuples as lists, all the way down."""
    return [_plain(x) for x in value] if isinstance(value, (tuple, list)) else value


def _tupled(value: Any) -> Any:
    """Lists as tuples, all the way down."""
    return tuple(_tupled(x) for x in value) if isinstance(value, (tuple, list)) else value


def _names(parameters: TumourParameters) -> list[str]:
    return [one.name for one in fields(parameters)]


def _numbers(latents: Latents) -> dict[str, float]:
    return {name: float(x) for name, x in latents._asdict().items()}
