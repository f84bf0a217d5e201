"""A cohort's file checked and described."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from oncotwin.core.cohort import Cohort
from oncotwin.core.features import SCHEMA, FeatureTable, feature_table
from oncotwin.io.cohorts.files import inspect_cohort, read_cohort
from oncotwin.io.cohorts.truth import shipped
from oncotwin.io.fields import NOTICE
from oncotwin.studies.cohorts.description import described, response_rates

SYNTHETIC = "synthetic"
"""What the names of virtual patients begin with, so that every table and figure that names patients says it."""


def is_synthetic(cohort: Cohort) -> bool:
    """Whether any of the patients is a virtual one."""
    return any(patient.name.startswith(f"{SYNTHETIC}-") for patient in cohort)


@contextmanager
def cohort_file(chosen: str) -> Iterator[Path]:
    """The file that is meant by a path, or by the name of a cohort that ships.  Raises BadInput for an unknown name."""
    if "." in chosen or "/" in chosen or Path(chosen).exists():
        yield Path(chosen)
    else:
        with shipped(chosen) as path:
            yield path


def checked(path: Path) -> dict[str, Any]:
    """What a file holds, or its faults: `usable` (it has none), `faults`, else patients and variables by time tag."""
    inspection = inspect_cohort(path)
    report: dict[str, Any] = {"file": str(path), "usable": inspection.cohort is not None}
    report["faults"] = [fault._asdict() for fault in inspection.faults]
    if inspection.cohort is not None:
        report |= _contents(inspection.cohort, feature_table(inspection.cohort))
    return {**report, "notice": NOTICE}


def described_file(path: Path) -> dict[str, Any]:
    """Counts, medians, ranges and missing values of a cohort's file.  Raises BadInput with all its faults."""
    cohort = read_cohort(path)
    table = feature_table(cohort)
    about = {"file": str(path), **_contents(cohort, table)}
    return {**about, "rates": response_rates(table), "table": described(table), "notice": NOTICE}


def schema_records() -> list[dict[str, Any]]:
    """Every variable of the schema as a record that JSON can hold."""
    records = [{**variable._asdict(), "levels": list(variable.levels)} for variable in SCHEMA]
    bounds = ("low", "high")
    return [{k: v for k, v in record.items() if not (record["levels"] and k in bounds)} for record in records]


def _contents(cohort: Cohort, table: FeatureTable) -> dict[str, Any]:
    tags = table.tags
    return {
        "patients": len(cohort),
        "synthetic": is_synthetic(cohort),
        "variables": {
            tag: [n for n, t in zip(table.names, tags, strict=True) if t == tag] for tag in dict.fromkeys(tags)
        },
        "incomplete": table.incomplete(),
        "absent": [variable.name for variable in SCHEMA if variable.name not in table.names],
    }
