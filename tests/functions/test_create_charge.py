"""POST /v1/charges and …/cancel at their door: what a merchant sends, gets and finds stored."""

import base64
import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from knative.local.postgres import connect
from shared.domain.account import Tenant
from shared.domain.ids import is_id
from shared.domain.language import text
from tests.database import Account, Database
from tests.functions.door import Door, Reply
from tests.functions.rows import Rows

PATH = "/v1/charges"
MASKED = "+2376****01"


def order(**changes: Any) -> dict[str, Any]:
    """A good order of 1 500 FCFA from an MTN wallet."""
    phone = {"type": "mobile_money", "phone": "+237670000001"}
    return {"amount": 1500, "currency": "xaf", "payment_method": phone} | changes


@pytest.fixture
def send(create_charge: Door, shop: Account) -> Callable[..., Reply]:
    """POST an order as the shop; `idempotency` becomes the header."""

    def call(body: object, idempotency: str | None = None, **headers: str) -> Reply:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if idempotency is not None:
            sent["Idempotency-Key"] = idempotency
        return create_charge.post(PATH, body, key=shop.secret_key, headers=sent)

    return call


@pytest.fixture
def locked(migrated: Database) -> Iterator[Callable[[Tenant, str], None]]:
    """Hold the lock of an idempotency key, as a request that still runs does."""
    postgres = migrated.postgres
    with connect(port=postgres.port, password=postgres.password, database="pay") as other:

        def hold(tenant: Tenant, key: str) -> None:
            scope = f"{tenant.schema}\x00create_charge\x00{key}".encode()
            number = int.from_bytes(hashlib.sha256(scope).digest()[:8], "big", signed=True)
            other.run("BEGIN")
            other.run(f"SELECT pg_advisory_xact_lock({number})")

        yield hold


def test_a_database_that_keeps_us_waiting_is_no_fault_of_ours(
    send: Callable[..., Reply], migrated: Database, shop: Account, rows: Rows
) -> None:
    """Behind a lock for 2 s: 503 and when to come again, nothing stored, and then it works."""
    before = rows.snapshot()
    postgres = migrated.postgres
    with connect(port=postgres.port, password=postgres.password, database="pay") as other:
        other.run("BEGIN")
        other.run(f'LOCK TABLE "{shop.test.schema}".charges IN EXCLUSIVE MODE')
        reply = send(order(), idempotency="patience")
        other.run("ROLLBACK")

    assert (reply.status, reply.error["code"]) == (503, "temporarily_unavailable")
    assert reply.headers["Retry-After"] == "1"
    assert rows.snapshot() == before
    assert send(order(), idempotency="patience").status == 200


def test_a_charge_is_taken_and_stands_whole(send: Callable[..., Reply], rows: Rows) -> None:
    """The answer is the pending charge, and everything that carries it on is stored with it."""
    reply = send(order(reference="order-1", description="Café", metadata={"table": "7"}))

    charge = reply.json
    assert (reply.status, charge["status"], charge["amount"]) == (200, "pending", 1500)
    assert is_id(charge["id"], "ch")
    assert charge["payment_method_details"]["mobile_money"]["phone"] == MASKED
    assert (charge["reference"], charge["description"]) == ("order-1", "Café")
    assert (charge["metadata"], charge["livemode"]) == ({"table": "7"}, False)
    (stored,) = rows.of("charges", "id = :id", id=charge["id"])
    assert (stored["status"], stored["amount"], stored["phone"]) == (
        "created",
        1500,
        "+237670000001",
    )
    (event,) = rows.of("events", "object_id = :id", id=charge["id"])
    assert (event["type"], event["request_id"]) == ("charge.pending", reply.headers["Request-Id"])
    (message,) = rows.platform("outbox", "object_id = :id", id=charge["id"])
    assert message["topic"] == "charge-created"
    assert len(rows.platform("due_work", "object_id = :id", id=charge["id"])) == 1
    assert len(rows.platform("event_feed", "object_id = :id", id=charge["id"])) == 1


@pytest.mark.parametrize(
    ("phone", "operator"),
    [
        *((phone, "mtn") for phone in ("670000001", "+237670000001", "+237650000001")),
        *((phone, "mtn") for phone in ("680000001", "+237653999999")),
        *((phone, "orange") for phone in ("690000001", "+237655000001", "686000001", "640000001")),
    ],
)
def test_a_number_may_be_national_or_international(
    send: Callable[..., Reply], phone: str, operator: str
) -> None:
    """Nine digits or E.164; the prefix tells the operator."""
    reply = send(order(payment_method={"type": "mobile_money", "phone": phone}))

    assert reply.status == 200
    assert reply.json["payment_method_details"]["mobile_money"]["operator"] == operator


@pytest.mark.parametrize(("phone", "operator"), [("690000001", "mtn"), ("670000001", "orange")])
def test_a_forced_operator_wins_over_the_prefix(
    send: Callable[..., Reply], phone: str, operator: str
) -> None:
    """Numbers move between operators: the merchant's word counts more than our table."""
    method = {"type": "mobile_money", "phone": phone, "operator": operator}

    reply = send(order(payment_method=method))

    assert reply.status == 200
    assert reply.json["payment_method_details"]["mobile_money"]["operator"] == operator


def test_a_charge_goes_by_the_contract_of_its_operator(
    send: Callable[..., Reply], rows: Rows, migrated: Database
) -> None:
    """Each operator's payers are asked by its own account, on whose float the money is booked."""
    contracts = []
    for phone in ("670000001", "690000001"):
        method = {"type": "mobile_money", "phone": phone}
        reply = send(order(payment_method=method))
        (stored,) = rows.of("charges", "id = :id", id=reply.json["id"])
        contracts.append(stored["operator_account_id"])

    assert contracts == [migrated.operator_account, migrated.orange_account]


@pytest.mark.parametrize("phone", ["670000001", "690000001"])
def test_each_operator_bounds_an_amount(send: Callable[..., Reply], phone: str) -> None:
    """What is most for one payment is the operator's, by a rule with a date, and it is told."""
    method = {"type": "mobile_money", "phone": phone}

    replies = [send(order(amount=each, payment_method=method)) for each in (500_000, 500_001)]

    assert [reply.status for reply in replies] == [200, 400]
    assert replies[1].error["code"] == "amount_too_large"
    assert "500000" in replies[1].error["message"]


@pytest.mark.parametrize(
    "change",
    [
        {"amount": 1},
        {"amount": 500_000},
        {"currency": "XAF"},
        {"metadata": {}},
        {"metadata": {str(n): "v" * 500 for n in range(50)}},
        {"metadata": {"k" * 40: ""}},
        {"description": "é" * 500},
        {"return_url": "https://shop.example.cm/thanks?order=1"},
        {"submit_within_seconds": 1},
        {"submit_within_seconds": 900},
        {"reference": "r" * 100},
        {"description": None, "reference": None, "metadata": None, "customer": None},
        {"return_url": None, "submit_within_seconds": None},
    ],
    ids=", ".join,
)
def test_what_lies_just_within_a_bound_is_taken(
    send: Callable[..., Reply], change: dict[str, Any]
) -> None:
    """Bounds are inclusive, and null means not given."""
    assert send(order(**change)).status == 200


def test_the_same_key_gets_the_same_bytes(send: Callable[..., Reply], rows: Rows) -> None:
    """A repeat answers what the first call answered, says so, and stores nothing."""
    first = send(order(metadata={"b": "2", "a": "1"}), "replay-1")
    before = rows.snapshot()
    shuffled = dict(reversed(order(metadata={"a": "1", "b": "2"}).items()))

    second = send(shuffled, "replay-1")

    assert first.status == second.status == 200
    assert second.content == first.content
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.headers["Request-Id"] != first.headers["Request-Id"]
    assert rows.snapshot() == before


def test_a_quoted_and_a_bare_key_are_the_same_key(send: Callable[..., Reply]) -> None:
    """Stripe's tools send keys bare, the IETF draft wants them quoted."""
    first = send(order(), '"quoted-1"')

    second = send(order(), "quoted-1")

    assert second.content == first.content
    assert second.headers["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize("key", ["k", "k" * 255, '"' + "q" * 255 + '"', "a b", "~!#$%&'*+/"])
def test_any_printable_key_up_to_its_bound_is_taken(send: Callable[..., Reply], key: str) -> None:
    """1 to 255 printable characters, the quotes not counted."""
    assert send(order(), key).status == 200
    assert send(order(), key).headers["Idempotent-Replayed"] == "true"


def test_a_key_with_another_body_is_refused(send: Callable[..., Reply], rows: Rows) -> None:
    """A key stands for one request; Stripe's libraries know the error by its type."""
    send(order(), "reused-1")
    before = rows.snapshot()

    reply = send(order(amount=1501), "reused-1")

    assert (reply.status, reply.error["code"]) == (400, "idempotency_key_reused")
    assert reply.error["type"] == "idempotency_error"
    assert rows.snapshot() == before


def test_a_key_belongs_to_its_account_and_mode(
    create_charge: Door, send: Callable[..., Reply], account: Account
) -> None:
    """Another account's request with the same key is another request."""
    mine = send(order(), "shared-key")

    theirs = create_charge.post(
        PATH, order(amount=7), key=account.secret_key, headers={"Idempotency-Key": "shared-key"}
    )

    assert theirs.status == 200
    assert theirs.json["id"] != mine.json["id"]


def test_another_key_of_the_account_gets_the_answer(
    create_charge: Door, door: Callable[[str], Door], send: Callable[..., Reply], shop: Account
) -> None:
    """Who rotates its API key before it knows what came of a request charges nobody twice."""
    first = send(order(), "before-rotation")
    wish = {"kind": "restricted", "scopes": ["charges:write"], "name": "next"}
    other = door("manage_account").post("/v1/api_keys", wish, key=shop.secret_key).json["secret"]

    again = create_charge.post(
        PATH, order(), key=other, headers={"Idempotency-Key": "before-rotation"}
    )

    assert (again.status, again.json["id"]) == (200, first.json["id"])
    assert again.headers["Idempotent-Replayed"] == "true"


def test_a_key_at_work_is_told_to_wait(
    send: Callable[..., Reply], shop: Account, rows: Rows, locked: Callable[[Tenant, str], None]
) -> None:
    """While the first request runs, a second one is neither queued nor made."""
    locked(shop.test, "busy-1")
    before = rows.snapshot()

    reply = send(order(), "busy-1")

    assert (reply.status, reply.error["code"]) == (409, "idempotency_in_progress")
    assert reply.headers["Retry-After"] == "1"
    assert "Stripe-Should-Retry" not in reply.headers
    assert rows.snapshot() == before


def test_a_refused_request_leaves_its_key_free(send: Callable[..., Reply]) -> None:
    """Who corrects a mistake may keep the key."""
    assert send(order(amount=0), "corrected-1").status == 400

    reply = send(order(), "corrected-1")

    assert reply.status == 200
    assert "Idempotent-Replayed" not in reply.headers


def test_a_key_older_than_a_day_is_free_again(
    send: Callable[..., Reply], rows: Rows, shop: Account
) -> None:
    """Answers are kept for 24 hours."""
    first = send(order(), "yesterday")
    rows.run(
        f"UPDATE \"{shop.test.schema}\".idempotency_keys SET created_at = now() - interval '25 h'"
        " WHERE key = 'yesterday'"
    )

    second = send(order(amount=2), "yesterday")

    assert second.status == 200
    assert second.json["id"] != first.json["id"]


def test_a_reference_serves_one_living_charge(send: Callable[..., Reply], rows: Rows) -> None:
    """A second order with the merchant's own number is refused and stores nothing."""
    send(order(reference="order-77"), "reference-1")
    before = rows.snapshot()

    reply = send(order(reference="order-77"), "reference-2")

    assert (reply.status, reply.error["code"]) == (400, "reference_in_use")
    assert reply.error["param"] == "reference"
    assert rows.snapshot() == before


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("fr", "fr"),
        ("en", "en"),
        ("en-GB, fr;q=0.9", "en"),
        ("fr-CM;q=0.9, en;q=0.8", "fr"),
        ("de, es", "fr"),
        ("*", "fr"),
        ("", "fr"),
        (None, "fr"),
    ],
)
def test_a_merchant_reads_its_language(
    send: Callable[..., Reply], accepted: str | None, language: str
) -> None:
    """The header decides; without one of ours in it, the account's own language does."""
    headers = {} if accepted is None else {"Accept_Language": accepted}

    reply = send(order(amount=0), **headers)

    assert reply.headers["Content-Language"] == language
    assert reply.error["message"] == text("amount_too_small", language, limit=1)


def test_nobody_in_particular_reads_english(create_charge: Door) -> None:
    """Without an account there is only the header, and then English."""
    reply = create_charge.post(PATH, order())

    assert (reply.status, reply.headers["Content-Language"]) == (401, "en")
    assert reply.headers["WWW-Authenticate"].startswith("Bearer")


def test_an_error_has_both_shapes_and_nothing_else(send: Callable[..., Reply]) -> None:
    """RFC 9457 outside, Stripe's object inside, one request id in all three places."""
    reply = send(order(amount=-5), Accept_Language="en")

    request_id = reply.headers["Request-Id"]
    url = "https://api.example.cm/docs/errors#amount_too_small"
    message = "The amount must be at least 1 FCFA."
    assert reply.headers["Content-Type"] == "application/json"
    assert reply.json == {
        "type": url,
        "title": "The amount is too small",
        "status": 400,
        "detail": message,
        "instance": request_id,
        "error": {
            "type": "invalid_request_error",
            "code": "amount_too_small",
            "message": message,
            "param": "amount",
            "doc_url": url,
            "request_id": request_id,
        },
    }


def test_a_trace_is_carried_into_the_message(send: Callable[..., Reply], rows: Rows) -> None:
    """Whoever follows a payment through our functions follows one trace id."""
    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"

    reply = send(order(), traceparent=f"00-{trace_id}-00f067aa0ba902b7-01")

    (message,) = rows.platform("outbox", "object_id = :id", id=reply.json["id"])
    assert message["traceparent"].split("-")[1] == trace_id


def test_basic_authentication_is_as_good(create_charge: Door, shop: Account) -> None:
    """`curl -u sk_test_…:` works as it does with Stripe."""
    token = base64.b64encode(f"{shop.secret_key}:".encode()).decode()

    reply = create_charge.post(PATH, order(), headers={"Authorization": f"Basic {token}"})

    assert reply.status == 200


# --- cancel --------------------------------------------------------------------------------------


@pytest.fixture
def cancel(create_charge: Door, shop: Account) -> Callable[..., Reply]:
    """POST …/cancel as the shop."""

    def call(charge_id: str, body: object = None, **how: Any) -> Reply:
        return create_charge.post(f"{PATH}/{charge_id}/cancel", body, key=shop.secret_key, **how)

    return call


def test_an_unsent_charge_can_be_taken_back(
    send: Callable[..., Reply], cancel: Callable[..., Reply], rows: Rows
) -> None:
    """It is canceled, its check closed, the merchant told; a second call changes nothing."""
    charge_id = send(order(reference="to-cancel")).json["id"]

    reply = cancel(charge_id)
    before = rows.snapshot()
    again = cancel(charge_id, {})

    assert (reply.status, reply.json["status"]) == (200, "canceled")
    assert again.json == reply.json
    assert rows.snapshot() == before
    types = {row["type"] for row in rows.of("events", "object_id = :id", id=charge_id)}
    assert types == {"charge.pending", "charge.canceled"}
    (due,) = rows.platform("due_work", "object_id = :id", id=charge_id)
    assert due["done_at"] is not None
    assert send(order(reference="to-cancel")).status == 200


def test_a_charge_that_may_have_been_sent_stays(
    send: Callable[..., Reply],
    cancel: Callable[..., Reply],
    rows: Rows,
    shop: Account,
) -> None:
    """Once an operator may have been asked, only the operator's word ends it."""
    charge_id = send(order()).json["id"]
    rows.run(
        f"UPDATE \"{shop.test.schema}\".charges SET status = 'awaiting_payer' WHERE id = :id",
        id=charge_id,
    )
    before = rows.snapshot()

    reply = cancel(charge_id)

    assert (reply.status, reply.error["code"]) == (400, "charge_not_cancelable")
    assert rows.snapshot() == before


@pytest.mark.parametrize(
    "wrong",
    [
        (b"{", {}, 400, "json_invalid"),
        ({"reason": "fraud"}, {}, 400, "parameter_unknown"),
        ({"status": "succeeded"}, {}, 400, "parameter_unknown"),
        (b"x", {"Content-Type": "text/plain"}, 415, "content_type_unsupported"),
        (b" " * 65_537, {}, 413, "body_too_large"),
        (None, {"Idempotency-Key": "k" * 300}, 400, "idempotency_key_invalid"),
    ],
)
def test_a_wrong_cancellation_cancels_nothing(
    send: Callable[..., Reply],
    cancel: Callable[..., Reply],
    rows: Rows,
    wrong: tuple[object, dict[str, str], int, str],
) -> None:
    """A body with anything in it is refused like any other unknown field."""
    body, headers, status, code = wrong
    charge_id = send(order()).json["id"]
    before = rows.snapshot()

    reply = cancel(charge_id, body, headers=headers)

    assert (reply.status, reply.error["code"]) == (status, code)
    assert rows.snapshot() == before


@pytest.mark.parametrize("path", [PATH, f"{PATH}/ch_{'2' * 24}/cancel"])
def test_a_write_takes_no_query(
    create_charge: Door, account: Account, rows: Rows, path: str
) -> None:
    """A field that went into the address by mistake is refused, not ignored."""
    before = rows.snapshot()

    reply = create_charge.post(f"{path}?amount=500", order(), key=account.secret_key)

    assert (reply.status, reply.error["code"]) == (400, "parameter_unknown")
    assert reply.error["param"] == "amount"
    assert rows.snapshot() == before


def test_nobody_cancels_what_is_not_theirs(
    send: Callable[..., Reply], create_charge: Door, account: Account
) -> None:
    """Another account's charge is as missing as one that never was."""
    charge_id = send(order()).json["id"]

    answers = [
        create_charge.post(f"{PATH}/{one}/cancel", key=account.secret_key)
        for one in (charge_id, "ch_" + "2" * 24, "ch_short", "evt_" + "2" * 24)
    ]

    assert {reply.status for reply in answers} == {404}
    bodies = [{**reply.error, "request_id": None} for reply in answers]
    assert all(body == bodies[0] for body in bodies)
