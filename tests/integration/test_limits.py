"""Limits on real PostgreSQL: exact where a phone rings, right to a tenth over processes."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Final

import pytest
from sqlalchemy import Engine

from shared.db.charges import Charges
from shared.db.directory import Directory
from shared.db.keys import Keys
from shared.db.scheduling import Schedule
from shared.db.transaction import Database as Pool
from shared.domain.account import Tenant
from shared.domain.errors import Refusal
from shared.domain.money import Money
from shared.domain.rules import Admission, Prompts, RequestRate
from tests.database import Account, Database, MakeAccount, enter, refusal_of
from tests.factories import a_charge, a_message, an_entry, an_event, moment
from tests.integration import pressing
from tests.integration.test_keys import HMAC, a_key, join
from tests.trials import Trial

DENIED: Final = "42501"
THREE: Final = Prompts(3, 600)
AT: Final = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
VALUES: Final = " DEFAULT VALUES"
NO_END: Final = 10**12


class Asking:
    """Creates charges as several merchants, each refused by a code or taken."""

    def __init__(self, engine: Engine, database: Database) -> None:
        self._pool = Pool(engine)
        self._operator_account = database.operator_account

    def __call__(self, tenant: Tenant, admission: Admission, amount: int = 100) -> str:
        changes = {"money": Money(amount), "created_at": admission.at}
        charge = a_charge(tenant, self._operator_account, **changes)
        try:
            Charges(self._pool, tenant).create(
                charge,
                event=an_event(charge),
                message=a_message(charge),
                first_check_at=moment(),
                idempotency=None,
                response="{}",
                admission=admission,
            )
        except Refusal as refusal:
            return refusal.code
        return "taken"


@pytest.fixture
def account(account_in_both_modes: Account) -> Account:
    """In both modes."""
    return account_in_both_modes


@pytest.fixture
def ask(migrated: Database) -> Iterator[Asking]:
    """Ask with sixteen connections."""
    engine = migrated.engine("app", pool_size=16)
    yield Asking(engine, migrated)
    engine.dispose()


def at_once(acts: Sequence[Callable[[], str]]) -> list[str]:
    """What each came to, sixteen at a time."""
    with ThreadPoolExecutor(16) as threads:
        return list(threads.map(lambda act: act(), acts))


def number(trial: Trial) -> str:
    """The HMAC of some number."""
    return f"{trial.chance.getrandbits(256):064x}"


def test_twenty_at_once_to_one_number_are_three(
    ask: Asking, account: Account, make_account: MakeAccount, migrated: Database, trial: Trial
) -> None:
    """Over merchants and their modes: three prompts are taken, and nothing of the others stays."""
    tenants, rounds, wrong = (account.test, make_account().test), trial.size(10, 2_000), 0
    for _ in range(rounds):
        asked = Admission(number(trial), "k", moment(), THREE)
        came = at_once([partial(ask, tenants[n % 2], asked) for n in range(20)])
        wrong += sorted(came) != ["payer_asked_too_often"] * 17 + ["taken"] * 3
    stored = [migrated.look("SELECT count(*)::int FROM charges", each)[0][0] for each in tenants]

    assert sum(stored) == 3 * rounds
    trial.record("E47 twenty prompts to one number at once", 20 * rounds, wrong=wrong)


def test_the_window_of_prompts_slides(ask: Asking, account: Account, trial: Trial) -> None:
    """A fourth prompt is taken when the first is ten minutes old, and not a second before."""
    asked = Admission(number(trial), "k", AT, THREE)
    seconds = (0, 200, 400, 599, 600, 799, 800, 999, 1000)

    came = [ask(account.test, replace(asked, at=AT + timedelta(seconds=late))) for late in seconds]

    taken = [late for late, code in zip(seconds, came, strict=True) if code == "taken"]
    assert taken == [0, 200, 400, 600, 800, 1000]


def test_modes_have_numbers_of_their_own(ask: Asking, account: Account, trial: Trial) -> None:
    """What is tried in test mode leaves live mode alone."""
    asked = Admission(number(trial), "k", moment(), THREE)

    assert [ask(account.test, asked) for _ in range(4)][3] == "payer_asked_too_often"
    assert ask(account.live, asked) == "taken"


@pytest.mark.parametrize("cap", [0, 1, 2, 3])
def test_a_day_is_full_to_the_last_charge(
    ask: Asking, account: Account, trial: Trial, cap: int
) -> None:
    """Sixty at once by three keys: as many are taken as each bound allows, none more."""
    bounds = [NO_END] * 4
    bounds[cap] = 2000 if cap % 2 else 20
    caps = (bounds[0], bounds[1], bounds[2], bounds[3])
    keys = ["k"] if cap >= 2 else ["k", "l", "m"]
    asked = [Admission(number(trial), keys[n % len(keys)], moment(), None, caps) for n in range(60)]

    came = at_once([partial(ask, account.test, each) for each in asked])

    word = ("account_count", "account_amount", "key_count", "key_amount")[cap]
    assert sorted(came) == [f"{word}_reached"] * 40 + ["taken"] * 20
    if cap >= 2:
        assert ask(account.test, replace(asked[0], key_id="other")) == "taken"
    assert ask(account.live, asked[0]) == "taken"
    assert ask(account.test, replace(asked[0], at=moment() + timedelta(days=1))) == "taken"


def test_processes_share_a_quota_to_a_tenth(account: Account, migrated: Database) -> None:
    """Real processes, each with threads, each with demand for all: 90 to 110 % pass in a window."""
    order = [sys.executable, "-m", pressing.__name__, migrated.url, str(migrated.secrets_dir)]
    pressed = [
        subprocess.Popen(  # noqa: S603 - our own module
            [*order, account.id, "1000"], stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    passed = [int(each.communicate(timeout=60)[0]) for each in pressed]

    assert 900 <= sum(passed) <= 1100


def test_a_rule_that_cannot_be_read_is_not_stored(migrated: Database) -> None:
    """A person's slip at three in the morning stops no request."""
    owner = migrated.engine("owner", pool_size=1)
    insert = (
        "INSERT INTO platform.dated_rules (id, kind, valid_from, data)"
        " VALUES ('slip', '{}', now(), '{}')"
    )
    slips = {
        "requests": ['{"account": 10, "key": 10}', '{"account": 0, "key": 1, "seconds": 1}'],
        "prompts": ['{"most": 21, "seconds": 600}', '{"most": 3}', "[]", "3"],
        "velocity_charge": ['{"account_count": 5}'],
        "request": ["{}"],
    }
    with owner.connect() as connection, connection.begin():
        refused = [
            refusal_of(connection, insert.format(kind, data))
            for kind, datas in slips.items()
            for data in datas
        ]
        right = refusal_of(connection, insert.format("prompts", '{"most": 5, "seconds": 60}'))
    owner.dispose()

    assert refused == ["23514"] * len(refused)
    assert right is None


def test_an_accounts_own_rule_wins_and_a_later_one_over_it(
    account: Account, make_account: MakeAccount, migrated: Database, app_engine: Engine
) -> None:
    """The newest of the account's own; what begins tomorrow does not hold yet; nobody else's."""
    directory = Directory(Pool(app_engine))
    before = directory.find_rules(account.live, now=moment())
    migrated.rule(account.id, "prompts", {"most": 5, "seconds": 60}, livemode=True)

    found = directory.find_rules(account.live, now=moment())

    assert (before.prompts, found.prompts) == (THREE, Prompts(5, 60))
    assert found.requests == before.requests == RequestRate(1000, 800, 10)
    early = moment() - timedelta(hours=2)
    assert directory.find_rules(account.live, now=early).prompts == THREE
    assert directory.find_rules(make_account(live=True).live, now=moment()).prompts == THREE
    assert directory.find_rules(account.test, now=moment()).prompts is None


def test_a_rotated_key_is_no_newcomer(
    account: Account, migrated: Database, app_engine: Engine
) -> None:
    """The new key is as old as the first of its line; one that a key made begins anew."""
    keys, directory = Keys(Pool(app_engine), account.test), Directory(Pool(app_engine))
    old, owner = moment() - timedelta(days=30), join(migrated, account.id)
    line = [a_key(account.test, created_at=old), a_key(account.test), a_key(account.test)]
    keys.add(line[0], HMAC, maker=owner, most=100, entry=an_entry())
    for before, after in pairwise(line):
        until = moment() + timedelta(days=1)
        assert keys.replace(before.id, after, HMAC, maker=owner, until=until, entry=an_entry())
    alone = a_key(account.test)
    keys.add(alone, HMAC, maker=owner, most=100, entry=an_entry())

    found = [directory.find_key(key.id) for key in (*line, alone)]

    assert [known and known.caller.key_since for known in found] == [old] * 3 + [alone.created_at]


def test_a_tenant_reaches_counters_only_by_asking(account: Account, app_engine: Engine) -> None:
    """It reads no number, writes no count, and calls one function, in its own name."""
    tables = ("rate_counters", "payer_numbers", "velocity_counters", "payee_amounts")
    with app_engine.connect() as connection, connection.begin() as transaction:
        enter(connection, account.test)
        refused = [
            refusal_of(connection, f"{verb} platform.{table}{rest}")
            for table in tables
            for verb, rest in (("SELECT FROM", ""), ("DELETE FROM", ""), ("INSERT INTO", VALUES))
        ]
        transaction.rollback()

    assert refused == [DENIED] * 12


def test_old_counts_are_purged(migrated: Database) -> None:
    """Of numbers and counters nothing stays for more than days; a block stays while it holds."""
    worker = migrated.engine("worker", pool_size=1)
    migrated.look(
        "INSERT INTO platform.payer_numbers (number_hmac, livemode, times, blocked_until) VALUES"
        " ('purge-old', false, ARRAY[now() - interval '3 days'], NULL),"
        " ('purge-new', false, ARRAY[now()], NULL),"
        " ('purge-blocked', false, '{}', 'infinity'), ('purge-free', false, '{}', now())"
    )
    migrated.look(
        "INSERT INTO platform.velocity_counters (tenant, kind, day, key_id, slot, count, amount)"
        " SELECT 'purge', 'charge', current_date - n, 'k', 0, 1, 1 FROM unnest(ARRAY[0, 9]) n"
    )
    migrated.look(
        "INSERT INTO platform.payee_amounts (tenant, payout_id, number_hmac, livemode, day, amount)"
        " SELECT 'purge', 'po_' || n, 'n', true, current_date - n, 1 FROM unnest(ARRAY[-90, 9]) n"
    )
    migrated.look(
        "INSERT INTO platform.rate_counters VALUES ('purge', 0, 1, 1, 1),"
        " ('purge', extract(epoch FROM now())::bigint, 1, 1, 1)"
    )

    Schedule(Pool(worker)).purge(500)
    worker.dispose()

    look = migrated.look
    left = look("SELECT number_hmac FROM platform.payer_numbers WHERE number_hmac LIKE 'purge%'")
    assert {name for [name] in left} == {"purge-new", "purge-blocked"}
    subjects = ("velocity_counters", "tenant"), ("payee_amounts", "tenant")
    for table, column in (*subjects, ("rate_counters", "subject")):
        [[count]] = look(f"SELECT count(*) FROM platform.{table} WHERE {column} = 'purge'")
        assert count == 1
