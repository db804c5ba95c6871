"""What bounds payouts on real PostgreSQL: of an account and key, and what one number is paid."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from shared.domain.approval import Approval
from shared.domain.errors import TooManyRequests
from shared.domain.outgoing import OutgoingEvent, OutgoingStatus
from shared.domain.payout import Payout
from shared.domain.rules import NewPayee
from shared.operations import outgoing_moves as moves
from shared.operations.outgoing_store import OutgoingMove
from tests.database import Account, Database, MakeAccount, enter
from tests.factories import an_id, moment
from tests.integration.paying_out import AT, MANY, Shop, an_admission, at_once, tried

_COPIED: Final = (
    "id", "amount", "currency", "status", "operator", "operator_account_id", "phone",
    "intent_hmac", "balance_transaction", "submit_before", "created_at",
)  # fmt: skip


@pytest.fixture
def shop(app_engine: Engine, account: Account, migrated: Database) -> Shop:
    """A shop of its own for each test, with 5 000 FCFA to pay out."""
    shop = Shop(app_engine, account, migrated)
    shop.fund(5000)
    return shop


def test_a_day_is_counted_per_account_and_key(shop: Shop) -> None:
    """Of twenty at once exactly as many as may; another key is bound by the account alone."""
    admission = an_admission(caps=(5, 10_000, 3, 10_000))

    outcomes = at_once(*[partial(tried, shop, admission)] * MANY)

    assert outcomes.count("taken") == 3
    assert set(outcomes) == {"taken", "key_count_reached"}
    other = an_admission(key="another", caps=(5, 10_000, 3, 10_000))
    assert [tried(shop, other) for _ in range(3)] == ["taken", "taken", "account_count_reached"]
    amounts = replace(other, key_id="third", caps=(99, 600, 99, 10_000))
    assert [tried(shop, amounts), tried(shop, amounts)] == ["taken", "account_amount_reached"]


def test_what_is_refused_for_want_of_money_is_not_counted(shop: Shop) -> None:
    """The count and the hold stand and fall together."""
    admission = an_admission(caps=(1, 10_000, 1, 10_000))

    assert tried(shop, admission, 6000) == "balance_insufficient"
    assert tried(shop, admission) == "taken"


def test_one_number_is_paid_so_much_a_day_by_all_together(
    shop: Shop, app_engine: Engine, make_account: MakeAccount, migrated: Database
) -> None:
    """Two merchants count there; another number, and the other mode, are by themselves."""
    other = Shop(app_engine, make_account(), migrated)
    other.fund(5000)
    number = an_id("hmac")
    outcomes = at_once(
        *(partial(tried, each, an_admission(number, day=500)) for each in [shop, other] * 10)
    )

    assert outcomes.count("taken") == 5
    assert set(outcomes) == {"taken", "payee_amount_reached"}
    assert tried(shop, an_admission(an_id("hmac"), day=500)) == "taken"


def test_a_blocked_number_is_not_paid(shop: Shop) -> None:
    """Where nothing else bounds too; in its own mode."""
    number = an_id("hmac")
    shop.database.look(
        "INSERT INTO platform.payer_numbers (number_hmac, livemode, blocked_until, blocked_by,"
        " block_reason) VALUES (:number, false, 'infinity', 'a person', 'asked for it')",
        number=number,
    )

    assert tried(shop, an_admission(number)) == "phone_blocked"
    assert shop.column("id", "payouts") == []


def _paid_before(shop: Shop, number: str, *, hours: int) -> None:
    """A payout of this shop to a number that went out so many hours ago, and was paid."""
    shop.database.look(
        "INSERT INTO platform.payment_index (object_id, account_id, livemode, kind,"
        " operator_account_id, reference, state, amount, number_hmac, created_at, owner_role)"
        " VALUES (:id, :account, false, 'payout', 'opa_x', :id, 'succeeded', 100, :number,"
        " CAST(:moment AS timestamptz), :owner)",
        id=an_id("po"),
        account=shop.tenant.account,
        owner=shop.tenant.schema,
        number=number,
        moment=(AT - timedelta(hours=hours)).isoformat(),
    )


def test_a_number_that_is_new_is_paid_less_at_first(shop: Shop, other: Shop) -> None:
    """Cool-down: until a day after the account's first payout to it was paid, whoever asks."""
    number = an_id("hmac")
    bound = an_admission(number, day=5_000, new=NewPayee(300, 86_400))

    asked = at_once(*[partial(tried, shop, bound)] * MANY)

    assert (asked.count("taken"), set(asked)) == (3, {"taken", "payee_too_new"})
    _paid_before(other, number, hours=48)
    _paid_before(shop, number, hours=23)
    assert tried(shop, bound) == "payee_too_new"
    assert tried(other, bound, 400) == "taken"
    _paid_before(shop, number, hours=24)
    assert tried(shop, bound) == "taken"


def test_a_number_that_is_new_is_refused_with_the_bound(shop: Shop) -> None:
    """The limit and when to come again stand in the error; nothing is stored or counted."""
    bound = an_admission(an_id("hmac"), day=5_000, new=NewPayee(300, 86_400))

    with pytest.raises(TooManyRequests) as refused:
        shop.create(301, admission=bound)

    assert (refused.value.code, refused.value.param) == ("payee_too_new", "amount")
    assert refused.value.values["limit"] == 300
    assert (shop.column("id", "payouts"), tried(shop, bound, 300)) == ([], "taken")


# --- what one number is paid a day ---------------------------------------------------------------


@pytest.fixture
def other(app_engine: Engine, make_account: MakeAccount, migrated: Database) -> Shop:
    """Another merchant, who pays the same numbers."""
    shop = Shop(app_engine, make_account(), migrated)
    shop.fund(5000)
    return shop


UNDECIDED = frozenset({OutgoingEvent.REJECTED, OutgoingEvent.LAPSED})
"""What ends one that nobody approved."""


def _end(shop: Shop, payout: Payout, event: OutgoingEvent) -> OutgoingMove:
    if event is OutgoingEvent.CANCELED:
        return shop.canceled(payout)
    if event in UNDECIDED:
        return moves.taken_back(payout, event, at=moment(), language="fr")
    if event is not OutgoingEvent.ABANDONED:
        assert shop.claim(payout) is not None
    found = shop.store.find(payout.id)
    assert found is not None
    return moves.failed(found, event, code="operator_error", at=moment(), language="fr")


@pytest.mark.parametrize(
    "event",
    ["canceled", "abandoned", "refused", "declined", "given_up", "rejected", "lapsed"],
)
def test_what_is_not_paid_frees_its_number_for_all(shop: Shop, other: Shop, event: str) -> None:
    """Nobody blocks a number for free; of the account's own day nothing is given back."""
    number = an_id("hmac")
    bound = an_admission(number, caps=(1, 10_000, 1, 10_000), day=500)
    waits: dict[str, Any] = {
        "status": OutgoingStatus("awaiting_approval"),
        "made_by": "key_k",
        "approval": Approval("0" * 64, moment() + timedelta(hours=1)),
    }
    payout = shop.payout(500, admission=bound, **(waits if event in UNDECIDED else {}))
    assert tried(other, an_admission(number, day=500)) == "payee_amount_reached"

    assert shop.store.move(_end(shop, payout, OutgoingEvent(event)))

    assert tried(other, an_admission(number, day=500), 500) == "taken"
    assert tried(shop, replace(bound, number_hmac=an_id("hmac"))) == "account_count_reached"


def test_what_is_paid_or_may_be_stays_counted(shop: Shop, other: Shop) -> None:
    """On its way, in silence, and for good once it was paid."""
    number = an_id("hmac")
    bound = an_admission(number, day=500)
    payout = shop.payout(500, admission=bound)
    claim = shop.claim(payout)
    assert claim is not None
    found = [tried(other, bound)]
    silent = OutgoingMove(
        replace(claim[0], status=OutgoingStatus("unknown")),
        OutgoingStatus("submitting"),
        OutgoingEvent.WENT_SILENT,
        moment(),
        moment(),
    )
    assert shop.store.move(silent)
    found.append(tried(other, bound))

    assert shop.store.move(shop.ended(payout, is_paid=True))

    assert [*found, tried(other, bound)] == ["payee_amount_reached"] * 3


def test_what_was_counted_is_given_back_once(shop: Shop, other: Shop) -> None:
    """Of many at once who take it back; and by no second end, whoever writes one."""
    number = an_id("hmac")
    bound = an_admission(number, day=500)
    gone, kept = shop.payout(200, admission=bound), shop.payout(300, admission=bound)

    won = at_once(*[partial(shop.store.move, shop.canceled(gone)) for _ in range(MANY)])
    for status, end in (("created", "NULL"), ("failed", "now()")) * 2:
        _as_tenant(
            shop, f"UPDATE payouts SET status = '{status}', ended_at = {end} WHERE id = '{gone.id}'"
        )

    assert won.count(True) == 1
    assert _counted(shop, number) == [[kept.id, 300]]
    outcomes = [tried(other, bound, 200), tried(other, bound, 1)]
    assert outcomes == ["taken", "payee_amount_reached"]


def test_one_that_is_put_off_counts_on_the_day_when_it_is_to_go(shop: Shop, other: Shop) -> None:
    """Made on three days they count together; the days of the making stay free."""
    number = an_id("hmac")
    bound = an_admission(number, day=500)
    # An hour before midnight in UTC it is the next day in Douala.
    then = datetime(2026, 12, 9, 23, 30, tzinfo=UTC)
    put_off: dict[str, Any] = {"status": OutgoingStatus("scheduled"), "scheduled_at": then}

    for each, days in ((shop, 9), (other, 6)):
        made = then - timedelta(days=days)
        each.payout(250, admission=replace(bound, at=made), created_at=made, **put_off)
    made = then - timedelta(days=3)
    late = replace(bound, at=made)
    with pytest.raises(TooManyRequests, match="payee_amount_reached"):
        shop.create(1, admission=late, created_at=made, **put_off)

    assert tried(shop, late, 500, created_at=made) == "taken"
    assert tried(other, bound, 1, created_at=then + timedelta(hours=2)) == "payee_amount_reached"
    assert tried(other, bound, 500, created_at=then - timedelta(hours=1)) == "taken"


@pytest.mark.parametrize("asked", ["0", "-1", "-9000000000", "NULL"])
def test_nothing_but_francs_is_counted(shop: Shop, asked: str) -> None:
    """A tenant's role that asks for less than one moves no count."""
    number = an_id("hmac")
    with pytest.raises(DBAPIError, match="22023"):
        _as_tenant(
            shop,
            f"SELECT platform.admit_payout('{an_id('po')}', '{number}', 500, current_date, 'k',"
            f" current_date, {asked}, '{{9,9000,9,9000}}', now())",
        )

    assert _counted(shop, number) == []


def test_no_tenant_lowers_what_another_counted(shop: Shop, other: Shop) -> None:
    """Neither by a row of the same name that ends in its own table, nor past the trigger."""
    number = an_id("hmac")
    payout = shop.payout(500, admission=an_admission(number, day=500))
    copied = ", ".join(_COPIED)
    shop.database.look(
        f'INSERT INTO "{other.tenant.schema}".payouts ({copied})'
        f' SELECT {copied} FROM "{shop.tenant.schema}".payouts'
    )

    _as_tenant(other, "UPDATE payouts SET status = 'canceled', ended_at = now()")
    for sql in (
        "DELETE FROM platform.payee_amounts",
        "UPDATE platform.payee_amounts SET amount = 1",
        "SELECT platform.give_payee_back()",
        "ALTER TABLE payouts DISABLE TRIGGER not_paid",
    ):
        with pytest.raises(DBAPIError, match="42501"):
            _as_tenant(other, sql)

    assert other.column("status", "payouts") == ["canceled"]
    assert _counted(shop, number) == [[payout.id, 500]]


def _as_tenant(shop: Shop, sql: str) -> None:
    """Do and commit what a tenant's own role can write."""
    with shop.engine.connect() as connection, connection.begin():
        enter(connection, shop.tenant)
        connection.exec_driver_sql(sql)


def _counted(shop: Shop, number: str) -> list[list[Any]]:
    return shop.database.look(
        "SELECT payout_id, amount FROM platform.payee_amounts WHERE number_hmac = :number",
        number=number,
    )
