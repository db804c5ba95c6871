"""An operator's callback at its door: a hint and nothing more, whoever sends it."""

import hashlib
import json
from collections.abc import Callable, Iterator

import pytest

from shared.operations.submit_charge import callback_token
from shared.runtime import wiring
from tests.database import Account
from tests.functions.door import Door, Reply
from tests.functions.rows import PLATFORM_TABLES, TENANT_TABLES
from tests.functions.till import Till
from tests.scripted_server import answer

SOURCE = "196.200.1.7"


@pytest.fixture
def receive(door: Callable[[str], Door]) -> Door:
    """The door of receive_callback."""
    return door("receive_callback")


@pytest.fixture(scope="module")
def till(make_till: Callable[[Account], Till], shop: Account) -> Iterator[Till]:
    """One shop for the tests of this file."""
    with make_till(shop) as ready:
        yield ready


@pytest.fixture
def sent(till: Till) -> str:
    """A charge that the operator took."""
    charge_id = till.create()
    assert till.submit(charge_id).status == 204
    return charge_id


@pytest.fixture
def address(till: Till, sent: str) -> str:
    """The path that the operator was given to call back."""
    return _address(till, sent)


def _address(till: Till, charge_id: str) -> str:
    (attempt,) = till.rows.of("provider_attempts", "charge_id = :id", id=charge_id)
    token = callback_token(wiring.key_bytes("callback_token_key"), attempt["reference"])
    return f"/callbacks/mtn/{token}"


def checks(till: Till, charge_id: str) -> int:
    """How often the reader was woken."""
    return len(
        till.rows.platform("outbox", "topic = 'charge-check-due' AND object_id = :id", id=charge_id)
    )


def test_the_operator_was_told_this_address(till: Till, address: str) -> None:
    """The path that the request carried is the path that is served."""
    asked = till.sent[-1]

    assert asked.headers["x-callback-url"].endswith(address)


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_callback_wakes_the_reader(
    receive: Door, till: Till, sent: str, address: str, method: str
) -> None:
    """Either method: one visit with its source and the hash of its body, one message, no change."""
    before = till.charge(sent)
    body = b'{"status": "SUCCESSFUL"}'

    reply = receive.call(method, address, body, remote=SOURCE)

    assert (reply.status, reply.content) == (200, b"")
    (visit,) = till.rows.run(
        "SELECT source, body_sha256 FROM platform.callback_inbox i JOIN platform.callback_tokens t"
        " USING (token_hash) WHERE t.object_id = :id",
        id=sent,
    )
    assert visit == [SOURCE, hashlib.sha256(body).hexdigest()]
    assert checks(till, sent) == 1
    assert till.charge(sent) == before


def test_the_source_is_whom_the_edge_saw(
    receive: Door, till: Till, sent: str, address: str
) -> None:
    """Behind the gateway the peer is the gateway; the address that it wrote is kept."""
    receive.post(address, headers={"X-Forwarded-For": "41.202.219.7, 10.0.0.1"})

    (visit,) = till.rows.run(
        "SELECT source FROM platform.callback_inbox i JOIN platform.callback_tokens t"
        " USING (token_hash) WHERE t.object_id = :id",
        id=sent,
    )
    assert visit == ["41.202.219.7"]


def _pass(till: Till, charge_id: str, seconds: int) -> None:
    """Let the time since the last callback be longer by so much."""
    till.rows.run(
        "UPDATE platform.callback_tokens SET hinted_at = hinted_at - make_interval(secs => :s)"
        " WHERE object_id = :id",
        id=charge_id,
        s=seconds,
    )


def _seconds_to_read(till: Till, charge_id: str) -> float:
    """When the next scheduled read is due, in seconds from now."""
    [[seconds]] = till.rows.run(
        "SELECT extract(epoch FROM due_at - now())::float8 FROM platform.due_work"
        " WHERE object_id = :id AND done_at IS NULL",
        id=charge_id,
    )
    return float(seconds)


def _put_off(till: Till, charge_id: str) -> None:
    till.rows.run(
        "UPDATE platform.due_work SET due_at = now() + interval '1 hour' WHERE object_id = :id",
        id=charge_id,
    )


def test_repeats_wake_nobody_for_ten_seconds(
    receive: Door, till: Till, sent: str, address: str
) -> None:
    """Whoever floods us cannot use up our status reads; later it may wake the reader again."""
    for _ in range(5):
        assert receive.post(address).status == 200
    assert checks(till, sent) == 1

    _pass(till, sent, 21)
    assert receive.post(address).status == 200
    assert checks(till, sent) == 2


def test_a_repeat_brings_one_read_forward_and_not_two(
    receive: Door, till: Till, sent: str, address: str
) -> None:
    """Ten seconds after the last read the next one is due, and whoever calls then wakes nobody."""
    _put_off(till, sent)
    assert receive.post(address).status == 200
    assert _seconds_to_read(till, sent) > 3_000

    _pass(till, sent, 4)
    assert receive.post(address).status == 200
    assert 5 < _seconds_to_read(till, sent) <= 6

    # That read came, and said nothing new.
    _put_off(till, sent)
    _pass(till, sent, 7)
    for _ in range(3):
        assert receive.post(address).status == 200
    assert checks(till, sent) == 1
    assert 8 < _seconds_to_read(till, sent) <= 9


def test_a_riddle_is_read_as_seldom_as_all_else(
    receive: Door, till: Till, sent: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a person must look no read is scheduled; a flood still gets one in ten seconds."""
    monkeypatch.setattr(till, "word", {"amount": "1"})
    for _ in range(3):
        assert receive.post(address).status == 200
        assert till.settle(sent).status == 204

    assert till.rows.platform("cases", "object_id = :id", id=sent)
    assert checks(till, sent) == 2
    _pass(till, sent, 11)
    assert receive.post(address).status == 200
    assert checks(till, sent) == 3


def test_a_read_that_the_end_came_before_is_made_up_for(
    receive: Door, till: Till, sent: str, address: str
) -> None:
    """One was put off, and the payment ended meanwhile: the next callback is the first since."""
    assert receive.post(address).status == 200
    assert receive.post(address).status == 200
    assert till.settle(sent).status == 204
    before = checks(till, sent)

    for _ in range(3):
        assert receive.post(address).status == 200

    assert checks(till, sent) == before + 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe\x00",
        b"[" * 60_000,
        b"<html><body>502</body></html>",
        json.dumps({"status": "FAILED", "reason": "PAYER_NOT_FOUND"}).encode(),
        json.dumps({"status": "SUCCESSFUL", "amount": "999999", "currency": "EUR"}).encode(),
        b"x" * (1024 * 1024),
    ],
    ids=["empty", "half", "binary", "deep", "html", "failure", "riches", "1 MiB"],
)
def test_no_body_is_believed(
    receive: Door, till: Till, sent: str, address: str, body: bytes
) -> None:
    """Forged, garbled or large: it wakes the reader and changes no payment."""
    before, postings = till.charge(sent), till.rows.of("postings")

    reply = receive.post(address, body, headers={"Content-Type": "text/whatever"})

    assert reply.status == 200
    assert till.charge(sent) == before
    assert till.rows.of("postings") == postings


def test_the_body_is_never_stored(receive: Door, till: Till, address: str) -> None:
    """It may name a payer: of it only the hash stays, in no table of any kind anything else."""
    canary = "canary-237699999999"

    receive.post(address, {"payer": canary, "status": "SUCCESSFUL"})

    tables = [f'"{till.account.test.schema}".{name}' for name in TENANT_TABLES]
    tables += [f"platform.{name}" for name in PLATFORM_TABLES]
    for table in tables:
        found = till.rows.run(f"SELECT count(*) FROM {table} r WHERE r::text LIKE '%canary%'")
        assert found == [[0]]


def test_more_than_a_mebibyte_is_refused(receive: Door, till: Till, address: str) -> None:
    """Before a letter of it is looked at."""
    before = till.rows.snapshot()

    reply = receive.post(address, b"x" * (1024 * 1024 + 1))

    assert (reply.status, reply.error["code"]) == (413, "body_too_large")
    assert till.rows.snapshot() == before


def _unknown(address: str) -> list[str]:
    token = address.rpartition("/")[2]
    return [
        f"/callbacks/orange/{token}",
        f"/callbacks/MTN/{token}",
        f"/callbacks/mtn\x00/{token}",
        f"/callbacks/camtel/{token}",
        f"/callbacks/mtn/{token}x",
        f"/callbacks/mtn/{token[:-1]}",
        f"/callbacks/mtn/{token.upper()}",
        f"/callbacks/mtn/{token}\x00",
        f"/callbacks/mtn/{token}/",
        f"/callbacks/mtn/{'2' * 32}",
        f"/callbacks/mtn/{'t' * 1900}",
        "/callbacks/mtn/é",
        "/callbacks/mtn/' OR 1=1 --",
    ]


def test_an_unknown_token_stores_nothing(receive: Door, till: Till, address: str) -> None:
    """A wrong token, or a right one under another operator: 404, and not one row."""
    before = till.rows.snapshot()

    replies: list[Reply] = [receive.post(path, {}) for path in _unknown(address)]

    assert [(reply.status, reply.error["code"]) for reply in replies] == [
        (404, "route_unknown")
    ] * len(replies)
    assert till.rows.snapshot() == before


def test_a_late_callback_changes_nothing(
    receive: Door, till: Till, sent: str, address: str
) -> None:
    """After the end, a callback wakes a reader who finds nothing to do."""
    assert till.settle(sent).status == 204
    settled = till.charge(sent)

    assert receive.post(address, {"status": "FAILED"}).status == 200
    assert till.settle(sent).status == 204

    assert settled["status"] == "succeeded"
    assert till.charge(sent) == settled
    assert len(till.rows.of("ledger_transactions", "object_id = :id", id=sent)) == 1


def test_the_first_callback_after_the_end_is_heard(
    receive: Door, till: Till, sent: str, address: str
) -> None:
    """However soon after the one before: it may contradict the end. The next ones wait again."""
    assert receive.post(address).status == 200
    assert till.settle(sent).status == 204
    before = checks(till, sent)

    for _ in range(3):
        assert receive.post(address).status == 200

    assert checks(till, sent) == before + 1


def test_a_payment_after_the_end_is_kept(
    receive: Door, till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The operator refuses, then takes the money and calls back: kept once, and no change."""
    monkeypatch.setattr(till, "request", answer(500, '{"code": "PAYER_NOT_FOUND"}'))
    charge_id = till.create()
    assert till.submit(charge_id).status == 204
    failed = till.charge(charge_id)

    assert receive.post(_address(till, charge_id), {"status": "SUCCESSFUL"}).status == 200
    assert [till.settle(charge_id).status for _ in range(2)] == [204, 204]

    assert failed["status"] == "failed"
    assert till.charge(charge_id) == failed
    (late,) = till.rows.of("adjustments", "object_id = :id", id=charge_id)
    assert (late["reason"], late["status"]) == ("paid_after_the_end", "open")
    assert till.rows.platform("cases", "object_id = :id", id=charge_id) == []
