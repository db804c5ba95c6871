"""A payout through the doors of create_payout, submit_payout and settle_payout, and its reads."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from pg8000.native import Connection

from shared.domain.events import PAYOUT_READY
from shared.domain.ids import is_id
from shared.operations.submit_charge import callback_token
from shared.runtime import payouts, wiring
from tests.database import Account
from tests.factories import moment
from tests.functions.door import Door
from tests.functions.realm import Realm
from tests.functions.team import Team
from tests.functions.till import AMOUNT, PAYER, Till
from tests.scripted_server import RESET, Play, ScriptedServer, Seen, answer

SEVERAL = 20


@pytest.fixture
def funded(till: Till) -> Till:
    """A shop with 10 000 FCFA that it may pay out."""
    till.fund()
    return till


def _shown(till: Till, read_payments: Door, payout_id: str) -> dict[str, Any]:
    reply = read_payments.get(f"/v1/payouts/{payout_id}", key=till.account.secret_key)
    shown: dict[str, Any] = reply.json
    return shown


def test_a_payout_is_taken_and_held_at_once(funded: Till, read_payments: Door) -> None:
    """The answer is the pending payout; hold, event, check and message stand with it."""
    to = {"type": "mobile_money", "phone": f"+{PAYER}", "name": "Awa Njoya"}
    reply = funded.ask_payout(destination=to, reference="salary-1", metadata={"line": "3"})

    payout = reply.json
    assert (reply.status, payout["status"], payout["amount"]) == (200, "pending", AMOUNT)
    assert is_id(payout["id"], "po")
    assert payout["destination"] == {**to, "phone": "+2376****01", "operator": "mtn"}
    assert funded.balances() == {"available": -8500, "held": -AMOUNT}
    (due,) = funded.rows.platform("due_work", "kind = 'payout_check'")
    (message,) = funded.rows.platform("outbox", "topic = 'payout-ready'")
    assert due["object_id"] == message["object_id"] == payout["id"]
    assert [e["type"] for e in funded.rows.of("events")] == ["payout.pending"]
    balance = read_payments.get("/v1/balance", key=funded.account.secret_key).json
    assert [balance[name][0]["amount"] for name in ("available", "held")] == [8500, AMOUNT]


def test_a_payout_goes_its_whole_way(funded: Till, kept: list[Seen], read_payments: Door) -> None:
    """Kept, sent by MTN's transfer, read, booked and told: nothing is held any more."""
    payout_id = funded.payout_made(description="November")

    assert funded.submit_payout(payout_id).status == 204
    sent = _shown(funded, read_payments, payout_id)
    assert funded.settle_payout(payout_id).status == 204

    (intent,), (asked,) = kept, funded.transferred
    assert intent.path.startswith(
        f"/receipts/intents/{funded.account.id}/test/create_payout/{payout_id}/"
    )
    assert (intent.method, intent.headers["if-none-match"]) == ("PUT", "*")
    assert asked.headers["x-reference-id"].encode() in intent.body
    assert f'"partyId":"{PAYER}"'.encode() in asked.body
    assert (sent["status"], sent["status_detail"]) == ("in_transit", "in_transit")
    assert funded.balances() == {"available": -8500, f"float:{funded.paying_account}": -AMOUNT}
    shown = _shown(funded, read_payments, payout_id)
    assert (shown["status"], shown["operator_transaction_id"]) == ("paid", "1234567890")
    assert {e["type"] for e in funded.rows.of("events")} == {
        "payout.pending",
        "payout.in_transit",
        "payout.paid",
    }
    (due,) = funded.rows.platform("due_work", "kind = 'payout_check'")
    assert due["done_at"] is not None
    (index,) = funded.rows.platform("payment_index", "kind = 'payout'")
    assert (index["state"], index["object_id"]) == ("succeeded", payout_id)


@pytest.mark.usefixtures("kept")
def test_where_the_contract_says_so_it_is_a_deposit(funded: Till) -> None:
    """Sent and read by MTN's other service, and by no transfer."""
    funded.rows.run(
        "UPDATE platform.operator_accounts SET pays_by = 'deposit' WHERE id = :id",
        id=funded.paying_account,
    )
    payout_id = funded.payout_made()

    assert funded.submit_payout(payout_id).status == funded.settle_payout(payout_id).status == 204

    seen = [s for s in funded.operator.seen if "/deposit" in s.path]
    assert [s.method for s in seen] == ["POST", "GET"]
    assert funded.transferred == []
    assert funded.stored_payout(payout_id)["status"] == "succeeded"


def test_repeats_change_nothing(funded: Till, kept: list[Seen]) -> None:
    """Messages that come again send nothing, book nothing and tell nothing."""
    payout_id = funded.payout_made()
    message = funded.message(PAYOUT_READY, payout_id)

    replies = [funded.push("submit_payout", message) for _ in range(3)]
    first = funded.settle_payout(payout_id)
    settled = funded.rows.snapshot()
    second = funded.settle_payout(payout_id)

    assert {reply.status for reply in (*replies, first, second)} == {204}
    assert funded.rows.snapshot() == settled
    assert (len(funded.transferred), len(kept)) == (1, 1)


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    ("reason", "code"),
    [("PAYEE_NOT_FOUND", "payee_not_found"), ("NOT_ENOUGH_FUNDS", "float_insufficient")],
)
def test_what_fails_comes_back_in_full(
    funded: Till, reason: str, code: str, read_payments: Door
) -> None:
    """The operator's own word of failure: all is available again, told in words."""
    payout_id = funded.payout_made()
    funded.submit_payout(payout_id)
    funded.payout_word = {"status": "FAILED", "reason": reason}

    assert funded.settle_payout(payout_id).status == 204

    assert funded.balances() == {"available": -10_000}
    shown = _shown(funded, read_payments, payout_id)
    assert (shown["status"], shown["failure_code"]) == ("failed", code)
    assert shown["failure_message"]


@pytest.mark.usefixtures("kept")
def test_silence_is_kept_until_the_operator_speaks(funded: Till) -> None:
    """Broken off after sending: unknown, held, sent to nobody again, settled by a read."""
    funded.payout = RESET
    payout_id = funded.payout_made()

    first, again = funded.submit_payout(payout_id), funded.submit_payout(payout_id)

    assert (first.status, again.status) == (204, 204)
    assert funded.stored_payout(payout_id)["status"] == "unknown"
    funded.payout_read = answer(404, '{"code": "RESOURCE_NOT_FOUND"}')
    funded.settle_payout(payout_id)
    assert funded.balances()["held"] == -AMOUNT
    funded.payout_read = None
    funded.settle_payout(payout_id)
    assert funded.stored_payout(payout_id)["status"] == "succeeded"
    assert len(funded.transferred) == 1


def test_more_than_is_available_is_refused_and_stores_nothing(funded: Till) -> None:
    """The key stays free: with money there it serves."""
    before = funded.rows.snapshot()

    reply = funded.ask_payout(idempotency="later", amount=10_001)

    assert (reply.status, reply.error["code"]) == (400, "balance_insufficient")
    assert funded.rows.snapshot() == before
    funded.fund(1)
    assert funded.ask_payout(idempotency="later", amount=10_001).status == 200


def test_many_at_once_never_come_to_more_than_there_is(funded: Till) -> None:
    """Twenty wishes for a fifth each: five are taken, the others refused, the books agree."""

    def ask(_: int) -> Any:
        reply = funded.ask_payout(amount=2000)
        while reply.status == 503:
            reply = funded.ask_payout(amount=2000)
        return reply

    with ThreadPoolExecutor(SEVERAL) as crowd:
        replies = list(crowd.map(ask, range(SEVERAL)))

    taken = [reply for reply in replies if reply.status == 200]
    assert len(taken) == 5
    assert {reply.error["code"] for reply in replies if reply.status == 400} == {
        "balance_insufficient"
    }
    assert funded.balances() == {"held": -10_000}


def test_one_key_many_times_at_once_makes_one(funded: Till) -> None:
    """Whoever comes second is told to come again, or gets the first one's answer."""
    with ThreadPoolExecutor(SEVERAL) as crowd:
        replies = list(
            crowd.map(lambda _: funded.ask_payout(idempotency="at-once"), range(SEVERAL))
        )

    assert {reply.status for reply in replies} <= {200, 409, 503}
    assert len({reply.content for reply in replies if reply.status == 200}) == 1
    assert len(funded.rows.of("payouts")) == 1


def test_a_key_makes_one_payout_for_ever(funded: Till) -> None:
    """The same answer however old the key is, with another body none, and nothing new."""
    first = funded.ask_payout(idempotency="for-ever")
    funded.rows.run(
        f'UPDATE "{funded.account.test.schema}".idempotency_keys'
        " SET created_at = now() - interval '5 years' WHERE key = 'for-ever'"
    )

    again = funded.ask_payout(idempotency="for-ever")
    other = funded.ask_payout(idempotency="for-ever", amount=200)

    assert again.content == first.content
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (other.status, other.error["code"]) == (400, "idempotency_key_reused")
    assert len(funded.rows.of("payouts")) == 1


def test_a_key_is_demanded(funded: Till, create_payout: Door) -> None:
    """Without one nothing is stored."""
    before = funded.rows.snapshot()
    to = {"type": "mobile_money", "phone": f"+{PAYER}"}

    reply = create_payout.post(
        "/v1/payouts",
        {"amount": 100, "currency": "xaf", "destination": to},
        key=funded.account.secret_key,
    )

    assert (reply.status, reply.error["code"]) == (400, "idempotency_key_missing")
    assert funded.rows.snapshot() == before


def test_a_reference_names_one_payout_that_may_be_paid(funded: Till) -> None:
    """Taken while it is under way, free again once that one was canceled."""
    first = funded.payout_made(reference="salary-1")

    taken = funded.ask_payout(reference="salary-1")
    funded.cancel_payout(first)

    assert (taken.status, taken.error["code"]) == (400, "reference_in_use")
    assert funded.ask_payout(reference="salary-1").status == 200


@pytest.mark.parametrize(
    ("scopes", "is_enabled", "status", "code"),
    [
        ("{*}", True, 403, "permission_denied"),
        ("{*,payouts:write}", False, 403, "payouts_disabled"),
        ("{*,payouts:write}", True, 400, "operator_not_served"),
    ],
)
def test_live_money_needs_the_right_the_switch_and_a_contract(
    account_in_both_modes: Account,
    superuser: Connection,
    create_payout: Door,
    *,
    scopes: str,
    is_enabled: bool,
    status: int,
    code: str,
) -> None:
    """In this order; nothing is stored, and the key stays free."""
    account = account_in_both_modes
    live = account.live_key
    superuser.run(
        "UPDATE platform.accounts SET payouts_enabled = :on WHERE id = :id",
        on=is_enabled,
        id=account.id,
    )
    superuser.run(
        "UPDATE platform.api_keys SET scopes = CAST(:scopes AS text[])"
        " WHERE account_id = :id AND livemode AND kind = 'sk'",
        scopes=scopes,
        id=account.id,
    )
    to = {"type": "mobile_money", "phone": f"+{PAYER}"}

    reply = create_payout.post(
        "/v1/payouts",
        {"amount": 100, "currency": "xaf", "destination": to},
        key=live,
        headers={"Idempotency-Key": "one"},
    )

    assert (reply.status, reply.error["code"]) == (status, code)
    rows = superuser.run(f'SELECT count(*) FROM "{account.live.schema}".idempotency_keys')
    assert rows == [[0]]


# --- taking one back, and its time ---------------------------------------------------------------


def test_one_that_nobody_claimed_is_taken_back(funded: Till, kept: list[Seen]) -> None:
    """All is available again and told once; nothing is sent, whatever messages are about."""
    payout_id = funded.payout_made()

    first, again = funded.cancel_payout(payout_id), funded.cancel_payout(payout_id)

    assert (first.status, again.status, again.json["status"]) == (200, 200, "canceled")
    assert funded.balances() == {"available": -10_000}
    assert funded.submit_payout(payout_id).status == 204
    assert funded.settle_payout(payout_id).status == 204
    assert (funded.transferred, kept) == ([], [])
    told = sorted(event["type"] for event in funded.rows.of("events"))
    assert told == ["payout.canceled", "payout.pending"]
    (due,) = funded.rows.platform("due_work", "kind = 'payout_check'")
    assert due["done_at"] is not None


@pytest.mark.usefixtures("kept")
def test_one_that_was_sent_is_not_taken_back(funded: Till) -> None:
    """Its money stays held for the operator's word."""
    payout_id = funded.payout_made()
    funded.submit_payout(payout_id)

    reply = funded.cancel_payout(payout_id)

    assert (reply.status, reply.error["code"]) == (400, "payout_not_cancelable")
    assert funded.balances()["held"] == -AMOUNT


def test_whoever_is_first_wins_sender_or_merchant(funded: Till, kept: list[Seen]) -> None:
    """At once: sent and refused the cancel, or canceled and never sent; never both."""
    for _ in range(5):
        payout_id = funded.payout_made(amount=100)
        before = len(funded.transferred)
        with ThreadPoolExecutor(2) as two:
            sending = two.submit(funded.submit_payout, payout_id)
            canceling = two.submit(funded.cancel_payout, payout_id)
        assert sending.result().status in {204, 503}
        was_sent = len(funded.transferred) > before
        assert was_sent == (canceling.result().status == 400)
        assert funded.stored_payout(payout_id)["status"] == (
            "in_transit" if was_sent else "canceled"
        )
    assert len(kept) <= 5


def test_without_the_store_nothing_is_taken_back(
    funded: Till, object_store: ScriptedServer
) -> None:
    """It is told before anything comes back: while it forbids, 503, and asked for again."""
    payout_id, before = funded.payout_made(), object_store.script
    told = list[Seen]()

    def take(seen: Seen) -> Play:
        told.append(seen)
        return answer(200, extra='x-amz-version-id: v1\r\nETag: "e"\r\n')

    object_store.script = lambda _: answer(403)
    try:
        refused = funded.cancel_payout(payout_id)
        held = funded.balances()["held"]
        object_store.script = take
        canceled = funded.cancel_payout(payout_id)
    finally:
        object_store.script = before

    assert (refused.status, refused.error["code"], held) == (
        503,
        "temporarily_unavailable",
        -AMOUNT,
    )
    assert canceled.json["status"] == "canceled"
    (put,) = told
    assert put.path.startswith(f"/receipts/taken_back/{funded.account.id}/test/{payout_id}.json")


def test_one_that_is_put_off_is_sent_at_its_time(funded: Till, kept: list[Seen]) -> None:
    """Held at once; its due row lies at its time, wakes the sender then, and nobody before."""
    then = int((moment() + timedelta(hours=1)).timestamp())
    payout_id = funded.payout_made(scheduled_at=then)
    early = [funded.submit_payout(payout_id), funded.settle_payout(payout_id)]

    assert [reply.status for reply in early] == [204, 204]
    assert (funded.transferred, kept) == ([], [])
    assert funded.rows.platform("outbox", "topic = 'payout-ready'") == []
    (due,) = funded.rows.platform("due_work", "kind = 'payout_check'")
    assert int(due["due_at"].timestamp()) == then
    schema = funded.account.test.schema
    funded.rows.run(f"UPDATE \"{schema}\".payouts SET scheduled_at = now() - interval '1 s'")
    assert funded.settle_payout(payout_id).status == 204
    (message,) = funded.rows.platform("outbox", "topic = 'payout-ready'")
    assert message["object_id"] == payout_id
    assert funded.submit_payout(payout_id).status == 204
    assert len(funded.transferred) == 1


def test_nothing_leaves_a_suspended_account(
    funded: Till, kept: list[Seen], superuser: Connection
) -> None:
    """What it made before stays held and unsent; once it may again, it goes."""
    payout_id = funded.payout_made()

    def become(state: str) -> None:
        superuser.run(
            "UPDATE platform.accounts SET state = :state WHERE id = :id",
            state=state,
            id=funded.account.id,
        )
        # As once this process has heard that the account was touched.
        payouts._outlets().renew(funded.account.id)

    become("suspended")
    assert funded.submit_payout(payout_id).status == 204
    assert (funded.transferred, kept) == ([], [])
    assert funded.balances()["held"] == -AMOUNT
    become("active")

    assert funded.submit_payout(payout_id).status == 204
    assert len(funded.transferred) == 1


# --- what is around it ---------------------------------------------------------------------------


@pytest.mark.usefixtures("kept")
def test_a_callback_of_a_payout_wakes_its_reader(funded: Till, door: Callable[[str], Door]) -> None:
    """The path that the operator was given asks for a check of the payout, of nothing else."""
    payout_id = funded.payout_made()
    funded.submit_payout(payout_id)
    (attempt,) = funded.rows.of("provider_attempts", "charge_id = :id", id=payout_id)
    token = callback_token(wiring.key_bytes("callback_token_key"), attempt["reference"])
    path = f"/callbacks/mtn/{token}"

    reply = door("receive_callback").post(path, {"status": "SUCCESSFUL"})

    assert reply.status == 200
    assert funded.transferred[0].headers["x-callback-url"].endswith(path)
    (woken,) = funded.rows.platform("outbox", "topic = 'payout-check-due'")
    assert woken["object_id"] == payout_id
    assert funded.stored_payout(payout_id)["status"] == "in_transit"


def test_payouts_are_listed_newest_first(funded: Till, read_payments: Door) -> None:
    """Filters by reference and public word; what is no payout is missing."""
    key = funded.account.secret_key
    ids = [funded.payout_made(amount=100, reference=f"r-{at}") for at in range(3)]
    funded.cancel_payout(ids[0])

    def listed(query: str) -> list[str]:
        return [row["id"] for row in read_payments.get(f"/v1/payouts{query}", key=key).json["data"]]

    assert listed("") == ids[::-1]
    assert listed("?reference=r-1") == [ids[1]]
    assert (listed("?status=pending"), listed("?status=canceled")) == ([ids[2], ids[1]], ids[:1])
    assert read_payments.get("/v1/payouts?status=odd", key=key).status == 400
    assert read_payments.get(f"/v1/payouts/po_{'2' * 24}", key=key).status == 404


def test_an_emptied_test_mode_forgets_payouts(
    funded: Till,
    kept: list[Seen],
    *,
    superuser: Connection,
    realm: Realm,
    door: Callable[[str], Door],
) -> None:
    """Nothing of them is left or sent; the same key serves again, in a place of its own."""
    old = funded.ask_payout(idempotency="again").json["id"]
    funded.submit_payout(old)
    owner = realm.token(Team(superuser).join(funded.account.id, "owner"))
    where = {"Pay-Account": funded.account.id, "Pay-Mode": "test"}
    emptied = door("provision_account").post(
        "/v1/account/delete_test_data", key=owner, headers=where
    )
    replies = [funded.submit_payout(old), funded.settle_payout(old)]
    funded.fund()
    new = funded.ask_payout(idempotency="again").json["id"]

    assert [emptied.status, *(reply.status for reply in replies)] == [200, 204, 204]
    assert funded.submit_payout(new).status == 204
    assert len({seen.path.partition("?")[0] for seen in kept}) == 2
    assert funded.stored_payout(new)["status"] == "in_transit"


def test_no_log_names_who_is_paid(funded: Till, kept: list[Seen], logged: Any) -> None:
    """Neither number nor name nor idempotency key stands in a log line."""
    to = {"type": "mobile_money", "phone": f"+{PAYER}", "name": "Awa Njoya"}
    payout_id = funded.ask_payout(idempotency=f"to-{PAYER}", destination=to).json["id"]
    funded.submit_payout(payout_id)
    funded.settle_payout(payout_id)

    assert kept
    assert "670000001" not in logged.getvalue()
    assert "Njoya" not in logged.getvalue()
