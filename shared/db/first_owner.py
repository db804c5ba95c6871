"""Lets a first owner into an account, or asks her, as the owner of all schemas.

Whoever comes later is invited by an owner, through the team.
"""

from typing import Final

from sqlalchemy import Connection, Engine, text

from shared.db.audit import INSERT, entry_values
from shared.db.owner import owner_transaction, send, tell
from shared.db.provisioning import APPEND_TO_PLATFORM
from shared.domain.account import Tenant
from shared.domain.audit import AuditEntry
from shared.domain.errors import NotFound
from shared.domain.events import IDENTITY_DUE, Message
from shared.domain.ids import is_id
from shared.operations.invite_first_owner import FirstOffer

# The lock of shared/db/team.py, so that two commands at once make one owner.
_LOCK: Final = text("SELECT pg_advisory_xact_lock(hashtextextended(:account, 6113412))")
_FIND: Final = text("SELECT EXISTS (SELECT FROM platform.accounts WHERE id = :account)")
_ADD: Final = text("""
INSERT INTO platform.members (account_id, person, email, language, duty, created_at)
SELECT :account, :person, :email, a.language, 'owner', :at FROM platform.accounts a
WHERE a.id = :account AND NOT EXISTS (
    SELECT FROM platform.members
    WHERE account_id = :account AND duty = 'owner' AND ended_at IS NULL
)
ON CONFLICT (account_id, person) DO UPDATE
SET duty = 'owner', email = excluded.email, created_at = excluded.created_at, ended_at = NULL
RETURNING person
""")
_APPEND: Final = text(INSERT.format(table="audit_entries"))

_HOME: Final = text(
    "SELECT bool_or(livemode) FROM platform.account_schemas WHERE account_id = :account"
)
_LANGUAGE: Final = text(
    "SELECT language FROM platform.accounts WHERE id = :account AND state <> 'closed'"
)
# Held, so that no closing comes between: it would find the offer and revoke it.
_HOLD: Final = text(
    "SELECT id FROM platform.accounts WHERE id = :account AND state <> 'closed' FOR NO KEY UPDATE"
)
_IS_KNOWN: Final = text("""
SELECT EXISTS (SELECT FROM platform.members
               WHERE account_id = :account AND duty = 'owner' AND ended_at IS NULL)
  OR EXISTS (SELECT FROM platform.invitations
             WHERE account_id = :account AND duty = 'owner' AND accepted_at IS NULL
               AND revoked_at IS NULL AND expires_at > :at)
""")
_OFFER: Final = text("""
INSERT INTO platform.invitations (id, account_id, email, language, duty, token_hash, made_by,
  created_at, expires_at)
VALUES (:id, :account, :email, :language, :duty, :token_hash, :made_by, :at, :expires_at)
""")


def add_first_owner(
    engine: Engine, account: str, *, person: str, email: str, entry: AuditEntry
) -> bool:
    """Make a person the owner of an account; False where it has one already, then nothing changed.

    Raises LookupError where there is no such account.
    """
    given = {"account": account, "person": person, "email": email, "at": entry.at}
    with engine.begin() as connection:
        connection.execute(_LOCK, given)
        if not connection.execute(_FIND, given).scalar_one():
            raise LookupError(f"there is no account {account}")
        if not connection.execute(_ADD, given).all():
            return False
        _tell_the_account(connection, account, entry)
    return True


class FirstOwners:
    """FirstOwnerStore of the owner's login."""

    def __init__(self, engine: Engine) -> None:
        """`engine` connects as the owner of all schemas; nothing is opened yet."""
        self._engine = engine

    def language(self, account_id: str) -> str:
        """Return the language of an account that is not closed. Raises NotFound, Unavailable."""
        found = None
        if is_id(account_id, "acct"):
            with owner_transaction(self._engine) as connection:
                found = connection.execute(_LANGUAGE, {"account": account_id}).scalar_one_or_none()
        if found is None:
            raise NotFound("resource_missing", "id")
        return str(found)

    def offer(self, offer: FirstOffer) -> bool:
        """Store an offer; False where the account has an owner or one was asked already.

        Raises NotFound where the account was closed by now, and Unavailable.
        """
        given = {"account": offer.account, "at": offer.invitation.created_at}
        with owner_transaction(self._engine) as connection:
            if not connection.execute(_HOLD, given).all():
                raise NotFound("resource_missing", "id")
            connection.execute(_LOCK, given)
            if connection.execute(_IS_KNOWN, given).scalar_one():
                return False
            _store(connection, offer)
        return True


def _store(connection: Connection, offer: FirstOffer) -> None:
    invitation, notice, account = offer.invitation, offer.notice, offer.account
    connection.execute(
        _OFFER,
        {
            "id": invitation.id,
            "account": account,
            "email": invitation.email,
            "language": invitation.language,
            "duty": invitation.duty.value,
            "token_hash": offer.token.hash,
            "made_by": invitation.made_by,
            "at": invitation.created_at,
            "expires_at": invitation.expires_at,
        },
    )
    work = Message(
        f"msg_{invitation.id}", IDENTITY_DUE, account, livemode=False, object_id=invitation.id
    )
    send(connection, work)
    tell(connection, notice)
    _tell_the_account(connection, account, offer.for_the_account)
    # The platform's chain last: whoever waits for an account's must not hold it.
    connection.execute(APPEND_TO_PLATFORM, entry_values(offer.for_the_platform))


def _tell_the_account(connection: Connection, account: str, entry: AuditEntry) -> None:
    """Keep an entry where the team's are: what is of the account lies in the live mode, if any."""
    livemode = connection.execute(_HOME, {"account": account}).scalar_one()
    schema = Tenant(account, livemode=livemode).schema
    connection.exec_driver_sql(f'SET LOCAL search_path = "{schema}", pg_catalog')
    connection.execute(_APPEND, entry_values(entry))
