"""The documentation is true: its Python runs, its commands parse, its links lead somewhere, its tables are complete."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from oncotwin.apps.cli import culture as cli_culture
from oncotwin.apps.cli import main as cli
from oncotwin.core.features import SCHEMA
from oncotwin.errors import BadInput
from oncotwin.io.cohorts.files import read_cohort
from oncotwin.io.cohorts.margins import MarginsSpec, read_margins
from oncotwin.io.cultures.sensor_log import read_sensor_log
from oncotwin.io.specs.culture import CultureSpec
from oncotwin.io.specs.documents import preset_names
from oncotwin.io.specs.explain import keys
from oncotwin.io.specs.kinds import CULTURE
from oncotwin.io.specs.resolve import resolve
from oncotwin.io.specs.tumour import TumourSpec
from oncotwin.models.culture import CultureParameters
from oncotwin.models.tumour3d import TumourParameters

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```(?P<language>[\w ]+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks(*languages: str) -> list:
    """Every fenced block in one of the languages, named by its page and line."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in FENCE.finditer(text):
            if match["language"] in languages:
                line = text.count("\n", 0, match.start()) + 2
                found.append(pytest.param(match["text"], id=f"{page.relative_to(ROOT)}:{line}"))
    return found


@pytest.mark.parametrize("text", blocks("python"))
def test_python_runs(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(text, "block", "exec"), {"__name__": "__main__"})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    targets = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
    assert [t for t in targets if "://" not in t and not (page.parent / t).exists()] == []


def commands() -> list:
    """Every line of a shell block that calls oncotwin."""
    found = []
    for block in blocks("sh", "console"):
        for line in block.values[0].replace("\\\n", " ").splitlines():
            if line.startswith("oncotwin "):
                found.append(pytest.param(shlex.split(line, comments=True)[1:], id=f"{block.id}:{line}"))
    return found


@pytest.mark.parametrize("text", blocks("toml"))
def test_spec_is_valid(text, tmp_path):
    (tmp_path / "spec.toml").write_text(text, encoding="utf-8")
    assert resolve(tmp_path / "spec.toml", (), TumourParameters)


@pytest.mark.parametrize("text", blocks("toml refused"))
def test_faulty_spec_is_refused(text, tmp_path):
    (tmp_path / "spec.toml").write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=r"spec\.toml.*Did you mean"):
        resolve(tmp_path / "spec.toml", (), TumourParameters)


@pytest.mark.parametrize("text", blocks("toml culture"))
def test_culture_spec_is_valid(text, tmp_path):
    (tmp_path / "spec.toml").write_text(text, encoding="utf-8")
    assert resolve(tmp_path / "spec.toml", (), CultureParameters, CULTURE)


@pytest.mark.parametrize("text", blocks("toml protocol"))
def test_protocol_is_valid(text, tmp_path):
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    (tmp_path / "spec.toml").write_text('protocol = "mine.toml"', encoding="utf-8")
    assert resolve(tmp_path / "spec.toml", (), CultureParameters, CULTURE)


@pytest.mark.parametrize("text", blocks("csv"))
def test_sensor_log_is_valid(text, tmp_path):
    (tmp_path / "log.csv").write_text(text, encoding="utf-8")
    assert len(read_sensor_log(tmp_path / "log.csv").days) > 1


@pytest.mark.parametrize("text", blocks("csv cohort"))
def test_cohort_is_valid(text, tmp_path):
    (tmp_path / "cohort.csv").write_text(text, encoding="utf-8")
    assert len(read_cohort(tmp_path / "cohort.csv")) > 1


@pytest.mark.parametrize("text", blocks("toml margins"))
def test_margins_are_valid(text, tmp_path):
    (tmp_path / "margins.toml").write_text(text, encoding="utf-8")
    assert read_margins(str(tmp_path / "margins.toml")).margins


@pytest.mark.parametrize("arguments", commands())
def test_command_parses(arguments):
    if arguments in (["--version"], ["--help"]):
        return
    command, bound, unused = cli.app.parse_args(arguments, exit_on_error=False, print_error=False)
    assert not unused
    if command is cli.simulate_tumour:
        assert resolve(None, bound.arguments.get("overrides", ()), TumourParameters)
    elif command is cli.simulate_culture and "resume" not in bound.arguments and not bound.args:
        given = {name: bound.arguments.get(name) for name in ("protocol", "donor")}
        changes = bound.arguments.get("overrides", ())
        assert resolve(None, (*cli_culture.shorthand(**given, overrides=changes), *changes), CultureParameters, CULTURE)
    elif command in (cli.config_explain, cli.parameters):
        command(*bound.args, **bound.kwargs)


def test_every_command_is_documented():
    page = (ROOT / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")
    for names in ("demo", "simulate tumour", "export", "report", "config init", "config check", "config explain"):
        assert f"oncotwin {names}" in page
    known = {name for name in cli.app if not name.startswith("-")}
    assert all(f"oncotwin {name}" in page for name in known)


def rows() -> list[str]:
    """The row of every key of a spec in the reference: key, defaults of both presets, what is allowed, meaning."""
    defaults = [resolve(None, (f"preset={name}",), TumourParameters).model_dump() for name in preset_names()]
    return [
        f"| `{'.'.join(key.place)}` | {' | '.join(shown(default, key.place) for default in defaults)} "
        f"| {key.allowed} | {key.doc} |"
        for key in keys(TumourSpec)
    ]


def culture_rows() -> list[str]:
    """The same of a culture, with the defaults of its default protocol."""
    default = resolve(None, (), CultureParameters, CULTURE).model_dump()
    return [
        f"| `{'.'.join(key.place)}` | {shown(default, key.place)} | {key.allowed} | {key.doc} |"
        for key in keys(CultureSpec)
    ]


def shown(value: Any, place: tuple[str, ...]) -> str:
    """The value at a place of a resolved spec; of a list of tables, that in the first."""
    for part in place:
        value = value[0] if isinstance(value, tuple) and value else value
        value = value[part] if value else None
    if value in (None, (), {}) or isinstance(value, tuple) and isinstance(value[0], dict):
        return ""
    return f"`{value:g}`" if isinstance(value, float) else f"`{json.dumps(value)}`"


def test_every_key_is_documented():
    page = (ROOT / "docs" / "reference" / "spec.md").read_text(encoding="utf-8").splitlines()
    assert [row for row in rows() if row not in page] == []
    assert len([line for line in page if line.startswith("| `")]) == len(rows())


def test_every_key_of_a_culture_is_documented():
    page = (ROOT / "docs" / "reference" / "spec-culture.md").read_text(encoding="utf-8").splitlines()
    assert [line for line in page if line.startswith("| `")] == culture_rows()


def cohort_rows() -> list[str]:
    """The row of every variable of a cohort, then of every key of a margins file."""
    found = []
    for v in SCHEMA:
        allowed = ", ".join(v.levels) if v.levels else f"{v.low:g} to {v.high:g}"
        unit = "" if v.unit == "1" else v.unit
        found.append(f"| `{v.name}` | {v.kind} | {unit} | {allowed} | {v.tag} | {v.doc} |")
    return found + [f"| `{'.'.join(key.place)}` | {key.allowed} | {key.doc} |" for key in keys(MarginsSpec)]


def test_every_column_of_a_cohort_and_key_of_its_margins_is_documented():
    page = (ROOT / "docs" / "reference" / "cohort.md").read_text(encoding="utf-8").splitlines()
    assert [line for line in page if line.startswith("| `")] == cohort_rows()
