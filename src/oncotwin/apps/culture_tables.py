"""Tables of a culture for the terminal: its end, the protocols, one protocol step by step."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.markup import escape
from rich.table import Table

from oncotwin.apps.culture_summary import MEANINGS
from oncotwin.io.fields import NOTICE
from oncotwin.io.protocols import PhaseSpec, Protocol, protocol_names, read_protocol
from oncotwin.io.steps import harvest_of

_SHARES = ("viability", "car_fraction", "memory_fraction", "effector_fraction", "exhausted_fraction")
WORDS = {
    "inoculate": "inoculate",
    "set": "hold",
    "add": "add",
    "remove-activator": "remove the activator",
    "feed": "feed",
    "perfuse": "perfuse",
    "exchange": "exchange medium",
    "sample": "take samples",
    "harvest": "harvest",
}
_SETTINGS = {
    "oxygen_percent": "oxygen {:g} %",
    "ph": "pH {:g}",
    "temperature_c": "{:g} °C",
    "il2_ng_per_ml": "IL-2 {:.3g} ng/mL",
    "il7_ng_per_ml": "IL-7 {:.3g} ng/mL",
    "il15_ng_per_ml": "IL-15 {:.3g} ng/mL",
    "il21_ng_per_ml": "IL-21 {:.3g} ng/mL",
    "activator_per_cell": "activator {:g} per cell",
    "vector_moi": "vector {:g} per cell",
    "medium_ml_per_day": "medium {:g} mL/day",
    "glucose_ml_per_day": "glucose feed {:g} mL/day",
    "glutamine_ml_per_day": "glutamine feed {:g} mL/day",
    "volumes_per_day": "{:g} volumes/day",
    "fraction": "{:.3g} of it",
}


def shown_end(key: str, value: Any) -> str:
    """A value of a culture's summary as it is printed; a dash where there is none."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value.replace("_", " ")
    if key in _SHARES:
        return f"{value:.1%}"
    return f"{value:.3g}"


def culture_table(summary: Mapping[str, Any]) -> Table:
    """The end of one culture."""
    donor = ", ".join(str(summary["donor"][trait]) for trait in ("age", "stage", "prior"))
    table = Table(title=f"{summary['protocol']}; donor: {donor}", caption=NOTICE, title_justify="left")
    table.add_column("At harvest")
    table.add_column("Value", justify="right")
    table.add_column("Unit")
    for key, meaning in MEANINGS.items():
        unit = "" if meaning.unit == "1" else meaning.unit
        table.add_row(meaning.label, shown_end(key, summary[key]), unit)
    return table


def protocols_table() -> Table:
    """The protocols that ship with oncotwin."""
    table = Table(caption=NOTICE)
    for head in ("Name", "Protocol", "Vessel", "mL", "Cells", "Days"):
        table.add_column(head, justify="right" if head in ("mL", "Cells", "Days") else "left")
    for name in protocol_names():
        protocol = read_protocol(name)
        vessel, seeding = protocol.spec.vessel, protocol.spec.seeding
        days = harvest_of(protocol.steps).phase.start_days
        row = (protocol.spec.title, vessel["kind"], f"{vessel['capacity_ml']:g}", f"{seeding['cells']:.3g}")
        table.add_row(name, *row, f"{days:g}")
    return table


def protocol_tables(protocol: Protocol) -> Iterator[Table]:
    """A protocol step by step, then where its numbers come from."""
    steps = Table(title=escape(protocol.spec.title), title_justify="left")
    for head in ("Unit procedure", "Operation", "Days", "Phase", "Settings"):
        steps.add_column(head, overflow="fold")
    before = ("", "")
    for step in protocol.steps:
        named = (step.unit_procedure, step.operation)
        shown = tuple("" if now == last else escape(now) for now, last in zip(named, before, strict=True))
        shown = named if named[0] != before[0] else shown
        before = named
        steps.add_row(*shown, when(step.phase), WORDS[step.phase.do], settings(step.phase))
    yield steps
    cited = Table(title="Sources", title_justify="left", caption=NOTICE)
    for head in ("What", "From"):
        cited.add_column(head, overflow="fold")
    for entry in protocol.spec.cited:
        cited.add_row(escape(entry.what), escape(entry.source))
    yield cited


def when(phase: PhaseSpec) -> str:
    """When a phase is done, in days: "2", "2 to 3.5", "2 to the end", "2, 4, ... to the end"."""
    start = f"{phase.start_days:g}"
    if phase.every_days is not None:
        following = f"{start}, {phase.start_days + phase.every_days:g}, ..."
        return f"{following} ({phase.times} times)" if phase.times else f"{following} to the end"
    if phase.do in ("set", "feed", "perfuse"):
        last = "the end" if phase.duration_days is None else f"{phase.start_days + phase.duration_days:g}"
        return f"{start} to {last}"
    return start


def settings(phase: PhaseSpec) -> str:
    """What a phase sets, in words."""
    values = phase.model_dump(exclude_none=True)
    return ", ".join(form.format(values[key]) for key, form in _SETTINGS.items() if key in values)
