"""ASTCT grades of cytokine release syndrome, row by row, and our map from interleukin 6."""

from itertools import product

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oncotwin.core.grades import (
    Fever,
    Hypotension,
    Oxygen,
    Vasopressors,
    astct_crs_grade,
    crs_grade,
    crs_signs_from_il6,
)
from oncotwin.errors import BadInput

NO_PRESSOR, ONE, MULTIPLE = Vasopressors.NONE, Vasopressors.ONE, Vasopressors.MULTIPLE
NORMAL, LOW = Hypotension.ABSENT, Hypotension.PRESENT


@pytest.mark.parametrize(
    ("fever", "vasopressors", "hypotension", "oxygen", "grade"),
    [
        (Fever.ABSENT, NO_PRESSOR, NORMAL, Oxygen.NONE, 0),
        (Fever.PRESENT, NO_PRESSOR, NORMAL, Oxygen.NONE, 1),
        (Fever.PRESENT, NO_PRESSOR, LOW, Oxygen.NONE, 2),
        (Fever.PRESENT, NO_PRESSOR, NORMAL, Oxygen.LOW_FLOW, 2),
        (Fever.PRESENT, NO_PRESSOR, LOW, Oxygen.LOW_FLOW, 2),
        (Fever.PRESENT, ONE, LOW, Oxygen.NONE, 3),
        (Fever.PRESENT, NO_PRESSOR, NORMAL, Oxygen.HIGH_FLOW, 3),
        (Fever.PRESENT, NO_PRESSOR, LOW, Oxygen.HIGH_FLOW, 3),  # the worse axis counts
        (Fever.PRESENT, ONE, LOW, Oxygen.LOW_FLOW, 3),
        (Fever.PRESENT, MULTIPLE, LOW, Oxygen.NONE, 4),
        (Fever.PRESENT, NO_PRESSOR, NORMAL, Oxygen.POSITIVE_PRESSURE, 4),
        (Fever.PRESENT, ONE, LOW, Oxygen.POSITIVE_PRESSURE, 4),
        (Fever.ABSENT, MULTIPLE, LOW, Oxygen.POSITIVE_PRESSURE, 0),  # without fever it is another disease
        (Fever.MASKED, ONE, LOW, Oxygen.NONE, 3),  # after tocilizumab or steroids
        (Fever.MASKED, NO_PRESSOR, NORMAL, Oxygen.LOW_FLOW, 2),
        (Fever.MASKED, NO_PRESSOR, NORMAL, Oxygen.NONE, 0),
    ],
)
def test_published_table(fever, vasopressors, hypotension, oxygen, grade):
    assert astct_crs_grade(fever, vasopressors, hypotension, oxygen) == grade


@pytest.mark.parametrize("fever", [Fever.PRESENT, Fever.MASKED])
def test_a_worse_sign_never_lowers_the_grade(fever):
    grades = [[int(astct_crs_grade(fever, v, h, o)) for o in Oxygen] for v, h in product(Vasopressors, Hypotension)]
    assert np.all(np.diff(grades, axis=1) >= 0)
    assert np.all(np.diff(np.reshape(grades, (3, 2, 4)), axis=0) >= 0)


@pytest.mark.parametrize(
    ("peak", "grade"),
    [(0.0, 0), (9.99, 0), (10.0, 1), (99.0, 1), (100.0, 2), (999.0, 2), (1e3, 3), (9999.0, 3), (1e4, 4), (1e6, 4)],
)
def test_grade_of_a_peak_of_interleukin_6(peak, grade):
    assert crs_grade([0.0, peak, 1.0]) == grade


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.floats(0, 1e6), min_size=4, max_size=4))
def test_grade_of_a_course_is_the_table_applied_to_its_signs(il6):
    signs = crs_signs_from_il6(max(il6))
    assert Fever(int(signs.fever)) in Fever
    assert crs_grade(il6) == astct_crs_grade(*signs)


@settings(deadline=None)  # the first call compiles
@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_more_interleukin_6_is_never_a_lower_grade(first, second):
    low, high = sorted((first, second))
    assert crs_grade([low]) <= crs_grade([high])


def test_grades_map_over_a_cohort():
    assert jax.vmap(crs_grade)(np.array([[1.0, 5.0], [1.0, 500.0], [1.0, 5000.0]])).tolist() == [0, 2, 3]


def test_a_negative_concentration_is_refused():
    with pytest.raises(BadInput, match="-1.0"):
        crs_grade([-1.0])
