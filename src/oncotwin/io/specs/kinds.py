"""Kinds of runs: for each, what its spec holds, where its defaults come from, and what its keys must agree on."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from oncotwin.core.parameters import Parameters
from oncotwin.errors import BadInput
from oncotwin.io.cultures.protocols import is_file, read_protocol
from oncotwin.io.rundir import SPEC
from oncotwin.io.specs.culture import CORE, SET_BY_KEYS, CultureSpec
from oncotwin.io.specs.culture_consistency import culture_contradictions
from oncotwin.io.specs.curve import CURVE, CurveSpec
from oncotwin.io.specs.documents import merge, read_document, read_preset
from oncotwin.io.specs.dosing import ComparisonSpec, DosingSpec
from oncotwin.io.specs.dosing_consistency import dosing_contradictions
from oncotwin.io.specs.evaluation import EVALUATION, EvaluationSpec
from oncotwin.io.specs.faults import Fault
from oncotwin.io.specs.personal import PERSONALISE, PersonalSpec
from oncotwin.io.specs.section import Section
from oncotwin.io.specs.tumour import SET_BY_SEEDING, TumourSpec
from oncotwin.io.specs.tumour_consistency import contradictions
from oncotwin.io.specs.veins import VEINS as VEIN_STUDY
from oncotwin.io.specs.veins import VeinsSpec
from oncotwin.io.specs.veins_consistency import veins_contradictions

Document = dict[str, Any]
TASKS, COMPARISONS = "tasks", "comparisons"
"""Folders of the data in which the documents of dosing tasks and of comparisons stand."""


class Asked(Protocol):
    """What the user asks for, in a file or by overrides."""

    def sets(self, key: str) -> bool:
        """Whether the user sets this top-level key or something in it."""
        ...

    def value(self, key: str, default: Any) -> Any:
        """What the user set a top-level key to, unchecked; else the default."""
        ...


class Kind(NamedTuple):
    """One kind of run.

    name: as the command line has it.  spec: its sections.  base: key whose value names the document of defaults, and
    `default`, that value where nobody sets it.  head: first lines of a written spec.  elsewhere: parameters that a key
    of their own sets.  defaults: (value of the base, who set it, folder of relative names, what the user asks for) ->
    the document of defaults.  located: (document, folder) -> the document with full paths.
    contradictions: (spec, class of the parameters) -> what is wrong with keys read together.  Where these are left out,
    every default stands in the spec, which names no file, and no key depends on another.  family: key whose value
    chooses the class of the parameters, "" where there is one class.  values: of the base in documents of this kind,
    where several kinds share the key; () for any.  model: whose constants [parameters] names, as
    `oncotwin parameters` has it; "": the kind's own.
    """

    name: str
    spec: type[Section]
    base: str
    default: str
    head: str
    elsewhere: Mapping[str, str] = MappingProxyType({})
    defaults: Callable[[Any, str, Path, Asked], Document] = lambda chosen, where, folder, asked: {}
    located: Callable[[Document, Path], Document] = lambda document, folder: document
    contradictions: Callable[[Any, type[Parameters]], Iterator[Fault]] = lambda spec, family: iter(())
    family: str = ""
    values: tuple[str, ...] = ()
    model: str = ""


def head(name: str, what: str, command: str) -> str:
    """The first lines of a written spec.  what: it describes.  command: that runs it."""
    return (
        f"# {what} of oncotwin.  Research use only.\n"
        '# Every line stands at its default and may be left out.  Numbers may bear a unit: "8 week", "5 mL".\n'
        f"# Check with `oncotwin config check {name} FILE`, run with `oncotwin {command} FILE`.\n"
    )


def _tumour_defaults(chosen: Any, where: str, folder: Path, asked: Asked) -> Document:
    """The preset; an image takes the place of its grid."""
    defaults = read_preset(chosen, where=where)
    if asked.sets("image"):
        del defaults["grid"]
    return defaults


def _images_located(document: Document, folder: Path) -> Document:
    """The document with the image files' names completed by the folder of the spec."""
    image = document.get("image")
    if not isinstance(image, dict):
        return document
    named = {
        key: str(folder / value) if key.endswith("_file") and isinstance(value, str) and value else value
        for key, value in image.items()
    }
    return {**document, "image": named}


def _tumour_contradictions(spec: TumourSpec, family: type[Parameters]) -> Iterator[Fault]:
    return contradictions(spec)


def _culture_defaults(chosen: Any, where: str, folder: Path, asked: Asked) -> Document:
    """What a protocol says of vessel, seeding and parameters, over what is common to all cultures."""
    protocol = read_protocol(str(folder / chosen) if is_file(chosen) else chosen, where=where).spec
    said = {"protocol": chosen, "vessel": protocol.vessel, "seeding": protocol.seeding}
    return merge(read_preset("defaults", where=where, folder="culture"), {**said, "parameters": protocol.parameters})


def _culture_located(document: Document, folder: Path) -> Document:
    """The document with the names of its protocol's and its network's files completed by the folder of the spec."""
    located = dict(document)
    if is_file(document.get("protocol")):
        located["protocol"] = str(folder / document["protocol"])
    network = document.get("network")
    if isinstance(network, str) and network and network != CORE:
        located["network"] = str(folder / network)
    return located


def _dosing_defaults(chosen: Any, where: str, folder: Path, asked: Asked) -> Document:
    """What a task says."""
    return {**read_preset(chosen, where=where, folder=TASKS), "task": chosen}


def _comparison_defaults(chosen: Any, where: str, folder: Path, asked: Asked) -> Document:
    """What a figure says, over what its task says; a task that the user names takes the place of the figure's."""
    figure = read_preset(chosen, where=where, folder=COMPARISONS)
    task = asked.value("task", figure["task"])
    defaults = read_preset(task, where=f"{where}, task", folder=TASKS)
    shared = {key: value for key, value in defaults.items() if key not in ("therapy", "controller")}
    return {**merge(shared, figure), "kind": chosen, "task": task}


TUMOUR = Kind(
    name="tumour",
    spec=TumourSpec,
    base="preset",
    default="normalised",
    head=head("tumour", "A tumour run", "simulate tumour"),
    elsewhere=MappingProxyType(SET_BY_SEEDING),
    defaults=_tumour_defaults,
    located=_images_located,
    contradictions=_tumour_contradictions,
)
"""CAR-T therapy of a solid tumour."""

CULTURE = Kind(
    name="culture",
    spec=CultureSpec,
    base="protocol",
    default="static-il2",
    head=head("culture", "A culture run", "simulate culture"),
    elsewhere=MappingProxyType(SET_BY_KEYS),
    defaults=_culture_defaults,
    located=_culture_located,
    contradictions=culture_contradictions,
)
"""CAR-T cells in a bioreactor."""

DOSING = Kind(
    name="dosing",
    spec=DosingSpec,
    base="task",
    default="stepanova",
    head=head("dosing", "A dosing run", "control"),
    defaults=_dosing_defaults,
    contradictions=dosing_contradictions,
    family="task",
)
"""One controller on one patient."""

COMPARISON = Kind(
    name="comparison",
    spec=ComparisonSpec,
    base="kind",
    default="figure9",
    head=head("comparison", "A comparison", "compare"),
    defaults=_comparison_defaults,
    contradictions=dosing_contradictions,
    family="task",
    values=("figure8", "figure9", "figure10"),
)
"""Controllers side by side: a figure of the dosing paper."""

PERSONAL = Kind(
    name="personal",
    spec=PersonalSpec,
    base="kind",
    default=PERSONALISE,
    head=head("personal", "A personalisation", "personalise"),
    values=(PERSONALISE,),
)
"""Latents of a cohort from its features; told by the command line alone, so that no file of it is written by hand."""

EVALUATED = Kind(
    name="evaluation",
    spec=EvaluationSpec,
    base="kind",
    default=EVALUATION,
    head=head("evaluation", "A comparison of ways to make the cells", "evaluate culture"),
    values=(EVALUATION,),
)
"""Ways to make the cells side by side; told by the command line alone."""

CURVED = Kind(
    name="curve",
    spec=CurveSpec,
    base="kind",
    default=CURVE,
    head=head("curve", "A learning curve", "cohort curve"),
    values=(CURVE,),
)
"""What more patients would buy; told by the command line alone."""

LOOP = "loop"
LOOPED = Kind(
    name="loop",
    spec=Section,
    base="kind",
    default=LOOP,
    head=head("loop", "One patient from vein to vein", "demo"),
    values=(LOOP,),
)
"""One patient from vein to vein; told by the command line alone, its spec read and written by `apps.loop.document`."""

VEINS = Kind(
    name="veins",
    spec=VeinsSpec,
    base="kind",
    default=VEIN_STUDY,
    head=head("veins", "A study from vein to vein", "compare"),
    contradictions=veins_contradictions,
    values=(VEIN_STUDY,),
    model="tumour",
)
"""Processes and drugs over a virtual cohort; every default stands in its spec."""

KINDS: Mapping[str, Kind] = MappingProxyType({kind.name: kind for kind in (TUMOUR, CULTURE, COMPARISON, DOSING, VEINS)})
"""Every kind by its name; of two whose base a document holds, the first is its kind."""


def kind_of(run_dir: Path) -> Kind:
    """The kind of the run in a directory, by what its spec takes its defaults from.

    Raises BadInput if the spec cannot be read, or names none of these.
    """
    document = read_document(run_dir / SPEC)
    known = (PERSONAL, EVALUATED, CURVED, LOOPED, *KINDS.values())
    found = next((kind for kind in known if _holds_base(document, kind)), None)
    if found is None:
        allowed = " or ".join(kind.base for kind in KINDS.values())
        raise BadInput("this is no spec of a run", where=str(run_dir / SPEC), got=", ".join(document), allowed=allowed)
    return found


def _holds_base(document: Document, kind: Kind) -> bool:
    return kind.base in document and (not kind.values or document[kind.base] in kind.values)
