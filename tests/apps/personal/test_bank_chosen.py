"""A bank of one's own in place of the shipped one: read, fitted, recorded; what it cannot do is told."""

import numpy as np
import pytest

from oncotwin.apps.cli import main as cli
from oncotwin.apps.personal import run as runs
from oncotwin.apps.personal.bank import BANK, bank_file, emulator_errors, shipped_bank, write_bank
from oncotwin.apps.personal.estimates import check_doses, emulator_of, shipped_emulator
from oncotwin.apps.personal.patient import inputs_of, wanted_of
from oncotwin.apps.personal.petab import export_petab
from oncotwin.apps.personal.training import SHIPPED, located, training_of
from oncotwin.core.cohort import Cohort
from oncotwin.core.features import patient_of
from oncotwin.core.observables import Observables
from oncotwin.errors import BadInput
from oncotwin.io.cohorts.files import write_cohort
from oncotwin.io.durable import sha256_of
from oncotwin.io.specs.personal import PersonalSpec
from oncotwin.studies.inverse.bank import Bank, Design, sobol_design
from oncotwin.studies.inverse.emulator import SCORES


def some(count: int, dose: tuple[float, float] = (1e8, 1e9)) -> Bank:
    """The first simulations of the shipped bank, said to reach other doses."""
    bank, (low, high) = shipped_bank(), dose
    doses = low * (high / low) ** (np.log10(bank.design.doses_cells[:count]) - 8.0)
    leaves = Observables(*(np.asarray(leaf)[:count] for leaf in bank.observables))
    return Bank(Design(bank.design.latents[:count], doses), leaves, bank.about | {"dose_cells": list(dose)})


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    """The folder of a bank that reaches 3e9 cells."""
    folder = tmp_path_factory.mktemp("wide")
    write_bank(folder / BANK, some(512, (1e8, 3e9)))
    return folder


@pytest.fixture
def cohort(tmp_path):
    """A cohort, one of whose doses the shipped bank does not reach."""
    rng = np.random.default_rng(0)
    values = [
        {"age": 40.0 + i, "dose": 2e9 if i == 2 else 3e8, "c_max": float(rng.uniform(1e4, 5e4))} for i in range(18)
    ]
    path = tmp_path / "cohort.csv"
    write_cohort(path, Cohort(tuple(patient_of(f"p{i:02d}", value) for i, value in enumerate(values))))
    return path


def test_a_bank_is_taken_from_its_file_or_folder(wide):
    assert emulator_of("") is shipped_emulator()
    for chosen in (wide, wide / BANK):
        emulator = emulator_of(str(chosen))
        assert emulator.simulations == 512
        assert list(emulator.dose_range) == [1e8, 3e9]


def test_a_chosen_bank_reaches_inference_spec_and_record(wide, cohort):
    spec = PersonalSpec(cohort=str(cohort), bank=str(wide))
    asked = runs._read(spec)
    assert asked.emulator.simulations == 512
    assert bank_file(wide) in runs._inputs(spec)
    record = training_of(asked.ready, spec)
    assert (record["bank"], record["bank_sha256"]) == (BANK, sha256_of(wide / BANK))
    assert record["responses"] == 0
    assert located(spec).bank == str(wide.resolve())
    of_one = spec.model_copy(update={"patient": "p04"})
    assert wanted_of(of_one).emulator.simulations == 512
    assert inputs_of(of_one) == [cohort, wide / BANK]
    with pytest.raises(BadInput, match=r"dose of 1 of 18 patients; got 'p02 2e\+09'"):
        runs._read(PersonalSpec(cohort=str(cohort)))
    assert training_of(asked.ready, PersonalSpec(cohort=str(cohort)))["bank"] == SHIPPED


def test_too_small_a_bank_is_told_with_its_file(tmp_path):
    write_bank(tmp_path / BANK, some(128))
    with pytest.raises(BadInput, match=rf"{tmp_path}.*too few simulations.*allowed: 240.*bank build"):
        emulator_of(str(tmp_path))
    assert emulator_errors(some(128)) == {}


def test_doses_within_are_let_pass_and_many_are_counted():
    emulator = shipped_emulator()
    check_doses(emulator, np.array([1e8, 1e9]), ["a", "b"], "here")
    with pytest.raises(BadInput, match=r"7 of 7 patients.* p4 5e\+10 and 2 more.*--most-dose 5e\+10"):
        check_doses(emulator, np.full(7, 5e10), [f"p{i}" for i in range(7)], "here")


def test_the_emulators_errors_are_described_beside_the_spread(capsys):
    said = emulator_errors(shipped_bank())
    assert tuple(said) == SCORES
    assert said["c_max"]["relative"] == pytest.approx(said["c_max"]["error"] / said["c_max"]["spread"])
    assert said["c_max"]["relative"] < 0.02
    assert said["persistence_days"]["relative"] > 0.5
    with pytest.raises(SystemExit) as left:
        cli.main(["bank", "describe"])
    assert left.value.code == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.split()[:1] == ["c_max"]]
    assert len(lines) == 2  # quantiles, and errors
    assert f"{said['c_max']['relative']:.1%}" in lines[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--seed", "-1"], "seed: this is no seed; got -1; allowed: whole numbers from 0"),
        (["--count", "-2"], "balanced in powers of two only; got -2; allowed: 2, 4, 8"),
        (["--count", "2097152"], "allowed: 2, 4, 8 and so on, to 1048576"),
        (["--voxels", "1"], "voxels: this is no grid of a bank"),
        (["--most-dose", "inf"], "this is no range of doses"),
    ],
)
def test_a_bank_that_cannot_be_built_is_refused_before_a_folder_is_made(tmp_path, capsys, arguments, said):
    with pytest.raises(SystemExit) as left:
        cli.main(["bank", "build", str(tmp_path / "bank"), *arguments])
    assert left.value.code == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "bank").exists()


def test_negative_seeds_are_refused_by_the_design():
    with pytest.raises(BadInput, match="no seed"):
        sobol_design(4, (1e8, 1e9), -1)


def test_a_table_given_as_a_bank_is_told_so(cohort, capsys):
    with pytest.raises(SystemExit) as left:
        cli.main(["bank", "describe", str(cohort)])
    assert left.value.code == 4
    said = capsys.readouterr().err
    assert "this is no bank of simulations; got 'patient," in said
    assert "allowed: an .npz archive" in said
    assert "pickle" not in said


def test_an_export_takes_a_shipped_name_and_a_bank(tmp_path, cohort, wide, capsys):
    with pytest.raises(SystemExit) as left:
        cli.main(["inverse", "export", "ct041-reconstructed", str(tmp_path / "problem")])
    assert left.value.code == 0
    assert len(capsys.readouterr().out.splitlines()) == 5
    with pytest.raises(BadInput, match="does not reach"):
        export_petab(cohort, tmp_path / "other")
    assert len(export_petab(cohort, tmp_path / "other", str(wide))) == 5
