"""The command line: what it prints where, how it leaves, and that every mistake is one message."""

import json
import signal
import subprocess
import sys
import tomllib

import numpy as np
import pytest
import xarray as xr

import oncotwin
from oncotwin.apps.catalogue import CATALOGUE
from oncotwin.apps.cli.main import main
from oncotwin.apps.compiled import keep_compiled
from oncotwin.apps.interruption import stop_requests
from oncotwin.apps.tumour.demo import LEVELS
from oncotwin.apps.tumour.tables import comparison_rows, shown_value
from oncotwin.io.rundir import LOG
from oncotwin.io.specs.resolve import resolve
from oncotwin.models.tumour3d import TumourParameters

TINY = ("grid.shape=[8,8]", "grid.lengths_cm=[2,2]", "time.end_days=3")
SETS = [part for setting in TINY for part in ("--set", setting)]


@pytest.fixture
def cli(capsys):
    """Run the command line here; its exit code, stdout and stderr."""

    def run(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return left.value.code, printed.out, printed.err

    return run


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder of a finished run without figures."""
    path = tmp_path_factory.mktemp("runs") / "tiny"
    with pytest.raises(SystemExit) as left:
        main(["simulate", "tumour", *SETS, "--out", str(path), "--no-figures"])
    assert left.value.code == 0
    return path


def refused(outcome: tuple[int, str, str], code: int) -> str:
    """The one message of a refusal."""
    left, out, err = outcome
    assert (left, out) == (code, "")
    assert err.startswith("oncotwin: ")
    assert err.count("\n") == 1
    return err


# --- saying what there is ---


def test_the_version_says_what_it_is_for(cli):
    code, out, _ = cli("--version")
    assert code == 0
    assert out.startswith(f"oncotwin {oncotwin.__version__}\nResearch use only")


def test_help_names_every_command(cli):
    code, out, _ = cli("--help")
    assert code == 0
    assert [name for name in ("demo", "simulate", "export", "report", "config", "parameters") if name not in out] == []


def test_help_needs_no_drawing_nor_results_library():
    program = "import sys; from oncotwin.apps.cli.main import app; app(['--help'], result_action='return_value'); "
    program += "print([m for m in ('matplotlib', 'xarray', 'zarr', 'pint', 'pydantic', 'skimage') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


@pytest.mark.parametrize("preset", TumourParameters.presets)
def test_parameters_are_printed_with_unit_and_source(cli, preset):
    code, out, _ = cli("parameters", "--preset", preset)
    assert code == 0
    assert [info.name for info in TumourParameters.about() if info.name not in out or info.unit not in out] == []
    assert "doi:10.1002/psp4.12388" in out
    assert "Research use only" in out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["simulate", "tumor"], "tumour"),
        (["simulate", "tumour", "--sett", "a=b"], "--sett"),
        (["simulate", "tumour", "a.toml", "b.toml"], "b.toml"),
        (["export", "run", "--format", "xlsx", "--out", "x"], "netcdf"),
        (["export", "run"], "--"),
        (["simulate", "tumour", "absent.toml"], "absent.toml: no such file"),
        (["simulate", "tumour", "--set", "grid.shpae=3"], "Did you mean 'shape'"),
        (["simulate", "tumour", "--resume", "runs", "--set", "a=b"], "a resumed run keeps its own spec"),
        (["simulate", "tumour", "--resume", "no-such-run"], "no-such-run: no such folder"),
        (["parameters", "--preset", "normalized"], "Did you mean 'normalised'"),
        (["config", "explain", "tumour", "grid.shap"], "Did you mean 'grid.shape'"),
        (["config", "check", "tumour", "absent.toml"], "absent.toml"),
        (["report", "no-such-run"], "no-such-run"),
    ],
)
def test_a_mistake_is_one_message_and_code_2(cli, tmp_path, monkeypatch, arguments, told):
    monkeypatch.chdir(tmp_path)
    assert told in refused(cli(*arguments), 2)
    assert list(tmp_path.iterdir()) == []


# --- specs ---


@pytest.mark.parametrize("preset", ["normalised", "published"])
def test_a_spec_is_written_checked_and_explained(cli, tmp_path, preset):
    file = tmp_path / "run.toml"
    assert cli("config", "init", "tumour", file, "--preset", preset) == (0, f"{file}\n", "")
    assert tomllib.loads(file.read_text())["preset"] == preset
    assert "exists" in refused(cli("config", "init", "tumour", file), 2)
    assert cli("config", "init", "tumour", file, "--force")[0] == 0
    code, out, _ = cli("config", "check", "tumour", file, *SETS)
    assert code == 0
    assert "8 x 8 voxels, 3 days, 4 frames" in out
    code, out, _ = cli("config", "explain", "tumour", "time", "--preset", preset)
    assert code == 0
    assert "time.end_days" in out
    assert "grid" not in out
    assert cli("config", "init", "tumour", "--preset", preset)[1].startswith("# A tumour run of oncotwin.")


@pytest.mark.parametrize("kind", ["culture", "dosing", "comparison", "veins"])
def test_a_written_spec_can_be_run(cli, tmp_path, kind):
    file = tmp_path / f"{kind}.toml"
    assert cli("config", "init", kind, file)[0] == 0
    assert f"{file} can be run: " in cli("config", "check", kind, file)[1].replace("\n", "")


# --- runs ---


def test_json_alone_stands_on_stdout(cli, finished, tmp_path):
    path = tmp_path / "run"
    code, out, err = cli("simulate", "tumour", *SETS, "--no-figures", "--json", "--out", path)
    assert code == 0
    summary = json.loads(out)
    assert summary["status"] == "done"
    assert summary["run_dir"] == str(path)
    assert "0 of 3 days" in err
    assert "3 of 3 days" in err
    assert "\x1b" not in err


def test_a_run_directory_holds_all_it_should(finished):
    names = {entry.name for entry in finished.iterdir()}
    assert names >= {
        "spec.toml",
        "manifest.json",
        "ro-crate-metadata.json",
        "summary.json",
        "results.zarr",
        "checkpoint.npz",
        "report.html",
        "log.jsonl",
    }
    assert "Research use only" in (finished / "report.html").read_text()
    assert tomllib.loads((finished / "spec.toml").read_text())["output"]["figures"] is False


def test_a_run_is_replaced_only_by_force(cli, finished, tmp_path):
    path = tmp_path / "run"
    assert cli("simulate", "tumour", *SETS, "--no-figures", "--out", path)[0] == 0
    assert "not empty" in refused(cli("simulate", "tumour", *SETS, "--out", path), 2)
    assert cli("simulate", "tumour", *SETS, "--no-figures", "--out", path, "--force")[0] == 0
    assert cli("report", path) == (0, f"{path / 'report.html'}\n", "")


@pytest.mark.parametrize(("form", "name"), [("netcdf", "a.nc"), ("csv", "a.csv"), ("vti", "vti")])
def test_exports_write_what_they_say(cli, finished, tmp_path, form, name):
    code, out, _ = cli("export", finished, "--format", form, "--out", tmp_path / name)
    assert code == 0
    written = out.strip()
    assert (tmp_path / name).exists()
    if form == "netcdf":
        with xr.open_dataset(written) as dataset:
            assert np.all(np.isfinite(dataset["T_A"]))
    assert "exists" in refused(cli("export", finished, "--format", form, "--out", tmp_path / name), 2)


def test_nifti_needs_images(cli, finished, tmp_path):
    message = refused(cli("export", finished, "--format", "nifti", "--out", tmp_path / "nii"), 2)
    assert "no images" in message


def test_the_published_solvers_run_from_the_command_line(cli, tmp_path):
    """`--set preset=published --set scheme.name=published` reproduces its runs, here on a small box."""
    sets = ("preset=published", "scheme.name=published", "grid.shape=[8,8,8]", "time.end_days=0.1")
    sets += ("time.output_every_days=0.05", "output.figures=false")
    arguments = [part for setting in sets for part in ("--set", setting)]
    code, out, err = cli("simulate", "tumour", *arguments, "--json", "--out", tmp_path / "run")
    assert code == 0, err
    summary = json.loads(out)
    assert (summary["scheme"], summary["steps"], summary["crs_grade"]) == ("published", 10, summary["crs_grade"])


def test_the_demo_compares_the_levels(cli, tmp_path, monkeypatch):
    """The demo as it is, but for a coarse grid, two weeks and no figures of the single runs."""
    coarse = ("grid.shape=[8,8,8]", "time.end_days=14", "output.figures=false")
    monkeypatch.setattr(
        "oncotwin.apps.tumour.demo.resolve", lambda path, sets, family: resolve(path, (*sets, *coarse), family)
    )
    folder = tmp_path / "demo"
    code, out, _ = cli("demo", "doses", "--out", folder, "--json")
    assert code == 0
    comparison = json.loads(out)
    assert [run["cells"] for run in comparison["runs"]] == list(LEVELS)
    peaks = [run["c_max"] for run in comparison["runs"]]
    assert peaks == sorted(peaks)
    assert peaks[0] < peaks[-1]
    assert {"comparison.png", "comparison.json", "index.html"} <= {entry.name for entry in folder.iterdir()}
    page = (folder / "index.html").read_text()
    for row, run in zip(comparison_rows(comparison["runs"]), comparison["runs"], strict=True):
        assert all(f"<td>{cell}</td>" in page for cell in row)
        link = f"{run['run_dir'].removeprefix(str(folder)).lstrip('/')}/report.html"
        assert f'href="{link}"' in page
        assert (folder / link).is_file()
    assert "not empty" in refused(cli("demo", "doses", "--out", folder), 2)


# --- what stands around a run ---


def test_the_compilation_cache_is_the_users(monkeypatch, tmp_path):
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file" / "cache"))
    (tmp_path / "file").write_text("")
    assert keep_compiled().startswith("not kept: ")


def test_whether_compiled_code_is_kept_stands_in_the_log(finished):
    first = json.loads((finished / LOG).read_text().splitlines()[0])
    assert first["event"] == "compiled code"
    assert first["state"].startswith("kept in ")


def test_ctrl_c_before_a_run_leaves_with_130(cli, monkeypatch):
    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("oncotwin.io.specs.resolve.resolve", interrupt)
    assert "stopped at once" in refused(cli("config", "init", "tumour"), 130)


def test_handlers_are_given_back():
    before = signal.getsignal(signal.SIGTERM)
    with stop_requests() as stop:
        assert signal.getsignal(signal.SIGTERM) == stop.receive
        signal.raise_signal(signal.SIGTERM)
        assert stop.signal == signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize(
    ("key", "value", "shown"),
    [
        ("tumour_volume_change", -0.25, "-25.0%"),
        ("escape_fraction", 0.12345, "0.123"),
        ("c_max", 14720.4, "14,720"),
        ("c_max", None, "–"),
        ("best_response", "PR", "PR"),
        ("objective_response", True, "yes"),
        ("crs_grade", 2, "2"),
    ],
)
def test_endpoints_are_printed_readably(key, value, shown):
    assert shown_value(key, value) == shown


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_model_of_the_catalogue_takes_a_step(name):
    task = CATALOGUE[name]()
    state = task.model.initial(task.parameters)
    after = task.model.advance(state, task.model.no_action(), task.parameters, task.intervals[0])
    assert int(task.model.status(after)) == 0
