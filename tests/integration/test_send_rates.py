"""How much an operator account is asked for in a second, on real PostgreSQL, by real processes."""

import math
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

import pytest
from sqlalchemy import Engine

from shared.db.breakers import Breakers
from shared.db.transaction import Database as Pool
from shared.domain.breaker import Circuit, Guarded, Tally
from shared.domain.phone import Operator
from tests.database import Account, Database, enter, refusal_of
from tests.factories import an_id
from tests.integration import sending
from tests.simulator_process import wait_until

DENIED: Final = "42501"
CIRCUIT: Final = Circuit(Operator.MTN, "send-rates.example", Guarded.REQUEST_PAYMENT)
SECONDS: Final = 4


class Wallets:
    """Operator accounts of one merchant, with rules of its own."""

    def __init__(self, account: Account, database: Database) -> None:
        self.account, self.database = account, database

    def wallet(self, product: str = "disbursement", operator: str = "mtn") -> str:
        """A new one in the test mode; return its id."""
        wallet = an_id("opa")
        self.database.look(
            "INSERT INTO platform.operator_accounts (id, owner, operator, product, livemode,"
            " base_url, target_environment, currency, credentials) VALUES (:id, :owner, :operator,"
            " :product, false, 'http://x', 'x', 'XAF', 'x')",
            id=wallet,
            owner=self.account.id,
            operator=operator,
            product=product,
        )
        return wallet

    def rule(self, per_second: int, product: str = "disbursement") -> None:
        """Bound this merchant's wallets of a product."""
        data = {"product": product, "per_second": per_second}
        self.database.rule(self.account.id, "send_rate", data)

    def rate(self, wallet: str) -> Any:
        """What holds for one now."""
        return self.database.look("SELECT platform.send_rate_of(:id)", id=wallet)[0][0]


@pytest.fixture
def wallets(account: Account, migrated: Database) -> Wallets:
    """A merchant of each test's own."""
    return Wallets(account, migrated)


@pytest.fixture
def breakers(app_engine: Engine) -> Breakers:
    """The rows of all processes, as the functions' login sees them."""
    return Breakers(Pool(app_engine))


def in_one_second(act: Callable[[], list[Any]]) -> list[Any]:
    """What a few statements return that all lie in one second; once more where they did not."""
    while True:
        wait_until(lambda: time.time() % 1 < 0.1, what="a second that begins")
        second = int(time.time())
        found = act()
        if int(time.time()) == second:
            return found


@pytest.mark.parametrize("rate", [7, 200])
def test_processes_share_a_rate_to_a_tenth(wallets: Wallets, rate: int) -> None:
    """Three processes, each with demand for all: 90 to 110 % go, second by second.

    What a thread was given at the end of a second it may come to use in the next.
    """
    wallet = wallets.wallet()
    wallets.rule(rate)
    database = wallets.database
    order = [sys.executable, "-m", sending.__name__, database.url, str(database.secrets_dir)]
    senders = [
        subprocess.Popen(  # noqa: S603 - our own module
            [*order, wallet], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    for sender in senders:
        assert sender.stdout is not None
        assert sender.stdout.readline() == "ready\n"
    begins = math.ceil(time.time()) + 1
    came: list[float] = []
    for sender in senders:
        assert sender.stdin is not None
        sender.stdin.write(f"{begins} {begins + SECONDS - 0.05}\n")
        sender.stdin.flush()
    for sender in senders:
        came += map(float, sender.communicate(timeout=60)[0].split())

    by_second = Counter(int(moment) for moment in came)
    assert 0.9 * rate * SECONDS <= len(came) <= 1.1 * rate * SECONDS
    assert max(by_second.values()) <= 1.1 * rate + len(senders) * sending.THREADS


def test_one_look_tells_of_breaker_and_rate(wallets: Wallets, breakers: Breakers) -> None:
    """A quarter of what is left, then less; one while any is left, then none; of that second."""
    wallet = wallets.wallet()
    wallets.rule(10)

    asked = ((1, 1), (1, 9), (0, 9), (1, 9), (0, 1), (4, 9), (0, 9), (1, 9))

    given = in_one_second(
        lambda: [
            breakers.lease_sends(CIRCUIT, wallet, needed=needed, wished=wished)
            for needed, wished in asked
        ]
    )

    assert {standing.is_open for standing, _ in given} == {False}
    # Of ten are left: 10, 9, 7, 6, 5, 4, none.
    assert [lease.granted for _, lease in given] == [1, 2, 1, 1, 1, 4, 0, 0]
    assert all(0 < lease.seconds <= 1 for _, lease in given)


def test_an_open_breaker_is_told_with_the_lease(wallets: Wallets, breakers: Breakers) -> None:
    """What is asked in one round trip says the same as what was asked alone."""
    breakers.note(CIRCUIT, Tally(0, 5, 5), is_trial=False)

    standing, lease = breakers.lease_sends(CIRCUIT, wallets.wallet(), needed=1, wished=1)

    assert standing.opened_at == breakers.standing(CIRCUIT).opened_at is not None
    assert 0 < (standing.trial_in or 0) <= 10
    assert lease.granted == 1


def test_wallets_have_rates_of_their_own(wallets: Wallets, breakers: Breakers) -> None:
    """What one is asked for leaves another alone, of the same merchant and operator too."""
    first, second = wallets.wallet(), wallets.wallet("collection")
    wallets.rule(1)
    wallets.rule(1, "collection")

    given = in_one_second(
        lambda: [
            breakers.lease_sends(CIRCUIT, each, needed=1, wished=1)[1].granted
            for each in (first, first, second)
        ]
    )

    assert given == [1, 0, 1]


def test_an_accounts_own_rule_wins_and_a_later_one_over_it(wallets: Wallets) -> None:
    """For its own wallets of that product alone; what begins tomorrow does not hold yet."""
    money_out, money_in = wallets.wallet(), wallets.wallet("collection")
    orange = wallets.wallet("core", "orange")
    assert [wallets.rate(each) for each in (money_out, money_in, orange)] == [1000] * 3
    wallets.rule(9)
    wallets.rule(3, "core")
    wallets.database.look(
        "INSERT INTO platform.dated_rules (id, kind, account_id, valid_from, data) VALUES (:id,"
        " 'send_rate', :account, now() + interval '1 day',"
        ' \'{"product": "disbursement", "per_second": 5}\')',
        id=an_id("rule"),
        account=wallets.account.id,
    )

    assert [wallets.rate(each) for each in (money_out, money_in, orange)] == [9, 1000, 3]
    assert wallets.rate(wallets.database.paying_account) == 1000


def test_every_live_contract_is_bounded(migrated: Database) -> None:
    """By rules that the migration brings, one for each operator and product."""
    found = migrated.look(
        "SELECT operator, data->>'product', (data->>'per_second')::int FROM platform.dated_rules"
        " WHERE kind = 'send_rate' AND livemode AND account_id IS NULL ORDER BY 1, 2"
    )

    assert found == [
        ["mtn", "collection", 50],
        ["mtn", "disbursement", 20],
        ["orange", "core", 50],
        ["orange", "web", 50],
    ]


@pytest.mark.parametrize(
    "data",
    [
        "{}",
        '{"per_second": 5}',
        '{"product": "collection"}',
        '{"product": "collection", "per_second": 0}',
        '{"product": "collections", "per_second": 5}',
    ],
)
def test_a_rule_that_cannot_be_read_is_not_stored(migrated: Database, data: str) -> None:
    """A person's slip stops nothing, and lets nothing through."""
    owner = migrated.engine("owner", pool_size=1)
    with owner.connect() as connection, connection.begin():
        refused = refusal_of(
            connection,
            "INSERT INTO platform.dated_rules (id, kind, valid_from, data)"
            f" VALUES ('slip', 'send_rate', now(), '{data}')",
        )
    owner.dispose()

    assert refused == "23514"


@pytest.mark.parametrize(("per_second", "released"), [(10, 24), (5, 12), (1, 2), (1000, 30)])
def test_a_batch_leaves_a_fifth_to_all_else(
    wallets: Wallets, per_second: int, released: int
) -> None:
    """Three seconds of four fifths of the rate at most, however fast batches may go."""
    wallet = wallets.wallet()
    wallets.rule(per_second)
    look = wallets.database.look

    [[granted]] = look("SELECT platform.take_payout_rate(:id, 500, 0)", id=wallet)

    assert granted == released
    [[seconds]] = look(
        "SELECT extract(epoch FROM used_until - now())::float8 FROM platform.payout_rates"
        " WHERE operator_account_id = :id",
        id=wallet,
    )
    assert 0 < seconds <= 3


def test_nobody_moves_the_count_by_hand(wallets: Wallets, app_engine: Engine) -> None:
    """A tenant neither counts nor looks; the login behind it counts by one function alone."""
    wallet, table = wallets.wallet(), "platform.send_rates"
    moves = [f"UPDATE {table} SET taken = 0", f"DELETE FROM {table}", f"SELECT FROM {table}"]
    asked = [f"SELECT platform.take_sends('{wallet}', 1, 1)", "SELECT platform.send_rate_of('x')"]
    with app_engine.connect() as connection, connection.begin() as transaction:
        login = [refusal_of(connection, sql) for sql in (*moves, *asked)]
        enter(connection, wallets.account.test)
        tenant = [refusal_of(connection, sql) for sql in (*moves, *asked)]
        transaction.rollback()

    assert login == [DENIED] * 3 + [None, DENIED]
    assert tenant == [DENIED] * 5
