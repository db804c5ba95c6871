"""An owner's settlement rule through the doors: set, sealed, paid once at its moment, ended."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from pg8000.native import Connection

from shared.db.accounts import PostgresAccounts
from shared.db.test_data import delete_test_data
from shared.domain.account_access import US
from shared.domain.audit import Origin
from shared.domain.events import SETTLEMENT_DUE
from tests.database import Database
from tests.factories import moment
from tests.functions.door import Door, Reply
from tests.functions.realm import Realm
from tests.functions.team import Team
from tests.functions.till import PAYER, Till

PATH = "/v1/account/settlement"
Ask = Callable[..., Reply]


@pytest.fixture
def ask(till: Till, door: Callable[[str], Door], realm: Realm, superuser: Connection) -> Ask:
    """Ask as a member of the shop who signed in a moment ago."""
    team = Team(superuser)
    people = {duty: team.join(till.account.id, duty) for duty in ("owner", "developer", "viewer")}

    def ask(body: Any = None, path: str = PATH, duty: str = "owner", ago: int = 0) -> Reply:
        headers = {"Pay-Account": till.account.id, "Pay-Mode": "test"}
        token = realm.token(people[duty], signed_in_ago=ago)
        method = "GET" if body is None else "POST"
        return door("manage_account").call(method, path, body, key=token, headers=headers)

    return ask


def _rule(**changes: Any) -> dict[str, Any]:
    destination = {"type": "mobile_money", "phone": f"+{PAYER}", "name": "Marie"}
    return {"destination": destination, "every": "daily", "hour": 18} | changes


def _due(till: Till) -> dict[str, Any]:
    (row,) = till.rows.platform("due_work", "kind = 'settlement' AND done_at IS NULL")
    return row


def _age(till: Till) -> None:
    """Let the rule be of last week: its last moment is one of its own."""
    till.rows.run(
        "UPDATE platform.settlement_rules SET set_at = set_at - interval '7 days'"
        " WHERE account_id = :id",
        id=till.account.id,
    )


def _settle(till: Till, rule: str) -> int:
    return till.push("create_settlement", till.message(SETTLEMENT_DUE, rule)).status


def test_what_is_available_is_paid_once_for_its_moment(till: Till, ask: Ask) -> None:
    """However often the message comes; it goes the way of all payouts, less what is kept back."""
    till.fund(10_000)
    rule = ask(_rule(keep_back=1000)).json
    first_due = _due(till)["due_at"]
    early = _settle(till, rule["id"])
    nothing_yet = till.balances()
    _age(till)

    statuses = [_settle(till, rule["id"]) for _ in range(3)]

    (payout,) = till.rows.of("payouts")
    (message,) = till.rows.platform("outbox", "topic = 'payout-ready'")
    assert (early, statuses, nothing_yet) == (204, [204] * 3, {"available": -10_000})
    assert (payout["amount"], payout["phone"]) == (9000, f"+{PAYER}")
    assert message["object_id"] == payout["id"]
    assert till.balances() == {"available": -1000, "held": -9000}
    assert datetime.now(UTC) < first_due == _due(till)["due_at"]


def test_a_suspended_account_settles_nothing(till: Till, ask: Ask) -> None:
    """Its rule stands and its next moment is waited for."""
    till.fund(10_000)
    rule = ask(_rule()).json
    _age(till)
    till.rows.run(
        "UPDATE platform.accounts SET state = 'suspended' WHERE id = :id", id=till.account.id
    )

    assert _settle(till, rule["id"]) == 204
    assert till.balances() == {"available": -10_000}
    assert ask(_rule()).status == 403
    assert till.rows.platform("cases") == []


def test_the_number_stands_nowhere_in_plain(till: Till, ask: Ask) -> None:
    """Sealed in the platform's table, masked in the answer and in the chain."""
    rule = ask(_rule()).json
    (stored,) = till.rows.platform("settlement_rules")
    told = till.rows.of("audit_entries", "action = 'settlement.set'")

    assert rule["destination"]["phone"] == "+2376****01"
    assert ask().json == rule
    assert len(told) == 1
    for number in (PAYER, PAYER.removeprefix("237"), "Marie"):
        assert number not in str(stored)
    assert PAYER not in str(told)


def test_the_last_word_holds_until_it_is_ended(till: Till, ask: Ask) -> None:
    """One rule and one due row at a time; what has ended pays nobody, whoever asks."""
    till.fund(10_000)
    first = ask(_rule()).json
    second = ask(_rule(every="weekly", weekday=2, hour=6)).json
    _age(till)
    stale = _settle(till, first["id"])
    due = _due(till)["object_id"]
    ended = ask({}, f"{PATH}/end")

    assert (stale, due, ended.json["id"]) == (204, second["id"], second["id"])
    assert _settle(till, second["id"]) == 204
    assert till.rows.of("payouts") == []
    assert till.rows.platform("due_work", "kind = 'settlement' AND done_at IS NULL") == []
    assert (ask().status, ask({}, f"{PATH}/end").status) == (404, 404)


def test_a_rule_keeps_no_account_open_and_ends_with_it(
    till: Till, ask: Ask, migrated: Database
) -> None:
    """It is no work that is under way; of a closed account it pays nobody."""
    ask(_rule())
    owner = migrated.engine("owner", pool_size=1)
    with PostgresAccounts(owner).change(till.account.id) as change:
        unsettled = change.unsettled()
        change.end_access(datetime.now(UTC))
    owner.dispose()

    (stored,) = till.rows.platform("settlement_rules")
    assert "due_work" not in unsettled
    assert stored["ended_at"] is not None
    assert till.rows.platform("due_work", "kind = 'settlement' AND done_at IS NULL") == []


def test_of_several_who_set_it_at_once_the_last_word_holds(till: Till, ask: Ask) -> None:
    """Each is answered, and one rule and one due row stand."""
    with ThreadPoolExecutor(6) as crowd:
        statuses = list(crowd.map(lambda hour: ask(_rule(hour=hour)).status, range(6)))

    standing = till.rows.platform("settlement_rules", "ended_at IS NULL")
    assert statuses == [200] * 6
    assert [row["id"] for row in standing] == [_due(till)["object_id"]]


def test_it_goes_on_when_the_test_data_is_deleted(till: Till, ask: Ask, migrated: Database) -> None:
    """How the account is set up stays: a rule that stands is woken at its next moment."""
    ask(_rule())
    before = _due(till)
    owner = migrated.engine("owner", pool_size=1)
    delete_test_data(owner, till.account.test, Origin(US, moment()))
    owner.dispose()

    assert _due(till) == before


def test_an_owner_alone_sets_it_freshly_signed_in(
    till: Till, ask: Ask, door: Callable[[str], Door]
) -> None:
    """No key, no other duty; whoever looks at the account may read it."""
    by_key = door("manage_account").post(PATH, _rule(), key=till.account.secret_key)
    by_developer, stale = ask(_rule(), duty="developer"), ask(_rule(), ago=4000)
    ask(_rule())

    assert (by_key.status, by_developer.status, stale.status) == (403, 403, 403)
    assert stale.error["code"] == "step_up_required"
    assert ask(duty="viewer", ago=4000).status == 200
    assert len(till.rows.platform("settlement_rules")) == 1
