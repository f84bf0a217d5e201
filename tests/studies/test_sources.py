"""The split of variance by source: exact where it is known, nothing where nothing varies."""

import numpy as np
import pytest

from oncotwin.errors import BadInput
from oncotwin.studies.sources import design, split


def outcomes(law, pairs=4000, sources=3):
    draws = np.random.default_rng(7).standard_normal((2 * pairs, sources))
    rows = design(pairs, sources)
    return law(*(draws[rows[:, i], i] for i in range(sources)))


def test_additive_sources_have_their_own_variances():
    found = split(outcomes(lambda a, b, c: 2.0 * a + b + 0.0 * c), 3)
    np.testing.assert_allclose(found.first, [0.8, 0.2, 0.0], atol=0.04)
    np.testing.assert_allclose(found.total, [0.8, 0.2, 0.0], atol=0.04)
    assert found.variance == pytest.approx(5.0, rel=0.05)
    assert np.all(found.first_error < 0.04)


def test_an_interaction_counts_in_the_total_of_both_alone():
    found = split(outcomes(lambda a, b, c: a * b + c), 3)
    np.testing.assert_allclose(found.first, [0.0, 0.0, 0.5], atol=0.05)
    np.testing.assert_allclose(found.total, [0.5, 0.5, 0.5], atol=0.05)


def test_where_nothing_varies_nothing_is_split():
    found = split(np.ones(10), 3)
    assert found.variance == 0
    assert not np.any(found.total)


def test_a_design_takes_each_source_from_b_once():
    rows = design(2, 3)
    assert rows.tolist() == [[0] * 3, [1] * 3, [2] * 3, [3] * 3] + [
        [2, 0, 0], [3, 1, 1], [0, 2, 0], [1, 3, 1], [0, 0, 2], [1, 1, 3]
    ]  # fmt: skip


@pytest.mark.parametrize("values", [np.ones(11), np.ones(5), np.full(10, np.nan), np.ones((5, 2))])
def test_what_is_no_design_is_refused(values):
    with pytest.raises(BadInput, match="not the runs|not finite"):
        split(values, 3)


def test_too_few_pairs_are_refused():
    with pytest.raises(BadInput, match="pairs"):
        design(1, 3)
