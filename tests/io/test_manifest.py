"""The manifest: what was used and made, so that any later change shows; and the same as an RO-Crate."""

import hashlib
import json
from datetime import datetime, timedelta
from urllib.parse import unquote

import jax
import pytest

import oncotwin
from oncotwin.errors import StorageFailure
from oncotwin.io.manifest import verify_manifest, write_manifest

STARTED = "2026-03-01T10:00:00.000+00:00"


@pytest.fixture
def labels(tmp_path):
    path = tmp_path / "patient one" / "labels é.nii.gz"
    path.parent.mkdir()
    path.write_bytes(b"labels")
    return path


@pytest.fixture
def run(tmp_path):
    """A run directory as a run leaves it."""
    folder = tmp_path / "run"
    for name, text in {
        "spec.toml": "preset = 'normalised'\n",
        "summary.json": "{}",
        "figures/slices day 60.png": "picture",
        "results.zarr/zarr.json": "{}",
        "results.zarr/C/c.0.0.0.0": "frame",
        "log.jsonl": "{}\n",
        ".lock": "",
        "results.zarr/C/.c.1.0.0.0.12.partial": "half a frame",
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.fixture
def record(run, labels):
    return write_manifest(
        run,
        spec_path=run / "spec.toml",
        inputs=[labels],
        started=STARTED,
        ended="2026-03-01T10:02:30.000+00:00",
        seed=7,
        command="oncotwin simulate tumour 'my spec.toml'",
    )


def test_the_record_names_what_was_used_and_made(run, labels, record):
    assert json.loads((run / "manifest.json").read_text()) == record
    assert [entry["path"] for entry in record["inputs"]] == ["spec.toml", str(labels)]
    assert [entry["path"] for entry in record["outputs"]] == [
        "figures/slices day 60.png",
        "results.zarr",
        "summary.json",
    ]
    assert record["inputs"][1]["bytes"] == len(b"labels")
    assert record["inputs"][1]["sha256"] == hashlib.sha256(b"labels").hexdigest()
    assert record["oncotwin"] == oncotwin.__version__
    assert record["libraries"]["jax"] == jax.__version__
    assert (record["seed"], record["notice"]) == (7, "Research use only")
    assert record["machine"]["devices"] == [device.device_kind for device in jax.devices()]


def test_a_digest_is_that_of_the_bytes(run, record):
    (entry,) = [entry for entry in record["outputs"] if entry["path"] == "summary.json"]
    printed = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"  # printf '{}' | sha256sum
    assert entry["sha256"] == printed
    assert entry["bytes"] == 2


def test_the_clock_is_read_when_no_end_is_given(run):
    record = write_manifest(run, started=STARTED)
    ended = datetime.fromisoformat(record["ended"])
    assert ended.utcoffset() == timedelta(0)
    assert abs(datetime.now(ended.tzinfo) - ended) < timedelta(minutes=1)
    assert record["seed"] is None
    assert record["command"]


def test_nothing_differs_while_nothing_changes(run, record):
    assert verify_manifest(run) == []
    (run / "log.jsonl").write_text("{}\n{}\n")  # the log may grow
    assert verify_manifest(run) == []


def test_a_run_may_be_moved(run, record, tmp_path):
    moved = run.rename(tmp_path / "elsewhere")
    assert verify_manifest(moved) == []


def test_every_change_is_named(run, labels, record):
    (run / "summary.json").write_text("[]")
    (run / "spec.toml").write_text("preset = 'published'\n")
    (run / "results.zarr" / "C" / "c.0.0.0.0").write_text("frams")
    (run / "figures" / "slices day 60.png").unlink()
    (run / "figures" / "new.png").write_text("another")
    labels.write_bytes(b"longer labels")
    assert verify_manifest(run) == [
        "spec.toml: 21 bytes, 22 in the manifest",
        f"{labels}: 13 bytes, 6 in the manifest",
        "figures/slices day 60.png: missing",
        "results.zarr: changed",
        "summary.json: changed",
        "figures/new.png: not in the manifest",
    ]


def test_a_file_that_moves_inside_a_store_changes_it(run, record):
    (run / "results.zarr" / "C" / "c.0.0.0.0").rename(run / "results.zarr" / "C" / "c.1.0.0.0")
    assert verify_manifest(run) == ["results.zarr: changed"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"inputs": [{"path": "a"}], "outputs": []}'])
def test_a_damaged_manifest_is_refused(run, text):
    (run / "manifest.json").write_text(text)
    with pytest.raises(StorageFailure, match="this manifest is damaged"):
        verify_manifest(run)


def test_a_run_without_a_manifest_is_refused(run):
    with pytest.raises(StorageFailure, match="cannot read the manifest: No such file") as caught:
        verify_manifest(run)
    assert "manifest.json" in str(caught.value)


def test_an_input_that_is_gone_is_refused(run):
    with pytest.raises(StorageFailure, match="cannot describe the run: No such file"):
        write_manifest(run, inputs=[run / "nowhere.nii"], started=STARTED)


# --- RO-Crate 1.1, https://w3id.org/ro/crate/1.1; Process Run Crate 0.5, https://w3id.org/ro/wfrun/process/0.5 ---


@pytest.fixture
def entities(run, record):
    document = json.loads((run / "ro-crate-metadata.json").read_text(encoding="utf-8"))
    assert document["@context"] == ["https://w3id.org/ro/crate/1.1/context", {"sha256": "http://schema.org/sha256"}]
    graph = document["@graph"]
    entities = {entity["@id"]: entity for entity in graph}
    assert len(entities) == len(graph)
    return entities


def references(value):
    return [entry["@id"] for entry in (value if isinstance(value, list) else [value])]


def test_the_descriptor_leads_to_the_root(entities):
    descriptor = entities["ro-crate-metadata.json"]
    assert descriptor["@type"] == "CreativeWork"
    assert descriptor["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}
    root = entities[descriptor["about"]["@id"]]
    assert (root["@id"], root["@type"]) == ("./", "Dataset")
    for required in ("name", "description", "license"):
        assert root[required]
    assert datetime.fromisoformat(root["datePublished"]).isoformat(timespec="milliseconds") == root["datePublished"]
    assert "Research use only" in entities[root["license"]["@id"]]["name"]
    assert root["conformsTo"] == {"@id": "https://w3id.org/ro/wfrun/process/0.5"}


def test_the_graph_is_flat_and_every_reference_is_described(entities):
    for entity in entities.values():
        assert {"@id", "@type"} <= set(entity)
        for key, value in entity.items():
            for entry in value if isinstance(value, list) else [value]:
                if isinstance(entry, dict):
                    assert set(entry) == {"@id"}
                    assert key == "conformsTo" or entry["@id"] in entities
    assert "https://w3id.org/ro/wfrun/process/0.5" in entities


def test_every_data_entity_is_part_of_the_root_and_there(run, labels, entities):
    parts = references(entities["./"]["hasPart"])
    data = [e["@id"] for e in entities.values() if e["@type"] in ("File", "Dataset") and e["@id"] != "./"]
    assert sorted(parts) == sorted(data)
    assert set(parts) == {
        "spec.toml",
        labels.as_uri(),
        "figures/slices%20day%2060.png",
        "results.zarr/",
        "summary.json",
        "manifest.json",
    }
    for part in parts:
        path = labels if part.startswith("file:") else run / unquote(part)
        entity = entities[part]
        assert path.is_dir() == (entity["@type"] == "Dataset") == part.endswith("/")
        assert entity["name"]
        assert entity["description"]
        if entity["@type"] == "File":
            assert entity["contentSize"] == str(path.stat().st_size)
            assert entity["encodingFormat"].count("/") == 1
            assert len(entity["sha256"]) == 64
            assert ("sdDatePublished" in entity) == part.startswith("file:")


def test_one_action_made_the_results_from_the_inputs(labels, record, entities):
    (action,) = [e for e in entities.values() if e["@type"] == "CreateAction"]
    assert entities["./"]["mentions"] == {"@id": action["@id"]}
    assert action["@id"].startswith("urn:uuid:")
    software = entities[action["instrument"]["@id"]]
    assert (software["@type"], software["name"]) == ("SoftwareApplication", "oncotwin")
    assert software["softwareVersion"] == oncotwin.__version__
    assert references(action["object"]) == ["spec.toml", labels.as_uri(), "#seed"]
    assert entities["#seed"]["value"] == "7"
    assert references(action["result"]) == ["figures/slices%20day%2060.png", "results.zarr/", "summary.json"]
    assert action["description"] == "oncotwin simulate tumour 'my spec.toml'"
    started, ended = (datetime.fromisoformat(action[key]) for key in ("startTime", "endTime"))
    assert ended - started == timedelta(minutes=2, seconds=30)
    assert action["actionStatus"] == "http://schema.org/CompletedActionStatus"


def test_a_run_without_a_seed_names_none(run):
    write_manifest(run, started=STARTED)
    graph = json.loads((run / "ro-crate-metadata.json").read_text(encoding="utf-8"))["@graph"]
    assert "#seed" not in json.dumps(graph)
    (action,) = [e for e in graph if e["@type"] == "CreateAction"]
    assert action["object"] == []


def test_the_same_record_gives_the_same_crate(run, labels, record):
    before = (run / "ro-crate-metadata.json").read_bytes()
    write_manifest(
        run,
        spec_path=run / "spec.toml",
        inputs=[labels],
        started=record["started"],
        ended=record["ended"],
        seed=record["seed"],
        command=record["command"],
    )
    assert (run / "ro-crate-metadata.json").read_bytes() == before
