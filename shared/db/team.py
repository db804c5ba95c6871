"""The team of one account, through the account's own role: read, and changed under one lock."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from shared.db import notices
from shared.db.audit import append
from shared.db.statement import Statement
from shared.db.transaction import Database, Transaction
from shared.domain.account import Tenant
from shared.domain.audit import AuditEntry
from shared.domain.events import IDENTITY_DUE, Message
from shared.domain.ids import new_id
from shared.domain.people import Duty
from shared.domain.team import INVITATION_LASTS, Invitation, InvitationToken, Team, TeamMember
from shared.operations.stored_keys import review_notice

# Taken by a statement of its own: the next sees what others committed before. It is the account's,
# not a mode's; the trigger that keeps the last owner takes it too.
LOCK: Final = Statement("SELECT pg_advisory_xact_lock(hashtextextended(:account::text, 6113412))")

MEMBERS: Final = Statement("""
SELECT person, email, language, duty, added_by, created_at FROM platform.members
WHERE account_id = :account::text AND ended_at IS NULL
ORDER BY created_at, person
""")

# What is older has expired, so nothing can become of it.
INVITATIONS: Final = Statement("""
SELECT id, email, language, duty, made_by, created_at, expires_at, person, accepted_at, revoked_at
FROM platform.invitations
WHERE account_id = :account::text AND created_at > :since::timestamptz
""")

ADD_INVITATION: Final = Statement("""
INSERT INTO platform.invitations (id, account_id, email, language, duty, token_hash, made_by,
    created_at, expires_at)
VALUES (:id::text, :account::text, :email::text, :language::text, :duty::text,
    decode(:hash_hex::text, 'hex'), :made_by::text, :created_at::timestamptz,
    :expires_at::timestamptz)
""")

END_INVITATION: Final = Statement("""
UPDATE platform.invitations SET revoked_at = :at::timestamptz WHERE id = :id::text
""")

ADD_MEMBER: Final = Statement("""
WITH accepted AS (
    UPDATE platform.invitations SET accepted_at = :at::timestamptz WHERE id = :invitation::text
)
INSERT INTO platform.members (account_id, person, email, language, duty, added_by, created_at)
VALUES (:account::text, :person::text, :email::text, :language::text, :duty::text, :added_by::text,
    :at::timestamptz)
ON CONFLICT (account_id, person) DO UPDATE SET email = excluded.email,
    language = excluded.language, duty = excluded.duty, added_by = excluded.added_by,
    created_at = excluded.created_at, ended_at = NULL
""")

CHANGE_DUTY: Final = Statement("""
UPDATE platform.members
SET duty = :duty::text, narrowed_at = COALESCE(:narrowed_at::timestamptz, narrowed_at)
WHERE account_id = :account::text AND person = :person::text AND ended_at IS NULL
""")

END_MEMBER: Final = Statement("""
UPDATE platform.members SET ended_at = :at::timestamptz, narrowed_at = :at::timestamptz
WHERE account_id = :account::text AND person = :person::text AND ended_at IS NULL
""")

# What a trigger has put under review in this very transaction; a role sees the keys of its mode.
UNDER_REVIEW: Final = Statement("""
SELECT 'key_' || id, review_by FROM platform.api_keys
WHERE account_id = :account::text AND review_by = now() + interval '7 days'
ORDER BY id
""")
ENTER: Final = Statement("SELECT set_config('role', :role::text, true)")

ADD_WORK: Final = Statement("""
INSERT INTO platform.outbox (id, topic, account_id, livemode, object_id)
VALUES (:id::text, :topic::text, :account::text, :livemode::boolean, :object_id::text)
""")

Notify = Callable[[Transaction, Tenant, Invitation, InvitationToken], None]
"""Has the invited address told of the token, in the transaction of the invitation."""


class Teams:
    """TeamStore of one account."""

    def __init__(self, database: Database, tenant: Tenant, *, notify: Notify) -> None:
        """Bind it to an account; `tenant` is the mode through whose role it is reached."""
        self._database = database
        self._tenant = tenant
        self._notify = notify

    def read(self, *, now: datetime) -> Team:
        """Return it as it was a moment ago."""
        with self._database.tenant(self._tenant) as transaction:
            return _team(transaction, self._tenant.account, now)

    @contextmanager
    def change(self, *, now: datetime) -> Iterator["_Change"]:
        """Open a transaction that holds it; an exception inside leaves everything as it was."""
        account = self._tenant.account
        with self._database.tenant(self._tenant) as transaction:
            transaction.run(LOCK, account=account)
            team = _team(transaction, account, now)
            yield _Change(transaction, self._tenant, team, self._notify)


class _Change:
    """TeamChange in one transaction."""

    def __init__(
        self, transaction: Transaction, tenant: Tenant, team: Team, notify: Notify
    ) -> None:
        self._transaction = transaction
        self._tenant = tenant
        self._notify = notify
        self.team = team

    def add_invitation(self, invitation: Invitation, token: InvitationToken) -> None:
        self._transaction.run(
            ADD_INVITATION,
            id=invitation.id,
            account=self._tenant.account,
            email=invitation.email,
            language=invitation.language,
            duty=invitation.duty.value,
            hash_hex=token.hash.hex(),
            made_by=invitation.made_by,
            created_at=invitation.created_at,
            expires_at=invitation.expires_at,
        )
        self._add_work(invitation.id, invitation.created_at)
        self._notify(self._transaction, self._tenant, invitation, token)

    def end_invitation(self, invitation: Invitation) -> None:
        at = invitation.revoked_at
        if at is not None:
            self._transaction.run(END_INVITATION, id=invitation.id, at=at)
            self._add_work(invitation.id, at)

    def add_member(self, member: TeamMember, *, invitation: str) -> None:
        self._transaction.run(
            ADD_MEMBER,
            account=self._tenant.account,
            person=member.person,
            email=member.email,
            language=member.language,
            duty=member.duty.value,
            added_by=member.added_by,
            at=member.joined_at,
            invitation=invitation,
        )
        self._add_work(member.person, member.joined_at)

    def change_duty(self, member: TeamMember, *, at: datetime, takes: bool) -> None:
        self._transaction.run(
            CHANGE_DUTY,
            account=self._tenant.account,
            person=member.person,
            duty=member.duty.value,
            narrowed_at=at if takes else None,
        )
        self._tell_of_keys(at)
        if takes:
            self._add_work(member.person, at)

    def end_member(self, person: str, *, at: datetime) -> None:
        self._transaction.run(END_MEMBER, account=self._tenant.account, person=person, at=at)
        self._tell_of_keys(at)
        self._add_work(person, at)

    def keep(self, entry: AuditEntry) -> None:
        append(self._transaction, entry)

    def _tell_of_keys(self, at: datetime) -> None:
        """Have the team told of the keys that are under review since, in the account's modes."""
        account, home = self._tenant.account, self._tenant.livemode
        # Home is the live mode as soon as there is one; it comes last, for what follows.
        for livemode in sorted({False, home}):
            tenant = Tenant(account, livemode=livemode)
            self._transaction.run(ENTER, role=tenant.schema)
            found = self._transaction.run(UNDER_REVIEW, account=account)
            if found:
                keys, review_by = [key for key, _ in found], found[0][1]
                notices.add(
                    self._transaction, review_notice(keys, tenant, review_by=review_by, now=at)
                )

    def _add_work(self, object_id: str, at: datetime) -> None:
        """Have Keycloak brought to what the rows say once this is committed."""
        message = Message(
            new_id("msg", int(at.timestamp() * 1000)),
            IDENTITY_DUE,
            self._tenant.account,
            self._tenant.livemode,
            object_id,
        )
        self._transaction.run(
            ADD_WORK,
            id=message.event_id,
            topic=message.topic,
            account=message.account,
            livemode=message.livemode,
            object_id=message.object_id,
        )
        self._transaction.messages.append(message)


def _team(transaction: Transaction, account: str, now: datetime) -> Team:
    members = transaction.run(MEMBERS, account=account)
    invitations = transaction.run(INVITATIONS, account=account, since=now - INVITATION_LASTS)
    return Team(account, tuple(map(_member, members)), tuple(map(_invitation, invitations)))


def _member(row: Sequence[Any]) -> TeamMember:
    person, email, language, duty, added_by, created_at = row
    return TeamMember(person, email, language, Duty(duty), added_by, created_at)


def _invitation(row: Sequence[Any]) -> Invitation:
    invitation_id, email, language, duty, *others = row
    return Invitation(invitation_id, email, language, Duty(duty), *others)
