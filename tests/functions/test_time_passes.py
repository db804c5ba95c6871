"""What takes days happens in seconds where a test mode's clock is put ahead, and nowhere else."""

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from pg8000.native import Connection
from standardwebhooks import Webhook

from shared.db.invoices import Issuing
from shared.db.seals import LedgerSeals
from shared.domain.events import CHARGE_CHECK_DUE, WEBHOOK_DUE
from shared.operations.issue_invoices import issue_invoices
from shared.operations.release_holds import release_holds
from shared.operations.verify_ledger import verify_ledger
from shared.runtime import wiring
from tests.database import Database
from tests.factories import an_id
from tests.functions.door import Door
from tests.functions.moved_clock import DAY, Clock
from tests.functions.till import AMOUNT, Till
from tests.scripted_server import ScriptedServer, answer

HOLD_SECONDS: Final = 2 * DAY
RULE: Final = """
INSERT INTO platform.dated_rules (id, kind, account_id, livemode, valid_from, data)
VALUES (:id, :kind, :account, false, '2020-01-01Z', CAST(:data AS jsonb))"""
FEE: Final = (
    '{"of": "charge", "line": "platform", "basis_points": 100, "flat": 0, "borne_by": "merchant"}'
)
NEAR: Final = timedelta(minutes=5)


@pytest.fixture
def till(till: Till) -> Till:
    """A shop whose money is held for two days, and whose prompts are counted."""
    for kind, data in (
        ("hold", f'{{"seconds": {HOLD_SECONDS}}}'),
        ("prompts", '{"most": 20, "seconds": 1}'),
        ("fee", FEE),
    ):
        till.rows.run(RULE, id=an_id("rule"), kind=kind, account=till.account.id, data=data)
    return till


@pytest.fixture
def clock(till: Till, manage_account: Door) -> Clock:
    """The clock of the till's account."""
    return Clock(till, manage_account)


def claimed(till: Till) -> set[str]:
    """Claim what is due, as the tick does; return of which objects of this shop."""
    while wiring.schedule().claim_due(100, lambda: an_id("msg")):
        pass
    return {row["object_id"] for row in till.rows.platform("outbox", "topic LIKE '%-due'")}


def release() -> None:
    """Release what is due, as the tick does."""
    while release_holds(wiring.holds(), now=wiring.now, reached=lambda _: None):
        pass


def ahead(moment: datetime, days: int) -> bool:
    """Tell whether a moment is about so many days from now."""
    return abs(moment - datetime.now(UTC) - timedelta(days=days)) < NEAR


def test_a_hold_ends_and_the_books_stand(
    clock: Clock, till: Till, read_payments: Door, migrated: Database
) -> None:
    """Money is available when its days are over; the balance of before is what it was; the chain
    of seals verifies across the move."""
    till.paid_charge()
    net = -till.balances()["pending"]
    release()
    assert till.balances()["pending"] == -net
    paid_at = clock.read()["now"]

    clock.advance(3 * DAY)
    release()

    assert till.balances()["available"] == -net
    assert "pending" not in till.balances()
    (moved,) = till.rows.of("ledger_transactions", "kind = 'hold_released'")
    assert ahead(moved["created_at"], 3)
    key = till.account.secret_key
    for at, pending in ((paid_at, net), (paid_at + DAY, net), (None, 0)):
        path = "/v1/balance" if at is None else f"/v1/balance?at={at}"
        shown = read_payments.get(path, key=key).json
        assert (shown["pending"][0]["amount"], shown["available"][0]["amount"]) == (
            pending,
            net - pending,
        )
    later = till.paid_charge()
    assert ahead(till.charge(later)["created_at"], 3)
    assert clock.advance(DAY)["ahead_seconds"] == 4 * DAY
    till.paid_charge()
    # As though the clock had moved a while ago, so that all of it may be sealed.
    till.rows.run(
        "UPDATE platform.test_clocks SET moves_at = now() - interval '10 minutes'"
        " WHERE account_id = :id",
        id=till.account.id,
    )
    owner = migrated.engine("owner")
    try:
        tenant = till.account.test
        far = wiring.now() + timedelta(days=30)
        release_holds(wiring.holds(), now=lambda: far, reached=lambda _: None)
        wiring.holds().seal(tenant, below="txn_z", most=100, at=far)
        verdict = verify_ledger(tenant.schema, LedgerSeals(owner), {})
    finally:
        owner.dispose()
    assert (verdict.fault, verdict.unsealed) == (None, 0)
    assert verdict.newest.position >= 1


@pytest.mark.usefixtures("kept")
def test_a_scheduled_payout_is_sent_and_another_account_waits(
    clock: Clock, till: Till, superuser: Connection
) -> None:
    """At its time by the account's clock, no earlier; whoever has not moved hers sees nothing."""
    till.fund()
    at = clock.read()["now"] + 5 * DAY
    payout_id = till.payout_made(scheduled_at=at)
    other, stranger = an_id("po"), "acct_" + "7" * 16
    superuser.run(
        "INSERT INTO platform.due_work (kind, object_id, account_id, livemode, due_at, owner_role)"
        " VALUES ('payout_check', :id, :account, false, to_timestamp(:at), 'nobody'),"
        "  ('payout_check', :live, :mine, true, to_timestamp(:at), 'nobody')",
        id=other, live=an_id("po"), account=stranger, mine=till.account.id, at=at,
    )  # fmt: skip

    clock.advance(4 * DAY)
    assert payout_id not in claimed(till)
    assert till.settle_payout(payout_id).status == 204
    assert till.stored_payout(payout_id)["status"] == "scheduled"
    clock.advance(DAY + 3600)
    assert payout_id in claimed(till)
    assert till.settle_payout(payout_id).status == 204
    assert till.submit_payout(payout_id).status == till.settle_payout(payout_id).status == 204

    assert till.stored_payout(payout_id)["status"] == "succeeded"
    assert len(till.transferred) == 1
    leased = superuser.run(
        "SELECT count(*) FROM platform.due_work WHERE lease_until IS NOT NULL"
        " AND (account_id = :stranger OR livemode AND account_id = :mine)",
        stranger=stranger, mine=till.account.id,
    )  # fmt: skip
    assert leased == [[0]]
    superuser.run("DELETE FROM platform.due_work WHERE owner_role = 'nobody'")


def test_payments_and_pages_expire(
    clock: Clock, till: Till, manage_account: Door, read_payments: Door
) -> None:
    """A charge that was never sent fails, a checkout closes and says so, a link takes no more."""
    key = till.account.secret_key
    charge_id = till.create()
    asked = {"amount": AMOUNT, "currency": "xaf", "description": "Order 1"}
    checkout = manage_account.post("/v1/checkouts", asked, key=key).json
    link = manage_account.post(
        "/v1/payment_links", {**asked, "expires_at": clock.read()["now"] + 2 * DAY}, key=key
    ).json
    assert (checkout["status"], link["status"]) == ("open", "open")

    clock.advance(3 * DAY)
    due = claimed(till)
    assert {charge_id, checkout["id"]} <= due
    assert till.settle(charge_id).status == 204
    assert till.push(
        "settle_charge", till.message(CHARGE_CHECK_DUE, checkout["id"])
    ).status == 204  # fmt: skip

    assert till.charge(charge_id)["status"] == "failed"
    shown = [
        manage_account.get(f"/v1/{kind}/{made['id']}", key=key).json["status"]
        for kind, made in (("checkouts", checkout), ("payment_links", link))
    ]
    assert shown == ["expired", "expired"]
    events = read_payments.get("/v1/events", key=key).json["data"]
    told = {event["type"]: event["created"] for event in events}
    assert {"charge.failed", "checkout.expired"} <= set(told)
    assert told["checkout.expired"] - told["charge.pending"] >= 3 * DAY
    assert till.sent == []


def test_a_webhook_is_tried_again_and_signed_by_the_receivers_time(
    clock: Clock, till: Till
) -> None:
    """Brought forward by hours; its signature is of the present, else no receiver would take it."""
    statuses = iter([500, 200])
    with ScriptedServer(lambda _: answer(next(statuses))) as server:
        till.rows.run(
            f'UPDATE "{till.account.test.schema}".webhook_endpoints SET url = :url',
            url=f"{server.url}/hooks",
        )
        till.create()
        message = till.message(WEBHOOK_DUE, till.account.webhook_endpoint)
        assert till.push("dispatch_webhook", message).status == 204
        (first,) = till.rows.of("webhook_deliveries")
        assert (first["status"], first["attempts"]) == ("pending", 1)

        clock.advance(DAY)
        assert till.account.webhook_endpoint in claimed(till)
        assert till.push("dispatch_webhook", message).status == 204

        (second,) = till.rows.of("webhook_deliveries")
        assert (second["status"], second["attempts"]) == ("succeeded", 2)
        secret = till.account.provisioned.modes[0].webhook_secret
        assert secret is not None
        # The published verifier refuses times that are five minutes off.
        Webhook(secret).verify(server.seen[1].body, server.seen[1].headers)


def test_a_payment_works_as_before_and_is_counted_by_the_present(
    clock: Clock, till: Till, read_payments: Door
) -> None:
    """Made, sent, paid and refunded in the time that it is; what all merchants share is not moved:
    how often a number was asked counts in the present."""
    clock.advance(100 * DAY)
    charge_id = till.paid_charge()

    shown = read_payments.get(f"/v1/charges/{charge_id}", key=till.account.secret_key).json
    assert shown["status"] == "succeeded"
    assert ahead(datetime.fromtimestamp(shown["created"], UTC), 100)
    ((newest,),) = till.rows.run(
        "SELECT max(t) FROM platform.payer_numbers, unnest(times) AS t WHERE NOT livemode"
    ) or [[None]]
    assert newest is not None
    assert newest < datetime.now(UTC) + NEAR
    listed = read_payments.get("/v1/charges", key=till.account.secret_key).json["data"]
    assert listed[0]["id"] == charge_id


def test_a_month_is_invoiced(clock: Clock, till: Till, read_payments: Door) -> None:
    """Once it is over by the account's clock, under the time that it is there."""
    till.paid_charge()

    # Who began before a move may commit until then.
    def soon() -> datetime:
        return wiring.now() + timedelta(seconds=31)

    store = Issuing(wiring.worker_database())
    issue_invoices(store, now=soon, has_time=lambda: True, reached=lambda _: None)
    key = till.account.secret_key
    assert read_payments.get("/v1/invoices", key=key).json["data"] == []

    clock.advance(40 * DAY)
    issue_invoices(store, now=soon, has_time=lambda: True, reached=lambda _: None)

    (invoice,) = read_payments.get("/v1/invoices", key=key).json["data"]
    assert ahead(datetime.fromtimestamp(invoice["created"], UTC), 40)
    assert invoice["total"] == AMOUNT // 100


def test_who_began_before_it_moved_goes_by_the_time_of_then(clock: Clock, till: Till) -> None:
    """A call or message has one time, however long it takes: nothing jumps within it."""
    tell = wiring.clock_of(till.account.test)
    before = tell()

    clock.advance(DAY)

    assert tell() - before < timedelta(hours=1)
    assert wiring.time_of(till.account.test) - before >= timedelta(days=1)
    assert wiring.time_of(till.account.live) - before < timedelta(hours=1)
