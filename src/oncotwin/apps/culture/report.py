"""The report of a culture: one HTML page that needs nothing but itself."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from oncotwin.apps.citations import Citation
from oncotwin.apps.culture.gallery import CULTURE_PICTURES
from oncotwin.apps.culture.setup import parameters_of
from oncotwin.apps.culture.summary import MEANINGS
from oncotwin.apps.culture.tables import WORDS, settings, shown_end, when
from oncotwin.apps.page import constants_beside, read_summary, shown_pictures, write_page
from oncotwin.apps.style import raised
from oncotwin.io.cultures.protocols import read_protocol
from oncotwin.io.rundir import SPEC, SUMMARY
from oncotwin.io.specs.culture import CultureSpec
from oncotwin.io.specs.culture_consistency import steps_of
from oncotwin.io.specs.kinds import CULTURE
from oncotwin.io.specs.resolve import resolve
from oncotwin.models.culture import CultureParameters

_FIRST = ("viable_cells", "viability", "expansion_fold", "memory_fraction", "cytotoxicity", "crs_risk")

SOURCES = (
    Citation(
        "J. Ludwig, M. Hirschel: Methods and process optimization for large-scale CAR T expansion using the G-Rex cell "
        "culture platform. Methods in Molecular Biology 2086.",
        "the gas-permeable process and its harvest density",
        "10.1007/978-1-0716-0146-4_12",
    ),
    Citation(
        "P. Springuel et al.: Scalable CAR-T production in a 2-litre perfusion stirred-tank bioreactor. Frontiers in "
        "Bioengineering and Biotechnology, 2026.",
        "the perfusion process",
        "10.3389/fbioe.2025.1694134",
    ),
    Citation("PMC8274631.", "the short process; direction of differentiation with time"),
    Citation(
        "Sin et al.: Nature Biomedical Engineering 8:1571, 2024.",
        "the microbioreactor process; oxygen transfer",
        "10.1038/s41551-024-01219-1",
    ),
    Citation("Blood 123:3750.", "direction of the effect of interleukins 7 and 15"),
)
"""Where the processes come from, beside the sources in the tables of the protocol and of the parameters."""


def write_culture_report(run_dir: Path) -> Path:
    """Write report.html of a finished culture from its spec, summary and figures; its path.

    Raises BadInput if the spec, StorageFailure if the summary cannot be read, or the report not written.
    """
    run_dir = Path(run_dir)
    summary = read_summary(run_dir / SUMMARY)
    spec = resolve(run_dir / SPEC, (), CultureParameters, CULTURE)
    p = parameters_of(spec)
    facts = {
        "summary": summary,
        "meanings": MEANINGS,
        "first": _FIRST,
        "protocol": read_protocol(spec.protocol).spec,
        "steps": step_rows(spec),
        "about": about(spec),
        "step_hours": spec.time.step_hours,
        "constants": constants_beside(p, CultureParameters.preset(spec.vessel.kind)),
        "pictures": shown_pictures(run_dir, CULTURE_PICTURES),
        "sources": SOURCES,
        "base": f"a healthy donor in the vessel {spec.vessel.kind}",
        "base_word": "there",
        "kind": "culture",
    }
    return write_page(run_dir, "culture.html", {"value": _value, "unit": _unit}, facts)


def step_rows(spec: CultureSpec) -> list[tuple[str, ...]]:
    """Every phase of a culture in words: unit procedure, operation, days, phase, settings."""
    return [
        (step.unit_procedure, step.operation, when(step.phase), WORDS[step.phase.do], settings(step.phase))
        for step in steps_of(spec)
    ]


def about(spec: CultureSpec) -> list[tuple[str, str]]:
    """Donor, cells and vessel in words."""
    donor, vessel, seeding = spec.donor, spec.vessel, spec.seeding
    which = "the typical one" if donor.number == 0 else f"number {donor.number} of seed {donor.seed}"
    noise = f"noisy, seed {spec.sensors.seed}" if spec.sensors.noise else "without noise"
    return [
        ("Donor", f"age {donor.age}, disease {donor.stage}, treated before: {donor.prior}; {which}"),
        ("Seeded", f"{raised(f'{seeding.cells:.3g}')} viable cells in {seeding.volume_ml:g} mL"),
        ("Vessel", f"{vessel.kind.replace('_', ' ')}, {vessel.capacity_ml:g} mL"),
        ("Metabolic network", spec.network),
        ("Instruments", noise),
    ]


def _value(key: str, summary: Mapping[str, Any]) -> str:
    return raised(shown_end(key, summary.get(key))).replace("-", "−")


def _unit(key: str, summary: Mapping[str, Any]) -> str:
    unit = MEANINGS[key].unit
    return "" if unit == "1" or summary.get(key) is None else unit
