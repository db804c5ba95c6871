"""The order of files: those that mostly wait lie evenly among those that compute.

Two processes take one file after another. By themselves they would take those with few tests last,
and two storms would then wait for each other while nothing else is left to do.
"""

from collections.abc import Sequence
from itertools import groupby

import pytest

WAITING = ("tests/chaos/", "tests/end_to_end/")


def spread(waiting: Sequence[str], others: Sequence[str]) -> list[str]:
    """Put each of the first, in its order, before an equal share of the others."""
    share, rest = divmod(len(others), max(1, len(waiting)))
    order, start = [], 0
    for at, name in enumerate(waiting):
        end = start + share + (at < rest)
        order += [name, *others[start:end]]
        start = end
    return [*order, *others[start:]]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the files; within each file nothing changes."""
    files = {name: [*found] for name, found in groupby(items, key=_file)}
    waiting = [name for name in files if name.startswith(WAITING)]
    others = [name for name in files if name not in waiting]
    items[:] = [item for name in spread(waiting, others) for item in files[name]]


def _file(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]
