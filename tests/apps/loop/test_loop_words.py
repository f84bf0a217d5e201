"""What the loop says: its sentences follow from its numbers, and say which twin the numbers come from."""

import copy

import numpy as np
import pytest
from small_loop import MADE, SETTINGS

from oncotwin.apps.learning.priorities import declared
from oncotwin.apps.loop.belief import censored, log_error, unseen
from oncotwin.apps.loop.beside import SMALLEST_MM3
from oncotwin.apps.loop.cells import check_process
from oncotwin.apps.loop.command import command_remark, loop_command
from oncotwin.apps.loop.draws import at_bounds
from oncotwin.apps.loop.obstacles import AT_BOUND, OBSTACLES, changed_words
from oncotwin.apps.loop.patient import loop_patient
from oncotwin.apps.loop.regimens import REGIMENS, regimen, regimen_words
from oncotwin.apps.loop.rows import bound_rows, made_words, spread_rows
from oncotwin.apps.loop.sentences import in_short, tiles, why
from oncotwin.apps.loop.settings import LoopPatient, Settings
from oncotwin.apps.loop.study_sentences import split_rows, study_in_short
from oncotwin.apps.loop.tables import loop_table
from oncotwin.apps.loop.twin import Case, stacked
from oncotwin.core.controller import Status
from oncotwin.core.exchange import Latents
from oncotwin.errors import BadInput
from oncotwin.models.culture import Weights
from oncotwin.models.lumped import CombinationParameters
from oncotwin.models.tumour3d.latent import SPANS
from oncotwin.studies.veins import VeinParameters, handover

BY_NAME = {one.name: one for one in OBSTACLES}


def case_of(latents=None, **product):
    return Case(MADE._replace(**product), latents or Latents(), VeinParameters(), SETTINGS.population)


def arm(name, days, answer, label, il6):
    seen = {"response_days": days, "first_cells": 3e8, "least_cells": 3e7, "last_cells": 2e8, "least_day": 24.0}
    seen |= {"antigen_first": 0.95, "antigen_least": 0.2, "tired": 0.3, "cart_most": 5e7, "cart_day": 14.0}
    return {
        "label": label,
        "best_response": answer,
        "time_to_progression_days": None,
        "peak_il6_pg_per_ml": il6,
        "tumour_volume_change": -0.5,
        "escape_fraction": 0.4,
        "c_max": 2e4,
        "crs_grade": 2,
        "seen": seen,
    }


def front(rate, score):
    return {"crs": dict(value=rate, low=rate - 0.1, high=rate + 0.02), "neurotoxicity": dict(zip(
        ("value", "low", "high"), (score, score - 0.01, score + 0.01), strict=True))}  # fmt: skip


@pytest.fixture
def told():
    """What a loop found, made up: as its summary has it, as far as words go."""
    gap = {"median": 24.0, "q05": 10.0, "q95": 49.0}
    product = {"car_positive_cells": 5e8, "central_memory": 0.3, "cost": 1.0}
    given = {"cells": 2.5e8, "engraftment": 2.0, "cyt": 0.1, "p_IL6": 1.0}
    split = {"first": [-0.2, 0.1, 0.97], "total": [0.01, 0.12, 1.04], "first_error": [0.2, 0.24, 0.01]}
    split |= {"total_error": [0.01, 0.08, 0.28], "deviation": 20.0}
    limit = {"name": "antigen escape", "words": "lost 0.2 times as fast", "at_bound": False, "log_burden": -1.1}
    bound = {"name": "potency", "words": AT_BOUND, "at_bound": True, "log_burden": 0.0}
    rows = [{"process": name, "words": f"by {name}", "cells": [1e8, 2e9], "product": product, "handover": given}
            for name in ("one", "two")]  # fmt: skip
    return {
        "times": [0.0, 112.0],
        "processes": rows,
        "arms": {"A": arm("A", 13.0, "SD", "one", 129.0), "B": arm("B", 71.0, "CR", "two", 180.0),
                 "C": arm("C", 101.0, "CR", "two + drugs", 180.0)},
        "likely": {name: {"response_rate": 0.9} for name in "ABC"},
        "differences": {"B-A": {"response_days": gap}, "C-B": {"response_days": {**gap, "q05": 0.0}}},
        "front": [front(0.7, 0.25), front(0.9, 0.16), front(0.9, 0.16)],
        "draws": {"courses": 40, "pairs": 20},
        "sources": ["donors", "latents", "constants"],
        "split": {"response_days": split},
        "limits": {"rows": [limit, bound]},
        "clipped": {"A": {"cyt": 0.025, "exh": 0.0}, "B": {"cyt": 0.85, "exh": 0.0}},
        "drugs": {"regimen": "mpc", "levels": [[0.5, 0.0], [0.0, 0.0]], "instants": [42.0, 52.0, 62.0],
                  "statuses": [int(Status.DECIDED)] * 2, "chemotherapy": 5.0, "inhibitor": 0.0, "interval_days": 10.0},
        "belief": {"counted": [[False, False, True, True]], "error": float(np.log(1.5))},
    }  # fmt: skip


def changed(told, *path, to):
    """The same with another value at a path."""
    again = copy.deepcopy(told)
    inner = again
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = to
    return again


# --- obstacles ---


@pytest.mark.parametrize("latents", [Latents(), Latents(exh=0.9, cyt=0.2, env=0.8, inf=0.1)])
def test_the_words_of_an_obstacle_are_ratios_of_the_constants(latents):
    case = case_of(latents)
    given = handover(case.product, case.veins)
    exh = SPANS["exh"]["k_e0"] ** (2 * (max(0.0, given.exh) - (latents.exh + given.exh)))
    assert f"cells tire {exh:.2g} times as fast" in changed_words(case, BY_NAME["exhaustion"])[0]
    kill = SPANS["cyt"]["gamma"] ** (2 * (min(1.0, 1 + given.cyt) - min(1.0, latents.cyt + given.cyt)))
    assert changed_words(case, BY_NAME["potency"]) == (f"each contact kills {kill:.2g} times as much", False)
    enter = SPANS["inf"]["k_in"] ** (2 * (1 - latents.inf))
    assert f"cells enter {enter:.2g} times as fast" in changed_words(case, BY_NAME["infiltration"])[0]
    assert changed_words(case, BY_NAME["dose"])[0] == "2 times as many cells engraft"


def test_an_obstacle_that_cannot_be_taken_away_says_so():
    """The law: what the product has moved to its bound leaves the constants as they are."""
    potent = case_of(cytotoxicity=0.75)
    assert changed_words(potent, BY_NAME["potency"]) == (AT_BOUND, True)
    assert changed_words(case_of(Latents(env=0.0)), BY_NAME["suppression"]) == (AT_BOUND, True)
    assert at_bounds(stacked(potent, 3))["cyt"] == 1.0
    assert at_bounds(stacked(case_of(), 3))["cyt"] == 0.0


def test_obstacles_at_a_bound_are_told_apart_from_those_that_do_not_count(told):
    said = " ".join(why(told))
    assert "nothing can be taken away: potency." in said
    assert "Taking away" not in said
    none = changed(told, "limits", "rows", 0, "log_burden", to=-0.01)
    assert "Taking away antigen escape changes it by less than" in " ".join(why(none))
    assert tiles(none)[-1][1] == "none alone"
    assert "No obstacle alone" in " ".join(in_short(none))


# --- which twin a number is of, and safety ---


def test_numbers_of_the_slab_say_so_beside_those_of_the_box(told):
    for title, *_ in tiles(told)[3:]:
        assert "in the slab" in title
    said = " ".join(in_short(told))
    assert "in the slab, with it taken away" in said
    assert "In three dimensions, without any draw, the two are +58 and +30." in said
    assert "The slab's interval does not hold B − A of +58" in said
    inside = changed(told, "differences", "B-A", "response_days", "q95", to=60.0)
    assert "does not hold" not in " ".join(in_short(inside))


def test_the_terminal_table_has_units(told):
    heads = list(loop_table(told).columns[0].cells)
    assert "Cmax of the transgene in blood (copies/µg DNA)" in heads
    assert "Time to progression (days)" in heads
    assert all("in the slab" in head for head in heads[-2:])


def test_safety_stands_in_short_with_intervals_and_where_interleukin_rises(told):
    said = " ".join(in_short(told))
    assert "grade 2 or more in 70 % (60 to 72) in arm A, 90 % (80 to 92) in arm B" in said
    assert "0.250 (0.240 to 0.260), 0.160 (0.150 to 0.170)" in said
    assert "rises from 129 pg/mL in arm A to 180 in arm B." in said
    flat = changed(told, "arms", "B", "peak_il6_pg_per_ml", to=129.0)
    flat = changed(flat, "arms", "C", "peak_il6_pg_per_ml", to=129.0)
    assert "rises from no arm to the next" in " ".join(in_short(flat))


# --- conclusions follow the numbers ---


def test_when_the_drugs_begin_is_told_beside_the_nadir(told):
    assert "18 days after the tumour of arm B is smallest (day 24)" in " ".join(why(told))
    later = changed(told, "arms", "B", "seen", "least_day", to=60.0)
    assert "18 days before the tumour of arm B is smallest" in " ".join(why(later))
    early = changed(told, "arms", "B", "seen", "cart_day", to=50.0)
    assert "they are not past their height" in " ".join(why(early))
    assert "in 1 of 2 intervals of 10 days" in " ".join(why(told))


def test_what_is_left_is_told_from_the_antigen_and_the_last_cells(told):
    assert "Most of what is left does not show the antigen; by day 112 it grows back" in " ".join(why(told))
    other = changed(told, "arms", "B", "seen", "antigen_least", to=0.8)
    other = changed(other, "arms", "B", "seen", "last_cells", to=3e7)
    assert "Most of what is left still shows the antigen; by day 112 it has not grown back" in " ".join(why(other))


def test_what_differs_between_the_processes_is_said(told):
    assert "from as many cells" in made_words(told)
    more = changed(told, "processes", 1, "cells", to=[1.5e8, 2e9])
    assert "from 1.5 times the cells" in made_words(more)
    assert "One process" in made_words(changed(told, "processes", 1, "process", to="one"))


# --- the belief ---


def test_a_volume_too_small_to_be_seen_is_censored():
    seen = np.array([[SMALLEST_MM3, np.float32(SMALLEST_MM3), 50.0]])
    hidden = unseen(seen)
    assert hidden.tolist() == [[True, True, False]]
    shown = censored(np.array([[0.1, 2 * SMALLEST_MM3, 0.1]]), hidden)
    assert shown.tolist() == [[SMALLEST_MM3, 2 * SMALLEST_MM3, 0.1]]
    assert log_error(np.array([np.e, 1.0]), np.array([1.0, np.e])) == pytest.approx(1.0)


def test_the_fit_is_told_as_a_factor_with_what_was_not_fitted(told):
    said = " ".join(why(told))
    assert "within a factor of 1.5 (root mean square of the log ratio 0.41, in-sample, 2 volumes; 1 more" in said
    nothing = changed(changed(told, "belief", "counted", to=[[False] * 4]), "belief", "error", to=None)
    assert "in no probing course is the tumour large enough" in " ".join(why(nothing))


# --- regimens ---


def test_the_controller_believes_in_the_interval_of_its_decisions():
    for days in (7.0, 10.0):
        controller = REGIMENS["mpc"](CombinationParameters(), tuple(days * i for i in range(4)))
        assert controller.inner.belief.intervals[0] == days
    assert "every 10 days" in regimen_words("mpc", 10.0)
    assert "one of three intervals of 14 days" in regimen_words("fixed", 14.0)


# --- shares of the spread ---


def test_shares_are_printed_as_estimated_with_their_errors(told):
    assert spread_rows(told)[0][2:] == ["−20 ± 20 %", "1 ± 1 %", "10 ± 24 %", "12 ± 8 %", "97 ± 1 %", "104 ± 28 %"]
    assert "constants 104 ± 28 %" in " ".join(in_short(told))
    assert bound_rows(told) == [("cyt", ["2 %", "85 %"])]


def test_a_study_prints_its_shares_in_the_same_way(told):
    split = {name: told["split"]["response_days"] for name in ("response_days", "log_burden")}
    row = {"process": "one", "regimen": "none", "failed": 0, "on_front": True, "split": split}
    row |= {"response_days": {"value": 50.0, "low": 40.0, "high": 60.0}}
    row |= {"response": {"value": 0.5, "low": 0.4, "high": 0.6}}
    study = {"rows": [row], "made": {}, "front": [row], "sources": told["sources"], "clipped": {"one": {"cyt": 0.85}}}
    assert split_rows(study)[0][-2:] == ["97 ± 1 %", "104 ± 28 %"]
    said = " ".join(study_in_short(study))
    assert "constants 104 ± 28 %" in said
    assert "cyt with one in 85 %" in said


# --- the command, and mistakes ---


def test_the_command_holds_every_flag_that_differs():
    assert loop_command(LoopPatient(), Settings()) == "oncotwin demo"
    assert command_remark(LoopPatient(), Settings()) == ""
    patient = loop_patient(None, "exh=0.8,env=0.6", "age=elderly")
    settings = Settings(other="perfusion", regimen="none", priorities=declared(Weights(1.0, 0.5, 2.0)))
    said = loop_command(patient, settings)
    assert said == (
        "oncotwin demo --latents exh=0.8,env=0.6 --donor age=elderly --cells perfusion --drugs none --priorities FILE"
    )
    assert loop_patient(None, said.split()[3], said.split()[5]) == patient
    assert "weights of section 1" in command_remark(patient, settings)
    vague = patient._replace(spread=Latents(*[0.2] * 6))
    assert "--patient FILE" in loop_command(vague, settings)
    assert "set from Python" in command_remark(LoopPatient(), SETTINGS)


@pytest.mark.parametrize(
    ("ask", "where"),
    [
        (lambda: loop_patient(None, None, "age=old"), "--donor: unknown age of a donor"),
        (lambda: regimen("mcp"), "--drugs: unknown regimen"),
        (lambda: check_process("static", "--cells"), "--cells: unknown process"),
    ],
)
def test_a_mistake_is_told_where_the_user_made_it(ask, where):
    with pytest.raises(BadInput) as told:
        ask()
    assert str(told.value).startswith(where)
    assert not ("allowed" in str(told.value) and "Known:" in str(told.value))
