"""The loop: one patient from vein to vein on a coarse grid, its page, and the study over a cohort."""

import json
import tomllib
from dataclasses import replace

import jax
import numpy as np
import pytest
import tomli_w
from small_loop import MADE, SETTINGS, SLAB, grown

from oncotwin.apps.cli.main import main
from oncotwin.apps.learning.donors import draw_donors, in_vessel
from oncotwin.apps.learning.priorities import declared, of_draws
from oncotwin.apps.learning.problem import vessel
from oncotwin.apps.loop import cells, run, study
from oncotwin.apps.loop.beside import SMALLEST_MM3, beside, volume_mm3
from oncotwin.apps.loop.cells import donors_like, traits_like
from oncotwin.apps.loop.document import document_of, of_document
from oncotwin.apps.loop.draws import cases_of, drawn_latents, uncertain, varied
from oncotwin.apps.loop.front import front_of, gains_of
from oncotwin.apps.loop.patient import loop_patient
from oncotwin.apps.loop.pictures import LOOP_PICTURES
from oncotwin.apps.loop.regimens import LIMITS, REGIMENS, planned_levels
from oncotwin.apps.loop.settings import LoopPatient, Settings
from oncotwin.apps.loop.space import adjunct_text, spec_of
from oncotwin.apps.loop.twin import Case, constants_of, follow, follow_given, share_below, stacked
from oncotwin.apps.loop.weighed import weighed, worth_sentence
from oncotwin.apps.reports import REPORTS
from oncotwin.apps.tumour.setup import parameters_of
from oncotwin.control.schedule import Schedule
from oncotwin.core.exchange import Latents
from oncotwin.errors import BadInput, StorageFailure
from oncotwin.io.specs.kinds import kind_of
from oncotwin.io.specs.resolve import resolve
from oncotwin.models.culture import CultureParameters, DonorSubtype, Weights, median_donor
from oncotwin.models.culture.donors import Shift
from oncotwin.models.lumped import CombinationParameters
from oncotwin.models.tumour3d import TumourParameters, plan_actions
from oncotwin.models.tumour3d.latent import SPANS
from oncotwin.studies.veins import VeinParameters

NONE = np.zeros((len(SLAB.instants) - 1, 2))


@pytest.fixture
def case():
    return Case(MADE, Latents(), VeinParameters(), SETTINGS.population)


@pytest.fixture(scope="module")
def seen():
    """The first observation of the tumour, by one compiled program."""
    model = SLAB.model
    return jax.jit(lambda p: model.observe(model.initial(p), p))(SETTINGS.population)


# --- the whole job ---


def test_the_loop_ends_with_a_page_that_needs_nothing_else(looped):
    folder, summary = looped
    assert summary["status"] == "done"
    assert set(summary["arms"]) == {"A", "B", "C"}
    page = (folder / "report.html").read_text()
    assert page.count("data:image/png;base64") == len(LOOP_PICTURES)
    assert "http-equiv" not in page
    assert "<script" not in page
    for words in ("Research use only", "What was made", "What happens", "Why", "How sure", "What it rests on"):
        assert words in page
    assert "Bayesian optimisation of a declared utility" in page
    for citation in ("PMC8274631", "10.1126/science.1104819", "uncalibrated"):
        assert citation in page
    assert {f"arm-{name}" for name in "ABC"} <= {entry.name for entry in folder.iterdir()}
    assert REPORTS[kind_of(folder).name](folder).read_text() == page


def test_arm_c_is_arm_b_until_its_drugs_begin_and_its_spec_holds_them(looped):
    folder, summary = looped
    spec = resolve(folder / "arm-C" / "spec.toml", (), TumourParameters)
    given = {(one.start_days, one.chemotherapy, one.inhibitor_mg_per_kg) for one in spec.adjunct}
    levels = summary["drugs"]["levels"]
    assert given == {(a, *level) for a, level in zip(SLAB.instants, levels, strict=False) if any(level)}
    assert given
    plain = resolve(folder / "arm-B" / "spec.toml", (), TumourParameters)
    assert spec.model_copy(update={"adjunct": ()}) == plain
    assert summary["drugs"]["chemotherapy"] <= LIMITS.cumulative.chemotherapy


def test_the_spread_is_split_and_the_draws_are_paired(looped):
    _, summary = looped
    for table in summary["split"].values():
        assert len(table["first"]) == len(table["total"]) == len(summary["sources"]) == 3
    arms = summary["likely"]
    assert {len(arm["outcomes"]["log_burden"]) for arm in arms.values()} == {summary["draws"]["courses"]}
    gaps = np.subtract(arms["C"]["outcomes"]["log_burden"], arms["B"]["outcomes"]["log_burden"])
    assert summary["differences"]["C-B"]["log_burden"]["mean"] == pytest.approx(gaps.mean())


def test_the_loop_says_what_it_was_asked_and_what_is_cut_off(looped):
    folder, summary = looped
    assert "oncotwin demo --cells" not in (folder / "report.html").read_text()
    assert "<code>oncotwin demo --drugs fixed</code>; grid, days" in (folder / "report.html").read_text()
    assert summary["drugs"]["words"].endswith("one of three intervals of 14 days")
    assert set(summary["clipped"]) == {"A", "B"}
    assert all(0 <= share <= 1 for shares in summary["clipped"].values() for share in shares.values())
    seen, counted = np.array(summary["belief"]["seen"]), np.array(summary["belief"]["counted"])
    assert not counted[:, 0].any()
    assert np.array_equal(counted[:, 1:], seen[:, 1:] > SMALLEST_MM3 * 1.00001)


def test_a_folder_in_use_is_refused(looped):
    with pytest.raises(BadInput, match="not empty"):
        run.run_loop(LoopPatient(), SETTINGS, looped[0])


# --- what is chosen, and what it costs ---


def test_what_a_loop_was_asked_is_read_back_as_it_was():
    patient, settings = LoopPatient(latents=Latents(exh=0.8), words="of a test"), SETTINGS
    document = tomllib.loads(tomli_w.dumps(document_of(patient, settings)))
    assert of_document(document, "here") == (patient, settings)
    del document["slab"]
    with pytest.raises(StorageFailure, match="no spec of a loop"):
        of_document(document, "here")


def test_the_worth_of_a_product_follows_weights_and_doubt():
    standard, other = (grown(name, DonorSubtype(), 4, 0).product for name in (SETTINGS.standard, "another"))
    sure = weighed(standard, other, declared(Weights(1.0, 0.5, 2.0)))
    assert sure["gain"]["typical"] == pytest.approx(2.0 * 0.05)  # neurotoxicity alone differs
    assert sure["better"] == 1.0
    assert "no choice of weights turns the order round" in worth_sentence(sure, ("one", "two"))
    draws = np.array([[1.0, 0.5, a3] for a3 in (-1.0, 1.0, 2.0, 3.0)])
    doubted = weighed(standard, other, of_draws(np.array([1.0, 0.5, 2.0]), draws, origin="utility", basis="b", count=4))
    assert doubted["better"] == 0.75
    assert (doubted["weights"], doubted["trained"]) == ((1.0, 0.5, 2.0), [1.0, 0.5, 0.5])
    worse = weighed(standard, other._replace(crs_risk=standard.crs_risk + 0.1), declared(Weights(1.0, 0.5, 2.0)))
    assert "other weights may turn the order round" in worth_sentence(worse, ("one", "two"))


def test_the_front_holds_what_no_other_matches_and_beats():
    def arm(days, grade, chemotherapy, **product):
        made = jax.tree.map(lambda x: np.full(6, x), MADE._replace(**product))
        return gains_of(np.full(6, days), np.full(6, grade), (np.full(6, chemotherapy), np.zeros(6)), made)

    plain, longer, dearer = arm(40.0, 1, 0.0), arm(60.0, 2, 0.0), arm(40.0, 1, 0.0, cost=2.0)
    drugged, milder = arm(40.0, 1, 7.0), arm(20.0, 1, 0.0, neurotoxicity_risk=0.1)
    rows = front_of([plain, longer, dearer, drugged, milder])
    assert [row["on_front"] for row in rows] == [True, True, False, False, True]
    assert [row["share"] for row in rows] == [1.0, 1.0, 0.0, 0.0, 1.0]
    assert rows[1]["crs"]["value"] == 1.0
    assert rows[3]["drugs"] == {"value": 7.0, "low": 7.0, "high": 7.0}


def test_the_prices_of_a_loop_are_those_of_its_arms(looped):
    a, b, c = looped[1]["front"]
    assert (a["cost"]["value"], b["cost"]["value"]) == (pytest.approx(1.05), pytest.approx(2.0))
    assert a["drugs"]["value"] == b["drugs"]["value"] == 0.0
    assert c["drugs"]["value"] > 0
    days = np.mean(looped[1]["likely"]["C"]["outcomes"]["response_days"])
    assert c["response_days"]["value"] == pytest.approx(days)


# --- from product to run ---


def test_a_run_in_space_has_the_constants_of_the_slab(case):
    spec = spec_of(case._replace(latents=Latents(exh=0.8)), SETTINGS)
    p, q = parameters_of(spec), constants_of(case._replace(latents=Latents(exh=0.8)))
    for name in (*(name for spans in SPANS.values() for name in spans), "engraftment", "rho_C", "p_IL6", "r_T"):
        assert float(getattr(p, name)) == pytest.approx(float(getattr(q, name)), rel=1e-12), name
    assert spec.plan[0].exhausted_fraction == MADE.exhausted


def test_drug_levels_become_tables_and_none_is_none(case):
    levels = np.array([[0.5, 0.0], [0.0, 0.0]])
    spec = spec_of(case, SETTINGS, levels)
    assert [one.model_dump() for one in spec.adjunct] == [
        {"start_days": 28.0, "end_days": 42.0, "chemotherapy": 0.5, "inhibitor_mg_per_kg": 0.0}
    ]
    assert adjunct_text(SLAB.instants, NONE) == "[]"
    assert spec_of(case, SETTINGS, NONE) == spec_of(case, SETTINGS)


def test_zero_drug_levels_are_no_regimen_to_the_bit(case):
    """The law: a regimen that gives nothing equals the plan without it."""
    found = follow_given(stacked(case, 2), SLAB, NONE)
    again = follow_given(stacked(case, 2), SLAB, 0.0 * NONE)
    dosed = follow_given(stacked(case, 2), SLAB, NONE + 1.0)
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(again), strict=True):
        assert np.array_equal(a, b)
    assert dosed.series.tumour_burden_cells[0, -1] < found.series.tumour_burden_cells[0, -1]
    assert float(dosed.chemotherapy[0]) == SLAB.end_days - SLAB.drugs_days


def test_time_in_response_is_exact_for_lines():
    shares = np.asarray(share_below(np.array([10.0, 10.0, 4.0, 4.0, 10.0])))
    np.testing.assert_allclose(shares, [0.0, 0.5, 1.0, 0.5])


# --- drugs beside the cells ---


def test_a_regimen_decides_only_where_it_is_due_and_stays_inside_its_limits(seen):
    settings = replace(SETTINGS, slab=replace(SLAB, interval_days=7.0))
    model, times, instants = SLAB.model, (0.0, 14.0, 28.0, 35.0, 42.0, 49.0, 56.0), settings.slab.instants
    controller = beside(
        Schedule(plan_actions(model, (), times)), times, instants, REGIMENS["fixed"], CombinationParameters()
    )
    memory, given, act = controller.start(), [], jax.jit(controller.act)
    for _ in times[:-1]:
        decision = act(seen, memory)
        memory = decision.memory
        given.append(float(decision.action.chemotherapy))
    assert given == [0, 0, 1, 0, 0, 1]
    assert given[2:] == planned_levels("fixed", instants)[:, 0].tolist()
    assert all(dose <= LIMITS.per_day.chemotherapy for dose in given)


def test_a_regimen_that_looks_at_nothing_gives_its_levels_in_closed_loop(case):
    levels = planned_levels("fixed", SLAB.instants)
    planned = follow_given(stacked(case, 2), SLAB, levels)
    dosed = follow(stacked(case, 2), SLAB, REGIMENS["fixed"], CombinationParameters())
    for a, b in zip(jax.tree.leaves(planned), jax.tree.leaves(dosed), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
    assert planned_levels("none", SLAB.instants).tolist() == NONE.tolist()


def test_what_is_too_small_to_see_has_a_floor(seen):
    assert float(volume_mm3(seen)) == pytest.approx(np.pi / 6 * float(seen.sum_of_diameters_mm) ** 3)
    assert float(volume_mm3(seen._replace(sum_of_diameters_mm=0.0))) == SMALLEST_MM3


# --- draws ---


def test_what_is_drawn_is_uncalibrated_and_moved_by_no_latent():
    names = uncertain(TumourParameters)
    sources = {info.name: info.source for info in TumourParameters.about()}
    assert "rho_C" in names
    assert "gamma" not in names  # the latent cyt moves it
    assert "d_C" not in names  # it has a source
    assert all("uncalibrated" in sources[name] for name in names)
    drawn = varied(TumourParameters(), jax.random.key(1), 50)
    assert np.std(np.log(drawn.rho_C)) == pytest.approx(0.25, abs=0.08)
    assert np.ptp(drawn.gamma) == 0


def test_the_same_seed_gives_the_same_patients_whatever_the_cells():
    patient = LoopPatient(latents=Latents(esc=0.95))
    latents = drawn_latents(patient, jax.random.key(3), 200)
    assert np.all((latents.esc <= 1) & (latents.esc >= 0))
    rows = np.array([[0, 1, 2], [3, 3, 3]])
    one, two = (
        cases_of(rows, grown(name, DonorSubtype(), 3, 0).product, patient, SETTINGS.population, 5)
        for name in ("static-il2", "another")
    )
    assert np.array_equal(one.latents.exh, two.latents.exh)
    assert np.array_equal(one.tumour.rho_C, two.tumour.rho_C)
    assert not np.array_equal(one.product.central_memory, two.product.central_memory)


def test_donors_are_the_typical_one_and_others_about_him():
    p = donors_like(CultureParameters(), DonorSubtype("middle", "advanced", "heavy"), 5, 0)
    assert p.fitness.shape == (6,)
    assert float(p.fitness[0]) == CultureParameters().fitness
    assert len(set(np.asarray(p.fitness[1:]))) == 5
    more = donors_like(CultureParameters(), DonorSubtype("middle", "advanced", "heavy"), 7, 0)
    assert np.array_equal(more.fitness[:6], p.fitness)


def test_the_learnt_process_is_given_the_donors_of_the_protocols():
    """The law behind the pairing: whoever makes the cells, the same seed is the same donors."""
    subtype = DonorSubtype("middle", "advanced", "heavy")
    followed = donors_like(median_donor(subtype, CultureParameters()), subtype, 5, 3)
    learnt = jax.vmap(lambda one: in_vessel(one, vessel()))(traits_like(subtype, 5, 3))
    for name in Shift._fields:
        np.testing.assert_allclose(getattr(learnt, name), getattr(followed, name), rtol=1e-12, err_msg=name)


def test_no_donor_of_a_loop_was_trained_on():
    """Donors of the seeds that people use share no trait with those of trainings under any seed nearby."""
    used = np.concatenate([np.asarray(traits_like(DonorSubtype(), 64, seed).traits)[1:] for seed in range(3)])
    trained = np.concatenate([np.asarray(draw_donors(jax.random.key(seed), 540).traits) for seed in range(3)])
    assert not np.isin(used, trained).any()


# --- the patient, and mistakes ---


def test_a_patient_is_read_from_a_file_and_the_command_line(tmp_path):
    file = tmp_path / "patient.toml"
    file.write_text('[latents]\nexh = 0.8\n[sd]\nexh = 0.05\n[donor]\nprior = "heavy"\n')
    patient = loop_patient(file, "esc=0.2", "age=elderly")
    assert (patient.latents.exh, patient.latents.esc, patient.spread.exh) == (0.8, 0.2, 0.05)
    assert patient.donor == DonorSubtype("elderly", "advanced", "heavy")
    (tmp_path / "patient.json").write_text(json.dumps({"latents": {"inf": 0.3}}))
    assert loop_patient(tmp_path / "patient.json", None, None).latents.inf == 0.3


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--latents", "ex=0.5"], "Did you mean 'exh'"),
        (["--latents", "exh=1.5"], "allowed: 0 to 1"),
        (["--latents", "exh"], "NAME=VALUE"),
        (["--donor", "age=old"], "--donor: unknown age of a donor; got 'old'; allowed: young, middle, elderly"),
        (["--donor", "colour=red"], "unknown trait"),
        (["--drugs", "mcp"], "--drugs: unknown regimen; got 'mcp'; allowed: none, fixed, mpc. Did you mean 'mpc'"),
        (["--cells", "static"], "--cells: unknown process"),
        (["--patient", "absent.toml"], "absent.toml"),
        (["--priorities", "absent.json"], "no priorities"),
        (["doses", "--drugs", "mpc"], "has its own patient"),
    ],
)
def test_a_mistake_is_one_message_and_leaves_nothing(capsys, tmp_path, monkeypatch, arguments, told):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as left:
        main(["demo", *arguments])
    printed = capsys.readouterr()
    assert left.value.code in (2, 4)
    assert told in printed.err
    assert printed.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


# --- the study ---


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (('regimens=["mcp"]',), "regimens"),
        (("patients.pairs=1",), "2 to 2000"),
        (("patient.pairs=3",), "Did you mean"),
        (
            ("slab.end_days=30",),
            r"slab.end_days=30: follow-up ends before.*got 30.0; allowed: above slab.drugs_days = 42",
        ),
        (("slab.drugs_days=112",), "follow-up ends before"),
        (("slab.interval_days=0.01",), "too many decisions on drugs.*allowed: from 0.07"),
        (("patients.low=0.9",), "patients.low=0.9: the least latent.*allowed: up to patients.high = 0.8"),
        (('processes=["learnt","short","learnt"]',), "processes.*named twice; got 'learnt'; allowed: each once"),
        (('regimens=["none","none"]',), "named twice; got 'none'"),
        (('processes=["sort"]',), "processes: unknown process; got 'sort'.*Did you mean 'short'"),
        (("parameters.r_Q=0.1",), "see `oncotwin parameters tumour`"),
    ],
)
def test_a_faulty_study_is_refused(tmp_path, changes, told):
    with pytest.raises(BadInput, match=told):
        study.run_veins(None, ("kind=veins", *changes), tmp_path / "study", lambda path: None)
    assert list(tmp_path.iterdir()) == []


def test_config_check_resolves_the_processes_of_a_study(tmp_path, capsys):
    file = tmp_path / "veins.toml"
    for processes, code, told in (('["sort"]', 2, "unknown process"), ('["short", "learnt"]', 0, "2 processes")):
        file.write_text(f'kind = "veins"\nprocesses = {processes}\n')
        with pytest.raises(SystemExit) as left:
            main(["config", "check", "veins", str(file)])
        printed = capsys.readouterr()
        assert left.value.code == code
        assert told in printed.out + printed.err


def test_the_processes_are_the_shipped_ones_or_learnt():
    for process in ("learnt", "perfusion", Settings().standard, Settings().other):
        cells.check_process(process)
    with pytest.raises(BadInput, match="learnt.*static-il2"):
        cells.grow("nothing", DonorSubtype(), 1, 0)
