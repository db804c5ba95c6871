"""Keys on real PostgreSQL: one account's and mode's own, and one winner of every race."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network

import pytest
from sqlalchemy import Engine

from shared.db.directory import Directory
from shared.db.keys import Keys
from shared.db.transaction import Database as Pool
from shared.domain.account import Tenant
from shared.domain.api_key import ApiKey, KeyKind
from shared.domain.people import Duty, Member
from shared.operations.stored_keys import StoredKey
from tests.database import Account, Database, MakeAccount
from tests.factories import an_entry, moment

HMAC = b"h" * 32
NGONO = "3f0c8a52-6f0e-4a39-9d5b-7d0f6a1f2b11"


def a_key(tenant: Tenant, **changed: object) -> StoredKey:
    """A restricted key of a tenant."""
    made = ApiKey.generate(KeyKind.RESTRICTED, livemode=tenant.livemode)
    values: dict[str, object] = {
        "id": made.id,
        "kind": made.kind,
        "livemode": made.livemode,
        "last4": made.last4,
        "scopes": ("charges:read", "events:read"),
        "created_at": moment(),
        **changed,
    }
    return StoredKey(**values)  # type: ignore[arg-type]  # by name


@pytest.fixture
def account(account_in_both_modes: Account) -> Account:
    """Both modes have keys."""
    return account_in_both_modes


@pytest.fixture
def keys(app_engine: Engine, account: Account) -> Keys:
    """The keys of an account's test mode."""
    return Keys(Pool(app_engine), account.test)


@pytest.fixture
def owner(account: Account, migrated: Database) -> Member:
    """A person who may make keys in the account."""
    return join(migrated, account.id)


def join(database: Database, account: str, duty: Duty = Duty.OWNER) -> Member:
    """Make a person a member."""
    database.look(
        "INSERT INTO platform.members (account_id, person, email, language, duty)"
        " VALUES (:account, :person, 'ngono@shop.example', 'fr', :duty)",
        account=account, person=NGONO, duty=duty.value,
    )  # fmt: skip
    return Member(account, NGONO, duty)


def test_a_key_is_read_as_it_was_stored(
    keys: Keys, account: Account, migrated: Database, owner: Member
) -> None:
    """Every field comes back, and the HMAC goes in without ever coming out."""
    now = moment()
    key = a_key(
        account.test,
        name="Caisse n° 1",
        made_by="key_0123456789",
        expires_at=now + timedelta(days=30),
        allowed_from=("192.0.2.0/24", "2001:db8::/64"),
    )
    assert keys.add(key, HMAC, maker=owner, most=100, entry=an_entry())

    assert keys.find(key.id) == key
    [[stored]] = migrated.look(
        "SELECT secret_hmac FROM platform.api_keys WHERE id = :id", id=key.id
    )
    assert bytes(stored) == HMAC


def test_keys_of_others_are_not_there(
    keys: Keys, account: Account, make_account: MakeAccount, app_engine: Engine, owner: Member
) -> None:
    """Neither another account nor the other mode sees, rotates, narrows or revokes a key."""
    key = a_key(account.test)
    keys.add(key, HMAC, maker=owner, most=100, entry=an_entry())
    for tenant in (account.live, make_account().test):
        other = Keys(Pool(app_engine), tenant)
        other.revoke(key.id, review_by=moment(), entry=an_entry())

        assert other.find(key.id) is None
        assert key not in other.page(limit=100, after=None)
        assert not other.narrow(key, scopes=["events:read"], ranges=[], entry=an_entry())
        assert not other.replace(
            key.id, a_key(tenant), HMAC, maker=owner, until=moment(), entry=an_entry()
        )
    assert keys.find(key.id) == key


def test_pages_follow_one_another(keys: Keys, account: Account, owner: Member) -> None:
    """Newest first, keys of one moment in the order of their ids, each once."""
    now = moment()
    made = [a_key(account.test, created_at=now + timedelta(days=n // 2)) for n in range(4)]
    for key in made:
        keys.add(key, HMAC, maker=owner, most=100, entry=an_entry())
    expected = sorted(made, key=lambda key: (key.created_at, key.id), reverse=True)
    first = keys.page(limit=3, after=None)
    second = keys.page(limit=3, after=first[-1].id)

    assert list(first) == expected[:3]
    assert second[0] == expected[3]
    assert {key.kind for key in second[1:]} == {KeyKind.SECRET, KeyKind.PUBLISHABLE}
    assert keys.page(limit=3, after="0000000000") == []


def test_only_keys_that_work_are_counted(keys: Keys, account: Account, owner: Member) -> None:
    """Revoked and expired keys leave their place to others; exactly one of two takes the last."""
    expired = a_key(account.test, expires_at=moment() - timedelta(seconds=1))
    revoked, third = a_key(account.test), a_key(account.test)
    assert keys.add(expired, HMAC, maker=owner, most=3, entry=an_entry())
    assert keys.add(revoked, HMAC, maker=owner, most=3, entry=an_entry())
    assert not keys.add(third, HMAC, maker=owner, most=3, entry=an_entry())
    keys.revoke(revoked.id, review_by=moment(), entry=an_entry())
    with ThreadPoolExecutor(2) as pool:
        rivals = [a_key(account.test) for _ in range(2)]
        taken = list(
            pool.map(lambda key: keys.add(key, HMAC, maker=owner, most=3, entry=an_entry()), rivals)
        )

    assert sorted(taken) == [False, True]


def test_one_of_two_rotations_wins(keys: Keys, account: Account, owner: Member) -> None:
    """A key has one successor, also when two ask at once; the loser's key was never stored."""
    old = a_key(account.test)
    keys.add(old, HMAC, maker=owner, most=100, entry=an_entry())
    until = moment() + timedelta(hours=1)
    rivals = [a_key(account.test) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        won = list(
            pool.map(
                lambda key: keys.replace(
                    old.id, key, HMAC, maker=owner, until=until, entry=an_entry()
                ),
                rivals,
            )
        )
    left = keys.find(old.id)
    winner, loser = rivals if won[0] else reversed(rivals)

    assert sorted(won) == [False, True]
    assert left is not None
    assert (left.rotated_to, left.overlap_until) == (winner.id, until)
    assert keys.find(winner.id) == winner
    assert keys.find(loser.id) is None


@pytest.mark.parametrize("end", ["revoked_at", "review_by"])
def test_what_has_ended_has_no_successor(
    keys: Keys, account: Account, owner: Member, migrated: Database, end: str
) -> None:
    """A key that was revoked, or not reviewed in time, is not rotated."""
    old = a_key(account.test, made_by="key_0123456789")
    keys.add(old, HMAC, maker=owner, most=100, entry=an_entry())
    migrated.look(
        f"UPDATE platform.api_keys SET {end} = now() - interval '1 day' WHERE id = :id", id=old.id
    )

    assert not keys.replace(
        old.id, a_key(account.test), HMAC, maker=owner, until=moment(), entry=an_entry()
    )


def test_revoking_has_what_the_key_made_reviewed(
    keys: Keys, account: Account, owner: Member
) -> None:
    """The first revocation counts, and reaches what this maker made, and what that made."""
    now = moment()
    maker, stranger = a_key(account.test), a_key(account.test)
    child = a_key(account.test, made_by=f"key_{maker.id}")
    grandchild = a_key(account.test, made_by=f"key_{child.id}")
    for key in (maker, stranger, child, grandchild):
        keys.add(key, HMAC, maker=owner, most=100, entry=an_entry())
    keys.revoke(maker.id, review_by=now + timedelta(days=7), entry=an_entry(now))
    keys.revoke(
        maker.id, review_by=now + timedelta(days=8), entry=an_entry(now + timedelta(days=1))
    )
    found = [keys.find(key.id) for key in (maker, stranger, child, grandchild)]

    week = now + timedelta(days=7)
    assert [key and key.revoked_at for key in found] == [now, None, None, None]
    assert [key and key.review_by for key in found] == [None, None, week, week]


def test_people_hear_of_new_keys_and_of_those_under_review(
    keys: Keys, account: Account, owner: Member, migrated: Database
) -> None:
    """A key that somebody else made is found out; what changed nothing is not told."""
    now = moment()
    maker = a_key(account.test)
    child = a_key(account.test, made_by=f"key_{maker.id}")
    for key in (maker, child):
        keys.add(key, HMAC, maker=owner, most=100, entry=an_entry())
    assert not keys.add(a_key(account.test), HMAC, maker=owner, most=1, entry=an_entry())
    for _ in range(2):
        keys.revoke(maker.id, review_by=now, entry=an_entry(now))

    told = migrated.look(
        "SELECT n.kind, n.data FROM platform.notifications n"
        " JOIN platform.outbox o ON o.object_id = n.id WHERE n.account_id = :id ORDER BY n.id",
        id=account.id,
    )
    made = [{"key": f"key_{key.id}", "ending": key.last4} for key in (maker, child)]
    review = {"keys": f"key_{child.id}", "review_by": now.isoformat()}
    assert sorted(told, key=str) == sorted(
        [*(["key_made", data] for data in made), ["keys_under_review", review]], key=str
    )


@pytest.mark.parametrize("change", ["ended_at = now()", "duty = 'viewer'"])
def test_what_a_person_made_is_reviewed_to_the_last(
    keys: Keys, account: Account, owner: Member, migrated: Database, change: str
) -> None:
    """The keys of somebody who left, or may do less, and what those made, in both modes, once."""
    first = a_key(account.test, made_by=NGONO)
    second = a_key(account.test, made_by=f"key_{first.id}")
    live, stranger = a_key(account.live, made_by=NGONO), a_key(account.test, made_by="key_12345")
    lived = Keys(keys._database, account.live)
    for key in (first, second, stranger):
        assert keys.add(key, HMAC, maker=owner, most=100, entry=an_entry())
    assert lived.add(live, HMAC, maker=owner, most=100, entry=an_entry())

    migrated.look(f"UPDATE platform.members SET {change} WHERE account_id = :id", id=account.id)

    week = moment() + timedelta(days=7)
    for found in (keys.find(first.id), keys.find(second.id), lived.find(live.id)):
        assert found is not None
        assert found.review_by is not None
        assert abs(found.review_by - week) < timedelta(minutes=1)
    left = keys.find(stranger.id)
    assert left is not None
    assert left.review_by is None
    assert not keys.add(a_key(account.test), HMAC, maker=owner, most=100, entry=an_entry())
    assert not keys.replace(
        stranger.id, a_key(account.test), HMAC, maker=owner, until=week, entry=an_entry()
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda keys, key: keys.revoke(key.id, review_by=moment(), entry=an_entry()),
        lambda keys, key: keys.narrow(key, scopes=["events:read"], ranges=[], entry=an_entry()),
        lambda keys, key: keys.replace(
            key.id,
            replace(key, id="s" * 10),
            HMAC,
            maker=key,
            until=moment() + timedelta(1),
            entry=an_entry(),
        ),
    ],
    ids=["revoked", "narrowed", "rotated"],
)
def test_a_key_that_changed_makes_no_others(
    keys: Keys, account: Account, change: Callable[[Keys, StoredKey], object], owner: Member
) -> None:
    """Whatever comes between reading the maker and storing its key: nothing is stored."""
    maker, other = a_key(account.test, made_by="usr_1"), a_key(account.test)
    for key in (maker, other):
        assert keys.add(key, HMAC, maker=owner, most=100, entry=an_entry())
    change(keys, maker)
    made, until = a_key(account.test), moment() + timedelta(hours=1)

    assert not keys.add(made, HMAC, maker=maker, most=100, entry=an_entry())
    assert not keys.replace(other.id, made, HMAC, maker=maker, until=until, entry=an_entry())
    assert keys.find(made.id) is None
    assert keys.find(other.id) == other


def test_a_maker_that_stands_makes_and_rotates_itself(
    keys: Keys, account: Account, owner: Member
) -> None:
    """A key as it was read makes another and gives itself a successor."""
    maker = a_key(account.test, allowed_from=("192.0.2.0/24", "2001:db8::/64"))
    keys.add(maker, HMAC, maker=owner, most=100, entry=an_entry())
    successor = replace(maker, id=a_key(account.test).id)

    assert keys.add(a_key(account.test), HMAC, maker=maker, most=100, entry=an_entry())
    assert keys.replace(
        maker.id, successor, HMAC, maker=maker, until=moment() + timedelta(1), entry=an_entry()
    )
    assert keys.find(successor.id) == successor


def test_a_rotation_gives_no_more_than_the_old_key_has(
    keys: Keys, account: Account, owner: Member
) -> None:
    """A key that was narrowed since it was read has no successor with what it had."""
    old = a_key(account.test)
    keys.add(old, HMAC, maker=owner, most=100, entry=an_entry())
    keys.narrow(old, scopes=["events:read"], ranges=[], entry=an_entry())
    until = moment() + timedelta(hours=1)

    assert not keys.replace(
        old.id, a_key(account.test), HMAC, maker=owner, until=until, entry=an_entry()
    )


def test_a_key_made_while_its_maker_is_revoked_is_reviewed(
    keys: Keys, account: Account, owner: Member
) -> None:
    """Whichever comes first: the key was not made, or it is under review."""
    for _ in range(20):
        maker = a_key(account.test)
        keys.add(maker, HMAC, maker=owner, most=1_000, entry=an_entry())
        child = a_key(account.test, made_by=f"key_{maker.id}")
        with ThreadPoolExecutor(2) as pool:
            added = pool.submit(keys.add, child, HMAC, maker=maker, most=1_000, entry=an_entry())
            pool.submit(keys.revoke, maker.id, review_by=moment(), entry=an_entry()).result()
        found = keys.find(child.id)

        assert (found is not None) is added.result()
        assert found is None or found.review_by is not None


def test_a_key_is_narrowed_as_it_was_read(keys: Keys, account: Account, owner: Member) -> None:
    """Scopes and networks change together, and not where somebody changed them before."""
    key = a_key(account.test)
    keys.add(key, HMAC, maker=owner, most=100, entry=an_entry())

    assert keys.narrow(key, scopes=["events:read"], ranges=["192.0.2.0/24"], entry=an_entry())
    assert not keys.narrow(key, scopes=["charges:read"], ranges=[], entry=an_entry())
    found = keys.find(key.id)
    assert found is not None
    assert (found.scopes, found.allowed_from) == (("events:read",), ("192.0.2.0/24",))


def test_a_revoked_key_is_not_found_at_the_door(
    keys: Keys, account: Account, app_engine: Engine, owner: Member
) -> None:
    """Sign-in knows a new key at once and a revoked one no more."""
    key, directory = a_key(account.test), Directory(Pool(app_engine))
    keys.add(key, HMAC, maker=owner, most=100, entry=an_entry())
    before = directory.find_key(key.id)
    keys.revoke(key.id, review_by=moment(), entry=an_entry())

    assert before is not None
    assert before.caller.scopes == {"charges:read", "events:read"}
    assert directory.find_key(key.id) is None


def test_what_bounds_a_key_is_known_at_the_door(
    keys: Keys, account: Account, app_engine: Engine, owner: Member
) -> None:
    """Sign-in is told the earliest of a key's ends, and its networks."""
    now = moment()
    directory = Directory(Pool(app_engine))
    key = a_key(account.test, expires_at=now + timedelta(days=2), allowed_from=("192.0.2.0/24",))
    keys.add(key, HMAC, maker=owner, most=100, entry=an_entry())
    first = directory.find_key(key.id)
    successor = a_key(account.test, allowed_from=key.allowed_from)
    keys.replace(
        key.id, successor, HMAC, maker=owner, until=now + timedelta(days=1), entry=an_entry()
    )
    second = directory.find_key(key.id)

    assert first is not None
    assert second is not None
    assert (first.ends_at, second.ends_at) == (now + timedelta(days=2), now + timedelta(days=1))
    assert first.allowed_from == (ip_network("192.0.2.0/24"),)


def test_a_use_is_kept_once_a_minute(
    keys: Keys, account: Account, app_engine: Engine, migrated: Database, owner: Member
) -> None:
    """The first use is kept, one soon after is not, and a row that somebody holds is left alone."""
    key, directory = a_key(account.test), Directory(Pool(app_engine))
    keys.add(key, HMAC, maker=owner, most=100, entry=an_entry())

    def used() -> object:
        found = keys.find(key.id)
        return found and found.last_used_at

    directory.note_use([key.id, "0000000000"])
    first = used()
    directory.note_use([key.id])
    assert first is not None
    assert used() == first

    migrated.look(
        "UPDATE platform.api_keys SET last_used_at = now() - interval '61 s' WHERE id = :id",
        id=key.id,
    )
    waiting = used()
    with app_engine.connect() as connection, connection.begin() as transaction:
        connection.exec_driver_sql(
            f"SELECT id FROM platform.api_keys WHERE id = '{key.id}' FOR NO KEY UPDATE"
        )
        directory.note_use([key.id])
        transaction.rollback()
    assert used() == waiting
    directory.note_use([key.id])
    assert used() not in {waiting, first}
