"""Limits at the doors: 429 in our shape, nothing changed, no key used up, and headers for all."""

from collections.abc import Callable
from functools import partial
from io import StringIO
from typing import Any, Final

import pytest

from shared.contracts.operations import OPERATIONS
from shared.domain.language import text
from shared.domain.phone import PhoneNumber
from shared.runtime import number_hmac
from tests.database import Account, Database, MakeAccount
from tests.functions.door import Door, Reply, _operation_at, resolved
from tests.functions.rows import Rows
from tests.functions.till import Till

PATH: Final = "/v1/charges"
PHONE: Final = "+237670000002"
THREE: Final = {"most": 3, "seconds": 600}
ROOMY: Final = {
    "account_count": 1000,
    "account_amount": 10**9,
    "key_count": 1000,
    "key_amount": 10**9,
    "new_key_count": 1000,
    "new_key_amount": 10**9,
    "new_key_seconds": 86_400,
}


def order(amount: int = 1500, phone: str = PHONE) -> dict[str, Any]:
    """An order from an MTN wallet."""
    method = {"type": "mobile_money", "phone": phone}
    return {"amount": amount, "currency": "xaf", "payment_method": method}


@pytest.fixture
def send(create_charge: Door, account: Account) -> Callable[..., Reply]:
    """POST an order as the test's own account; `idempotency` becomes the header."""

    def call(
        body: object = None, idempotency: str | None = None, by: Account = account, language="fr"
    ) -> Reply:
        headers = {"Accept-Language": language}
        if idempotency is not None:
            headers["Idempotency-Key"] = idempotency
        return create_charge.post(PATH, body or order(), key=by.secret_key, headers=headers)

    return call


def block(migrated: Database, phone: str, until: str = "infinity") -> None:
    """Block a number in test mode."""
    migrated.look(
        "INSERT INTO platform.payer_numbers"
        " (number_hmac, livemode, blocked_until, blocked_by, block_reason)"
        " VALUES (:number, false, :until, 'A. Ngono', 'asked for it')",
        number=PhoneNumber(phone).keyed(migrated.secret("number_key")),
        until=until,
    )


def test_one_request_too_many_is_refused(
    account: Account, migrated: Database, create_charge: Door, read_payments: Door
) -> None:
    """429 with both headers and Retry-After, in the account's language, over all functions."""
    migrated.rule(account.id, "requests", {"account": 5, "key": 4, "seconds": 3600})
    key = account.secret_key
    good = [create_charge.post(PATH, order(), key=key), read_payments.get(PATH, key=key)]
    bad = [create_charge.post(PATH, {}, key=key), read_payments.get(f"{PATH}?x=1", key=key)]
    refused = [read_payments.get(PATH, key=key), create_charge.post(PATH, order(), key=key)]

    assert [r.status for r in good + bad] == [200, 200, 400, 400]
    for number, reply in enumerate(good + bad, 1):
        assert reply.headers["RateLimit-Policy"] == '"account";q=5;w=3600, "key";q=4;w=3600'
        left = reply.headers["RateLimit"].partition(";t=")[0]
        assert left == f'"account";r={5 - number}'
    for reply in refused:
        wait = int(reply.headers["Retry-After"])
        assert (reply.status, reply.error["code"]) == (429, "rate_limited")
        assert reply.error["message"] == text("rate_limited", "fr", retry_after_seconds=wait)
        assert reply.headers["RateLimit"] == f'"account";r=1;t={wait}, "key";r=0;t={wait}'
        assert "Stripe-Should-Retry" not in reply.headers
    [[stored]] = migrated.look("SELECT count(*) FROM charges", account.test)
    assert stored == 1


def test_the_contract_tells_of_the_headers_wherever_they_are_sent() -> None:
    """Each operation of an account documents both on its success and on 429."""
    for operation in (each for each in OPERATIONS if each.auth == "merchant"):
        for status in ("200", "429"):
            answer = resolved(_operation_at(operation)["responses"][status])
            assert {"RateLimit", "RateLimit-Policy"} <= set(answer["headers"]), operation


def test_a_stranger_is_not_counted(read_payments: Door) -> None:
    """Whoever has no key, and what needs none, gets no RateLimit header."""
    for reply in (read_payments.get(PATH), read_payments.get("/openapi.json")):
        assert not [name for name in reply.headers if name.startswith("RateLimit")]


def test_a_number_is_asked_three_times_by_all_merchants(
    send: Callable[..., Reply], account: Account, make_account: MakeAccount,
    migrated: Database, rows: Rows,
) -> None:  # fmt: skip
    """The fourth prompt is refused whoever asks, changes nothing and leaves its key free."""
    other = make_account()
    for asking in (account, other):
        migrated.rule(asking.id, "prompts", THREE)
    taken = [send(idempotency="one"), send(idempotency="two"), send(by=other)]
    before = rows.snapshot()
    refused = send(idempotency="four"), send(by=other, language="en")
    replayed = send(idempotency="one")
    after = rows.snapshot()
    elsewhere = send(order(phone="+237670000003"), idempotency="four")

    assert [reply.status for reply in taken] == [200, 200, 200]
    for reply, language in zip(refused, ("fr", "en"), strict=True):
        wait = int(reply.headers["Retry-After"])
        assert (reply.status, reply.error["code"]) == (429, "payer_asked_too_often")
        assert reply.error["param"] == "payment_method[phone]"
        assert 590 <= wait <= 600
        assert reply.error["message"] == text(
            "payer_asked_too_often", language, limit=3, retry_after_seconds=wait
        )
        assert reply.headers["Stripe-Should-Retry"] == "false"
    assert (replayed.status, replayed.headers["Idempotent-Replayed"]) == (200, "true")
    assert replayed.content == taken[0].content
    assert after == before
    assert elsewhere.status == 200


def test_a_replay_is_no_prompt(
    send: Callable[..., Reply], account: Account, migrated: Database
) -> None:
    """However often an answer is given again, three prompts stay three."""
    migrated.rule(account.id, "prompts", THREE)
    method = order(phone="+237670000004")
    statuses = [send(method, idempotency=f"k{number // 10}").status for number in range(40)]

    assert statuses == [200] * 30 + [429] * 10


def test_no_number_stands_in_a_platform_table(
    send: Callable[..., Reply], account: Account, migrated: Database
) -> None:
    """Prompts are counted under the HMAC that the payment index uses."""
    migrated.rule(account.id, "prompts", THREE)
    send(order(phone="+237670000005"))
    known = PhoneNumber("+237670000005").keyed(migrated.secret("number_key"))

    found = migrated.look("SELECT number_hmac, n::text FROM platform.payer_numbers n")

    assert known in [number for number, _ in found]
    assert not [row for _, row in found if "670000005" in row]


def test_a_blocked_number_is_never_asked(
    send: Callable[..., Reply], account: Account, migrated: Database, rows: Rows
) -> None:
    """400 with the field at fault, until the block ends; a replay still answers."""
    migrated.rule(account.id, "prompts", THREE)
    body = order(phone="+237670000006")
    block(migrated, "+237670000006")
    block(migrated, "+237670000007", until="2026-01-01Z")
    before = rows.snapshot()

    reply = send(body, idempotency="blocked")

    assert (reply.status, reply.error["code"]) == (400, "phone_blocked")
    assert reply.error["param"] == "payment_method[phone]"
    assert rows.snapshot() == before
    assert send(order(phone="+237670000007")).status == 200
    assert send(order(phone="+237670000017"), idempotency="blocked").status == 200


@pytest.mark.parametrize(
    ("bound", "code"),
    [
        ("account_count", "account_count_reached"),
        ("account_amount", "account_amount_reached"),
        ("new_key_count", "key_count_reached"),
        ("new_key_amount", "key_amount_reached"),
        ("key_count", "key_count_reached"),
        ("key_amount", "key_amount_reached"),
    ],
)
def test_a_day_has_bounds(
    till: Till, create_charge: Door, migrated: Database, bound: str, code: str
) -> None:
    """By count and by amount, of account and key, less for a young key; the limit is told."""
    is_amount = bound.endswith("amount")
    limit = 4000 if is_amount else 2
    cool_down = 0 if bound.startswith("key") else 86_400
    rule = ROOMY | {bound: limit, "new_key_seconds": cool_down}
    migrated.rule(till.account.id, "velocity_charge", rule)
    post = partial(create_charge.post, PATH, key=till.account.secret_key)
    taken = [post(order()), post(order())]
    before = till.rows.snapshot()

    reply = post(order(), headers={"Idempotency-Key": "third"})

    assert [r.status for r in taken] == [200, 200]
    assert (reply.status, reply.error["code"]) == (429, code)
    assert reply.error.get("param") == ("amount" if is_amount else None)
    assert str(limit) in reply.error["message"]
    assert 1 <= int(reply.headers["Retry-After"]) <= 86_400
    assert reply.headers["Stripe-Should-Retry"] == "false"
    assert till.rows.snapshot() == before
    smaller = post(order(amount=1000), headers={"Idempotency-Key": "third"})
    assert smaller.status == (200 if is_amount else 429)


def test_what_is_refused_otherwise_is_not_counted(
    send: Callable[..., Reply], account: Account, migrated: Database
) -> None:
    """A reference in use takes back what was counted for it."""
    migrated.rule(account.id, "velocity_charge", ROOMY)
    migrated.rule(account.id, "prompts", {"most": 2, "seconds": 600})
    body = order(phone="+237670000008") | {"reference": "order-1"}

    statuses = [send(body).status, send(body).status, send(body).status]

    [[count, amount]] = migrated.look(
        "SELECT sum(count)::int, sum(amount)::int FROM platform.velocity_counters"
        " WHERE tenant = :role",
        role=account.test.schema,
    )
    assert statuses == [200, 400, 400]
    assert (count, amount) == (1, 1500)
    assert send(order(phone="+237670000008")).status == 200


def test_live_mode_asks_a_number_three_times_by_itself(
    create_charge: Door, account: Account, migrated: Database
) -> None:
    """The rules that the migration brings: bounds in live mode, none for a test number."""
    found = migrated.look(
        "SELECT kind, livemode, data FROM platform.dated_rules"
        " WHERE kind IN ('prompts', 'velocity_charge') AND account_id IS NULL"
    )
    rules = {(kind, livemode): data for kind, livemode, data in found}

    assert rules["prompts", True] == {"most": 3, "seconds": 600}
    assert rules["prompts", False] == rules["velocity_charge", False] == {}
    key = account.secret_key
    replies = [create_charge.post(PATH, order(phone="+237670000009"), key=key) for _ in range(9)]
    assert {reply.status for reply in replies} == {200}


def test_a_person_finds_a_number_by_its_hmac(
    migrated: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command reads standard input, prints what the tables hold, and repeats no number."""
    environment = {"SECRETS_DIR": str(migrated.secrets_dir)}

    codes = [
        number_hmac.main(environment, StringIO("670000005\n")),
        number_hmac.main(environment, StringIO("67000000\n")),
        number_hmac.main({"SECRETS_DIR": "/nowhere"}, StringIO("670000005\n")),
    ]

    said = capsys.readouterr()
    assert codes == [0, 1, 1]
    assert said.out.strip() == PhoneNumber("+237670000005").keyed(migrated.secret("number_key"))
    assert len(said.err.splitlines()) == 2
    assert "6700000" not in said.err
