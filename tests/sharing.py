"""Which files share a process: those on one running system, and those on one Keycloak.

Each is started once for all of them. Their files come first, since they wait more than they
compute; the other process takes one file after another meanwhile, and in the end both do.
"""

from typing import Final

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

SHARED: Final = {
    "the local system": ("tests/chaos/", "tests/end_to_end/"),
    "the identity server": (
        "tests/functions/test_first_owners.py",
        "tests/functions/test_team.py",
        "tests/integration/test_egress_sender.py",
        "tests/integration/test_identity",
        "tests/integration/test_keycloak",
        "tests/integration/test_token_keys.py",
    ),
}


def group_of(file: str) -> str:
    """Return what a file of tests shares with others, or itself where it shares nothing."""
    for name, places in SHARED.items():
        if file.startswith(places):
            return name
    return file


class SharedScheduling(LoadFileScheduling):  # type: ignore[misc]  # theirs has no types
    """Gives all files of a group to one process."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(super()._split_scope(nodeid))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> SharedScheduling:
    """Have the processes of a run take groups of files."""
    return SharedScheduling(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the groups first; within each nothing changes."""
    groups = [*SHARED]
    items.sort(key=lambda item: _place(groups, group_of(item.nodeid.partition("::")[0])))


def _place(groups: list[str], group: str) -> int:
    return groups.index(group) if group in groups else len(groups)
