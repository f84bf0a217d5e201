"""The batched tumour twin: its observables are those of a single run, whatever the batch."""

import numpy as np
import pytest

from oncotwin.apps.personal.twin import TwinSpec, simulate
from oncotwin.core.endpoints import Response
from oncotwin.core.observables import Observables
from oncotwin.errors import BadInput

SMALL = TwinSpec(shape=(10, 10), end_days=56.0, rtol=0.1, batch=2)


@pytest.fixture(scope="module")
def three() -> tuple[np.ndarray, np.ndarray, Observables]:
    latents = np.full((3, 6), 0.5)
    latents[1] = [0.9, 0.1, 0.9, 0.1, 0.1, 0.2]
    doses = np.array([2.5e8, 5e8, 0.0])
    return latents, doses, simulate(latents, doses, SMALL)


def test_a_batch_holds_single_patients(three):
    latents, doses, together = three
    alone = simulate(latents[1:2], doses[1], SMALL)
    for name in Observables._fields:
        assert getattr(together, name).shape == (3,)
        assert getattr(alone, name)[0] == pytest.approx(getattr(together, name)[1], rel=1e-5), name
    assert np.all(together.status == 0)


def test_a_patient_without_cells_has_no_kinetics_and_the_tumour_grows(three):
    _, _, seen = three
    assert seen.c_max[2] == 0
    assert seen.persistence_days[2] == 0
    assert seen.crs_grade[2] == 0
    assert seen.target_change[2] >= -1e-6
    assert seen.depth[1] < seen.depth[0] < seen.depth[2]
    assert seen.c_max[0] > seen.c_max[1] > 100  # more cells leave the blood for the tumour


def test_response_and_change_agree(three):
    _, _, seen = three
    assert seen.best_response.tolist() == [int(Response.PR), int(Response.CR), int(Response.SD)]
    assert -1 < seen.target_change[0] <= -0.3
    assert seen.target_change[1] == pytest.approx(-1.0)
    assert -0.3 < seen.target_change[2] < 0.5
    assert np.all(seen.progression_days[seen.progressed == 0] == SMALL.end_days)
    assert np.all(seen.regrowth_days <= seen.progression_days + 1e-9)  # seen at a visit after it came


@pytest.mark.parametrize(
    ("latents", "dose", "where"),
    [
        (np.full((2, 5), 0.5), 1e8, "latents"),
        (np.full((2, 6), 1.5), 1e8, "row 0, inf"),
        (np.full((2, 6), 0.5), np.ones(3), "doses_cells"),
        (np.full((2, 6), 0.5), -1.0, "doses_cells"),
    ],
)
def test_refusals_name_what_is_wrong(latents, dose, where):
    with pytest.raises(BadInput, match=where):
        simulate(latents, dose, SMALL)
