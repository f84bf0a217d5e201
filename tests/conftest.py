"""What every test shares: a compilation cache, the reference data, and no silent skip in CI."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent
FORBIDDEN = bool(os.environ.get("ONCOTWIN_NO_SKIPS"))


def pytest_configure(config: pytest.Config) -> None:
    """Set JAX up before anything imports it, for this process and for those that tests start."""
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(config.cache.mkdir("jax")))
    os.environ.setdefault("JAX_COMPILATION_CACHE_MAX_SIZE", str(2**30))  # a bounded cache is a locked one
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.2")
    os.environ.setdefault("JAX_NUMPY_DTYPE_PROMOTION", "strict")  # no precision is chosen by accident
    if "jax" in sys.modules:  # another plugin was first
        sys.modules["jax"].config.update("jax_numpy_dtype_promotion", os.environ["JAX_NUMPY_DTYPE_PROMOTION"])
    settings.register_profile("oncotwin", deadline=None, derandomize=True)  # a first example compiles
    settings.load_profile("oncotwin")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    """Turn a skipped or expectedly failing test into a failure where ONCOTWIN_NO_SKIPS is set."""
    return _without_skip((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Iterator[None]:
    """Turn a skipped module into an error where ONCOTWIN_NO_SKIPS is set."""
    return _without_skip((yield))


def _without_skip(report: pytest.TestReport | pytest.CollectReport) -> pytest.TestReport | pytest.CollectReport:
    if FORBIDDEN and report.skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid} was skipped, which ONCOTWIN_NO_SKIPS forbids: {reason}"
    return report


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's root folder."""
    return ROOT


@pytest.fixture(scope="session")
def reference() -> Path:
    """The folder of fields written by the published solver, beside the project."""
    folder = ROOT.parent / "shared" / "data" / "reference"
    if not folder.is_dir():
        pytest.skip("the published solver's fields are not at ../shared/data/reference")
    return folder
