"""What is stored of people whom Keycloak is to know, as the workers' login role."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from shared.db.statement import Statement
from shared.db.transaction import Database
from shared.operations.keep_identity import Invited, Standing

_OPEN: Final = "accepted_at IS NULL AND revoked_at IS NULL AND expires_at > :now::timestamptz"

FIND_INVITED: Final = Statement(f"""
SELECT id, account_id, email, language, expires_at, {_OPEN}, person, asked_at IS NOT NULL
FROM platform.invitations WHERE id = :id::text
""")

BIND: Final = Statement(f"""
UPDATE platform.invitations SET person = :person::text
WHERE id = :id::text AND {_OPEN} RETURNING id
""")

NOTE_ASKED: Final = Statement("""
UPDATE platform.invitations SET asked_at = :now::timestamptz WHERE id = :id::text
""")

READ_STANDING: Final = Statement(f"""
SELECT ARRAY(
    SELECT account_id FROM platform.members WHERE person = :person::text AND ended_at IS NULL
  ),
  EXISTS (SELECT FROM platform.invitations WHERE person = :person::text AND {_OPEN})
""")

READ_LOSSES: Final = Statement("""
SELECT account_id, narrowed_at FROM platform.members
WHERE person = :person::text
  AND narrowed_at > COALESCE(sessions_ended_at, '-infinity'::timestamptz)
""")

NOTE_SESSIONS_ENDED: Final = Statement("""
UPDATE platform.members m SET sessions_ended_at = seen.at
FROM unnest(:accounts::text[], :times::timestamptz[]) AS seen(account, at)
WHERE m.account_id = seen.account AND m.person = :person::text
  AND seen.at > COALESCE(m.sessions_ended_at, '-infinity'::timestamptz)
""")


class PeopleRows:
    """IdentityRows as they are at `now`, by which an invitation is open or has expired."""

    def __init__(self, database: Database, *, now: datetime) -> None:
        """Keep the pool; opens nothing yet."""
        self._database = database
        self._now = now

    def find_invited(self, invitation_id: str) -> Invited | None:
        """Return what an invitation says, or None."""
        rows = self._run(FIND_INVITED, id=invitation_id, now=self._now)
        return Invited(*rows[0]) if rows else None

    def bind(self, invitation_id: str, person: str) -> bool:
        """Keep that this person alone may accept; False where the invitation has ended."""
        return bool(self._run(BIND, id=invitation_id, person=person, now=self._now))

    def note_asked(self, invitation_id: str) -> None:
        """Keep that Keycloak has asked the person to set a password."""
        self._run(NOTE_ASKED, id=invitation_id, now=self._now)

    def read_standing(self, person: str) -> Standing:
        """Return what holds for a person now."""
        [[accounts, is_invited]] = self._run(READ_STANDING, person=person, now=self._now)
        return Standing(frozenset(accounts), is_invited)

    def read_losses(self, person: str) -> Mapping[str, datetime]:
        """Return the accounts where she lost a right since her sessions ended, and when."""
        losses: dict[str, datetime] = dict(self._run(READ_LOSSES, person=person))
        return losses

    def note_sessions_ended(self, person: str, losses: Mapping[str, datetime]) -> None:
        """Keep that her sessions ended after these losses."""
        self._run(
            NOTE_SESSIONS_ENDED,
            person=person,
            accounts=list(losses),
            times=[at.isoformat() for at in losses.values()],
        )

    def _run(self, statement: Statement, **values: Any) -> list[list[Any]]:
        return self._database.once(None, statement, **values).rows
