"""Wallets and moves between them, for administrators; and top-ups, as merchants see them."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.database import Database, MakeAccount
from tests.functions.door import Door, Reply
from tests.functions.realm import Realm
from tests.functions.till import Till

FLOATS = "/v1/platform/floats"
MOVES = "/v1/platform/float_moves"
REASON = "Seen in the operator's portal"

Ask = Callable[..., Reply]


@pytest.fixture
def ask(door: Callable[[str], Door], realm: Realm) -> Ask:
    """Ask as an administrator who signed in a moment ago."""

    def ask(person: str, path: str, body: Any = None, role: str = "admin", ago: int = 0) -> Reply:
        token = realm.token(person, role, signed_in_ago=ago)
        return door("manage_platform").call(
            "GET" if body is None else "POST", path, body, key=token
        )

    return ask


def _word() -> str:
    return f"bank {uuid.uuid4().hex[:12]}"


def _wallets(ask: Ask) -> dict[str, Any]:
    """All of them, by id."""
    page = ask("ada", f"{FLOATS}?limit=1").json
    shown: dict[str, Any] = {}
    while page["data"]:
        shown |= {each["id"]: each for each in page["data"]}
        page = ask("ada", f"{FLOATS}?limit=100&starting_after={page['data'][-1]['id']}").json
    return shown


def _top_up(till: Till, **changes: Any) -> dict[str, Any]:
    return {
        "mode": "test",
        "kind": "merchant_top_up",
        "account": till.account.id,
        "amount": 700,
        "reference": _word(),
        "reason": REASON,
    } | changes


def _approve(ask: Ask, move: dict[str, Any], person: str = "grace") -> Reply:
    seen = {"content_sha256": move["content_sha256"]}
    return ask(person, f"{MOVES}/{move['id']}/approve", seen)


def test_a_top_up_is_available_at_once(till: Till, ask: Ask, read_payments: Door) -> None:
    """Told by one, booked by another, shown to the merchant with its event and its line."""
    body = _top_up(till, to=till.operator_account)
    move = ask("ada", MOVES, body).json
    alone = _approve(ask, move, "ada")
    before = till.balances()
    booked = _approve(ask, move).json
    again = _approve(ask, move)
    key = till.account.secret_key
    [topup] = read_payments.get("/v1/topups", key=key).json["data"]
    [line] = read_payments.get("/v1/balance_transactions?type=topup", key=key).json["data"]

    assert (alone.status, alone.error["code"]) == (403, "second_person_required")
    assert (before, booked["status"]) == ({}, "approved")
    assert (again.status, again.error["code"]) == (400, "proposal_not_open")
    assert till.balances() == {"available": -700, f"float:{till.operator_account}": 700}
    assert (topup["amount"], topup["method"]) == (700, "mobile_money")
    assert topup["reference"] == body["reference"]
    first = {"Pay-Version": "2026-11-01"}
    old = read_payments.get(f"/v1/topups/{topup['id']}", key=key, headers=first)
    assert (old.json["source"], "method" in old.json) == ("mobile_money", False)
    assert old.headers["Pay-Version"] == "2026-11-01"
    assert read_payments.get(f"/v1/topups/{topup['id']}", key=key).json == topup
    assert (line["source"], line["net"], line["status"]) == (topup["id"], 700, "available")
    assert line["id"] == topup["balance_transaction"] == booked["transaction"]
    [event] = till.rows.of("events")
    assert (event["type"], event["object_id"]) == ("topup.succeeded", topup["id"])
    [place] = till.rows.platform("event_feed")
    assert (place["id"], place["owner_role"]) == (event["id"], till.account.test.schema)
    assert len(till.rows.platform("outbox", "topic = 'webhook-due'")) == 1
    assert [e["action"] for e in till.rows.of("audit_entries", "object_type = 'topup'")] == [
        "topup.booked"
    ]


def test_by_the_bank_nothing_comes_into_a_wallet(till: Till, ask: Ask) -> None:
    """It stands at the bank until somebody moves it."""
    move = ask("ada", MOVES, _top_up(till)).json

    assert _approve(ask, move).status == 200
    assert till.balances() == {"available": -700, "bank": 700}


def test_one_word_of_the_bank_is_booked_once(till: Till, ask: Ask) -> None:
    """Not while it waits, not once it was booked; after a rejection it may be told anew."""
    body = _top_up(till)
    first = ask("ada", MOVES, body).json
    waiting = ask("ada", MOVES, body)
    rejected = ask("ada", f"{MOVES}/{first['id']}/reject", {"reason": REASON})
    second = ask("ada", MOVES, body).json
    _approve(ask, second)

    assert (waiting.status, waiting.error["code"]) == (400, "reference_in_use")
    assert rejected.json["status"] == "rejected"
    assert ask("ada", MOVES, body).error["code"] == "reference_in_use"
    assert till.balances() == {"available": -700, "bank": 700}


def test_of_two_who_approve_at_once_one_books(till: Till, ask: Ask) -> None:
    """Whoever comes second finds it decided."""
    move = ask("ada", MOVES, _top_up(till)).json
    with ThreadPoolExecutor(2) as crowd:
        replies = list(crowd.map(lambda who: _approve(ask, move, who), ("grace", "hedy")))

    assert sorted(reply.status for reply in replies) == [200, 400]
    assert till.balances() == {"available": -700, "bank": 700}


def test_a_wallet_that_does_not_serve_the_account_books_nothing(
    till: Till, ask: Ask, migrated: Database, make_account: MakeAccount
) -> None:
    """Without its float in the account's books all is put back."""
    stranger = make_account()
    migrated.look(
        "DELETE FROM ledger_accounts WHERE code = :code",
        stranger.test,
        code=f"float:{migrated.operator_account}",
    )
    body = _top_up(till, account=stranger.id, to=migrated.operator_account)
    move = ask("ada", MOVES, body).json
    refused = _approve(ask, move)
    of_another = ask("ada", MOVES, _top_up(till, account=stranger.id, to=till.operator_account))

    assert (refused.status, refused.error["code"]) == (400, "move_not_possible")
    assert ask("ada", f"{MOVES}/{move['id']}").json["status"] == "open"
    assert migrated.look("SELECT 1 FROM adjustments", stranger.test) == []
    assert of_another.error["code"] == "move_not_possible"


def test_a_wallet_says_what_its_operator_does_not_answer(till: Till, ask: Ask) -> None:
    """Of its own product alone, and from when on; all else is answered."""

    def cut_off(wallet: str) -> list[str]:
        return [one["operation"] for one in _wallets(ask)[wallet]["cut_off"]]

    before = cut_off(till.operator_account)
    till.rows.run(
        "INSERT INTO platform.breakers (operator, host, operation, opened_at, next_trial_at)"
        " VALUES ('mtn', :host, 'request_payment', now(), now()),"
        " ('mtn', :host, 'send_payout', now(), now())",
        host=till.host,
    )

    assert before == []
    assert cut_off(till.operator_account) == ["request_payment"]
    assert cut_off(till.paying_account) == ["send_payout"]


def test_the_platforms_books_are_balanced(ask: Ask, migrated: Database) -> None:
    """A wallet is filled by the bank and swept into the other: shares move, sums stay."""
    collecting, paying = migrated.operator_account, migrated.paying_account
    body = {"mode": "test", "amount": 900, "reason": REASON}
    own = "SELECT own FROM platform.float_books(:id)"
    [[before]] = migrated.look(own, id=paying)
    for more in (
        {"kind": "top_up", "to": collecting},
        {"kind": "sweep", "from": collecting, "to": paying},
    ):
        move = ask("ada", MOVES, body | more | {"reference": _word()}).json
        assert _approve(ask, move).status == 200, move
    sums = migrated.look(
        "SELECT code, sum(amount) FROM platform.own_postings WHERE NOT livemode GROUP BY code"
        " HAVING sum(amount) <> 0"
    )
    balances = migrated.look(
        "SELECT code, balance FROM platform.own_accounts WHERE NOT livemode AND balance <> 0"
    )

    assert sorted(sums) == sorted(balances)
    assert sum(amount for _, amount in sums) == 0
    assert migrated.look(own, id=paying) == [[before + 900]]


def test_wallets_are_listed_with_their_last_reading(ask: Ask, till: Till) -> None:
    """Page by page; one that nobody has read yet says so."""
    assert ask("ada", f"{FLOATS}?limit=1").json["has_more"]
    shown = _wallets(ask)

    assert shown[till.paying_account]["reading"] is None
    assert shown[till.paying_account]["owner"] == till.account.id
    assert shown[till.paying_account]["product"] == "disbursement"


def test_administrators_alone_and_signed_in_lately(ask: Ask, till: Till) -> None:
    """A merchant sees nothing of it; what changes something wants a fresh sign-in."""
    move = ask("ada", MOVES, _top_up(till)).json
    stale = ask("ada", MOVES, _top_up(till), ago=4000)

    assert ask("m", MOVES, role="merchant").status == 403
    assert ask("m", FLOATS, role="merchant").status == 403
    assert (stale.status, stale.error["code"]) == (403, "step_up_required")
    assert ask("ada", f"{MOVES}/{move['id']}", ago=4000).json == move
    assert move in ask("ada", f"{MOVES}?limit=5").json["data"]
