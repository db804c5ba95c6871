"""The request log over HTTP: what an account's keys and people asked, by either door."""

import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from pg8000.native import Connection

from knative.local.postgres import connect
from shared.domain.api_key import ApiKey
from shared.runtime import callers
from tests.database import Account, Database
from tests.functions.accessing import Administrator
from tests.functions.door import Door, Reply
from tests.functions.realm import Realm
from tests.functions.team import Team
from tests.pubsub_server import wait_for

PATH: Final = "/v1/request_logs"
ORDER: Final = {
    "amount": 1500,
    "currency": "xaf",
    "payment_method": {"type": "mobile_money", "phone": "+237670000001"},
}
AGENT: Final = "Stripe/v1 PythonBindings/13.0.1"
CANARY: Final = "670112233"

Find = Callable[[str], dict[str, Any]]
Lines = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="module", autouse=True)
def soon(shop: Account) -> Iterator[None]:
    """Have lines gathered for a moment only."""
    assert shop
    log = callers.request_log()
    usual, log._gather_seconds = log._gather_seconds, 0.02
    yield
    log._gather_seconds = usual


@pytest.fixture(scope="module")
def find(door: Callable[[str], Door], shop: Account) -> Find:
    """Read the line of a request, once it is there."""

    def read(request: str) -> dict[str, Any]:
        replies: list[Reply] = []

        def is_there() -> bool:
            reply = door("read_payments").get(f"{PATH}/{request}", key=shop.secret_key)
            replies.append(reply)
            return reply.status == 200

        wait_for(is_there, "the line is kept", seconds=5)
        line: dict[str, Any] = replies[-1].json
        return line

    return read


@pytest.fixture(scope="module")
def lines(door: Callable[[str], Door], shop: Account) -> Lines:
    """Read a page of lines."""

    def read(query: str, key: str = "", **headers: str) -> list[dict[str, Any]]:
        reply = door("read_payments").get(
            f"{PATH}?{query}", key=key or shop.secret_key, headers=headers
        )
        assert reply.status == 200
        found: list[dict[str, Any]] = reply.json["data"]
        return found

    return read


def key_of(secret: str) -> str:
    """The public id of a key."""
    return f"key_{ApiKey.parse(secret).id}"


def request_of(reply: Reply) -> str:
    """The id of the request."""
    return reply.headers["Request-Id"]


def test_a_refused_write_is_found_with_its_reason(
    create_charge: Door, find: Find, shop: Account
) -> None:
    """Which key asked for what, by what it was refused, in the reader's language."""
    reply = create_charge.post(
        "/v1/charges",
        {**ORDER, "amount": "much"},
        key=shop.secret_key,
        headers={
            "Idempotency-Key": str(uuid.uuid4()),
            "User-Agent": AGENT,
            "Pay-Version": "2026-11-01",
        },
    )
    line = find(request_of(reply))

    assert line == {
        "id": request_of(reply),
        "object": "request_log",
        "method": "POST",
        "path": "/v1/charges",
        "operation": "create_charge",
        "status": 400,
        "error": {
            "code": "amount_not_whole",
            "title": "Le montant n'est pas un nombre entier",
            "param": "amount",
            "doc_url": "https://api.example.cm/docs/errors#amount_not_whole",
        },
        "object_id": None,
        "api_key": key_of(shop.secret_key),
        "person": None,
        "duration_ms": line["duration_ms"],
        "source": "rest",
        "idempotency": "used",
        "user_agent": AGENT,
        "api_version": "2026-11-01",
        "created": line["created"],
        "livemode": False,
    }
    assert abs(line["created"] - time.time()) < 60


def test_a_write_names_what_it_made_and_what_it_was_about(
    create_charge: Door, find: Find, lines: Lines, shop: Account
) -> None:
    """By the id of the charge; the second answer to one key is said to be a replay."""
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    made, again = (
        create_charge.post("/v1/charges", ORDER, key=shop.secret_key, headers=headers)
        for _ in range(2)
    )
    charge = made.json["id"]
    canceled = create_charge.post(f"/v1/charges/{charge}/cancel", {}, key=shop.secret_key)
    find(request_of(canceled))

    found = lines(f"object={charge}")
    assert [(one["id"], one["operation"], one["idempotency"]) for one in found] == [
        (request_of(canceled), "cancel_charge", None),
        (request_of(again), "create_charge", "replayed"),
        (request_of(made), "create_charge", "used"),
    ]
    assert found[0]["path"] == f"/v1/charges/{charge}/cancel"
    assert {(one["status"], one["error"]) for one in found} == {(200, None)}


def test_reads_leave_a_line_where_they_fail(
    read_payments: Door, find: Find, lines: Lines, shop: Account
) -> None:
    """What was found is not told of; what was not is, without the words that stood for an id."""
    good = read_payments.get("/v1/charges", key=shop.secret_key)
    missing = read_payments.get(f"/v1/charges/{CANARY}", key=shop.secret_key)
    line = find(request_of(missing))

    assert (line["path"], line["status"], line["object_id"]) == ("/v1/charges/{id}", 404, None)
    assert request_of(good) not in {one["id"] for one in lines("limit=100")}


def test_a_key_that_may_not_is_told_of(
    create_charge: Door, manage_account: Door, find: Find, lines: Lines, shop: Account
) -> None:
    """Without the right, from another address, in another mode: it is the account's own key."""
    narrow, there = (
        manage_account.post("/v1/api_keys", {"kind": "restricted", **terms}, key=shop.secret_key)
        for terms in (
            {"scopes": ["logs:read"]},
            {"scopes": ["charges:write"], "allowed_from": ["192.0.2.0/24"]},
        )
    )
    refused = [
        create_charge.post("/v1/charges", ORDER, key=narrow.json["secret"]),
        create_charge.post("/v1/charges", ORDER, key=there.json["secret"]),
        create_charge.post("/v1/charges", ORDER, key=shop.secret_key, headers={"Pay-Mode": "live"}),
    ]
    found = [find(request_of(reply)) for reply in refused]

    assert [(one["status"], one["error"]["code"], one["api_key"]) for one in found] == [
        (403, "permission_denied", narrow.json["id"]),
        (403, "address_not_allowed", there.json["id"]),
        (400, "mode_mismatch", key_of(shop.secret_key)),
    ]
    own = lines(f"api_key={narrow.json['id']}", key=narrow.json["secret"])
    assert [one["id"] for one in own] == [request_of(refused[0])]


def test_each_call_of_a_batch_has_its_own_line(
    door: Callable[[str], Door], find: Find, shop: Account
) -> None:
    """By the operation that it called, under its own id; and so has a single one."""
    call = {"method": "create_charge", "params": ORDER}
    rpc = door("call_rpc")
    single = rpc.rpc(call, key=shop.secret_key)
    batch = rpc.rpc(
        {
            "calls": [
                {**call, "idempotency_key": str(uuid.uuid4())},
                {**call, "params": {**ORDER, "amount": 0}},
                {"method": "no_such_method"},
            ]
        },
        "/rpc.batch",
        key=shop.secret_key,
    )
    results = batch.cbor["results"]
    found = [find(request_of(single)), *(find(result["request_id"]) for result in results)]

    assert [(one["operation"], one["status"], one["idempotency"]) for one in found] == [
        ("create_charge", 200, None),
        ("create_charge", 200, "used"),
        ("create_charge", 400, None),
        ("call_rpc_batch", 404, None),
    ]
    assert [one["source"] for one in found] == ["rpc"] * 4
    made = [single.cbor["result"]["id"], results[0]["result"]["id"]]
    assert [one["object_id"] for one in found[:2]] == made
    assert found[2]["error"]["param"] == "amount"


def test_a_person_is_told_of_by_who_she_is(
    manage_account: Door, find: Find, realm: Realm, shop: Account, superuser: Connection
) -> None:
    """In the mode where she is at work, refused or not."""
    person = Team(superuser).join(shop.id, "viewer")
    headers = {
        "Authorization": f"Bearer {realm.token(person)}",
        "Pay-Account": shop.id,
        "Pay-Mode": "test",
    }
    reply = manage_account.post("/v1/customers", {"name": "Awa"}, headers=headers)
    line = find(request_of(reply))

    assert (line["person"], line["api_key"], line["status"]) == (person, None, 403)
    assert line["error"]["code"] == "permission_denied"


def test_nothing_that_was_said_is_kept(
    create_charge: Door, read_payments: Door, find: Find, shop: Account, superuser: Connection
) -> None:
    """No body, no query, no key and no address, wherever a number or a name was put."""
    odd = {
        **ORDER,
        "payment_method": {"type": "mobile_money", "phone": f"+237{CANARY}"},
        "description": f"Awa {CANARY}",
        f"Awa{CANARY}": CANARY,
    }
    headers = {
        "Idempotency-Key": CANARY,
        "User-Agent": f"Awa {CANARY} shop/{CANARY} (+237{CANARY})",
        "X-Forwarded-For": "192.0.2.77",
        "Stripe-Version": CANARY,
    }
    key = shop.secret_key
    last = [
        create_charge.post("/v1/charges", odd, key=key, headers=headers),
        create_charge.post(f"/v1/charges/{CANARY}", {CANARY: 1}, key=key, headers=headers),
        read_payments.get(f"/v1/charges?phone={CANARY}&{CANARY}=1", key=key),
    ]
    for reply in last:
        find(request_of(reply))
    stored = str(
        superuser.run(
            "SELECT string_agg(r::text, '|') FROM platform.request_logs r WHERE account_id = :id",
            id=shop.id,
        )
    )

    for said in (CANARY, "Awa", "192.0.2.77", key, ApiKey.parse(key).secret):
        assert said not in stored


def test_a_log_that_cannot_be_written_holds_nobody_up(
    create_charge: Door, migrated: Database, shop: Account, logged: Any
) -> None:
    """Charges are taken as ever while the table is locked, and the lines are lost."""
    postgres, began = migrated.postgres, logged.tell()
    with connect(port=postgres.port, password=postgres.password, database="pay") as holder:
        holder.run("BEGIN")
        holder.run("LOCK TABLE platform.request_logs IN ACCESS EXCLUSIVE MODE")
        started = time.monotonic()
        replies = [create_charge.post("/v1/charges", ORDER, key=shop.secret_key) for _ in range(10)]
        took = time.monotonic() - started
        wait_for(
            lambda: '"event":"request_log_failed"' in logged.getvalue()[began:],
            "the lines are given up",
            seconds=5,
        )

    assert {reply.status for reply in replies} == {200}
    assert took < 1


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("status=4xx", "status"),
        ("method=PUT", "method"),
        ("operation=", "operation"),
        ("starting_after=ch_1", "starting_after"),
        ("error=amount_invalid", "error"),
        ("limit=0", "limit"),
    ],
)
def test_a_question_that_means_nothing_is_refused(
    read_payments: Door, shop: Account, query: str, param: str
) -> None:
    """With the parameter at fault."""
    reply = read_payments.get(f"{PATH}?{query}", key=shop.secret_key)

    assert (reply.status, reply.error["param"]) == (400, param)


def test_an_administrators_looks_are_in_the_audit_trail_alone(
    door: Callable[[str], Door], realm: Realm, lines: Lines, shop: Account
) -> None:
    """She reads the log by her access; what she asks stands where the account is told of it."""
    administrator = Administrator(door, realm, str(uuid.uuid4()))
    administrator.open(shop.id)
    read = administrator.look(shop.id, PATH)
    missing = administrator.look(shop.id, "/v1/charges/ch_none")
    # Whatever comes after it is kept after it.
    later = door("create_charge").post("/v1/charges", {}, key=shop.secret_key)
    wait_for(lambda: request_of(later) in _ids(lines), "what came later is kept", seconds=5)

    assert (read.status, missing.status) == (200, 404)
    assert request_of(missing) not in _ids(lines)


def _ids(lines: Lines) -> set[str]:
    return {one["id"] for one in lines("limit=100")}
