"""Files of tests that wait lie among those that compute, and none is lost."""

from itertools import pairwise

import pytest

from tests.spread import spread


@pytest.mark.parametrize(("waiting", "others"), [(0, 0), (0, 5), (3, 0), (3, 2), (3, 10), (10, 95)])
def test_each_file_comes_once_and_they_are_spread(waiting: int, others: int) -> None:
    """Between two that wait lie as many others as between any two, or one more."""
    slow, quick = [f"slow {n}" for n in range(waiting)], [f"quick {n}" for n in range(others)]

    order = spread(slow, quick)

    assert sorted(order) == sorted(slow + quick)
    assert [name for name in order if name in quick] == quick
    places = [order.index(name) for name in slow]
    gaps = {after - before for before, after in pairwise(places)}
    assert not gaps or max(gaps) - min(gaps) <= 1
