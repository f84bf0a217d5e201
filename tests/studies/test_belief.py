"""A belief fitted to courses: it finds constants that made them, and says how far it is otherwise."""

import numpy as np
import pytest

from oncotwin.errors import BadInput
from oncotwin.studies.belief import fit_belief

DAYS = np.linspace(0.0, 10.0, 11)
LOW, HIGH = np.array([1e-3, 1e-3]), np.array([10.0, 10.0])


def decay(values):
    return values[0] * np.exp(-values[1] * DAYS)


def test_constants_that_made_the_courses_are_found():
    fit = fit_belief(decay, decay(np.array([3.0, 0.2])), np.array([1.0, 1.0]), LOW, HIGH)
    np.testing.assert_allclose(fit.values, [3.0, 0.2], rtol=1e-5)
    assert fit.error < 1e-6


def test_what_cannot_be_fitted_is_said_to_be_far():
    fit = fit_belief(decay, np.exp(np.sin(3.0 * DAYS)), np.array([1.0, 0.1]), LOW, HIGH)
    assert 0.4 < fit.error < 1.0
    assert np.all((fit.values >= LOW) & (fit.values <= HIGH))


def test_predictions_that_are_not_finite_count_as_far():
    fit = fit_belief(lambda values: np.full(11, np.nan), np.ones(11), np.array([1.0, 1.0]), LOW, HIGH)
    assert fit.error == pytest.approx(10.0)


@pytest.mark.parametrize(
    ("seen", "start", "told"),
    [(np.zeros(11), (1.0, 1.0), "above zero"), (np.ones(11), (20.0, 1.0), "outside its bounds")],
)
def test_bad_input_is_refused(seen, start, told):
    with pytest.raises(BadInput, match=told):
        fit_belief(decay, seen, np.array(start), LOW, HIGH)
