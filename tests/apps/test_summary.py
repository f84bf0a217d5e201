"""The summary of a synthetic run whose endpoints are known by hand."""

import json

import numpy as np
import pytest

from oncotwin.apps.tumour.course import visits
from oncotwin.apps.tumour.summary import MEANINGS, summarise
from oncotwin.core.exchange import Infusion
from oncotwin.errors import BadInput

PLAN = (Infusion(0.0, 2.5e8),)


def test_endpoints_of_a_partial_response_that_regrows(synthetic):
    found = summarise(synthetic(), PLAN)
    end = 0.5 * (1 + 0.004 * 44)
    assert found["tumour_volume_change"] == pytest.approx((end / 0.5) ** 3 - 1)
    assert found["best_volume_change"] == pytest.approx(0.55**3 - 1, abs=0.01)
    assert found["best_response"] == "PR"
    assert found["best_confirmed_response"] == "SD"
    assert found["objective_response"]
    assert found["time_to_progression_days"] == 84.0
    assert found["escape_fraction"] == pytest.approx(0.55)
    assert found["t_max_days"] == 10.0
    assert found["c_max"] == pytest.approx(24000 * np.exp(-0.16 * 0.7))
    assert found["persistence_days"] == pytest.approx(9.3 + np.log(24000 / 25) / 0.16, abs=0.1)
    assert found["persistence_is_lower_bound"] is False
    assert found["peak_il6_pg_per_ml"] == pytest.approx(401.7)
    assert found["crs_grade"] == 2


def test_visits_are_four_weekly_and_at_the_end(synthetic):
    rows = summarise(synthetic(days=60), PLAN)["visits"]
    assert [row["day"] for row in rows] == [0.0, 28.0, 56.0, 60.0]
    assert [row["response"] for row in rows] == ["baseline", "PR", "SD", "PD"]  # 4.9 and 5.3 mm above the nadir
    assert [row["day"] for row in summarise(synthetic(days=56), PLAN)["visits"]] == [0.0, 28.0, 56.0]
    assert [row["day"] for row in summarise(synthetic(days=60), PLAN, visit_days=42.0)["visits"]] == [0.0, 42.0, 60.0]


def test_every_number_has_a_meaning_and_the_summary_is_json(synthetic):
    found = summarise(synthetic(), PLAN)
    assert set(found) == {*MEANINGS, "visits"}
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_days_count_from_the_first_infusion(synthetic):
    """An infusion on day 5, between two frames: everything is counted from there."""
    late = summarise(synthetic(), (Infusion(33.0, 1e8), Infusion(5.0, 1e8)))
    assert late["t_max_days"] == 5.0
    assert late["visits"][1]["day"] == 28.0
    run = synthetic()
    baseline = np.interp(5.0, run["time"], run["tumour_volume_cm3"])
    assert late["tumour_volume_change"] == pytest.approx(float(run["tumour_volume_cm3"][-1]) / baseline - 1)


def test_only_completely_written_frames_count(synthetic):
    run = synthetic()
    half = run.assign(done=15)
    for name in half.data_vars:
        if "time" in half[name].dims:
            half[name] = half[name].where(half["time"] <= 28.0)
    assert summarise(half, PLAN) == summarise(synthetic(days=28), PLAN)
    with pytest.raises(BadInput, match="no frame"):
        summarise(run.assign(done=0), PLAN)


def test_what_was_not_simulated_is_none(synthetic):
    """Without the blood compartment there is no peak; without inflammation no grade; without tumour no escape."""
    run = synthetic()
    run["transgene_copies_per_ug"] = 0 * run["transgene_copies_per_ug"]
    run["il6_pg_per_ml"] = 0 * run["il6_pg_per_ml"] + 1.7
    run["tumour_burden_cells"] = run["tumour_burden_cells"].where(run["time"] < 80, 0.0)
    found = summarise(run, ())
    for key in ("c_max", "t_max_days", "auc_0_28", "peak_il6_pg_per_ml", "crs_grade", "escape_fraction"):
        assert found[key] is None


def test_a_single_frame_cannot_be_evaluated(synthetic):
    found = summarise(synthetic(days=0), PLAN)
    assert found["best_response"] == "NE"
    assert found["tumour_volume_change"] == 0.0
    assert found["time_to_progression_days"] is None


@pytest.mark.parametrize("interval", [0.0, -7.0, np.nan])
def test_visits_need_an_interval(synthetic, interval):
    with pytest.raises(BadInput, match="visit_days"):
        visits(synthetic(), PLAN, interval)
