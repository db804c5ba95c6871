"""What an environment may grow to fits its quota, its database and each other."""

import configparser
import re
from fractions import Fraction

import pytest

from knative.catalogue import load_catalogue
from tests.manifests.bundles import KNATIVE, OVERLAYS, Manifest, named, of_kind, overlay, services
from tests.manifests.sizes import MAX, Size, largest, quantity

# A quota far above what can be asked for bounds nothing; one below stops a burst.
MOST_ABOVE = Fraction(125, 100)
POOLS = {entry.service: entry.pool for entry in load_catalogue()}
# Its database's own ceiling, which databases.ini says beside the address.
OF_THE_STAND_IN = 4
CLIENTS_ABOVE = Fraction(12, 10)
# What stays free on the server for people, backups and a migration.
FREE_ON_THE_SERVER = Fraction(20, 100)


def quota(manifests: tuple[Manifest, ...]) -> dict[str, Fraction]:
    """Return what a namespace may ask for."""
    [found] = of_kind(manifests, "ResourceQuota")
    return {key: quantity(text) for key, text in found["spec"]["hard"].items()}


def asked(size: Size) -> dict[str, Fraction]:
    """Return a size in the words of a quota."""
    return {
        "requests.cpu": size.cpu,
        "requests.memory": size.memory,
        "limits.memory": size.memory_limit,
        "pods": Fraction(size.pods),
    }


@pytest.mark.parametrize("name", OVERLAYS)
def test_a_quota_lets_everything_be_at_its_largest_and_little_more(name: str) -> None:
    """No burst is stopped by a number that somebody forgot, and no runaway eats the cluster."""
    given = quota(overlay(name))

    for key, most in asked(largest(overlay(name))).items():
        assert most <= given[key] <= most * MOST_ABOVE + 8, key


@pytest.mark.parametrize("name", OVERLAYS)
def test_no_container_is_larger_than_its_limits(name: str) -> None:
    """What is asked for is never more than what is given at most."""
    for one in overlay(name):
        if one["kind"] in {"Service", "Deployment", "StatefulSet"} and "template" in one["spec"]:
            for container in one["spec"]["template"]["spec"]["containers"]:
                requests, limits = (container["resources"][key] for key in ("requests", "limits"))
                assert set(requests) == set(limits) == {"cpu", "memory"}
                for what, most in limits.items():
                    assert quantity(requests[what]) <= quantity(most), one["metadata"]["name"]


def settings() -> configparser.SectionProxy:
    """Return the pooler's own settings."""
    text = (KNATIVE / "components/pooler/pgbouncer.ini").read_text("utf-8")
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(re.sub(r"^%include.*$", "", text, flags=re.MULTILINE))
    return parser["pgbouncer"]


@pytest.mark.parametrize("name", OVERLAYS)
def test_one_pooler_bears_every_connection_of_every_pod(name: str) -> None:
    """With all functions at their largest and the other pooler away, no client is refused."""
    clients = sum(
        int(one["spec"]["template"]["metadata"]["annotations"][MAX]) * POOLS[service]
        for service, one in services(overlay(name)).items()
        if service in POOLS
    )
    stream = named(overlay(name), "HorizontalPodAutoscaler", "stream-events")
    clients += stream["spec"]["maxReplicas"] * POOLS["stream-events"]

    assert int(settings()["max_client_conn"]) >= CLIENTS_ABOVE * clients


@pytest.mark.parametrize("name", OVERLAYS)
def test_all_poolers_together_leave_a_fifth_of_the_server_free(name: str) -> None:
    """However many clients there are, the database never has to refuse one."""
    pooler = named(overlay(name), "Deployment", "pooler")
    # While a new one comes, the old one is still there.
    replicas = pooler["spec"]["replicas"] + 1
    limit = int(pooler["metadata"]["annotations"]["database-connections"])
    connections = int(settings()["max_db_connections"]) + OF_THE_STAND_IN

    assert replicas * connections <= limit * (1 - FREE_ON_THE_SERVER)


def test_the_pooler_is_what_the_tests_of_transactions_use() -> None:
    """Transactions, a failover seen in a quarter of an hour, a wait of 5 s, and names verified."""
    known = settings()

    assert known["pool_mode"] == "transaction"
    assert (known["server_lifetime"], known["query_wait_timeout"]) == ("900", "5")
    assert known["server_tls_sslmode"] == "verify-full"
    # 12 of app, 2 of provision, 2 of metrics, 4 in reserve.
    assert int(known["max_db_connections"]) == 12 + 2 + 2 + 4
