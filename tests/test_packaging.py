"""The package's metadata: dependencies are what the source imports, and the locks hold them with hashes and no host."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions, version
from pathlib import Path

import pytest

import oncotwin

ROOT = Path(__file__).resolve().parent.parent
METADATA = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOADED_BY_OTHERS = {"h5netcdf", "h5py", "bionetgen", "python-dateutil"}  # by name: xarray, PySB


def names(requirements: list[str]) -> set[str]:
    """Normalised distribution names of requirements."""
    return {re.match(r"[\w.-]+", entry)[0].lower().replace("_", "-") for entry in requirements}


def imported() -> set[str]:
    """Distributions that the source imports, the standard library and oncotwin apart."""
    packages = set()
    for file in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                packages |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                packages.add(node.module.split(".")[0])
    owners = packages_distributions()
    return names([owners[p][0] for p in packages - set(sys.stdlib_module_names) - {"oncotwin"}])


def test_dependencies_are_what_the_source_imports():
    extras = [entry for group in METADATA["project"]["optional-dependencies"].values() for entry in group]
    assert names(METADATA["project"]["dependencies"] + extras) - LOADED_BY_OTHERS == imported()


def test_version_has_one_source():
    assert version("oncotwin") == oncotwin.__version__
    assert f"version: {oncotwin.__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


@pytest.mark.parametrize("lock", ["dev.lock", "run.lock"])
def test_lock_is_pinned_and_names_no_host(lock):
    text = (ROOT / "requirements" / lock).read_text(encoding="utf-8")
    entries = re.split(r"\n(?=\S)", text)
    assert all(re.match(r"[\w.-]+==[\w.]+.*\\\n    --hash=sha256:[0-9a-f]{64}", entry) for entry in entries)
    assert "://" not in text
    assert "--index" not in text
    wanted = list(METADATA["project"]["dependencies"])
    if lock == "dev.lock":
        wanted += METADATA["dependency-groups"]["dev"]
    assert names(wanted) <= names(entries)
