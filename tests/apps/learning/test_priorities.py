"""The interview logs who said what and when, and finds known priorities."""

import json

import numpy as np
import pytest

from oncotwin.apps.learning.priorities import (
    declared_utility,
    interview,
    pool,
    priorities,
    read_comparisons,
    tuned_weights,
)
from oncotwin.errors import BadInput, StorageFailure

WEIGHTS = np.array([1.0, -0.4, -0.9])


def answering(weights):
    """Somebody who reads the question and answers by weights."""

    def ask(question):
        rows = [line for line in question.splitlines() if line.startswith("  ")]
        worth = [
            np.array([float(part.split()[-1]) for part in row.split(": ")[1].split(", ")]) @ weights for row in rows
        ]
        return "1" if worth[0] >= worth[1] else "2"

    return ask


def test_an_interview_finds_the_priorities_and_keeps_a_log(tmp_path):
    log = tmp_path / "log.jsonl"
    found = interview(log, "Dr A", 24, answering(WEIGHTS))
    assert found.comparisons == 24
    assert found.weights[0] == pytest.approx(1.0)
    for place in (1, 2):
        assert found.low[place] <= -WEIGHTS[place] <= found.high[place]
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    assert {row["who"] for row in rows} == {"Dr A"}
    assert all(row["at"].startswith("20") and len(row["better"]) == 3 for row in rows)
    again = interview(log, "Dr B", 1, answering(WEIGHTS))
    assert again.comparisons == 25


def test_stopping_keeps_what_was_said(tmp_path):
    answers = iter(["what?", "1", "2", "q"])
    found = interview(tmp_path / "log.jsonl", "Dr A", 9, lambda question: next(answers))
    assert found.comparisons == 2


def test_a_damaged_log_and_an_empty_interview_are_refused(tmp_path):
    log = tmp_path / "log.jsonl"
    log.write_text('{"better": [1, 2], "worse": [0, 0, 0]}\n')
    with pytest.raises(StorageFailure, match="line 1"):
        read_comparisons(log)
    with pytest.raises(BadInput, match="no comparison"):
        priorities([])
    with pytest.raises(BadInput, match="asked"):
        interview(log, " ", 3, lambda question: "1")


def test_weights_are_tuned_to_the_declared_utility():
    outcomes = pool()
    found = tuned_weights(outcomes, trials=24)
    assert found.value == pytest.approx(declared_utility(outcomes).max(), rel=0.05)
