"""Tables of a culture for the terminal: its end, the protocols, one protocol step by step."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.markup import escape
from rich.table import Table

from oncotwin.apps.culture.summary import MEANINGS
from oncotwin.io.cultures.protocols import PhaseSpec, Protocol, protocol_names, read_protocol
from oncotwin.io.cultures.sensor_log import UNITS
from oncotwin.io.cultures.steps import harvest_of
from oncotwin.io.fields import NOTICE

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
_FORECAST = {
    "viable_density_per_ml": "Viable density",
    "viability": "Viability",
    "glucose_mmol_per_l": "Glucose",
    "lactate_mmol_per_l": "Lactate",
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


def learnt_table(summary: Mapping[str, Any]) -> Table:
    """What a sensor log has taught: parameters and the forecast at harvest, medians with their bands of 95 %."""
    table = Table(
        title=f"{summary['measurements']} measurements of {summary['log']}; {summary['protocol']}",
        caption=NOTICE,
        title_justify="left",
    )
    for head in ("", "Before", "After", "Unit"):
        table.add_column(head, justify="right" if head in ("Before", "After") else "left")
    for name, values in summary["parameters"].items():
        table.add_row(name, *(escape(_band(values[when_])) for when_ in ("before", "after")), "")
    for key, values in summary["forecast_at_harvest"].items():
        bands = (_band(values[when_]) for when_ in ("before", "after"))
        table.add_row(f"{_FORECAST[key]} at harvest", *map(escape, bands), UNITS[key])
    return table


def _band(values: Mapping[str, float]) -> str:
    return f"{values['median']:.3g} [{values['low']:.3g}, {values['high']:.3g}]"


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
