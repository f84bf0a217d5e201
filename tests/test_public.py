"""The public names: what oncotwin exports exists, says what it is, and stands in the reference."""

import ast
import importlib
import pkgutil
from pathlib import Path

import pytest

import oncotwin

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted(module.name for module in pkgutil.walk_packages(oncotwin.__path__, "oncotwin."))


@pytest.mark.parametrize("name", oncotwin.__all__)
def test_public_name(name):
    thing = getattr(oncotwin, name)
    assert not name.startswith("_")
    assert thing.__module__.startswith("oncotwin.")
    assert thing.__doc__
    assert f"`{name}`" in (ROOT / "docs" / "reference" / "library.md").read_text(encoding="utf-8")


def test_public_names_are_sorted_and_complete():
    assert list(oncotwin.__all__) == sorted(oncotwin.__all__)
    tree = ast.parse(Path(oncotwin.__file__).read_text(encoding="utf-8"))
    imported = [a.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for a in node.names]
    assert sorted(imported) == list(oncotwin.__all__)


@pytest.mark.parametrize("name", MODULES)
def test_module_imports_and_says_what_it_is(name):
    module = importlib.import_module(name)
    assert module.__doc__
    for exported in getattr(module, "__all__", []):
        assert hasattr(module, exported)
