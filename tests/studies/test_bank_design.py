"""Designs of simulation banks: balanced, in range, in parts that join to the whole."""

import numpy as np
import pytest

from oncotwin.core.observables import Observables
from oncotwin.errors import BadInput
from oncotwin.studies.inverse.bank import build, joined, parts, sobol_design


def counted(latents: np.ndarray, doses: np.ndarray) -> Observables:
    """Observables that tell where they came from; the second patient is not to be trusted."""
    seen = Observables(*(latents[:, 0] + i for i in range(len(Observables._fields))))
    return seen._replace(status=(np.arange(len(doses)) == 1).astype(int), c_max=doses)


def test_a_design_is_balanced_in_every_input():
    design = sobol_design(64, (1e8, 1e9), seed=1)
    share = np.log(design.doses_cells / 1e8) / np.log(10.0)
    for column in [*design.latents.T, share]:
        assert np.all(np.bincount((column * 8).astype(int), minlength=8) == 8)


def test_the_same_seed_gives_the_same_bits_and_another_does_not():
    first, again, other = (sobol_design(8, (1e8, 1e9), seed) for seed in (1, 1, 2))
    assert np.array_equal(first.latents, again.latents)
    assert not np.array_equal(first.latents, other.latents)


def test_parts_join_to_the_whole():
    design = sobol_design(16, (1e8, 1e9), seed=3)
    pieces = [counted(*part) for part in parts(design, 5)]
    assert [len(piece.c_max) for piece in pieces] == [5, 5, 5, 1]
    assert np.array_equal(joined(pieces).c_max, design.doses_cells)


def test_what_is_not_to_be_trusted_is_missing():
    bank = build(sobol_design(4, (1e8, 1e9), seed=4), counted, {})
    assert np.isnan(bank.observables.c_max).tolist() == [False, True, False, False]
    assert bank.observables.status.tolist() == [0, 1, 0, 0]


@pytest.mark.parametrize(("count", "doses"), [(48, (1e8, 1e9)), (1, (1e8, 1e9)), (8, (1e9, 1e8)), (8, (0.0, 1e8))])
def test_a_design_that_cannot_be(count, doses):
    with pytest.raises(BadInput, match="got"):
        sobol_design(count, doses, seed=0)
