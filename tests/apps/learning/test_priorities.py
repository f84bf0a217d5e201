"""Priorities: an interview finds known ones and logs who said what; a declared utility finds its own; both are kept."""

import json

import numpy as np
import pytest

from oncotwin.apps.cli.learning import prefer
from oncotwin.apps.learning.clinical import Made, amid, check_asked, declared_utility, tuned_priorities
from oncotwin.apps.learning.interview import interview, priorities, read_comparisons
from oncotwin.apps.learning.priorities import (
    OUTCOMES,
    described,
    read_priorities,
    shipped_priorities,
    write_priorities,
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
    assert found.count == 24
    assert found.weights[0] == pytest.approx(1.0)
    for place in (1, 2):
        assert found.low[place] <= -WEIGHTS[place] <= found.high[place]
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    assert {row["who"] for row in rows} == {"Dr A"}
    assert all(row["at"].startswith("20") and len(row["better"]) == 3 for row in rows)
    again = interview(log, "Dr B", 1, answering(WEIGHTS))
    assert again.count == 25


def test_stopping_keeps_what_was_said(tmp_path):
    """Two answers leave much doubt, but whatever is written can be read."""
    answers = iter(["what?", "1", "2", "q"])
    found = interview(tmp_path / "log.jsonl", "Dr A", 9, lambda question: next(answers))
    assert found.count == 2
    assert min(found.low) >= 0.0
    assert found.weights[0] == found.low[0] == found.high[0] == 1.0
    assert found.high[1] / found.low[1] > 20.0
    write_priorities(tmp_path / "two.json", found)
    assert read_priorities(tmp_path / "two.json") == found


def test_who_cares_about_potency_alone_gives_the_risks_little(tmp_path):
    found = interview(tmp_path / "log.jsonl", "Dr A", 24, answering([1.0, 0.0, 0.0]))
    assert found.weights[0] == 1.0
    assert max(found.weights[1:]) < 0.25
    assert max(found.low[1:]) < 0.05
    assert max(found.high[1:]) < 1.0
    write_priorities(tmp_path / "potency.json", found)
    assert read_priorities(tmp_path / "potency.json") == found


def test_who_cares_about_risk_alone_is_told_so_and_keeps_the_answers(tmp_path):
    log = tmp_path / "log.jsonl"
    with pytest.raises(BadInput, match="potency hardly counts.*24 answers.*Answer more questions"):
        interview(log, "Dr A", 24, answering([0.0, -1.0, -1.0]))
    assert len(read_comparisons(log)) == 24


def test_a_damaged_log_and_an_empty_interview_are_refused(tmp_path):
    log = tmp_path / "log.jsonl"
    log.write_text('{"better": [1, 2], "worse": [0, 0, 0]}\n')
    with pytest.raises(StorageFailure, match="line 1"):
        read_comparisons(log)
    with pytest.raises(BadInput, match="no comparison"):
        priorities([])
    with pytest.raises(BadInput, match="asked"):
        interview(log, " ", 3, lambda question: "1")


def trade_off(count=12, donors=20):
    """Recipes that buy potency with risk of cytokine release, ever dearer; all batches are released."""
    potency = np.linspace(0.3, 0.9, count)[:, None] + np.linspace(-0.05, 0.05, donors)[None]
    risk = np.clip(potency**4, 0.0, 1.0)
    return Made(np.stack([potency, risk, np.full_like(risk, 0.1)], axis=-1), np.ones(potency.shape, bool))


def test_weights_are_tuned_to_the_declared_utility_with_their_doubt():
    """The best of a (1 - a^4) is where 1 = 5 a^4; there a reward c - a2 a^4 weighs risk by a2 = 1 / (4 a^3) = 0.84."""
    made = trade_off()
    found = tuned_priorities(made, trials=16)
    assert found.origin == "utility"
    assert found.low[1] < 0.84 < found.high[1]
    assert found.high[1] / found.low[1] < 8.0
    assert found.high[2] / found.low[2] > 8.0  # nothing depends on the third weight
    worth = made.outcomes @ np.array([1.0, -found.weights[1], -found.weights[2]])
    utility = declared_utility(made.outcomes)
    chosen = utility[np.argmax(worth, axis=0), np.arange(worth.shape[1])]
    assert chosen.mean() > 0.98 * utility.max(axis=0).mean()


def test_a_batch_that_is_not_released_is_not_chosen():
    made = trade_off()
    released = made.released.copy()
    released[4:] = False
    found = tuned_priorities(Made(made.outcomes, released), trials=16)
    assert found.high[1] / found.low[1] > 20.0  # the best that is left is the most potent under any small weight
    released[1:] = False
    with pytest.raises(BadInput, match="two recipes"):
        tuned_priorities(Made(made.outcomes, released), trials=16)
    with pytest.raises(BadInput, match="--trials"):
        check_asked(64, 3)
    assert amid(np.array([[0.0, 0.0], [1.0, 1.0], [9.0, 9.0]])) == 1


def test_priorities_are_kept_in_a_file(tmp_path):
    log, path = tmp_path / "log.jsonl", tmp_path / "priorities.json"
    found = interview(log, "Dr A", 6, answering(WEIGHTS))
    write_priorities(path, found)
    again = read_priorities(path)
    assert again == found
    assert len(again.draws) == 100
    assert again.basis == "comparisons of two products by Dr A"
    assert "crs_risk" in described(again)


def said(**changed):
    """What a file of priorities says."""
    row = {"weights": [1.0, 0.5, 0.7], "low": [1.0, 0.1, 0.2], "high": [1.0, 0.9, 0.8], "draws": [[1.0, 0.4, 0.6]]}
    words = {"format_version": 1, "outcomes": list(OUTCOMES), "origin": "declared", "basis": "words", "count": 0}
    return {**row, **words, **changed}


def test_weights_are_read_by_the_names_of_their_outcomes(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(said()))
    plain = read_priorities(path)
    assert plain.weights == (1.0, 0.5, 0.7)
    turned = {name: said()[name][::-1] for name in ("weights", "low", "high", "outcomes")}
    path.write_text(json.dumps(said(**turned, draws=[[0.6, 0.4, 1.0]])))
    assert read_priorities(path) == plain
    path.write_text(json.dumps(said(draws=[])))
    assert read_priorities(path).draws == ()


WRONG = [
    ({"outcomes": ["cytotoxicity", "crs_risk", "cost"]}, "no priorities of these outcomes"),
    ({"outcomes": 3}, "no priorities of these outcomes"),
    ({"format_version": 2}, "another format version; got 2; allowed: 1"),
    ({"weights": [1.0, 0.5]}, "weights is something else"),
    ({"weights": [1.0, float("nan"), 0.5]}, "weights is something else"),
    ({"weights": {"a": 1}}, "weights is something else"),
    ({"weights": [[1.0, 0.5, 0.7]]}, "weights is something else"),
    ({"draws": [[1.0]]}, "draws is something else"),
    ({"draws": [[0.0, 0.5, 0.5]]}, "as declared cytotoxicity has a weight that no reward can have"),
    ({"weights": [1.0, 0.95, 0.7]}, r"weight of crs_risk lies outside its interval; got 0.95; allowed: 0.1 to 0.9"),
    ({"weights": [-1.0, 0.5, 0.7]}, "as declared cytotoxicity has.*got -1.0"),
    ({"weights": [1.0, -0.5, 0.7]}, "as declared crs_risk has.*without the minus sign"),
    ({"weights": [-1.0, 0.5, 0.7], "origin": "comparisons"}, "by these answers cytotoxicity.*Answer more questions"),
    ({"origin": "declard"}, "unknown origin of priorities.*'declared'"),
    ({"count": 1.5}, "count is no number"),
]


@pytest.mark.parametrize(("changed", "words"), WRONG)
def test_what_no_reward_can_have_is_refused_in_words(tmp_path, changed, words):
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(said(**changed)))
    with pytest.raises(BadInput, match=words):
        read_priorities(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [("{", "this is no JSON"), ("[1]", "no object"), ('{"weights": [1]}', "low, high"), (None, "No such")],
)
def test_a_file_of_something_else_is_refused_without_the_names_of_exceptions(tmp_path, text, words):
    path = tmp_path / "mine.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(BadInput, match=words) as caught:
        read_priorities(path)
    assert "Error" not in str(caught.value)
    assert "`oncotwin prefer`" in str(caught.value)


def test_questions_leave_stdout_to_the_weights(tmp_path, monkeypatch, capsys):
    answers = iter(["1", "2", "1"])
    monkeypatch.setattr("builtins.input", lambda: next(answers))
    prefer(who="Dr A", log=tmp_path / "log.jsonl", questions=3, as_json=True)
    printed = capsys.readouterr()
    assert json.loads(printed.out)["count"] == 3
    assert "Question 3 of 3" in printed.err


def test_the_shipped_priorities_are_of_the_declared_utility():
    found = shipped_priorities()
    assert found.origin == "utility"
    for place in (1, 2):
        assert found.low[place] <= found.weights[place] <= found.high[place]
