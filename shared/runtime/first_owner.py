"""Makes somebody the owner of an account that has none; whoever comes later is invited.

    python -m shared.runtime.first_owner ACCOUNT PERSON EMAIL

PERSON is Keycloak's subject. MIGRATION_DATABASE_URL and SECRETS_DIR name the database. Exit code 0,
also where the account has an owner already, or 1 with one line on standard error.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from shared.db.engine import SecretFileError, make_engine, reason_of
from shared.db.first_owner import add_first_owner
from shared.domain.audit import Actor, ActorKind, Origin
from shared.domain.errors import InvalidRequest
from shared.domain.mail_address import read_email

_WORDS: Final = 3


def main(words: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the command; return its exit code."""
    if len(words) != _WORDS:
        return _fail("usage: python -m shared.runtime.first_owner ACCOUNT PERSON EMAIL")
    try:
        is_new = _add(words, environment)
    except KeyError as error:
        return _fail(f"{error.args[0]} is not set")
    except SQLAlchemyError as error:
        return _fail(f"the database refused: {reason_of(error)}")
    except InvalidRequest:
        return _fail("that is no mail address")
    except (SecretFileError, LookupError, OSError, ValueError) as error:
        return _fail(str(error))
    sys.stdout.write("owner added\n" if is_new else "there is an owner already\n")
    return 0


def _add(words: Sequence[str], environment: Mapping[str, str]) -> bool:
    account, person, email = words
    origin = Origin(Actor(ActorKind.PLATFORM, "first_owner"), datetime.now(UTC))
    address = read_email(email)
    engine = make_engine(
        environment["MIGRATION_DATABASE_URL"],
        secret_file=Path(environment.get("SECRETS_DIR", "/etc/pay/secrets")) / "database_owner",
        pool_size=1,
        application_name="first_owner",
    )
    try:
        entry = origin.entry("member.added", "person", person, after={"duty": "owner"})
        return add_first_owner(engine, account, person=person, email=address, entry=entry)
    finally:
        engine.dispose()


def _fail(reason: str) -> int:
    sys.stderr.write(f"{reason}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
