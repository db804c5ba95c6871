"""Emptying a test mode: all that was sold in play is gone, and nothing that comes late stumbles."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

import pytest
from pg8000.native import Connection

from shared.db import notices
from shared.db.test_data import EMPTIED, FORGOTTEN, KEPT, REMEMBERED
from shared.domain.events import (
    CHARGE_CHECK_DUE,
    CHARGE_CREATED,
    PAYMENT_FINAL,
    WEBHOOK_DUE,
)
from shared.domain.notification import Kind, Notification
from shared.runtime import wiring
from tests.database import Account
from tests.factories import moment
from tests.functions.door import Door, Reply
from tests.functions.moved_clock import DAY, Clock
from tests.functions.realm import Realm
from tests.functions.rows import Rows
from tests.functions.team import Team
from tests.functions.till import Till
from tests.scripted_server import Play, Seen

PATH: Final = "/v1/account/delete_test_data"
FUNCTION_OF: Final = {
    CHARGE_CREATED: "submit_charge",
    CHARGE_CHECK_DUE: "settle_charge",
    PAYMENT_FINAL: "render_receipt",
    WEBHOOK_DUE: "dispatch_webhook",
}
LEFT: Final = """
SELECT (SELECT count(*) FROM platform.{table} WHERE account_id = :account AND livemode = :live)
"""

Ask = Callable[..., Reply]


@pytest.fixture
def account(account_in_both_modes: Account) -> Account:
    """In both modes."""
    return account_in_both_modes


@pytest.fixture
def team(superuser: Connection) -> Team:
    """Who joins and leaves."""
    return Team(superuser)


@pytest.fixture
def ask(provision_account: Door, realm: Realm, team: Team, till: Till) -> Ask:
    """Ask for it as a member of the till's account, in a mode."""

    def asking(duty: str = "owner", mode: str = "test", body: object = None, ago: int = 0) -> Reply:
        person = team.join(till.account.id, duty)
        where = {"Pay-Account": till.account.id, "Pay-Mode": mode}
        token = realm.token(person, signed_in_ago=ago)
        return provision_account.post(PATH, body, key=token, headers=where)

    return asking


def test_every_table_is_emptied_or_kept(account: Account, superuser: Connection) -> None:
    """A table that comes later is thought of here before it outlives a deletion."""
    found = superuser.run(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = :schema",
        schema=account.test.schema,
    )

    shared = superuser.run(
        "SELECT table_name FROM information_schema.columns WHERE table_schema = 'platform'"
        " GROUP BY 1 HAVING bool_or(column_name = 'account_id')"
        " AND bool_or(column_name = 'livemode')"
    )

    assert {name for [name] in found or ()} - KEPT == set(EMPTIED)
    assert {name for [name] in shared or ()} == {*FORGOTTEN, *REMEMBERED}


def test_what_was_sold_in_play_is_gone(
    till: Till, ask: Ask, superuser: Connection, read_payments: Door
) -> None:
    """Charges, money, events and what hangs on them; keys, endpoints and the live mode stay."""
    charge = till.paid()["charge_id"]
    account = till.account
    live = Rows(superuser, (account.live,)).snapshot()
    live = {table: content for table, content in live.items() if not table.startswith("platform")}
    reply = ask()
    key = account.secret_key

    assert (reply.status, reply.json["charges"]) == (200, 1)
    assert read_payments.get("/v1/charges", key=key).json["data"] == []
    assert read_payments.get("/v1/events", key=key).json["data"] == []
    assert read_payments.get(f"/v1/charges/{charge}", key=key).status == 404
    balance = read_payments.get("/v1/balance", key=key).json
    assert {money["amount"] for name in ("available", "pending") for money in balance[name]} == {0}
    schema = account.test.schema
    for table in EMPTIED:
        assert superuser.run(f'SELECT count(*) FROM "{schema}".{table}') == [[0]]
    floats = superuser.run(f'SELECT DISTINCT balance FROM "{schema}".ledger_accounts')
    assert floats == [[0]]
    assert superuser.run(f'SELECT count(*) FROM "{schema}".webhook_endpoints') == [[1]]
    for table in FORGOTTEN:
        sql = LEFT.format(table=table)
        assert superuser.run(sql, account=account.id, live=False) == [[0]], table
    due = superuser.run(
        "SELECT kind, due_at = 'infinity' FROM platform.due_work"
        " WHERE account_id = :account AND NOT livemode",
        account=account.id,
    )
    assert due == [["webhook", True]]
    after = Rows(superuser, (account.live,)).snapshot()
    assert {table: after[table] for table in live} == live
    entries = superuser.run(
        f'SELECT action, before FROM "{schema}".audit_entries ORDER BY position'
    )
    assert entries == [["account.provisioned", None], ["test_data.deleted", '{"charges":1}']]
    assert ask().json["charges"] == 0


def test_what_people_are_told_still_goes_out(till: Till, ask: Ask, superuser: Connection) -> None:
    """No owner silences a mail to the others by emptying the test mode before it has left."""
    data = {"access": "acs_1", "reason": "a look", "until": "2026-12-01T08:00:00+00:00"}
    notice = Notification.of(
        Kind.ACCESS_OPENED, till.account.id, data, livemode=False, now=moment()
    )
    with wiring.app_database().tenant(till.account.test) as transaction:
        notices.add(transaction, notice)
    till.create()

    assert ask().status == 200
    assert superuser.run(
        "SELECT topic, object_id FROM platform.outbox WHERE account_id = :id", id=till.account.id
    ) == [["notification-due", notice.id]]


@pytest.mark.parametrize("topic", FUNCTION_OF)
def test_what_was_under_way_ends_without_a_word(
    till: Till, ask: Ask, superuser: Connection, topic: str
) -> None:
    """A message about what is gone is acknowledged, not asked for again, and leaves nothing."""
    charge = till.create()
    if topic in {CHARGE_CHECK_DUE, PAYMENT_FINAL}:
        assert till.submit(charge).status == 204
    if topic == PAYMENT_FINAL:
        assert till.settle(charge).status == 204
    assert ask().status == 200
    named = till.account.webhook_endpoint if topic == WEBHOOK_DUE else charge
    before = Rows(superuser, (till.account.test,)).snapshot()
    reply = till.push(FUNCTION_OF[topic], till.message(topic, named))

    assert reply.status == 204
    assert Rows(superuser, (till.account.test,)).snapshot() == before


def test_whoever_is_just_asking_the_operator_finds_nothing_to_record(
    till: Till, ask: Ask, superuser: Connection
) -> None:
    """Emptied between the claim and the operator's answer: the answer is for nobody."""
    play = till.operator.script

    def meanwhile(seen: Seen) -> Play:
        if seen.method == "POST" and "token" not in seen.path:
            assert ask().status == 200
        return play(seen)

    charge = till.create()
    till.operator.script = meanwhile
    reply = till.submit(charge)
    left = superuser.run(
        "SELECT object_id FROM platform.due_work WHERE account_id = :account AND kind <> 'webhook'",
        account=till.account.id,
    )

    assert (reply.status, len(till.sent), left) == (204, 1, [])
    assert superuser.run(f'SELECT count(*) FROM "{till.account.test.schema}".charges') == [[0]]


def test_a_test_mode_goes_on_afterwards(till: Till, ask: Ask) -> None:
    """Selling in play works as before, down to the ledger."""
    till.paid()
    ask()
    charge = till.paid()["charge_id"]

    assert till.charge(charge)["status"] == "succeeded"


def test_only_the_owner_empties_it_and_never_the_live_mode(
    till: Till, ask: Ask, superuser: Connection, provision_account: Door
) -> None:
    """Other duties, keys, an old sign-in, a body, the live mode: refused, and nothing is gone."""
    till.paid()
    before = Rows(superuser, (till.account.test, till.account.live)).snapshot()
    refusals = [
        *(ask(duty) for duty in ("developer", "finance", "viewer")),
        ask(ago=301),
        ask(mode="live"),
        ask(body={"all": True}),
        provision_account.post(PATH, key=till.account.secret_key),
    ]
    after = Rows(superuser, (till.account.test, till.account.live)).snapshot()
    codes = [(reply.status, reply.error["code"]) for reply in refusals]
    joined = {"platform.members", "platform.api_keys"}

    assert codes == [
        *[(403, "permission_denied")] * 3,
        (403, "step_up_required"),
        (400, "test_mode_only"),
        (400, "parameter_unknown"),
        (403, "permission_denied"),
    ]
    assert {t: c for t, c in after.items() if t not in joined} == {
        t: c for t, c in before.items() if t not in joined
    }


def test_an_emptied_mode_goes_on_from_the_present(
    till: Till, ask: Ask, manage_account: Door, superuser: Connection
) -> None:
    """The clock is back for everybody, and with it what stays as it was set up."""
    clock = Clock(till, manage_account)
    clock.advance(40 * DAY)
    till.paid()
    superuser.run(
        "INSERT INTO platform.invoice_series (account_id, livemode, month)"
        " VALUES (:id, false, date_trunc('month', now() + interval '70 days')::date)"
        " ON CONFLICT (account_id, livemode) DO UPDATE SET month = excluded.month",
        id=till.account.id,
    )

    reply = ask()

    assert (reply.status, reply.json["charges"]) == (200, 1)
    assert clock.read()["ahead_seconds"] == 0
    charge = till.paid()["charge_id"]
    assert abs(till.charge(charge)["created_at"] - moment()) < timedelta(minutes=5)
    [[is_ahead]] = superuser.run(
        "SELECT month > now() FROM platform.invoice_series WHERE account_id = :id AND NOT livemode",
        id=till.account.id,
    )
    assert is_ahead is False
