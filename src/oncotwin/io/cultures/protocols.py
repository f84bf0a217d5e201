"""Protocols: how a culture is run, in the words of ISA-88, and their documents.

A procedure has unit procedures (what one vessel does), these have operations, and these have phases: the smallest
steps, each with its start, its duration or repetition, and its settings.  Days count from inoculation.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, ValidationError

from oncotwin.errors import BadInput
from oncotwin.io.specs.documents import preset_names, read_document, read_preset
from oncotwin.io.specs.faults import Place, faults_of, refuse
from oncotwin.io.specs.section import Day, Days, Section, Unit, list_of
from oncotwin.io.specs.units import in_unit

FOLDER = "protocols"
SUFFIX = ".toml"

NG_PER_IU_IL2 = 1.1e6 / 18e6
"""Mass of one international unit of interleukin 2, ng: 18 million units are 1.1 mg (label of aldesleukin)."""

Do = Literal["inoculate", "set", "add", "remove-activator", "feed", "perfuse", "exchange", "sample", "harvest"]


class InterleukinTwo(Unit):
    """Marks a concentration of interleukin 2: ng/mL, or text in international units, such as "100 IU/mL"."""

    def convert(self, value: Any) -> Any:
        """The value in ng/mL."""
        try:
            return in_unit(value, "IU/mL") * NG_PER_IU_IL2 if isinstance(value, str) else value
        except BadInput:
            return super().convert(value)


Interval = Annotated[float, Unit("day"), Field(ge=0.001, le=3650)]
Cytokine = Annotated[float, Unit("ng/mL"), Field(gt=0, le=1e4)]
MillilitresPerDay = Annotated[float, Unit("mL/day"), Field(gt=0, le=1e6)]


class PhaseSpec(Section):
    """One phase: what is done, when, how long or how often, with which settings."""

    do: Do = Field(description="what is done")
    start_days: Day = Field(description="when it begins")
    duration_days: Days | None = Field(None, description="set, feed, perfuse: how long; none: until harvest")
    every_days: Interval | None = Field(None, description="add, exchange, sample: repeated after this long; none: once")
    times: Annotated[int, Field(ge=1, le=1000)] | None = Field(
        None, description="add, exchange: how often in all; none: until harvest"
    )
    oxygen_percent: Annotated[float, Unit("percent"), Field(ge=0, le=500)] | None = Field(
        None, description="set: dissolved oxygen, share of air saturation"
    )
    ph: Annotated[float, Field(ge=6, le=8)] | None = Field(None, description="set: pH")
    temperature_c: Annotated[float, Field(ge=25, le=42)] | None = Field(None, description="set: temperature, Celsius")
    il2_ng_per_ml: Annotated[float, InterleukinTwo("ng/mL"), Field(gt=0, le=1e4)] | None = Field(
        None, description="add: interleukin 2, or in IU/mL"
    )
    il7_ng_per_ml: Cytokine | None = Field(None, description="add: interleukin 7")
    il15_ng_per_ml: Cytokine | None = Field(None, description="add: interleukin 15")
    il21_ng_per_ml: Cytokine | None = Field(None, description="add: interleukin 21")
    activator_per_cell: Annotated[float, Unit("bead/cell"), Field(gt=0, le=100)] | None = Field(
        None, description="add: activator, beads or their equivalent for each viable cell"
    )
    vector_moi: Annotated[float, Field(gt=0, le=1000)] | None = Field(
        None, description="add: vector, transducing units for each viable cell"
    )
    medium_ml_per_day: MillilitresPerDay | None = Field(None, description="feed: fresh medium")
    glucose_ml_per_day: MillilitresPerDay | None = Field(None, description="feed: glucose concentrate")
    glutamine_ml_per_day: MillilitresPerDay | None = Field(None, description="feed: glutamine concentrate")
    volumes_per_day: Annotated[float, Unit("1/day"), Field(gt=0, le=100)] | None = Field(
        None, description="perfuse: vessel volumes a day, cells retained"
    )
    fraction: Annotated[float, Field(gt=0, le=1)] | None = Field(
        None, description="exchange: share of the medium replaced, cells retained; remove-activator: share removed"
    )


class OperationSpec(Section):
    """A part of a unit procedure with one aim."""

    name: str = Field(min_length=1, description="its aim")
    phase: list_of(PhaseSpec, 1, 200, "phases, each a table")


class UnitProcedureSpec(Section):
    """What is done in one vessel."""

    name: str = Field(min_length=1, description="what it is for")
    unit: str = Field(min_length=1, description="the vessel")
    operation: list_of(OperationSpec, 1, 50, "operations, each a table")


class CitedSpec(Section):
    """Where some of a protocol's numbers come from."""

    what: str = Field(min_length=1, description="which numbers")
    source: str = Field(min_length=1, description='the work they were read in, or "uncalibrated"')


class ProtocolSpec(Section):
    """A procedure: how a culture is run from inoculation to harvest."""

    title: str = Field(min_length=1, description="what it is, in a few words")
    vessel: dict[str, Any] = Field(description="[vessel] of a culture spec")
    seeding: dict[str, Any] = Field(description="[seeding] of a culture spec")
    parameters: dict[str, Any] = Field({}, description="[parameters] of a culture spec")
    cited: list_of(CitedSpec, 1, 50, "where the numbers come from")
    unit_procedure: list_of(UnitProcedureSpec, 1, 20, "unit procedures, each a table")


class Step(NamedTuple):
    """One phase of a protocol or of a plan.  place: of its keys, for messages."""

    place: Place
    unit_procedure: str
    operation: str
    phase: PhaseSpec


class Protocol(NamedTuple):
    """A protocol that was read.  origin: its file or name, for messages."""

    origin: str
    document: dict[str, Any]
    spec: ProtocolSpec

    @property
    def steps(self) -> tuple[Step, ...]:
        """Every phase, in the order of the document."""
        return tuple(_steps(self.spec))


def protocol_names() -> tuple[str, ...]:
    """Names of the protocols that ship with oncotwin."""
    return preset_names(FOLDER)


def is_file(chosen: object) -> bool:
    """Whether a protocol is chosen by its file rather than by its name."""
    return isinstance(chosen, str) and chosen.endswith(SUFFIX)


def read_protocol(chosen: object, *, where: str = "protocol") -> Protocol:
    """The protocol of a name or a file, each key by itself checked; `impossible_steps` reads them together.

    where: who chose it, for messages.  Raises BadInput that names file, key, what was got and what is allowed.
    """
    if is_file(chosen):
        origin = str(chosen)
        document = read_document(Path(origin), "`oncotwin protocol list` names the protocols that ship with oncotwin")
    else:
        origin, document = f"protocol {chosen}", read_preset(chosen, where=where, folder=FOLDER)
    try:
        return Protocol(origin, document, ProtocolSpec.model_validate(document))
    except ValidationError as error:
        refuse(faults_of(error, ProtocolSpec), lambda place: origin)


def planned(phases: Iterable[PhaseSpec]) -> tuple[Step, ...]:
    """The phases that a spec adds to its protocol, as steps."""
    return tuple(Step(("plan", number), "Plan", "Plan", phase) for number, phase in enumerate(phases))


def _steps(spec: ProtocolSpec) -> Iterator[Step]:
    for i, procedure in enumerate(spec.unit_procedure):
        for j, operation in enumerate(procedure.operation):
            for k, phase in enumerate(operation.phase):
                place = ("unit_procedure", i, "operation", j, "phase", k)
                yield Step(place, procedure.name, operation.name, phase)
