"""What `oncotwin personalise` will do with a cohort that has no faults: refuse it, or what it will leave out."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from oncotwin.apps.personal.endpoints import counts, endpoint_doubts, left_out
from oncotwin.apps.personal.estimates import check_doses, shipped_emulator
from oncotwin.apps.personal.harmonise import Harmonised, harmonise, told_gaps
from oncotwin.core.cohort import Cohort
from oncotwin.core.features import FeatureTable, feature_table
from oncotwin.errors import BadInput
from oncotwin.io.cohorts.files import read_cohort


def prospect(path: Path) -> dict[str, Any]:
    """The prospect of a cohort's file.  Raises BadInput with all its faults."""
    return prospect_of(read_cohort(path), str(path))


def prospect_of(cohort: Cohort, where: str) -> dict[str, Any]:
    """Whether the cohort is accepted, and if not why; features, gaps, constants, endpoints, doubts.

    where: its file, for messages.
    """
    table = feature_table(cohort)
    ready, refusals = _harmonised(cohort, where)
    beyond, said = outside_bank(table, where)
    refusals += said
    about: dict[str, Any] = {
        "accepted": not refusals,
        "refusals": refusals,
        "doses_outside_bank": beyond,
        "excluded": table.incomplete(),
        "gaps": told_gaps(table.incomplete()),
        "endpoints": counts(table),
        "endpoints_left_out": left_out(table),
        "doubts": list(endpoint_doubts(table)),
    }
    if ready is not None:
        features = {name: list(dict.fromkeys(found.sources)) for name, found in ready.designs.items()}
        about |= {"features": features, "primary": ready.primary, "constant": list(ready.constant)}
        about["doubts"] = [*ready.doubts, *about["doubts"]]
    return about


def outside_bank(table: FeatureTable, where: str) -> tuple[list[str], list[str]]:
    """Patients whose dose the shipped bank of simulations does not reach, and that in words.  where: they come from."""
    emulator, doses = shipped_emulator(), table.column("dose")
    low, high = emulator.dose_range
    beyond = [name for name, dose in zip(table.patients, doses, strict=True) if not low <= dose <= high]
    try:
        check_doses(emulator, doses, table.patients, where)
    except BadInput as error:
        return beyond, [str(error)]
    return beyond, []


def said_of_prospect(about: Mapping[str, Any]) -> str:
    """The prospect in a few lines."""
    return "\n".join(_lines(about))


def _lines(about: Mapping[str, Any]) -> Iterator[str]:
    if about["refusals"]:
        yield "`oncotwin personalise` refuses this cohort:"
        yield from (f"  {why}" for why in about["refusals"])
        yield "What it would do with it otherwise:"
    else:
        yield "What `oncotwin personalise` will do with this cohort:"
    for name, features in about.get("features", {}).items():
        yield f"  features {name}: {', '.join(features)}"
    yield f"  incomplete: {about['gaps']}"
    if "constant" in about:
        yield f"  the same in everybody, so no feature: {', '.join(about['constant']) or 'none'}"
    for name, of in about["endpoints"].items():
        if name not in about["endpoints_left_out"]:
            yield f"  {name}: {of['with']} of {of['with'] + of['without']} patients"
    yield from (f"  doubt: {doubt}" for doubt in about["doubts"])


def _harmonised(cohort: Cohort, where: str) -> tuple[Harmonised | None, list[str]]:
    """The cohort as personalise takes it, or why it does not."""
    try:
        return harmonise(cohort, where), []
    except BadInput as error:
        return None, [str(error)]
