"""Kinds of runs: for each, what its spec holds, where its defaults come from, and what its keys must agree on."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from oncotwin.core.parameters import Parameters
from oncotwin.errors import BadInput
from oncotwin.io.consistency import contradictions
from oncotwin.io.culture_consistency import culture_contradictions
from oncotwin.io.culture_spec import CORE, SET_BY_KEYS, CultureSpec
from oncotwin.io.documents import merge, read_document, read_preset
from oncotwin.io.faults import Fault
from oncotwin.io.protocols import is_file, read_protocol
from oncotwin.io.rundir import SPEC
from oncotwin.io.section import Section
from oncotwin.io.spec import SET_BY_SEEDING, TumourSpec

Document = dict[str, Any]


class Kind(NamedTuple):
    """One kind of run.

    name: as the command line has it.  spec: its sections.  base: key whose value names the document of defaults, and
    `default`, that value where nobody sets it.  head: first lines of a written spec.  elsewhere: parameters that a key
    of their own sets.  defaults: (value of the base, who set it, folder of relative names, whether the user sets a
    top-level key) -> the document of defaults.  located: (document, folder) -> the document with full paths.
    contradictions: (spec, class of the parameters) -> what is wrong with keys read together.
    """

    name: str
    spec: type[Section]
    base: str
    default: str
    head: str
    elsewhere: Mapping[str, str]
    defaults: Callable[[Any, str, Path, Callable[[str], bool]], Document]
    located: Callable[[Document, Path], Document]
    contradictions: Callable[[Any, type[Parameters]], Iterator[Fault]]


def head(name: str, what: str) -> str:
    """The first lines of a written spec.  what: it describes."""
    return (
        f"# {what} of oncotwin.  Research use only.\n"
        '# Every line stands at its default and may be left out.  Numbers may bear a unit: "8 week", "5 mL".\n'
        f"# Check with `oncotwin config check {name} FILE`, run with `oncotwin simulate {name} FILE`.\n"
    )


def _tumour_defaults(chosen: Any, where: str, folder: Path, sets: Callable[[str], bool]) -> Document:
    """The preset; an image takes the place of its grid."""
    defaults = read_preset(chosen, where=where)
    if sets("image"):
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


def _culture_defaults(chosen: Any, where: str, folder: Path, sets: Callable[[str], bool]) -> Document:
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


TUMOUR = Kind(
    name="tumour",
    spec=TumourSpec,
    base="preset",
    default="normalised",
    head=head("tumour", "A tumour run"),
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
    head=head("culture", "A culture run"),
    elsewhere=MappingProxyType(SET_BY_KEYS),
    defaults=_culture_defaults,
    located=_culture_located,
    contradictions=culture_contradictions,
)
"""CAR-T cells in a bioreactor."""

KINDS: Mapping[str, Kind] = MappingProxyType({kind.name: kind for kind in (TUMOUR, CULTURE)})
"""Every kind by its name."""


def kind_of(run_dir: Path) -> Kind:
    """The kind of the run in a directory, by what its spec takes its defaults from.

    Raises BadInput if the spec cannot be read, or names neither preset nor protocol.
    """
    document = read_document(run_dir / SPEC)
    found = next((kind for kind in KINDS.values() if kind.base in document), None)
    if found is None:
        allowed = " or ".join(kind.base for kind in KINDS.values())
        raise BadInput("this is no spec of a run", where=str(run_dir / SPEC), got=", ".join(document), allowed=allowed)
    return found
