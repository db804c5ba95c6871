"""POST /rpc and /rpc.batch at their door: envelopes, and what each call of many keeps to itself."""

import hashlib
import json
import re
import uuid
from collections.abc import Callable, Iterable, Iterator
from threading import Thread
from typing import Any, Final

import cbor2
import pytest
from werkzeug.serving import make_server
from werkzeug.wsgi import get_input_stream

from knative.catalogue import ROOT
from knative.local.postgres import connect
from shared.domain.account import Tenant
from shared.runtime import rpc_batch
from tests.database import Account, Database
from tests.factories import an_id
from tests.functions.accessing import Administrator, told
from tests.functions.door import CBOR, Door, Reply
from tests.functions.realm import Realm
from tests.functions.rows import Rows

ORDER: Final = {
    "amount": 1500,
    "currency": "xaf",
    "payment_method": {"type": "mobile_money", "phone": "+237670000001"},
}
BATCH: Final = "/rpc.batch"
LONGEST_CALLER: Final = 40


def charge(key: str | None = None, **more: Any) -> dict[str, Any]:
    """A call that asks for a charge."""
    named = {} if key is None else {"idempotency_key": key}
    return {"method": "create_charge", "params": {**ORDER, **more}, **named}


@pytest.fixture(scope="module")
def send(door: Callable[[str], Door], shop: Account) -> Callable[..., Reply]:
    """POST an envelope as the shop."""

    def call(envelope: object, path: str = "/rpc", **headers: str) -> Reply:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return door("call_rpc").rpc(envelope, path, key=shop.secret_key, headers=named)

    return call


@pytest.fixture(scope="module")
def many(send: Callable[..., Reply]) -> Callable[..., list[dict[str, Any]]]:
    """Send a batch that is answered, and return its results."""

    def call(*calls: object, **headers: str) -> list[dict[str, Any]]:
        reply = send({"calls": list(calls)}, BATCH, **headers)
        assert reply.status == 200
        results: list[dict[str, Any]] = reply.cbor["results"]
        assert len(results) == len(calls)
        return results

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


def codes(results: list[dict[str, Any]]) -> list[str | None]:
    """By what each call was refused, None where it was not."""
    return [result["error"]["error"]["code"] if "error" in result else None for result in results]


@pytest.mark.parametrize("named", [7, -1, 2**63, "mine", "", "é" * 255])
def test_an_answer_carries_the_id_of_its_call(send: Callable[..., Reply], named: object) -> None:
    """Text or number, also where the call is refused; without one there is none."""
    done = send({"method": "read_balance", "id": named})
    refused = send({"method": "read_balance", "params": {"colour": 1}, "id": named})

    assert (done.status, done.cbor["id"]) == (200, named)
    assert (refused.status, refused.cbor["id"]) == (400, named)
    assert set(send({"method": "read_balance"}).cbor) == {"result"}


@pytest.mark.parametrize(
    ("envelope", "status", "code", "param"),
    [
        ({}, 400, "parameter_missing", "method"),
        ({"method": None}, 400, "parameter_missing", "method"),
        ({"method": 1}, 400, "parameter_invalid", "method"),
        ({"method": "read_secrets"}, 404, "method_unknown", "method"),
        ({"method": "delete_test_data"}, 404, "method_unknown", "method"),
        ({"method": "call_rpc"}, 404, "method_unknown", "method"),
        ({"method": "read_balance", "params": []}, 400, "parameter_invalid", "params"),
        ({"method": "read_balance", "params": None}, 400, "parameter_invalid", "params"),
        ({"method": "read_balance", "id": []}, 400, "parameter_invalid", "id"),
        ({"method": "read_balance", "id": True}, 400, "parameter_invalid", "id"),
        ({"method": "read_balance", "id": "x" * 256}, 400, "parameter_invalid", "id"),
        ({"method": "read_balance", "key": "k"}, 400, "parameter_unknown", "key"),
        ({**charge(), "idempotency_key": 7}, 400, "idempotency_key_invalid", "Idempotency-Key"),
        ({**charge(), "idempotency_key": ""}, 400, "idempotency_key_invalid", "Idempotency-Key"),
        ({"method": "read_charge"}, 400, "parameter_missing", "id"),
        ({"method": "read_charge", "params": {"id": 7}}, 400, "parameter_invalid", "id"),
        ({"method": "read_charge", "params": {"id": ""}}, 400, "parameter_invalid", "id"),
        ({"method": "read_charge", "params": {"id": "a/b\x00\n"}}, 404, "resource_missing", "id"),
        ({"method": "list_charges", "params": {"limit": True}}, 400, "parameter_invalid", "limit"),
        ({"method": "list_charges", "params": {"limit": [1]}}, 400, "parameter_invalid", "limit"),
        (
            {"method": "list_charges", "params": {"reference": "x" * 9000}},
            400,
            "parameter_invalid",
            "query",
        ),
    ],
)
def test_a_wrong_envelope_is_refused_by_what_is_wrong(
    send: Callable[..., Reply], *, envelope: object, status: int, code: str, param: str
) -> None:
    """Its own part is named, and nothing of it is done."""
    reply = send(envelope)

    assert (reply.status, reply.error["code"]) == (status, code)
    assert reply.error.get("param") in {param, None}
    assert reply.headers["Content-Type"] == CBOR


@pytest.mark.parametrize("content", [b"", b"\xff", b"\xa0\xa0", b"{}", cbor2.dumps({"a": 0.5})])
def test_what_is_no_map_of_ours_is_refused_in_words(
    send: Callable[..., Reply], content: bytes
) -> None:
    """In the caller's language, and in CBOR."""
    reply = send(content, Accept_Language="fr")

    assert (reply.status, reply.error["code"]) == (400, "cbor_invalid")
    assert reply.problem["title"] == "Le CBOR n'est pas valable"
    assert reply.headers["Content-Language"] == "fr"


def test_whoever_sends_json_is_told_in_json(send: Callable[..., Reply]) -> None:
    """She may read nothing else."""
    reply = send(b'{"method": "read_balance"}', Content_Type="application/json")

    assert (reply.status, reply.json["error"]["code"]) == (415, "content_type_unsupported")
    assert "application/cbor" in reply.json["detail"]


def test_a_large_envelope_is_refused(send: Callable[..., Reply]) -> None:
    """Above 64 KiB nothing is read."""
    reply = send({"method": "read_balance", "params": {"x": "y" * 65_536}})

    assert (reply.status, reply.error["code"]) == (413, "body_too_large")


def test_nobody_is_told_what_is_wrong_with_an_envelope(door: Callable[[str], Door]) -> None:
    """Who calls is asked before anything is read."""
    for path in ("/rpc", BATCH):
        reply = door("call_rpc").rpc(b"\xff", path)
        assert (reply.status, reply.error["code"]) == (401, "api_key_missing")
        assert reply.headers["WWW-Authenticate"]


def test_another_method_of_http_is_refused(door: Callable[[str], Door], shop: Account) -> None:
    """Only POST, and no query."""
    assert door("call_rpc").get("/rpc", key=shop.secret_key).status == 405
    reply = door("call_rpc").rpc({"method": "read_balance"}, "/rpc?a=1", key=shop.secret_key)
    assert (reply.status, reply.error["code"]) == (400, "parameter_unknown")


def test_the_key_may_stand_in_the_header(send: Callable[..., Reply]) -> None:
    """One place is enough, and two that differ are a mistake that is told."""
    first = send(charge(), Idempotency_Key="by-header")
    again = send(charge("by-header"))
    both = send(charge("by-header"), Idempotency_Key="by-header")
    torn = send(charge("by-header"), Idempotency_Key="other")

    assert first.cbor == again.cbor == both.cbor
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (torn.status, torn.error["code"]) == (400, "idempotency_key_invalid")


def test_calls_of_a_batch_are_done_in_order_and_each_for_itself(
    many: Callable[..., list[dict[str, Any]]], rows: Rows
) -> None:
    """One that is refused stops none; the same key replays, another body under it does not pass."""
    results = many(
        {**charge("b-1", reference="b-1"), "id": "first"},
        charge("b-2", amount=0),
        {"method": "read_secrets", "id": 2},
        "no call",
        charge("b-1", reference="b-1"),
        charge("b-1", reference="b-2"),
        charge("b-3", reference="b-1"),
        {"method": "list_charges", "params": {"limit": 1}},
    )

    assert codes(results) == [
        None,
        "amount_too_small",
        "method_unknown",
        "parameter_invalid",
        None,
        "idempotency_key_reused",
        "reference_in_use",
        None,
    ]
    made, again, page = results[0], results[4], results[7]
    assert (made["id"], results[2]["id"]) == ("first", 2)
    assert (made.get("replayed"), again["replayed"]) == (None, True)
    assert made["result"] == again["result"] == page["result"]["data"][0]
    assert len({result["request_id"] for result in results}) == len(results)
    (event,) = rows.of("events", "object_id = :id", id=made["result"]["id"])
    assert event["request_id"] == made["request_id"]


def test_a_call_that_must_wait_says_how_long(
    many: Callable[..., list[dict[str, Any]]],
    locked: Callable[[Tenant, str], None],
    shop: Account,
) -> None:
    """While another request works on a key, its call is refused and the others are done."""
    locked(shop.test, "busy")

    busy, free = many(charge("busy"), charge("free"))

    assert (busy["error"]["error"]["code"], busy["retry_after"]) == ("idempotency_in_progress", 1)
    assert "result" in free


def test_what_a_batch_had_no_time_for_was_not_begun(
    many: Callable[..., list[dict[str, Any]]], rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each such call may be sent again under its key."""
    monkeypatch.setattr(rpc_batch, "BATCH_SECONDS", -1.0)
    before = rows.snapshot()

    results = many(charge("late-1"), charge("late-2"))

    assert codes(results) == ["temporarily_unavailable"] * 2
    assert [result["retry_after"] for result in results] == [1, 1]
    assert rows.snapshot() == before


def test_a_batch_does_not_answer_without_end(
    many: Callable[..., list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """When its answer is as long as it may be, what has had no turn is sent again by itself."""
    monkeypatch.setattr(rpc_batch, "LARGEST_ANSWER_BYTES", 100)

    results = many({"method": "list_charges"}, charge("long"), {"method": "read_balance"})

    assert codes(results) == [None, "temporarily_unavailable", "temporarily_unavailable"]
    assert codes(many(charge("long"))) == [None]


@pytest.mark.parametrize(
    ("envelope", "code", "param"),
    [
        ({}, "parameter_missing", "calls"),
        ({"calls": []}, "parameter_invalid", "calls"),
        ({"calls": {}}, "parameter_invalid", "calls"),
        ({"calls": [{"method": "read_balance"}] * 101}, "parameter_invalid", "calls"),
        ({"calls": [{"method": "read_balance"}], "id": 1}, "parameter_unknown", "id"),
        (b"\xff", "cbor_invalid", None),
    ],
)
def test_a_batch_that_is_none_is_refused_whole(
    send: Callable[..., Reply], *, envelope: object, code: str, param: str | None
) -> None:
    """From one call to a hundred, and nothing beside them."""
    reply = send(envelope, BATCH)

    assert (reply.status, reply.error["code"], reply.error.get("param")) == (400, code, param)


def test_no_key_is_for_a_whole_batch(send: Callable[..., Reply], rows: Rows) -> None:
    """The header would protect nothing, and is refused before anything is done."""
    before = rows.snapshot()
    reply = send({"calls": [charge()]}, BATCH, Idempotency_Key="all")

    assert (reply.status, reply.error["code"]) == (400, "idempotency_key_invalid")
    assert rows.snapshot() == before


def test_each_call_counts_as_a_request(
    account: Account, migrated: Database, door: Callable[[str], Door]
) -> None:
    """So does what cannot be read; beyond the bound each call is refused by itself."""
    migrated.rule(account.id, "requests", {"account": 6, "key": 6, "seconds": 3600})
    key = account.secret_key
    single = door("call_rpc").rpc({"method": "read_balance"}, key=key)
    unread = door("call_rpc").rpc(b"\xff", key=key)
    batch = door("call_rpc").rpc({"calls": [charge(), *[{"method": "x"}] * 5]}, BATCH, key=key)
    after = door("call_rpc").rpc({"method": "read_balance"}, key=key)

    assert single.headers["RateLimit"].startswith('"account";r=5;')
    assert unread.headers["RateLimit"].startswith('"account";r=4;')
    assert batch.headers["RateLimit"].startswith('"account";r=0;')
    assert codes(batch.cbor["results"]) == [
        None, *["method_unknown"] * 3, *["rate_limited"] * 2
    ]  # fmt: skip
    assert batch.cbor["results"][-1]["retry_after"] > 0
    assert (after.status, after.error["code"]) == (429, "rate_limited")
    assert int(after.headers["Retry-After"]) > 0


def test_each_call_needs_its_own_right(
    door: Callable[[str], Door], account: Account, make_rows: Callable[[Account], Rows]
) -> None:
    """A key that reads charges reads them, and does nothing else of what stands beside."""
    body = {"kind": "restricted", "scopes": ["charges:read"]}
    made = door("manage_account").post("/v1/api_keys", body, key=account.secret_key)
    before = make_rows(account).snapshot()
    calls = [charge(), {"method": "list_charges"}, {"method": "read_balance"}]
    reply = door("call_rpc").rpc({"calls": calls}, BATCH, key=made.json["secret"])

    assert codes(reply.cbor["results"]) == ["permission_denied", None, "permission_denied"]
    assert make_rows(account).snapshot() == before


def test_what_an_access_reads_by_name_is_told_like_all_else(
    door: Callable[[str], Door],
    realm: Realm,
    account: Account,
    make_rows: Callable[[Account], Rows],
) -> None:
    """One entry for each call, by its own name and with the object that it asked for."""
    administrator = Administrator(door, realm, str(uuid.uuid4()))
    administrator.open(account.id)
    where = {"Pay-Account": account.id, "Pay-Mode": "test"}
    token, asked = realm.token(administrator.id, "admin"), an_id("ch")
    calls = [{"method": "read_balance"}, {"method": "read_charge", "params": {"id": asked}},
             {"method": "read_charge", "params": {"id": ["x"]}}, charge()]  # fmt: skip
    reply = door("call_rpc").rpc({"calls": calls}, BATCH, key=token, headers=where)
    found = told(make_rows(account), action="account_access.used")
    used = [json.loads(row["after"]) for row in found]

    assert codes(reply.cbor["results"]) == [
        None, "resource_missing", "parameter_invalid", "permission_denied"
    ]  # fmt: skip
    assert [data["operation"] for data in used] == ["read_balance", "read_charge", "read_charge"]
    assert asked in str(used[1])


def test_the_caller_of_the_page_works(door: Callable[[str], Door], shop: Account) -> None:
    """Whoever copies it calls, is replayed, is refused by a code, and sends a batch."""
    page = (ROOT / "shared/docs/rpc.md").read_text("utf-8")
    [source] = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    known: dict[str, Any] = {}
    exec(compile(source, "rpc.md", "exec"), known)  # noqa: S102 - it is ours
    assert len(source.splitlines()) <= LONGEST_CALLER
    application = door("call_rpc")._application

    def served(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        # Unlike ours, this server does not end a body where it ends.
        return application({**environ, "wsgi.input": get_input_stream(environ)}, start)

    server = make_server("127.0.0.1", 0, served)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        caller = known["Rpc"](f"http://127.0.0.1:{server.port}", shop.secret_key)
        made, again = (caller.call("create_charge", ORDER, "of the page") for _ in range(2))
        with pytest.raises(known["Refused"]) as refused:
            caller.call("create_charge", {**ORDER, "amount": 0})
        both = caller.batch([{"method": "read_charge", "params": {"id": made["id"]}}, {}])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

    assert made == again == both[0]["result"]
    assert refused.value.code == "amount_too_small"
    assert both[1]["error"]["status"] == 400
