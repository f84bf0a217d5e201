"""Protocols: those that ship can be done, what is compiled is what stands there, what cannot be done is named."""

import tomllib

import numpy as np
import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from oncotwin.errors import BadInput
from oncotwin.io.cultures.protocols import NG_PER_IU_IL2, PhaseSpec, Step, planned, protocol_names, read_protocol
from oncotwin.io.cultures.steps import SAME_INSTANT, impossible_steps
from oncotwin.io.cultures.timeline import ACTION, timeline
from oncotwin.io.specs.documents import apply_override, parse_override
from oncotwin.io.specs.faults import dotted

PLAIN = """
title = "plain"
cited = [{ what = "all", source = "uncalibrated" }]
vessel = { kind = "bag", capacity_ml = 150 }
seeding = { cells = 1e8, viability = 0.9, volume_ml = 100 }

[[unit_procedure]]
name = "All"
unit = "bag"

[[unit_procedure.operation]]
name = "Start"
phase = [
    { do = "inoculate", start_days = 0 },
    { do = "add", start_days = 0, activator_per_cell = 1, il2_ng_per_ml = "100 IU/mL" },
    { do = "set", start_days = 0, duration_days = 2, ph = 7.2 },
    { do = "set", start_days = 2, ph = 7.0 },
]

[[unit_procedure.operation]]
name = "Go on"
phase = [
    { do = "exchange", start_days = 1.1, every_days = 2, times = 2, fraction = 0.5 },
    { do = "feed", start_days = 2, duration_days = "12 hour", medium_ml_per_day = 100 },
    { do = "remove-activator", start_days = 3, fraction = 0.9 },
    { do = "add", start_days = 1, every_days = 1, il7_ng_per_ml = 5 },
    { do = "sample", start_days = 1, every_days = 1 },
    { do = "harvest", start_days = 4 },
]
"""
START, GO_ON = "unit_procedure.0.operation.0.phase", "unit_procedure.0.operation.1.phase"


@pytest.fixture
def protocol(tmp_path):
    """Read the plain protocol with changes, KEY=VALUE each, from a file."""

    def read(*changes: str):
        document = tomllib.loads(PLAIN)
        for change in changes:
            document = apply_override(document, parse_override(change))
        path = tmp_path / "plain.toml"
        path.write_text(tomli_w.dumps(document), encoding="utf-8")
        return read_protocol(str(path))

    return read


def faults(protocol, capacity_ml=150.0):
    return list(impossible_steps(protocol.steps, 100.0, capacity_ml))


@pytest.mark.parametrize("name", protocol_names())
def test_what_ships_can_be_done_and_says_where_it_is_from(name):
    read = read_protocol(name)
    assert faults(read, read.spec.vessel["capacity_ml"]) == []
    assert any("uncalibrated" in cited.source for cited in read.spec.cited)
    assert any("uncalibrated" not in cited.source for cited in read.spec.cited)
    plan = timeline(read.steps, 0.25)
    assert set(plan.rows) <= set(ACTION.values()) | {"exchange_fraction", "remove_activator"}
    assert np.nansum(plan.rows["vector_moi"]) > 0


def test_there_are_the_four_kinds_of_process():
    assert {"static-il2", "static-il7-il15", "perfusion", "short"} <= set(protocol_names())


def test_what_is_compiled_is_what_stands_there(protocol):
    plan = timeline(protocol().steps, 0.5)
    times = np.asarray(plan.times)
    assert plan.outputs == tuple(np.arange(0, 4.1, 0.5))
    assert set(plan.outputs) | {1.1, 3.1} == set(plan.times)
    starts = times[:-1]

    def on(name):
        row = plan.rows[name]
        return {float(day): float(value) for day, value in zip(starts, row, strict=True) if np.isfinite(value)}

    assert on("il2_ng_per_ml") == {0.0: pytest.approx(100 * NG_PER_IU_IL2)}
    assert on("activator_per_cell") == {0.0: 1.0}
    assert on("exchange_fraction") == {1.1: 0.5, 3.1: 0.5}
    assert on("remove_activator") == {3.0: 0.9}
    assert on("medium_feed_ml_per_day") == {2.0: 100.0}
    assert on("il7_ng_per_ml") == {1.0: 5.0, 2.0: 5.0, 3.0: 5.0}
    assert on("ph_setpoint") == {float(day): 7.2 if day < 2 else 7.0 for day in starts}
    fed = np.nansum(plan.rows["medium_feed_ml_per_day"] * np.diff(times))
    assert fed == pytest.approx(50)
    assert [(bar.start, bar.stop, bar.value) for bar in plan.bars if bar.do == "set"] == [(0, 2, 7.2), (2, 4, 7.0)]
    assert {bar.key for bar in plan.bars if bar.do == "add" and bar.start == 0} == {
        "activator_per_cell",
        "il2_ng_per_ml",
    }
    assert (plan.bars[-1].do, plan.bars[-1].start, plan.bars[-1].stop) == ("harvest", 4.0, 4.0)


def test_an_earlier_harvest_cuts_the_plan(protocol):
    plan = timeline(protocol().steps, 1.0, harvest_days=2.25)
    assert plan.times == (0, 1, 1.1, 2, 2.25)
    assert plan.outputs == (0, 1, 2, 2.25)
    assert not any(bar.do == "remove-activator" for bar in plan.bars)
    assert timeline(protocol().steps, 1.0, harvest_days=99).times[-1] == 4


@given(every=st.floats(0.01, 3), start=st.floats(0, 3), length=st.floats(0.001, 1))
def test_a_dose_is_given_whole_however_the_frames_fall(every, start, length):
    """What flows in is rate times duration, to round-off, for any stretch and any interval of frames."""
    steps = planned(
        [
            PhaseSpec(do="inoculate", start_days=0.0),
            PhaseSpec(do="feed", start_days=start, duration_days=length, glucose_ml_per_day=10.0),
            PhaseSpec(do="harvest", start_days=4.0),
        ]
    )
    plan = timeline(steps, every)
    fed = np.nansum(plan.rows["glucose_feed_ml_per_day"] * np.diff(plan.times))
    assert fed == pytest.approx(10 * length, abs=10 * 3 * SAME_INSTANT)
    assert np.all(np.diff(plan.times) > 0)
    assert plan.times[-1] == pytest.approx(4.0, abs=SAME_INSTANT)
    assert set(plan.outputs) <= set(plan.times)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (f"{START}.1.il2_ng_per_mll=3", ["unknown key", "Did you mean 'il2_ng_per_ml'", f"{START}.1"]),
        (f"{START}.1.do=ad", ["unknown name", '"add"']),
        (f"{GO_ON}.1.medium_ml_per_day=-5", ["out of range", "mL/day above 0"]),
        (f'{GO_ON}.1.medium_ml_per_day="5 mL"', ["does not measure the same as 'mL/day'"]),
        (f'{START}.1.il2_ng_per_ml="5 IU"', ["'IU' does not measure the same as 'ng/mL'"]),
        (f"{START}.2.ph=3", ["out of range", "from 6 to 8"]),
        (f"{GO_ON}.0.fraction=1.5", ["out of range", "to 1"]),
        (f"{GO_ON}.0.start_days=-1", ["out of range", "from 0"]),
        (f"{GO_ON}.0.every_days=1e-9", ["out of range", "from 0.001"]),
        ("vessl=3", ["unknown key", "Did you mean 'vessel'"]),
        ("cited=[]", ["too few"]),
        ("unit_procedure=[]", ["too few"]),
    ],
)
def test_a_wrong_key_is_named_with_its_file(protocol, change, told):
    with pytest.raises(BadInput) as refused:
        protocol(change)
    message = str(refused.value)
    assert "plain.toml" in message
    assert [words for words in told if words not in message] == []


@pytest.mark.parametrize(
    ("change", "place", "what"),
    [
        (f"{GO_ON}.2.start_days=0", f"{GO_ON}.2.start_days", "activator is removed before it was added"),
        (f'{START}.1={{do="add",start_days=0,il7_ng_per_ml=1}}', f"{GO_ON}.2.start_days", "before it was added"),
        (f"{GO_ON}.5.start_days=0", f"{GO_ON}.5.start_days", "harvest before seeding"),
        (f'{GO_ON}.5={{do="remove-activator",start_days=4,fraction=1}}', "unit_procedure", "no phase harvest"),
        (f"{START}.0.start_days=1", f"{START}.0.start_days", "days count from inoculation"),
        (f'{GO_ON}.4={{do="inoculate",start_days=0}}', f"{GO_ON}.4.do", "a second phase inoculate"),
        (f"{START}.2.duration_days=3", f"{START}.3.start_days", "overlaps with"),
        (f"{GO_ON}.1.medium_ml_per_day=101", f"{GO_ON}.1.medium_ml_per_day", "would hold 150.5 mL"),
        (f"{GO_ON}.1.duration_days=3", f"{GO_ON}.1.duration_days", "lasts beyond the harvest"),
        (f"{GO_ON}.0.times=3", f"{GO_ON}.0.times", "comes at or after the harvest"),
        (f"{GO_ON}.3.start_days=4", f"{GO_ON}.3.start_days", "begins at or after the harvest"),
        (f"{GO_ON}.1.fraction=0.5", f"{GO_ON}.1.fraction", "the phase feed has no such key"),
        (f"{START}.1.duration_days=1", f"{START}.1.duration_days", "the phase add has no such key"),
        (f'{START}.1={{do="add",start_days=0}}', f"{START}.1", "the phase add sets nothing"),
        (f'{GO_ON}.3={{do="add",start_days=1,il7_ng_per_ml=1,times=3}}', f"{GO_ON}.3.times", "repeated at no interval"),
        (f'{GO_ON}.4={{do="sample",start_days=1}}', f"{GO_ON}.4", "the phase sample needs every_days"),
        (f"{GO_ON}.4.every_days=0.01", f"{GO_ON}.4.every_days", "samples are too close"),
        (f'{GO_ON}.3={{do="add",start_days=0,il2_ng_per_ml=1}}', f"{GO_ON}.3.start_days", "overlaps with"),
    ],
)
def test_a_step_that_cannot_be_done_is_named(protocol, change, place, what):
    found = faults(protocol(change))
    assert found, "nothing was refused"
    assert dotted(found[0].place) == place
    assert what in found[0].what


def test_an_operation_before_the_one_above_it_is_refused():
    def step(operation, day, **keys):
        place = ("unit_procedure", 0, "operation", operation, "phase", 0)
        return Step(place, "All", f"number {operation}", PhaseSpec(start_days=day, **keys))

    first, second = step(1, 2.0, do="add", il7_ng_per_ml=1.0), step(2, 1.0, do="add", il15_ng_per_ml=1.0)
    ends = (step(0, 0.0, do="inoculate"), step(3, 3.0, do="harvest"))
    (found,) = impossible_steps((ends[0], first, second, ends[1]), 1, 2)
    assert dotted(found.place) == "unit_procedure.0.operation.2.phase.0.start_days"
    assert "'number 2' begins before the one above it" in found.what
    assert "'number 1'" in found.allowed


def test_an_unknown_protocol_is_refused_with_the_nearest_name():
    with pytest.raises(BadInput, match=r"unknown protocol.*Did you mean 'static-il2'"):
        read_protocol("static-il3")
    with pytest.raises(BadInput, match=r"absent.toml: no such file.*oncotwin protocol list"):
        read_protocol("absent.toml")
