"""The culture beside what is published of T-cell processes: ranges, and the direction of every effect.

Sources stand with each test.  Most constants are uncalibrated: they were chosen so that standard conditions land in
the published ranges, so the first tests are consistency, not prediction; the directions and the other vessels are not
fitted one by one.
"""

import numpy as np
import pytest
from culture_protocols import EVERY, cases, run

from oncotwin.apps.culture.fluxes import taught
from oncotwin.io.networks.core import core_network
from oncotwin.io.networks.signal_table import cell_table
from oncotwin.models.culture import SOLUTES, Culture

GLUCOSE, LACTATE, GLUTAMINE, AMMONIA = (SOLUTES.index(x) for x in ("glucose", "lactate", "glutamine", "ammonia"))


@pytest.fixture(scope="module")
def ran():
    """All courses by name."""
    return run(Culture(taught(core_network()).solver(), cell_table()), cases())


def viable(course):
    return sum(course.state.cells[:5])


def differentiated(made):
    return made.effector + made.exhausted


def least_differentiated(made):
    return made.naive + made.central_memory


def test_a_static_flask_expands_20_to_100_fold_in_9_days(ran):
    """20 to 100-fold in 9 to 12 days; 20e6 to 30e6 cells/cm2 of 100 cm2 (doi:10.1007/978-1-0716-0146-4_12)."""
    day9 = ran["il2"].on(9)
    assert 20 < day9.product.expansion_fold < 100
    assert 2e9 < viable(day9) < 3e9
    assert day9.product.viability > 0.85


def test_blasts_grow_at_the_published_rate(ran):
    """0.029 to 0.053 /h in spinners with 30 IU/mL (J Biol Eng 2019, s13036-019-0167-2, Table 1)."""
    cells = viable(ran["il2"])
    fastest = np.diff(np.log(cells)).max() / (24 * EVERY)
    assert 0.029 < fastest < 0.053


def test_metabolic_rates_are_in_range(ran):
    """Glucose at most 278 fmol/cell/h (ambr15 model), lactate over glucose 1 to 2, oxygen 4 to 1260 fmol/cell/h."""
    course = ran["il2"]
    formed, cells = course.state.ledger.formed, viable(course)
    cell_hours = 24 * EVERY * 0.5 * (cells[1:] + cells[:-1])
    glucose = -np.diff(formed[:, GLUCOSE]) / cell_hours * 1e9
    oxygen = np.diff(course.state.ledger.oxygen) / cell_hours * 1e9
    assert 50 < glucose.max() <= 278
    assert 1 < -formed[-1, LACTATE] / formed[-1, GLUCOSE] < 2
    assert 4 < oxygen.min() < oxygen.max() < 200


def test_ammonia_follows_glutamine(ran):
    """0.67 mol/mol in CHO cells (PMC5874891); ours lies above, for no alanine is made and glutamine decays."""
    formed = ran["il2"].state.ledger.formed[-1]
    assert 0.5 < -formed[AMMONIA] / formed[GLUTAMINE] < 1.5


def test_a_perfused_tank_reaches_its_published_density(ran):
    """30e6 cells/mL on day 7 in 2 L (doi:10.3389/fbioe.2025.1694134)."""
    day7 = ran["tank"].on(7)
    assert 20e6 < viable(day7) / day7.state.volume_ml < 40e6
    assert day7.product.viability > 0.85


def test_a_microbioreactor_reaches_its_published_numbers(ran):
    """2 mL, 12 days: over 200e6 CAR-T cells from healthy donors, over 60e6 from patients (Nat BME 8:1571).

    The count of viable cells is compared for the donor, of CAR-positive cells for the patient.
    """
    assert viable(ran["micro"].on(12)) > 200e6
    assert ran["micro_patient"].on(12).product.car_positive_cells > 60e6
    assert viable(ran["micro_patient"].on(12)) < viable(ran["micro"].on(12))


def test_an_earlier_harvest_is_less_differentiated(ran):
    """Day 3 or 5 against day 9 (PMC8274631)."""
    shares = [differentiated(ran["il2"].on(day).product) for day in (3, 5, 9)]
    assert shares[0] < shares[1] < shares[2]


def test_interleukins_7_and_15_keep_memory(ran):
    """More CD45RA+CCR7+ cells than with interleukin 2 (Blood 123:3750)."""
    ours, il2 = ran["il7_il15"].on(9).product, ran["il2"].on(9).product
    assert least_differentiated(ours) > 1.5 * least_differentiated(il2)
    assert differentiated(ours) < differentiated(il2)


def test_interleukin_21_alone_accumulates_no_cells(ran):
    """Accumulation: interleukin 2 most, 21 least (Blood conference abstract on forced cytokines)."""
    assert viable(ran["il21"].on(9)) < 0.4 * viable(ran["il2"].on(9))
    assert viable(ran["no_cytokine"].on(9)) < viable(ran["il21"].on(9))


def test_nothing_grows_without_activation(ran):
    assert ran["no_activator"].on(9).product.expansion_fold < 1.2


def test_a_chronic_signal_exhausts(ran):
    assert ran["chronic"].on(9).product.exhausted > 4 * ran["il2"].on(9).product.exhausted
    assert ran["chronic"].on(9).product.cytotoxicity < ran["il2"].on(9).product.cytotoxicity


def test_one_per_cent_of_oxygen_slows_expansion_and_keeps_cells_young(ran):
    """1 % against 18 %: much lower expansion, less differentiated (Cancers 11:602)."""
    low, high = ran["oxygen_1"].on(5), ran["oxygen_18"].on(5)
    assert viable(low) < 0.6 * viable(high)
    assert differentiated(ran["oxygen_1"].on(9).product) < differentiated(ran["oxygen_18"].on(9).product)


def test_two_per_cent_of_oxygen_keeps_proliferation_and_enriches_memory(ran):
    """2 % against 21 %: viability and proliferation kept, naive-like cells enriched (fimmu.2025.1675786)."""
    low, high = ran["oxygen_2"].on(5), ran["oxygen_18"].on(5)
    assert viable(low) > 0.85 * viable(high)
    assert low.product.viability > 0.95 * high.product.viability
    assert least_differentiated(low.product) > least_differentiated(high.product)


def test_lactic_acid_stops_proliferation(ran):
    """20 mM: proliferation down by up to 95 % (Blood 109:3812); by divisions up to day 3."""
    ratio = ran["lactic_acid"].on(3).state.ledger.divided / ran["il2"].on(3).state.ledger.divided
    assert 0.01 < ratio < 0.1


def test_lactic_acid_takes_killing(ran):
    """Cytotoxicity down by half (Blood 109:3812): a third to a half here."""
    stress = ran["lactic_acid"].on(3).state.acid_stress
    assert 0.3 < 0.5 * stress < 0.5


def test_2_deoxyglucose_makes_more_memory(ran):
    """Dose and size are not given (PMC3784544): the direction alone."""
    assert least_differentiated(ran["deoxyglucose"].on(9).product) > least_differentiated(ran["il2"].on(9).product)


def test_patients_give_fewer_and_older_cells(ran):
    patient, healthy = ran["patient"].on(9).product, ran["il2"].on(9).product
    assert patient.expansion_fold < healthy.expansion_fold
    assert patient.exhausted > healthy.exhausted
