"""The rule that nothing is skipped in CI, tried on a small suite of its own."""

import os
import subprocess
import sys
from pathlib import Path

SUITE = """
import pytest

def test_passes(): pass

@pytest.mark.skip(reason="no compiler")
def test_is_skipped(): pass

@pytest.mark.xfail(reason="known bug")
def test_is_expected_to_fail(): assert False
"""


def outcome(folder: Path, **environment: str) -> tuple[int, str]:
    (folder / "conftest.py").write_text((Path(__file__).parent / "conftest.py").read_text())
    (folder / "test_suite.py").write_text(SUITE)
    (folder / "test_module.py").write_text("import pytest\npytest.importorskip('no_such_module_anywhere')\n")
    (folder / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "--continue-on-collection-errors", "."]
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("ONCOTWIN_", "PYTEST_"))}
    done = subprocess.run(command, cwd=folder, env=clean | environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def test_skips_are_allowed_by_default(tmp_path):
    code, printed = outcome(tmp_path)
    assert code == 0, printed
    assert "1 passed, 2 skipped, 1 xfailed" in printed


def test_skips_fail_and_are_named_where_forbidden(tmp_path):
    code, printed = outcome(tmp_path, ONCOTWIN_NO_SKIPS="1")
    assert code == 1
    assert "1 failed, 1 passed, 2 errors" in printed
    for name in ("test_module.py", "test_suite.py::test_is_skipped", "test_suite.py::test_is_expected_to_fail"):
        assert f"{name} was skipped, which ONCOTWIN_NO_SKIPS forbids" in printed
    assert "no compiler" in printed
