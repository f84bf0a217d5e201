"""RECIST 1.1, cellular kinetics and escape: the definitions at their boundaries, and laws that hold for any course."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from oncotwin.core.endpoints import (
    Response,
    auc_0_28,
    best_confirmed_response,
    best_response,
    c_max,
    detectable_at_end,
    disease_control,
    escape_fraction,
    objective_response,
    persistence,
    recist_category,
    recist_course,
    t_max,
    time_to_progression,
    volume_change,
)
from oncotwin.errors import BadInput

CR, PR, SD, PD, NE = Response.CR, Response.PR, Response.SD, Response.PD, Response.NE

millimetres = st.integers(1, 300).map(float)
courses = st.lists(millimetres, min_size=6, max_size=6).map(np.array)  # one length: JAX compiles for each
levels = st.lists(st.floats(0, 1e6), min_size=7, max_size=7).map(np.array)


@pytest.mark.parametrize(
    ("now", "baseline", "nadir", "category"),
    [
        (0.0, 50.0, 50.0, CR),
        (0.1, 50.0, 50.0, PR),
        (35.0, 50.0, 50.0, PR),  # a fall of 30.0 %
        (35.01, 50.0, 50.0, SD),
        (8.4, 12.0, 12.0, PR),  # 30 % whose binary digits say 29.999...
        (70.0, 100.0, 100.0, PR),
        (24.9, 20.0, 20.0, SD),  # 24.5 %, but 4.9 mm
        (25.0, 20.0, 20.0, PD),  # 25 % and 5.0 mm
        (30.1, 25.1, 25.1, SD),  # 5.0 mm, but 19.9 %
        (30.0, 25.0, 25.0, PD),  # exactly 20 % and exactly 5.0 mm
        (29.9, 25.0, 25.0, SD),  # 4.9 mm and 19.6 %
        (120.0, 100.0, 100.0, PD),
        (119.9, 100.0, 100.0, SD),
        (60.0, 100.0, 40.0, PD),  # 40 % below baseline, 50 % above the nadir: PD goes first
        (44.9, 100.0, 40.0, PR),  # 4.9 mm above the nadir
        (1.0, 50.0, 0.0, PD),  # back after a complete response, however small
        (np.nan, 50.0, 50.0, NE),
        (20.0, 0.0, 0.0, NE),  # nothing to assess at baseline
        (0.0, 0.0, 0.0, NE),
    ],
)
def test_category_at_its_boundaries(now, baseline, nadir, category):
    assert Response(int(recist_category(now, baseline, nadir))) is category


@pytest.mark.parametrize("now", [0.0, 10.0, 50.0, np.nan])
def test_a_new_lesion_is_progression_whatever_the_sum(now):
    assert recist_category(now, 50.0, 50.0, True) == PD


@settings(deadline=None)  # the first call compiles
@given(courses, st.sampled_from([0.25, 0.5]))
def test_relative_criteria_do_not_depend_on_the_unit(sums, factor):
    """Scaled down, a course can only leave PD, by the 5 mm; no other category changes."""
    large, small = np.asarray(recist_course(sums)), np.asarray(recist_course(factor * sums))
    kept = large != PD
    np.testing.assert_array_equal(small[kept], large[kept])


@settings(deadline=None)  # the first call compiles
@given(courses, st.integers(2, 8))
def test_scaling_up_only_adds_progression(sums, factor):
    before, after = np.asarray(recist_course(sums)), np.asarray(recist_course(factor * sums))
    assert np.all((after == before) | (after == PD))


@settings(deadline=None)  # the first call compiles
@given(millimetres, millimetres, millimetres)
def test_a_smaller_sum_is_never_a_worse_response(baseline, first, second):
    smaller, larger = sorted((first, second))
    nadir = baseline
    assert recist_category(smaller, baseline, nadir) >= recist_category(larger, baseline, nadir)


@settings(deadline=None)  # the first call compiles
@given(courses)
def test_course_is_the_category_of_each_visit_with_the_running_nadir(sums):
    expected = [int(recist_category(sums[i], sums[0], sums[:i].min())) for i in range(1, len(sums))]
    assert recist_course(sums).tolist() == expected


def test_course_skips_a_visit_that_was_not_assessed():
    assert recist_course([100.0, 60.0, np.nan, 80.0]).tolist() == [PR, NE, PD]


def test_course_reports_a_new_lesion_from_its_visit_on():
    assert recist_course([50.0, 30.0, 30.0], [False, False, True]).tolist() == [PR, PD]


@pytest.mark.parametrize(
    ("categories", "best"),
    [
        ([], NE),
        ([NE, NE], NE),
        ([SD, PR, SD], PR),
        ([PR, CR, PD], CR),
        ([PD, CR], PD),  # a response after progression does not count
        ([SD, PD, PR], SD),
        ([NE, PD, PR], PD),
    ],
)
def test_best_response_counts_what_precedes_progression(categories, best):
    assert Response(int(best_response(np.array(categories, dtype=int)))) is best


@pytest.mark.parametrize(
    ("days", "categories", "best"),
    [
        ([], [], NE),
        ([28], [PR], SD),
        ([28, 56], [PR, PR], PR),
        ([28, 55], [PR, PR], SD),  # 27 days apart
        ([28, 56], [PR, CR], PR),
        ([28, 56, 84], [PR, CR, CR], CR),
        ([28, 56], [CR, PD], SD),
        ([28, 56, 84], [PR, PD, PR], SD),  # confirmed too late
        ([28, 56], [PD, CR], PD),
        ([28, 56], [NE, PR], SD),
    ],
)
def test_confirmed_response_needs_a_second_visit_four_weeks_on(days, categories, best):
    found = best_confirmed_response(np.array(days, dtype=float), np.array(categories, dtype=int))
    assert Response(int(found)) is best


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.sampled_from(list(Response)), min_size=5, max_size=5))
def test_confirmation_never_improves_a_response(categories):
    days = 28.0 * np.arange(1, len(categories) + 1)
    codes = np.array(categories, dtype=int)
    assert best_confirmed_response(days, codes) <= best_response(codes)


def test_objective_response_and_disease_control():
    codes = np.array([NE, PD, SD, PR, CR], dtype=int)
    assert objective_response(codes).tolist() == [False, False, False, True, True]
    assert disease_control(codes).tolist() == [False, False, True, True, True]


def test_time_to_progression_is_the_first_visit_with_it():
    days = np.array([28.0, 56.0, 84.0])
    assert time_to_progression(days, np.array([SD, PD, PD], dtype=int)) == 56.0
    assert time_to_progression(days, np.array([SD, SD, PR], dtype=int)) == np.inf
    assert time_to_progression([], np.array([], dtype=int)) == np.inf


def test_peak_of_an_exponential_rise_and_fall():
    days = np.array([0.0, 3.0, 9.0, 12.0, 30.0])
    copies = np.array([1.0, 20.0, 24000.0, 24000.0, 300.0])
    assert c_max(copies) == 24000.0
    assert t_max(days, copies) == 9.0


def test_persistence_interpolates_the_last_crossing():
    days = np.array([0.0, 10.0, 20.0, 30.0])
    assert persistence(days, np.array([0.0, 100.0, 0.0, 0.0]), limit=25.0) == pytest.approx(17.5)
    assert persistence(days, np.array([100.0, 0.0, 125.0, 0.0]), limit=25.0) == pytest.approx(28.0)
    assert persistence(days, np.array([0.0, 25.0, 0.0, 0.0]), limit=25.0) == 0.0


def test_persistence_of_a_series_that_ends_above_the_limit_is_a_lower_bound():
    days, copies = np.array([0.0, 10.0]), np.array([100.0, 26.0])
    assert persistence(days, copies) == 10.0
    assert detectable_at_end(copies)
    assert not detectable_at_end(np.array([100.0, 25.0]))


@settings(deadline=None)  # the first call compiles
@given(levels, st.floats(1.0, 1e5), st.sampled_from([0.5, 2.0, 1024.0]))
def test_kinetics_scale_with_the_unit(copies, limit, factor):
    days = np.arange(len(copies), dtype=float)
    assume(np.all((copies == 0) | (copies > 1e-200)))
    assert c_max(factor * copies) == factor * c_max(copies)
    assert t_max(days, factor * copies) == t_max(days, copies)
    assert persistence(days, factor * copies, factor * limit) == pytest.approx(float(persistence(days, copies, limit)))


@settings(deadline=None)  # the first call compiles
@given(levels, st.floats(1.0, 1e5), st.floats(1.0, 1e5))
def test_persistence_falls_as_the_limit_rises_and_stays_in_the_series(copies, first, second):
    days = np.arange(len(copies), dtype=float)
    low, high = sorted((first, second))
    longer, shorter = float(persistence(days, copies, low)), float(persistence(days, copies, high))
    assert 0.0 <= shorter <= longer + 1e-9 <= days[-1] + 2e-9


def test_area_of_a_line_is_cut_at_28_days():
    days = np.array([-7.0, 0.0, 14.0, 35.0])
    assert auc_0_28(days, 2.0 * (days + 7.0)) == pytest.approx(2.0 * (28.0**2 / 2 + 7.0 * 28.0))


def test_area_of_a_course_that_does_not_cover_28_days_is_not_a_number():
    assert np.isnan(auc_0_28([0.0, 27.0], [1.0, 1.0]))
    assert np.isnan(auc_0_28([1.0, 28.0], [1.0, 1.0]))


def test_escape_and_volume_change():
    assert escape_fraction([1.0, 0.25]) == 0.75
    assert np.isnan(escape_fraction([1.0, np.nan]))
    assert volume_change([4.0, 1.0]) == -0.75
    assert volume_change([4.0, 0.0]) == -1.0
    assert np.isnan(volume_change([0.0, 1.0]))


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: c_max([]), "shape"),
        (lambda: c_max([[1.0, 2.0]]), "shape"),
        (lambda: c_max([1.0, -2.0]), "-2.0"),
        (lambda: c_max([1.0, np.nan]), "nan"),
        (lambda: c_max([np.inf]), "inf"),
        (lambda: t_max([0.0, 0.0], [1.0, 2.0]), "increase"),
        (lambda: persistence([1.0, 0.0], [1.0, 2.0]), "increase"),
        (lambda: auc_0_28([0.0], [1.0, 2.0]), "one time a value"),
        (lambda: recist_course([]), "shape"),
        (lambda: recist_course([np.nan, 5.0]), "nan"),
        (lambda: recist_course([5.0, -1.0]), "-1.0"),
        (lambda: recist_course([5.0, 4.0], [False]), "new_lesions"),
        (lambda: best_response([7]), "category"),
        (lambda: best_response([[1]]), "shape"),
        (lambda: volume_change([]), "shape"),
    ],
)
def test_a_series_without_meaning_is_refused_by_name(call, name):
    with pytest.raises(BadInput, match=name):
        call()


def test_endpoints_map_over_a_cohort():
    sums = jnp.array([[100.0, 60.0, 90.0], [100.0, 0.0, 0.0], [50.0, 49.0, 48.0]])
    bests = jax.jit(jax.vmap(lambda s: best_response(recist_course(s))))(sums)
    assert bests.tolist() == [PR, CR, SD]
    days = jnp.array([0.0, 14.0, 28.0])
    measures = jax.vmap(lambda y: jnp.stack([c_max(y), t_max(days, y), persistence(days, y), auc_0_28(days, y)]))
    one_by_one = [
        [float(c_max(y)), float(t_max(days, y)), float(persistence(days, y)), float(auc_0_28(days, y))] for y in sums
    ]
    np.testing.assert_allclose(measures(sums), one_by_one)


@pytest.mark.parametrize("measure", [c_max, lambda y: persistence(DAYS, y), lambda y: auc_0_28(DAYS, y), volume_change])
def test_smooth_endpoints_have_the_gradient_of_their_finite_differences(measure):
    values = jnp.array([10.0, 400.0, 90.0, 5.0])
    direction = jnp.array([0.3, -1.0, 0.5, 0.2])
    slope = jnp.vdot(jax.grad(measure)(values), direction)
    difference = (measure(values + 1e-5 * direction) - measure(values - 1e-5 * direction)) / 2e-5
    assert slope == pytest.approx(float(difference), rel=1e-6)


DAYS = jnp.array([0.0, 9.0, 20.0, 40.0])
