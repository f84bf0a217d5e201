"""The specs of dosing: every task and figure is one, what contradicts itself is refused, every key is documented."""

import json
from pathlib import Path
from typing import Any

import pytest

from oncotwin.apps.dosing.plants import FAMILIES, PLANTS
from oncotwin.errors import BadInput
from oncotwin.io.specs.documents import preset_names
from oncotwin.io.specs.dosing import ComparisonSpec, DosingSpec
from oncotwin.io.specs.explain import keys
from oncotwin.io.specs.kinds import COMPARISON, DOSING, kind_of
from oncotwin.io.specs.resolve import resolve, write_spec
from oncotwin.io.specs.template import template

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "spec-dosing.md"


def read(*overrides: str, path: Path | None = None) -> DosingSpec:
    return resolve(path, overrides, FAMILIES, DOSING)


def comparison(*overrides: str, path: Path | None = None) -> ComparisonSpec:
    return resolve(path, overrides, FAMILIES, COMPARISON)


def test_every_task_has_a_document():
    assert set(preset_names("tasks")) == set(PLANTS)


@pytest.mark.parametrize("name", PLANTS)
def test_lists_have_the_length_of_the_records(name):
    spec, records = read(f"task={name}"), PLANTS[name].records
    seen, drugs, states = (len(kind._fields) for kind in (records.Observation, records.Action, records.State))
    for entries in (spec.objective.target, spec.objective.weights, spec.objective.final, spec.learner.bins):
        assert len(entries) == seen
    assert len(spec.objective.doses) == len(spec.learner.price) == drugs
    assert len(spec.starts.low) == len(spec.starts.high) == states
    assert spec.therapy in PLANTS[name].therapies


@pytest.mark.parametrize("kind", ["figure8", "figure9", "figure10"])
def test_every_figure_is_a_spec(kind):
    spec = comparison(f'kind="{kind}"')
    assert (spec.kind, spec.task, spec.horizons) == (kind, "stepanova", (2, 5, 10))
    assert spec.begin == ("random" if kind == "figure10" else "start")
    assert spec.starts.count >= 200


def test_a_comparison_takes_the_defaults_of_another_task(tmp_path):
    assert comparison("task=combination").objective == read("task=combination").objective
    (tmp_path / "mine.toml").write_text('kind = "figure8"\ntask = "combination"\n[objective]\nfinal = [1.0, 0.0]\n')
    spec = comparison(path=tmp_path / "mine.toml")
    assert (spec.kind, spec.objective.final) == ("figure8", (1.0, 0.0))
    assert spec.objective.doses == read("task=combination").objective.doses
    with pytest.raises(BadInput, match=r"task: unknown task.*combnation.*combination"):
        comparison("task=combnation")


def test_a_task_chooses_what_parameters_may_be_named():
    assert read("task=hahnfeldt", "parameters.delta_3=1.7").parameters == {"delta_3": 1.7}
    with pytest.raises(BadInput, match="unknown parameter"):
        read("task=stepanova", "parameters.delta_3=1.7")


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["task=stepnova"], "unknown task.*Did you mean 'stepanova'"),
        (["controller=mpp"], "unknown name.*'mpp'"),
        (["constants=seed_table"], "unknown set of constants"),
        (["days=30.5"], "no whole number of intervals.*interval_days = 1"),
        (["days=3000", "interval_days=0.1"], "too many intervals"),
        (["mpc.horizon=0"], "out of range"),
        (["starts.low=[1, 1]", "starts.high=[2, 0.5]"], r"starts.high.1: below starts.low"),
        (["bounds.least=[0, 1]", "bounds.greatest=[1, 0]", "bounds.price=[1, 1]"], "below bounds.least"),
        (["guard.allowed_days=[0, 21]"], "a day outside the cycle.*cycle_days = 21"),
        (["guard.per_cycle=[5, 5]", "guard.cumulative=[9, 2]"], "guard.per_cycle.1: more in one cycle than in all"),
        (["guard.levels=[0.5, 1]"], "levels must increase from zero"),
        (["guard.levels=[0, 0.5]", "guard.per_day=[1, 0.2]"], "guard.per_day.1.*nothing can be given"),
        (["guard.levels=[0, 1]", "interval_days=7", "days=28", "guard.cumulative=[6, 9]"], "guard.cumulative.0"),
        (["guard.floor=0.5"], "a floor needs a measurement"),
        (["guard.floor_of=tumour_1e6_cells", "guard.floor=-1"], "guard.floor.*out of range"),
        (['estimate.measured=["immune_density"]'], "noise needs its measurements"),
        (['estimate.measured=["a", "a"]', "estimate.noise=[1, 1]"], "estimate.measured.*: named twice"),
        (
            ['estimate.measured=["a"]', "estimate.noise=[1]", "guard.floor_of=b", "guard.floor=1"],
            "guard.floor_of.*: not measured.*'b'",
        ),
        (['estimate.measured=["a"]', "estimate.noise=[0]"], "estimate.noise.0: out of range"),
    ],
)
def test_what_contradicts_itself_is_refused(overrides, said):
    with pytest.raises(BadInput, match=said):
        read(*overrides)


def test_a_controller_named_twice_is_refused():
    with pytest.raises(BadInput, match="controllers.*named twice"):
        comparison('controllers=["mpc", "mpc"]')


@pytest.mark.parametrize(("kind", "name"), [(DOSING, "ergun"), (COMPARISON, "figure10")])
def test_a_written_spec_reads_back_equal(kind, name, tmp_path):
    spec = resolve(None, (f'{kind.base}="{name}"',), FAMILIES, kind)
    write_spec(tmp_path / "spec.toml", spec)
    assert resolve(tmp_path / "spec.toml", (), FAMILIES, kind) == spec
    assert kind_of(tmp_path) is kind
    (tmp_path / "template.toml").write_text(template(spec, kind))
    assert resolve(tmp_path / "template.toml", (), FAMILIES, kind) == spec


def rows(spec: type, default: dict[str, Any]) -> list[str]:
    """The row of every key in the reference: key, default, what is allowed, meaning."""
    return [f"| `{'.'.join(k.place)}` | {shown(default, k.place)} | {k.allowed} | {k.doc} |" for k in keys(spec)]


def shown(value: Any, place: tuple[str, ...]) -> str:
    for part in place:
        value = value[part] if value else None
    if value in (None, (), {}):
        return ""
    if isinstance(value, tuple):
        return f"`{json.dumps(list(value))}`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{json.dumps(value)}`"


def test_every_key_is_documented():
    page = REFERENCE.read_text(encoding="utf-8").splitlines()
    dosing = rows(DosingSpec, read().model_dump())
    own = {key.place for key in keys(ComparisonSpec)} - {key.place for key in keys(DosingSpec)}
    compared = [row for row in rows(ComparisonSpec, comparison().model_dump()) if (row.split("`")[1],) in own]
    tasks = [f"| `{name}` | {', '.join(plant.states)} |" for name, plant in PLANTS.items()]
    listed = [line for line in page if line.startswith("| `")]
    assert listed[len(tasks) :] == [*dosing, *compared]
    assert all(line.startswith(row) for line, row in zip(listed, tasks, strict=False))


def test_the_spec_in_the_how_to_is_valid(tmp_path):
    page = (REFERENCE.parents[1] / "how-to" / "control-a-dose.md").read_text(encoding="utf-8")
    (tmp_path / "mine.toml").write_text(page.partition("```toml dosing\n")[2].partition("```")[0])
    spec = comparison(path=tmp_path / "mine.toml")
    assert (spec.task, spec.starts.count, spec.controllers[-2]) == ("combination", 500, "scaled")
