"""What a table of patients becomes: sets of features, observations in the twin's units, endpoints."""

import numpy as np
from made_up import N, made_up

from oncotwin.apps.personal.endpoints import counts, endpoint_doubts, endpoints_of, learnable, left_out
from oncotwin.apps.personal.harmonise import READ, harmonise, informed, observables_of
from oncotwin.core.cohort import Cohort
from oncotwin.core.features import SCHEMA, feature_table, patient_of
from oncotwin.studies.inverse.likelihood import CONTINUOUS, data_of


def test_harmonised_units():
    cohort, _ = made_up()
    table = feature_table(cohort)
    observed = observables_of(table)
    assert np.nanmin(observed.target_change) == -0.45
    assert np.isnan(observed.progression_days).all()
    yes = endpoints_of(table)
    assert np.all(yes["objective response"] <= yes["disease control"])


def test_censored_times_are_lower_bounds():
    people = made_up()[0].patients
    times = {"persistence": 168.0, "pfs": 3.0}
    seen = [{**times, "persistence_event": 1.0 * (i % 2), "pfs_event": 1.0 * (i % 3 == 0)} for i in range(N)]
    cohort = Cohort(tuple(patient_of(p.name, {**p.features, **more}) for p, more in zip(people, seen, strict=True)))
    observed = observables_of(feature_table(cohort))
    np.testing.assert_array_equal(observed.persistence_is_lower_bound, [1 - i % 2 for i in range(N)])
    np.testing.assert_array_equal(observed.progressed, [i % 3 == 0 for i in range(N)])
    np.testing.assert_allclose(observed.progression_days, 3 * 365.25 / 12)
    beyond = np.asarray(data_of(observed).beyond)[
        :, [CONTINUOUS.index(k) for k in ("persistence_days", "progression_days")]
    ]
    np.testing.assert_array_equal(beyond, np.stack([observed.persistence_is_lower_bound, 1 - observed.progressed], 1))


def test_one_class_is_no_endpoint_and_twins_are_doubted():
    people = list(made_up()[0].patients)
    people[1] = patient_of("again", {**people[0].features, **people[0].outcomes})
    all_stable = [patient_of(p.name, {**p.features, "best_response": "SD", "target_change": 0.0}) for p in people]
    ready = harmonise(Cohort(tuple(all_stable)), "here")
    assert any("p00 and again" in doubt for doubt in ready.doubts)
    assert learnable(ready.table) == {}
    assert left_out(ready.table) == {
        "objective response": f"0 of {N} patients have it; 2 at least must have it, and 2 must not",
        "disease control": f"{N} of {N} patients have it; 2 at least must have it, and 2 must not",
    }
    said = endpoint_doubts(ready.table)
    assert [doubt.split(" is left out")[0] for doubt in said] == ["objective response", "disease control"]
    assert ["figure 9" in doubt for doubt in said] == [True, False]


def without_response(lacking: int) -> Cohort:
    """The made-up cohort, of whom the last few have no best response."""
    people = made_up()[0].patients
    bare = [patient_of(p.name, {**p.features, "target_change": 0.0}) for p in people[N - lacking :]]
    return Cohort((*people[: N - lacking], *bare))


def test_endpoints_are_of_those_who_have_a_response():
    table = feature_table(without_response(3))
    for positive in endpoints_of(table).values():
        np.testing.assert_array_equal(np.flatnonzero(np.isnan(positive)), [17, 18, 19])
    assert list(learnable(table)) == list(counts(table)) == ["objective response", "disease control"]
    (said,) = endpoint_doubts(table)
    assert said.startswith(f"3 of {N} patients have no best_response")
    few = left_out(feature_table(without_response(5)))
    assert set(few.values()) == {"15 of 20 patients have a best_response, and 16 are needed"}
    none = left_out(feature_table(without_response(20)))
    assert set(none.values()) == {"no patient has a best_response"}


def test_what_counts_as_observed_is_what_the_likelihood_reads():
    """One value of one patient at a time: it changes the data of equation (31) exactly where it is listed."""
    names = ("a", "b")
    blank = {"age": 50.0, "dose": 2.5e8}
    for variable in SCHEMA:
        value = {"best_response": "PR", "persistence": 100.0, "pfs": 3.0, "os": 5.0, "target_change": -40.0}
        given_value = value.get(variable.name, variable.levels[0] if variable.levels else 20.0)
        extra = {variable.name: 2.5e8 if variable.name == "dose" else given_value}
        if variable.kind == "time-to-event":
            extra[variable.event] = 1.0
        people = (patient_of(names[0], {**blank, **extra}), patient_of(names[1], blank))
        told = informed(feature_table(Cohort(people)), "here")
        assert told.tolist() == [variable.name in READ, False], variable.name
    evaluated = [patient_of("a", {**blank, "best_response": "NE"}), patient_of("b", {**blank, "best_response": "PD"})]
    assert informed(feature_table(Cohort(tuple(evaluated))), "here").tolist() == [False, True]


def test_harmonise_orders_sets_by_when_they_are_known():
    ready = harmonise(made_up()[0], "here")
    early, late = (set(ready.tables[name].names) for name in ("baseline", "baseline+early"))
    assert early < late
    assert not any(v.tag == "outcome" for v in ready.tables["baseline+early"].variables)
