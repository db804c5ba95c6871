"""The storm's own parts: a harness that cannot tell good from bad proves nothing."""

import json
import select
import socket
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import cbor2
import pytest
import urllib3

from knative.catalogue import load_catalogue
from tests.chaos import judge
from tests.chaos.clients import UnclassifiedError, Verdict, classify
from tests.chaos.counters import FaultCounters
from tests.chaos.crash_points import discover, victim_of
from tests.chaos.doors import CBOR, Door, Reply, ask, door_of
from tests.chaos.fault_proxy import FaultProxy, Way
from tests.chaos.kinds import KINDS
from tests.chaos.oracle.evidence import Evidence
from tests.chaos.oracle.states import charges_have_ended
from tests.chaos.payers import Payers
from tests.chaos.storm import Plan, Storm
from tests.end_to_end.merchant import Merchant, Order, RecordingReceiver, open_merchant
from tests.end_to_end.waiting import wait_for
from tests.scripted_server import Play, ScriptedServer, Seen, answer
from tests.system import HOST, LocalSystem

REFUSED: Final = b'{"error": {"code": "amount_invalid"}}'
# A storm that kills nobody and demands nothing.
CALM: Final = Plan(seed=1, seconds=0.0, kills=0, hits_per_point=0)


@pytest.mark.parametrize(
    ("status", "body", "verdict"),
    [
        (200, b'{"id": "ch_1"}', Verdict.SUCCESS),
        (400, REFUSED, Verdict.REFUSAL),
        (403, REFUSED, Verdict.REFUSAL),
        (409, REFUSED, Verdict.AMBIGUOUS),
        (429, REFUSED, Verdict.AMBIGUOUS),
        (500, b"", Verdict.AMBIGUOUS),
        (503, b"upstream connect error", Verdict.AMBIGUOUS),
    ],
)
def test_an_answer_proves_one_thing(status: int, body: bytes, verdict: Verdict) -> None:
    """A success has an id and a refusal a code; what may have had an effect is asked again."""
    assert classify(urllib3.HTTPResponse(body, status=status)) is verdict


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, b"<html>"), (200, b"{}"), (202, b'{"id": "ch_1"}'), (302, b""), (404, b"no route")],
)
def test_an_answer_without_sense_is_not_passed_over(status: int, body: bytes) -> None:
    """What is neither ours nor known to be ambiguous fails the run."""
    with pytest.raises(UnclassifiedError):
        classify(urllib3.HTTPResponse(body, status=status))


@pytest.mark.parametrize("door", Door)
@pytest.mark.parametrize(
    ("status", "shown"),
    [
        (200, {"id": "ch_1", "description": 'déjà, "vu"', "metadata": {}}),
        (400, {"status": 400, "error": {"code": "amount_invalid"}}),
        (503, {"status": 503, "error": {"code": "temporarily_unavailable"}}),
    ],
)
def test_each_door_says_what_rest_says(door: Door, status: int, shown: dict[str, Any]) -> None:
    """Status and bytes, so that one answer is held against that of another door."""
    content = json.dumps(shown, separators=(",", ":"), ensure_ascii=False).encode()
    outcome = {"result" if status == 200 else "error": shown}
    order = Order("+237670000001", key="mine")

    def say(seen: Seen) -> Play:
        if seen.path == order.path:
            return answer(status, content)
        call = cbor2.loads(seen.body)
        call = call["calls"][0] if seen.path == Door.BATCH else call
        assert call["idempotency_key"] == seen.headers.get("idempotency-key", "mine")
        assert (call["method"], call["params"]) == ("create_charge", json.loads(order.body))
        if seen.path == Door.BATCH:
            return answer(200, cbor2.dumps({"results": [outcome]}), content_type=CBOR)
        return answer(status, cbor2.dumps(outcome), content_type=CBOR)

    with ScriptedServer(say) as server, urllib3.PoolManager(retries=False) as http:
        merchant = Merchant("acct_1", "sk_1", server.url, object.__new__(RecordingReceiver), http)
        assert ask(merchant, order, door) == Reply(status, content)


@pytest.mark.parametrize("door", Door)
def test_what_stands_before_a_door_leaves_all_open(door: Door) -> None:
    """A gateway whose function is gone speaks no CBOR, and proves nothing."""
    with (
        ScriptedServer(lambda _: answer(503, "upstream", content_type="text/plain")) as server,
        urllib3.PoolManager(retries=False) as http,
    ):
        merchant = Merchant("acct_1", "sk_1", server.url, object.__new__(RecordingReceiver), http)
        reply = ask(merchant, Order("+237670000001"), door)

    assert classify(reply) is Verdict.AMBIGUOUS


def test_what_is_asked_again_is_asked_at_any_door() -> None:
    """Half at first by REST; a seed repeats it."""
    order = Order("+237670000001", key="1-7-abc")

    doors = [door_of(order, asked) for asked in range(60)]
    assert {*doors} == {*Door}
    assert doors == [door_of(order, asked) for asked in range(60)]


def test_a_fault_that_struck_too_rarely_is_named() -> None:
    """Ordering a fault is not enough: it counts when it took effect."""
    counters = FaultCounters({"kill": 2})
    counters.injected["kill"] = 2
    counters.struck["kill"] = 1

    assert counters.shortfalls() == ["kill: struck 1, planned 2"]
    counters.struck["kill"] = 2
    assert counters.shortfalls() == []


def test_crash_points_are_found_in_the_source() -> None:
    """Those of operations, of functions, and of each function that publishes in the background."""
    assert discover() >= {
        "submit_charge.before_send",
        "relay_outbox.after_mark",
        "render_receipt.before_publish",
    }


def test_every_crash_point_is_somebodys() -> None:
    """A point that no function is known to pass would never be armed, and no storm be strong."""
    functions = {entry.name for entry in load_catalogue() if entry.kind != "operation"}

    assert {victim_of(point) for point in discover()} <= functions
    assert victim_of("open_page.after_keep") == "submit_charge"


def test_a_seed_draws_the_quirks_of_a_page() -> None:
    """Lost, early and double notices, an answer that is lost, a token that ended too soon."""
    drawn = {kind.fault for kind in KINDS.values() if kind.is_on_page}

    assert drawn >= {
        "callback_none",
        "callback_early",
        "callback_double",
        "drop_after",
        "token_expired",
    }


def test_a_payer_comes_back_until_she_has_paid_once() -> None:
    """Not shown, led on to a page that is away, led on and paid; then she comes no more."""
    looks = iter((404, 302, 302))
    typed = iter((503, 303))

    def say(seen: Seen) -> Play:
        if seen.path.startswith("/pay/"):
            return answer(next(looks), extra=f"Location: {server.url}/theirs\r\n")
        return answer(next(typed))

    with ScriptedServer(say) as server:
        payers = Payers(server.url)
        payers.send("ch_1", "690000001")
        left = []
        for _ in range(4):
            payers.come(payers.waiting())
            left.append([*payers.waiting()])

    asked = [seen.body for seen in server.seen if seen.path == "/theirs"]
    assert left == [["ch_1"], ["ch_1"], [], []]
    assert len(server.seen) == 5
    assert asked == [b"msisdn=690000001&otp=123456&do=confirm"] * 2


def test_a_payer_whose_page_is_over_goes_home() -> None:
    """Our own page says how it ended."""
    with ScriptedServer(lambda _: answer(200, "<html>")) as server:
        payers = Payers(server.url)
        payers.send("ch_1", "690000001")
        payers.come([])
        kept = [*payers.waiting()]
        payers.come(["ch_1"])

    assert (kept, [*payers.waiting()]) == (["ch_1"], [])


@pytest.mark.parametrize(("way", "heard"), [(Way.ASKED, b"hel"), (Way.ANSWERED, b"hello")])
def test_a_connection_is_cut_at_the_byte_that_was_asked_for(way: Way, heard: bytes) -> None:
    """The bytes before the cut arrive, none after; the client is reset, not politely closed."""
    with (
        socket.create_server((HOST, 0)) as server,
        FaultProxy(server.getsockname()[1]) as proxy,
        socket.create_connection((HOST, proxy.port), timeout=5) as client,
    ):
        inside, _ = server.accept()
        with inside:
            inside.settimeout(5)
            proxy.arm(way, 3)
            client.sendall(b"hello")
            assert inside.recv(100) == heard
            if way is Way.ANSWERED:
                inside.sendall(b"world")
                assert client.recv(100) == b"wor"
            with pytest.raises(ConnectionResetError):
                client.recv(100)
    assert (proxy.cuts, proxy.passed[way]) == (1, 5)


def test_an_unarmed_proxy_passes_everything_on() -> None:
    """Bytes go both ways, and are counted."""
    with (
        socket.create_server((HOST, 0)) as server,
        FaultProxy(server.getsockname()[1]) as proxy,
        socket.create_connection((HOST, proxy.port), timeout=5) as client,
    ):
        inside, _ = server.accept()
        with inside:
            client.sendall(b"question")
            assert inside.recv(100) == b"question"
            inside.sendall(b"answer")
            assert client.recv(100) == b"answer"
    assert proxy.passed == {Way.ASKED: 8, Way.ANSWERED: 6}


def test_a_proxy_holds_what_is_asked_until_it_is_told() -> None:
    """Nothing reaches the server before; then all of it, in order."""
    with (
        socket.create_server((HOST, 0)) as server,
        FaultProxy(server.getsockname()[1]) as proxy,
        socket.create_connection((HOST, proxy.port), timeout=5) as client,
    ):
        inside, _ = server.accept()
        with inside:
            inside.settimeout(5)
            proxy.hold()
            client.sendall(b"question")
            wait_for("it is held", lambda: proxy.held == 1, seconds=5)
            assert select.select([inside], [], [], 0)[0] == []
            inside.settimeout(5)
            proxy.let_through()
            assert inside.recv(100) == b"question"


@pytest.mark.parametrize(
    ("changes", "hangs"),
    [
        ({}, False),
        ({"minutes": 17}, True),
        ({"moved": True}, True),
        ({"accepted": True}, True),
        ({"operator": "mtn"}, True),
    ],
    ids=["unasked", "older than its payToken", "paid", "accepted", "at MTN"],
)
def test_a_charge_that_waits_may_be_one_that_nobody_was_asked_for(
    changes: Mapping[str, Any], *, hangs: bool
) -> None:
    """Its sender died after the payToken's commit: it waits for its end, if no money moved."""
    assert bool(charges_have_ended(waiting_at_orange(**changes))) is hangs


def test_a_page_that_nobody_paid_is_never_passed_over() -> None:
    """However often one was asked for: payers come until one is shown, and pay there."""
    evidence = waiting_at_orange()
    [charge] = evidence.rows("charges")
    shown = {**charge, "phone": None, "status": "requires_action"}
    claimed = [{"object_id": "ch_1", "cause": cause} for cause in ("claimed", "claimed")]
    tables = {**evidence.tables, "charges": [shown], "state_changes": claimed}

    assert charges_have_ended(replace(evidence, tables=tables)) != []


def waiting_at_orange(
    *, operator: str = "orange", minutes: int = 5, moved: bool = False, accepted: bool = False
) -> Evidence:
    """One charge that waits for its payer, and what is known of it."""
    at = datetime(2026, 11, 29, 12, tzinfo=UTC)
    charge = {
        "id": "ch_1",
        "status": "awaiting_payer",
        "operator": operator,
        "phone": "+237690000001",
        "created_at": at - timedelta(minutes=minutes),
        "submit_before": at,
    }
    causes = ["claimed", "accepted" if accepted else "seen_waiting"]
    tables: dict[str, list[dict[str, Any]]] = {
        "charges": [charge],
        "provider_attempts": [{"charge_id": "ch_1", "not_found_reads": 0}],
        "state_changes": [{"object_id": "ch_1", "cause": cause} for cause in causes],
        "due_work": [],
        "outbox": [],
    }
    given = {"at": at, "tables": tables, "effects": [{"external_id": "ch_1"}] if moved else []}
    nothing: dict[str, Any] = dict.fromkeys(Evidence.__dataclass_fields__, ())
    return Evidence(**{**nothing, **given})


def test_a_charge_that_does_not_end_breaks_the_run_and_is_judged(local_system: LocalSystem) -> None:
    """What was waited for in vain is named, and the oracle is asked all the same."""
    with open_merchant(local_system, "Quincaillerie de l'Accalmie") as merchant:
        storm = Storm(local_system, merchant, frozenset(), CALM)
        lasting = merchant.charge(Order("+237670000453"))
        storm.await_proofs(seconds=1)
        verdict = judge.judge(judge.sources(local_system, merchant, [lasting], storm.login))

    named = [line for line in storm.broken() if f"charge {lasting.id} " in line]
    assert len(named) == 1
    assert "I14 charges have ended" in verdict["violations"]


def test_a_system_that_does_not_come_back_breaks_the_run(
    local_system: LocalSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The storm says what is down and waits on for rest, so that there is something to judge."""
    monkeypatch.setattr("tests.chaos.storm._BACK_SECONDS", 0.0)
    with open_merchant(local_system, "Quincaillerie de la Panne") as merchant:
        down = replace(local_system, base_url=f"http://{HOST}:1")
        storm = Storm(down, merchant, frozenset(), CALM)
        storm.run()

    assert "everybody back: not within 0 s: the system, /readyz: 0 {}" in storm.broken()
    assert "rest" in storm.seconds
