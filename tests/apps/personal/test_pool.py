"""Work side by side in processes: in order, and none of them left when one fails."""

import time
from multiprocessing import active_children

import pytest

from oncotwin.apps.personal.pool import side_by_side


def _sleeping_beside_a_mistake(each):
    assert next(each(abs, [-1, 2])) == 1
    assert active_children()
    each(time.sleep, [600.0])
    list(each(abs, ["x"]))


def test_processes_give_what_one_gives_and_end_with_an_error():
    with side_by_side(2) as each:
        assert list(each(abs, [-1, 2, -3])) == [1, 2, 3]
    with pytest.raises(TypeError, match="bad operand"), side_by_side(2) as each:
        _sleeping_beside_a_mistake(each)
    assert not active_children()
    with side_by_side(1) as each:
        assert each is map
