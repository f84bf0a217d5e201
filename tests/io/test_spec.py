"""The spec: what is read is what was meant, and whatever is wrong ends in one message that names it."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oncotwin.errors import BadInput
from oncotwin.io.specs.documents import parse_override, preset_names
from oncotwin.io.specs.explain import keys
from oncotwin.io.specs.resolve import resolve, write_spec
from oncotwin.io.specs.template import template
from oncotwin.io.specs.tumour import SET_BY_SEEDING, TumourSpec
from oncotwin.io.specs.units import in_unit
from oncotwin.models.tumour3d.parameters import TumourParameters


def read(*overrides: str, path: Path | None = None) -> TumourSpec:
    return resolve(path, overrides, TumourParameters)


@pytest.fixture
def file(tmp_path):
    def write(text: str) -> Path:
        path = tmp_path / "run.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


# --- what is read is what was meant ---


@pytest.mark.parametrize("preset", preset_names())
def test_every_preset_resolves_and_belongs_to_the_parameters(preset):
    assert read(f"preset={preset}").preset == preset
    assert preset in TumourParameters.presets


@pytest.mark.parametrize("preset", preset_names())
def test_seeding_defaults_are_those_of_the_parameters(preset):
    seeding, parameters = read(f"preset={preset}").seeding, TumourParameters.preset(preset)
    assert seeding.tumour_radius_cm == parameters.tumour_radius
    assert seeding.tumour_value == parameters.tumour_value
    assert seeding.negative_fraction == parameters.negative_fraction


def test_preset_then_file_then_overrides(file):
    path = file('preset = "published"\n[time]\nend_days = 20\noutput_every_days = 5\n')
    spec = read("time.end_days=10", "time.end_days=15", path=path)
    assert (spec.time.end_days, spec.time.output_every_days, spec.time.step_days) == (15, 5, 0.01)
    assert spec.grid.lengths_cm == (1, 1, 1)


def test_an_override_of_the_preset_changes_the_defaults_under_the_file(file):
    spec = read("preset=published", path=file("[time]\nend_days = 20\n"))
    assert (spec.time.end_days, spec.seeding.cart_value) == (20, 1e7)


@pytest.mark.parametrize(
    ("override", "read_back", "expected"),
    [
        ("time.end_days=2 week", lambda s: s.time.end_days, 14),
        ("time.output_every_days=12 hour", lambda s: s.time.output_every_days, 0.5),
        ('seeding.tumour_radius_cm="5 mm"', lambda s: s.seeding.tumour_radius_cm, 0.5),
        ('grid.lengths_cm=["20 mm", 2, "0.02 m"]', lambda s: s.grid.lengths_cm, (2, 2, 2)),
        ("parameters.k_e0=0.1/day", lambda s: s.parameters["k_e0"], 0.1),
        ("parameters.gamma=0.1 1/cart/hour", lambda s: s.parameters["gamma"], 2.4),
        ("parameters.D_C=1.4 mm**2/day", lambda s: s.parameters["D_C"], 0.014),
        ("parameters.copies_per_cell=2 copies/mg*litre/cell", lambda s: s.parameters["copies_per_cell"], 0.002),
        ("plan.0.cells=5e8", lambda s: s.plan[0].cells, 5e8),
        ('plan=[{time_days="1 week", cells=1e8}]', lambda s: (s.plan[0].time_days, s.plan[0].cells), (7, 1e8)),
        ("plan=[]", lambda s: len(s.plan), 0),
        ("output.dtype=float32", lambda s: s.output.dtype, "float32"),
    ],
)
def test_overrides_take_toml_bare_text_and_units(override, read_back, expected):
    assert read_back(read(override)) == pytest.approx(expected)


def test_image_files_are_found_from_the_folder_of_the_spec(file):
    path = file('[image]\nlabels_file = "labels.nii.gz"\ntumour_labels = [1, 4]\n')
    spec = read(path=path)
    assert spec.image.labels_file == str(path.parent / "labels.nii.gz")
    assert spec.grid is None


@given(
    end=st.floats(1, 3650),
    every=st.floats(0.5, 1),
    latent=st.floats(0, 1),
    gamma=st.floats(0, 1e3),
    shape=st.integers(2, 50).map(lambda n: [n, n, n]),
    cells=st.floats(0, 1e13),
)
@settings(derandomize=True, max_examples=30, deadline=None)
def test_a_written_spec_reads_back_equal(tmp_path_factory, end, every, latent, gamma, shape, cells):
    spec = read(
        f"time.end_days={end!r}",
        f"time.output_every_days={every!r}",
        f"latents.inf={latent!r}",
        f"parameters.gamma={gamma!r}",
        f"grid.shape={shape}",
        f"plan.0.cells={cells!r}",
    )
    path = tmp_path_factory.mktemp("spec") / "spec.toml"
    write_spec(path, spec)
    assert read(path=path) == spec


def test_every_key_says_what_is_allowed_and_what_it_means():
    described = list(keys(TumourSpec))
    assert {".".join(key.place) for key in described} >= {
        "grid.shape",
        "plan.route",
        "image.labels_file",
        "latents.env",
    }
    assert all(key.allowed and key.doc for key in described)


@pytest.mark.parametrize(
    "overrides",
    [
        (),
        ("preset=published",),
        ("seeding.nodules=[{centre_cm=[1,1,1],semi_axes_cm=[0.1,0.2,0.3]}]", "parameters.gamma=2", "plan=[]"),
        ("image.labels_file=a.nii", "image.tumour_labels=[1,2]", "image.shape=[8,8,8]"),
    ],
)
def test_a_template_reads_back_equal_and_names_every_key(file, overrides):
    spec = read(*overrides)
    text = template(spec)
    assert read(path=file(text)) == spec
    assert [key.place for key in keys(TumourSpec) if f"{key.place[-1]} =" not in text and len(key.place) == 2] == []


# --- whatever is wrong ends in one message ---


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("grid.shpae=[4,4,4]", ["grid.shpae", "unknown key", "shape, lengths_cm", "Did you mean 'shape'"]),
        ("girid.shape=[4,4,4]", ["girid", "unknown key", "Did you mean 'grid'"]),
        ("time.end_days=true", ["time.end_days", "not a number", "True", "above 0 to 3650"]),
        ("time.end_days=-1", ["time.end_days", "out of range", "-1"]),
        ("time.end_days=nan", ["time.end_days", "finite"]),
        ("time.end_days=inf", ["time.end_days", "finite"]),
        ("time.end_days=1e999", ["time.end_days", "finite"]),
        ("time.end_days=5 mm", ["time.end_days", "'mm' does not measure the same as 'day'"]),
        ("time.end_days=5 fortnigths", ["time.end_days", "unknown unit 'fortnigths'"]),
        ("time.end_days=soon", ["time.end_days", "not a quantity"]),
        ("time.end_days=5 day**1e9", ["time.end_days", "'day**1e9' is no unit"]),
        ("time=5", ["time", "not a table", "end_days"]),
        ("time.end_days.x=5", ["time.end_days has no entry 'x'"]),
        ("time.output_every_days=61", ["time.output_every_days", "longer than the run", "60"]),
        ("time.output_every_days=1e-5", ["time.output_every_days", "too many frames"]),
        ("time.step_days=100", ["time.step_days", "longer than the run"]),
        ("grid.shape=[24,24]", ["grid.shape", "differ in dimension", "[24, 24]"]),
        ("grid.shape=[24,24.5,24]", ["grid.shape.1", "not a whole number", "24.5"]),
        ("grid.shape=[24,24,1]", ["grid.shape.2", "out of range", "from 2"]),
        ("grid.shape=[1000,1000,1000]", ["grid.shape", "1e+09 voxels are too many", "6.4e+07"]),
        ("grid.shape=[24,24", ["grid.shape", "not a list"]),
        ("grid.shape=[]", ["grid.shape", "too few"]),
        ("grid.lengths_cm=[1,1,0]", ["grid.lengths_cm.2", "out of range", "above 0"]),
        ("latents.inf=1.01", ["latents.inf", "out of range", "from 0 to 1"]),
        ("preset=publishd", ["preset", "unknown preset", "Did you mean 'published'"]),
        ("preset=3", ["preset", "unknown preset", "normalised, published"]),
        ("scheme.name=fast", ["scheme.name", "unknown name", "fast", '"accurate" or "published"']),
        ("scheme.exp_substeps=1.5", ["scheme.exp_substeps", "not a whole number"]),
        ("plan.0.route=oral", ["plan.0.route", "unknown name", "intravenous"]),
        ("plan.0.time_days=60", ["plan.0.time_days", "after the end of the run", "60"]),
        ("plan.0.depth_cm=0.1", ["plan.0.depth_cm", "the route intravenous has no such key"]),
        ("plan.3.cells=1", ["plan has no entry '3'", "0 to 0"]),
        ("plan=[{cells=1e8}]", ["plan.0", "missing key 'time_days'"]),
        ('plan=[{time_days=0,cells=1,route="ball",centre_cm=[1,1]}]', ["plan.0.centre_cm", "another dimension"]),
        ('plan=[{time_days=0,cells=1,route="ball",centre_cm=[1,1,3]}]', ["plan.0.centre_cm", "outside the box"]),
        ("extensions.blood=false", ["plan.0.route", "needs the blood compartment"]),
        ("extensions.blood=1", ["extensions.blood", "neither true nor false"]),
        ("seeding.cart_value=1", ["seeding.cart_value", "needs cart_layer_cm and cart_radius_cm"]),
        ("seeding.nodules=[{centre_cm=[1,1,1]}]", ["seeding.nodules.0", "missing key 'semi_axes_cm'"]),
        ("parameters.gama=1", ["parameters.gama", "unknown parameter", "Did you mean", "'gamma'"]),
        ("parameters.gamma=-1", ["parameters.gamma", "out of range", "0 to 1000 1/cart/day"]),
        ("parameters.gamma=nan", ["parameters.gamma", "out of range"]),
        ("parameters.gamma=[1]", ["parameters.gamma", "not a number"]),
        ("parameters.gamma=1 1/day", ["parameters.gamma", "does not measure the same as '1/cart/day'"]),
        ("parameters=3", ["parameters", "not a table"]),
        ("image.labels_file=a.nii", ["image", "missing key 'tumour_labels'"]),
        ("image={labels_file='a.nii',tumour_labels=[1],shape=[8,8]}", ["image.shape", "too few"]),
        ("scheme.name=published", ["extensions.blood", "unknown to the published scheme"]),
        ("time.end_days", ["not an override", "KEY=VALUE"]),
        ("=5", ["not an override"]),
    ],
)
def test_a_wrong_override_is_named(override, told):
    with pytest.raises(BadInput) as refused:
        read(override)
    message = str(refused.value)
    assert [words for words in told if words not in message] == []


@pytest.mark.parametrize(("name", "key"), SET_BY_SEEDING.items())
def test_a_parameter_with_a_key_of_its_own_is_sent_there(name, key):
    with pytest.raises(BadInput, match=f"parameters.{name}.*{key}"):
        read(f"parameters.{name}=0.5")


def test_the_message_names_the_file_and_the_other_faults(file):
    path = file('[grid]\nshape = [4, "x", 4]\n[time]\nend = 5\n[latents]\ninf = 3\n')
    with pytest.raises(BadInput) as refused:
        read("parameters.gamm=1", path=path)
    message = str(refused.value)
    assert message.startswith(f"{path}, time.end: unknown key; got 'end'; allowed: end_days")
    assert "Also wrong: grid.shape.1, latents.inf, parameters.gamm" in message


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"[grid\nshape = 1", "line 1, column 6"),
        (b"[time]\nend_days = 1\nend_days = 2\n", "line 3"),
        (b"a = " + b"[" * 5000, "nested too deeply"),
        (b"a = " + b"9" * 5000, "malformed TOML"),
        (b"a = \xff", "not UTF-8 text"),
        (b"\x00\x01\x02", "malformed TOML"),
        (b"[time]\nend_days = " + b"9" * 400, "time.end_days"),
    ],
)
def test_a_damaged_file_is_named(tmp_path, content, told):
    path = tmp_path / "run.toml"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=r"run\.toml") as refused:
        read(path=path)
    assert told in str(refused.value)
    assert len(str(refused.value)) < 600


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(BadInput, match="absent.toml: no such file"):
        read(path=tmp_path / "absent.toml")
    with pytest.raises(BadInput, match="this is a folder"):
        read(path=tmp_path)
    with pytest.raises(BadInput, match="cannot be read"):
        read(path=Path("a\0b"))


toml_values = st.recursive(
    st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=5,
)
places = [".".join(key.place) for key in keys(TumourSpec)]


@given(place=st.sampled_from(places), value=toml_values)
@settings(derandomize=True, max_examples=200, deadline=None)
def test_any_value_at_any_key_is_read_or_refused(place, value):
    """No value whatever ends in anything but a spec or a BadInput."""
    outcome = _or_refusal(read, f"{place}={_as_toml(value)}")
    assert isinstance(outcome, TumourSpec) or place.split(".")[0] in str(outcome)


def _as_toml(value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(_as_toml(entry) for entry in value)}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_as_toml(key)} = {_as_toml(entry)}" for key, entry in value.items()) + "}"
    if isinstance(value, str):
        return '"' + "".join(f"\\U{ord(letter):08X}" for letter in value) + '"'
    return repr(value)


@given(value=toml_values)
@settings(derandomize=True, max_examples=50, deadline=None)
def test_the_overrides_value_is_the_toml_value(value):
    parsed = parse_override(f"a.b={_as_toml(value)}")
    assert parsed.keys == ("a", "b")
    assert repr(parsed.value) == repr(tomllib.loads(f"v = {_as_toml(value)}")["v"])


@given(text=st.text(max_size=30))
@settings(derandomize=True, max_examples=100, deadline=None)
def test_any_text_is_a_quantity_or_refused(text):
    outcome = _or_refusal(in_unit, text, "day")
    assert isinstance(outcome, float) or outcome.allowed


def _or_refusal(function, *arguments):
    try:
        return function(*arguments)
    except BadInput as refusal:
        return refusal
