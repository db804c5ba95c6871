"""Which files share a process: those on one system, on one Keycloak, on one API server.

Each is started once for all of them. Their files come first, since they wait more than they
compute; the other process takes one file after another meanwhile, and in the end both do. Within a
group the places stand in their order: first who waits for Keycloak's first start, then who counts
every payment that the operator knows of, while there are no others; last who ends the system.
"""

from typing import Final

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

SHARED: Final = {
    "the local system": (
        "tests/end_to_end/test_identity.py",
        "tests/end_to_end/test_statements.py",
        "tests/end_to_end/",
        "tests/end_to_end/test_stopping.py",
    ),
    "the identity server": (
        "tests/functions/test_first_owners.py",
        "tests/functions/test_team.py",
        "tests/integration/test_egress_sender.py",
        "tests/integration/test_identity",
        "tests/integration/test_keycloak",
        "tests/integration/test_token_keys.py",
    ),
    # Terraform has another beside it.
    "the API server": (
        "tests/platform/test_admission.py",
        "tests/platform/test_deployments.py",
        "tests/platform/test_pods.py",
        "tests/platform/test_settings.py",
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
    """Put the groups first, each in the order of its places; all else stays as it is."""
    items.sort(key=lambda item: place_of(item.nodeid.partition("::")[0]))


def place_of(file: str) -> int:
    """Return where a file comes, by the longest place that fits; who shares nothing comes last."""
    places = [place for group in SHARED.values() for place in group]
    fitting = [place for place in places if file.startswith(place)]
    return places.index(max(fitting, key=len)) if fitting else len(places)
