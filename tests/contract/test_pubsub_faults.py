"""The fault switches of our Pub/Sub server: what is told to go wrong does, is counted, and ends.

Google's emulator has none, so these always run against ours.
"""

import itertools
import json
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.pubsub_calls import create_topic, publish, subscribe
from tests.pubsub_server import Client, Receiver, Server, receiving, started, wait_for

RETRY = {"minimum_backoff": {"nanos": 10_000_000}, "maximum_backoff": {"nanos": 20_000_000}}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with started(tmp_path_factory.mktemp("pubsub")) as running:
        yield running


def _control(server: Server, method: str, name: str = "", settings: object = None) -> Any:
    request = urllib.request.Request(  # noqa: S310 - our own server's address
        f"{server.issuer}/faults{'/' if name else ''}{name}",
        method=method,
        data=None if settings is None else json.dumps(settings).encode(),
    )
    with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - the same
        return json.load(answer)


def _subscribe(subscriber: Client, topic: str, receiver: Receiver, **settings: object) -> str:
    config = {"push_endpoint": receiver.url}
    return subscribe(subscriber, topic, push_config=config, retry_policy=RETRY, **settings)


def _counts(server: Server, name: str) -> Any:
    return _control(server, "GET")[name]["counts"]


def _all_took_effect(server: Server, name: str, fault: str, at_least: int) -> bool:
    counts: dict[str, int] = _counts(server, name).get(fault, {"injected": 0})
    return counts["injected"] >= at_least and counts["injected"] == counts["took_effect"]


def test_nothing_goes_wrong_unless_told(
    server: Server, publisher: Client, subscriber: Client, topic: str
) -> None:
    """Without settings each message comes once; settings that are taken back end their faults."""
    with receiving() as receiver:
        name = _subscribe(subscriber, topic, receiver)
        assert name not in _control(server, "GET")
        _control(server, "PUT", name, {"duplicate": {}})
        _control(server, "DELETE", name)
        ids = publish(publisher, topic, *[b"x"] * 50)
        wait_for(lambda: len(receiver.pushes) >= 50, "all pushes")
        last = publish(publisher, topic, b"last")
        wait_for(lambda: last[0] in receiver.ids(), "the last push")
        assert Counter(receiver.ids()) == Counter(ids + last)


@pytest.mark.parametrize("name", ["duplicate", "concurrent_duplicate"])
def test_duplicates(
    server: Server, publisher: Client, subscriber: Client, topic: str, *, name: str
) -> None:
    """Each message comes two to four times, and every copy is counted when it is answered."""
    concurrent = 1 if name == "concurrent_duplicate" else 0
    with receiving() as receiver:
        subscription = _subscribe(subscriber, topic, receiver)
        fault = {"copies": 3, "concurrent": concurrent}
        _control(server, "PUT", subscription, {"seed": 1, "duplicate": fault})
        ids = publish(publisher, topic, *[b"x"] * 100)
        wait_for(lambda: _all_took_effect(server, subscription, name, 100), "all copies")
        copies = _counts(server, subscription)[name]["took_effect"]
        came = Counter(receiver.ids())
    assert set(came) == set(ids)
    assert set(came.values()) == {2, 3, 4}
    assert sum(came.values()) == 100 + copies


def test_reordering(server: Server, publisher: Client, subscriber: Client, topic: str) -> None:
    """A backlog comes in another order, none further ahead than the window, each once."""
    with receiving() as receiver:
        name = _subscribe(subscriber, topic, receiver)
        _control(server, "PUT", name, {"seed": 2, "reorder": {"window": 100}})
        ids = publish(publisher, topic, *[b"x"] * 1000)
        wait_for(lambda: len(receiver.pushes) >= 1000, "all pushes")
        counts = _counts(server, name)["reorder"]
        came = receiver.ids()
    assert sorted(came) == ids
    assert sum(later < earlier for earlier, later in itertools.pairwise(came)) > 300
    assert counts["injected"] > 900
    assert counts["took_effect"] > 800
    ahead = max(ids.index(message_id) - place for place, message_id in enumerate(came))
    assert ahead < 100 + 32  # those that are out at once may overtake each other besides


def test_a_held_message_is_overtaken(
    server: Server, publisher: Client, subscriber: Client, topic: str
) -> None:
    """Half of the messages are held back once, the others go ahead; none is lost."""
    with receiving() as receiver:
        name = _subscribe(subscriber, topic, receiver)
        _control(server, "PUT", name, {"seed": 3, "delay": {"share": 0.5, "seconds": 0.5}})
        ids = publish(publisher, topic, *[b"x"] * 200)
        wait_for(lambda: len(receiver.pushes) >= 200, "all pushes")
        assert _all_took_effect(server, name, "delay", 60)
        came = receiver.ids()
    assert sorted(came) == ids
    assert came != ids


def test_first_attempts_are_dropped(
    server: Server, publisher: Client, subscriber: Client, topic: str
) -> None:
    """The receiver sees nothing of the first two attempts, and the third one counts right."""
    policy = {"dead_letter_topic": create_topic(publisher), "max_delivery_attempts": 5}
    with receiving() as receiver:
        name = _subscribe(subscriber, topic, receiver, dead_letter_policy=policy)
        _control(server, "PUT", name, {"drop": {"share": 1, "attempts": 2}})
        ids = publish(publisher, topic, *[b"x"] * 20)
        wait_for(lambda: len(receiver.pushes) >= 20, "all pushes")
        assert _counts(server, name) == {"drop": {"injected": 40, "took_effect": 40}}
        assert sorted(receiver.ids()) == ids
        assert {push.body["deliveryAttempt"] for push in receiver.pushes} == {3}


def test_a_lost_acknowledgement_brings_the_message_again(
    server: Server, publisher: Client, subscriber: Client, topic: str
) -> None:
    """The receiver's success gets lost once, so that it does the same work twice."""
    with receiving() as receiver:
        name = _subscribe(subscriber, topic, receiver)
        _control(server, "PUT", name, {"lose_ack": {"share": 1, "attempts": 1}})
        ids = publish(publisher, topic, *[b"x"] * 20)
        wait_for(lambda: len(receiver.pushes) >= 40, "every message twice")
        assert _counts(server, name) == {"lose_ack": {"injected": 20, "took_effect": 20}}
        assert Counter(receiver.ids()) == dict.fromkeys(ids, 2)


def test_a_slow_endpoint_still_acknowledges(
    server: Server, publisher: Client, subscriber: Client, topic: str
) -> None:
    """An answer that is slow, but within the deadline, ends the delivery."""
    with receiving() as receiver:
        name = _subscribe(subscriber, topic, receiver)
        _control(server, "PUT", name, {"slow_answer": {"seconds": 0.3}})
        ids = publish(publisher, topic, *[b"x"] * 100)
        wait_for(lambda: _all_took_effect(server, name, "slow_answer", 100), "all slow answers")
        assert sorted(receiver.ids()) == ids


def test_all_faults_at_once_lose_nothing(
    server: Server, publisher: Client, subscriber: Client, topic: str
) -> None:
    """Under every fault together each message still comes, and the faults end with the backlog."""
    with receiving() as receiver:
        name = _subscribe(subscriber, topic, receiver)
        settings = {
            "seed": 4,
            "duplicate": {"share": 0.8, "copies": 4, "concurrent": 0.2},
            "reorder": {"window": 1000},
            "delay": {"share": 0.1, "seconds": 0.2},
            "drop": {"share": 0.3},
            "lose_ack": {"share": 0.1},
            "slow_answer": {"share": 0.1, "seconds": 0.05},
        }
        _control(server, "PUT", name, settings)
        ids = publish(publisher, topic, *[b"x"] * 1000)
        wait_for(lambda: set(receiver.ids()) == set(ids), "each message at least once", seconds=30)
        report = _control(server, "DELETE", name)
    assert set(report["counts"]) == {*settings, "concurrent_duplicate"} - {"seed"}
    assert all(count["took_effect"] for count in report["counts"].values())


@pytest.mark.parametrize(
    "settings",
    [
        {"drop": {"share": 1.1}},
        {"duplicate": {"copies": 11}},
        {"duplicate": {"copies": "3"}},
        {"duplicate": {"concurrent": 2}},
        {"drop": {"attempts": 0}},
        {"slow_answer": {"seconds": 601}},
        {"delay": {"seconds": -1}},
        {"reorder": {"window": 0}},
        {"delay": {}},
        {"no_such_fault": {}},
        [],
    ],
)
def test_wrong_settings_are_refused(
    server: Server, subscriber: Client, topic: str, settings: object
) -> None:
    """A misspelt or senseless switch is an error, not a test without faults."""
    name = subscribe(subscriber, topic, push_config={"push_endpoint": "http://127.0.0.1:9/"})
    with pytest.raises(urllib.error.HTTPError, match="400"):
        _control(server, "PUT", name, settings)
    assert name not in _control(server, "GET")


def test_faults_need_a_push_subscription(server: Server, subscriber: Client, topic: str) -> None:
    """Switches for a subscription that is not there, or pulls, are refused."""
    for name in ("projects/pay/subscriptions/missing", subscribe(subscriber, topic)):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            _control(server, "PUT", name, {"drop": {}})
