"""The examples run as they stand and print a table of finite numbers."""

import math
import re
import runpy
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).resolve().parent.parent / "examples").glob("*.py"))


def test_there_are_examples():
    assert EXAMPLES


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_example_runs(example, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(example), run_name="__main__")
    printed = capsys.readouterr().out
    numbers = [float(word) for word in re.findall(r"(?<![\w.])-?\d+\.\d+(?:e[+-]?\d+)?|\bnan\b|\binf\b", printed)]
    assert len(numbers) > 5
    assert all(map(math.isfinite, numbers))
    assert list(tmp_path.iterdir()) == []
