"""The first owner of an account: one, kept in the chain, and never in another's place."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.runtime.first_owner import main
from tests.database import Account, Database

EMAIL = "Ngono@shop.example"
NOWHERE = "acct_2222222222222222"


def owners(database: Database, account: Account) -> list[list[object]]:
    """Who owns the account, by whose language."""
    return database.look(
        "SELECT person, email, duty, language, added_by FROM platform.members"
        " WHERE account_id = :id AND ended_at IS NULL",
        id=account.id,
    )


def test_of_two_commands_at_once_one_makes_the_owner(
    migrated: Database, account_in_both_modes: Account
) -> None:
    """Whoever is first is owner, the other changes nothing, and the chain tells of one."""
    account = account_in_both_modes
    people = [str(uuid.uuid4()) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        codes = list(
            pool.map(lambda person: main([account.id, person, EMAIL], migrated.environment), people)
        )
    [[person, *others]] = owners(migrated, account)
    told = migrated.look(
        "SELECT actor_kind, actor_id, object_id FROM audit_entries WHERE action = 'member.added'",
        account.live,
    )

    assert codes == [0, 0]
    assert person in people
    assert others == ["ngono@shop.example", "owner", "fr", None]
    assert told == [["platform", "first_owner", person]]


@pytest.mark.parametrize(
    ("account_id", "email", "said"),
    [
        (NOWHERE, EMAIL, "there is no account"),
        ("acct_x", EMAIL, "there is no account"),
        (NOWHERE, "ngono", "that is no mail address"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    migrated: Database, capsys: pytest.CaptureFixture[str], account_id: str, email: str, said: str
) -> None:
    """A wrong account or address changes nothing and says why."""
    assert main([account_id, str(uuid.uuid4()), email], migrated.environment) == 1

    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
