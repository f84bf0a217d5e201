"""The culture's spec: protocol, then file, then overrides; whatever is wrong ends in one message that names it."""

from pathlib import Path

import pytest

from oncotwin.errors import BadInput
from oncotwin.io.cultures.protocols import protocol_names
from oncotwin.io.specs.culture import SET_BY_KEYS, CultureSpec
from oncotwin.io.specs.culture_consistency import steps_of
from oncotwin.io.specs.explain import keys
from oncotwin.io.specs.kinds import CULTURE
from oncotwin.io.specs.resolve import resolve, write_spec
from oncotwin.io.specs.template import template
from oncotwin.models.culture import CultureParameters

SHIPPED = Path(__file__).parents[2] / "src" / "oncotwin" / "data" / "protocols"


def read(*overrides: str, path: Path | None = None) -> CultureSpec:
    return resolve(path, overrides, CultureParameters, CULTURE)


@pytest.fixture
def file(tmp_path):
    def write(text: str, name: str = "run.toml") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize("name", protocol_names())
def test_every_protocol_is_a_spec(name):
    spec = read(f"protocol={name}")
    assert spec.protocol == name
    assert spec.vessel.kind in CultureParameters.presets
    assert any(step.phase.do == "harvest" for step in steps_of(spec))


def test_protocol_then_file_then_overrides(file):
    path = file('protocol = "perfusion"\n[seeding]\ncells = 2e9\n[parameters]\nfitness = 0.9\n')
    spec = read("parameters.fitness=0.8", "time.output_every_hours=0.5 day", path=path)
    assert (spec.vessel.kind, spec.vessel.capacity_ml, spec.seeding.cells) == ("stirred_tank", 2000, 2e9)
    assert spec.seeding.volume_ml == 1600
    assert spec.parameters == {"fitness": 0.8, "medium_il2": 6.1}
    assert spec.time.output_every_hours == 12
    assert read("protocol=short", path=path).vessel.kind == "bag"


def test_phases_are_added_to_the_protocol(file):
    path = file('[[plan]]\ndo = "add"\nstart_days = "36 hour"\nil21_ng_per_ml = 10\nil2_ng_per_ml = "18 IU/mL"\n')
    spec = read(path=path)
    added = steps_of(spec)[-1]
    assert (added.place, added.phase.start_days) == (("plan", 0), 1.5)
    assert added.phase.il2_ng_per_ml == pytest.approx(1.1)


def test_a_protocols_file_is_found_from_the_folder_of_the_spec(file):
    mine = file((SHIPPED / "short.toml").read_text(encoding="utf-8").replace("2e8", "1e8"), "mine.toml")
    spec = read(path=file('protocol = "mine.toml"\n'))
    assert spec.protocol == str(mine)
    assert spec.seeding.cells == 1e8
    write_spec(mine.with_name("spec.toml"), spec)
    assert read(path=mine.with_name("spec.toml")) == spec


def test_a_networks_file_is_found_from_the_folder_of_the_spec(file):
    path = file('network = "recon.xml"\n')
    assert read(path=path).network == str(path.with_name("recon.xml"))
    assert read().network == "core"


@pytest.mark.parametrize(
    "overrides",
    [
        (),
        ("protocol=perfusion", "donor.age=elderly", "time.harvest_days=6", "seeding.viability=0.7"),
        ("plan=[{do='exchange',start_days=3,fraction=0.5},{do='add',start_days=1,il21_ng_per_ml=3}]",),
    ],
)
def test_a_written_spec_and_a_template_read_back_equal(file, overrides):
    spec = read(*overrides)
    path = file("")
    write_spec(path, spec)
    assert read(path=path) == spec
    assert read(path=file(template(spec, CULTURE))) == spec
    named = template(spec, CULTURE)
    assert [key.place for key in keys(CultureSpec) if f"{key.place[-1]} =" not in named and len(key.place) == 2] == []


def test_every_key_says_what_is_allowed_and_what_it_means():
    assert all(key.allowed and key.doc for key in keys(CultureSpec))


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("vessel.kind=bagg", ["vessel.kind", "unknown vessel", "Did you mean 'bag'"]),
        ("vessel.capacity=5", ["vessel.capacity", "unknown key", "Did you mean 'capacity_ml'"]),
        ("vessel.capacity_ml=-5", ["vessel.capacity_ml", "out of range"]),
        ("vessel.capacity_ml=300", ["protocol static-il2", "medium_ml_per_day", "would hold 1000 mL"]),
        ("seeding.volume_ml=-1", ["seeding.volume_ml", "out of range", "mL from 0.1"]),
        ("seeding.volume_ml=5 g", ["'g' does not measure the same as 'mL'"]),
        ("seeding.volume_ml=1500", ["seeding.volume_ml", "more than the vessel holds"]),
        ("seeding.cells=1e12", ["seeding.cells", "too few or too many cells", "2e+10 cells in 200 mL"]),
        ("donor.age=adult", ["donor.age", "unknown name", '"middle"']),
        ("donor.number=-1", ["donor.number", "out of range"]),
        ("sensors.noise=1", ["sensors.noise", "neither true nor false"]),
        ("time.harvest_days=11", ["time.harvest_days", "later than the protocol's harvest", "up to 10"]),
        ("time.harvest_days=0", ["time.harvest_days", "out of range"]),
        ("time.step_hours=1", ["time.step_hours", "out of range", "0.25"]),
        ("time.output_every_hours=400", ["time.output_every_hours", "longer than the culture", "up to 240"]),
        ("time.output_every_hours=0.001", ["time.output_every_hours", "too many frames"]),
        ("protocol=static", ["protocol", "unknown protocol", "Did you mean 'static-il2'"]),
        ("protocol=absent.toml", ["absent.toml: no such file"]),
        ("protocol=3", ["unknown protocol"]),
        ("reward.cytotoxicity=-1", ["reward.cytotoxicity", "out of range"]),
        ("parameters.fitnes=1", ["parameters.fitnes", "unknown parameter", "'fitness'", "oncotwin parameters culture"]),
        ("parameters.fitness=9", ["parameters.fitness", "out of range", "0 to 2"]),
        ("parameters.medium_glucose=2 g", ["parameters.medium_glucose", "does not measure the same as 'mmol/L'"]),
        ("plan=[{do='add',start_days=1,il2=3}]", ["plan.0.il2", "unknown key", "il2_ng_per_ml"]),
        ("plan=[{do='harvest',start_days=9}]", ["plan.0.do", "a second phase harvest"]),
        ("plan=[{do='exchange',start_days=12,fraction=0.5}]", ["plan.0.start_days", "at or after the harvest"]),
        ("plan=[{do='feed',start_days=3,duration_days=1,medium_ml_per_day=1e4}]", ["plan.0", "would hold 1.1e+04 mL"]),
        ("plan=[{do='remove-activator',start_days=0,fraction=1}]", ["plan.0", "removed before it was added"]),
    ],
)
def test_a_wrong_override_is_named(override, told):
    with pytest.raises(BadInput) as refused:
        read(override)
    message = str(refused.value)
    assert [words for words in told if words not in message] == []


@pytest.mark.parametrize(("name", "place"), SET_BY_KEYS.items())
def test_a_parameter_with_a_key_of_its_own_is_sent_there(name, place):
    assert name in {info.name for info in CultureParameters.about()}
    with pytest.raises(BadInput, match=f"parameters.{name}.*{place}"):
        read(f"parameters.{name}=0.5")


def test_the_fault_of_a_protocols_file_names_the_file(file):
    text = (SHIPPED / "short.toml").read_text(encoding="utf-8")
    broken = file(text.replace("start_days = 2.9", "start_days = 3.5"), "mine.toml")
    with pytest.raises(BadInput, match=r"protocol .*mine.toml, unit_procedure.*at or after the harvest"):
        read(f"protocol={broken}")
