"""Accounts as administrators see and change them, each change in one transaction that holds one."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, text

from shared.db.audit import LINK, entry_values, link_from_row
from shared.db.owner import owner_transaction, tell
from shared.db.provisioning import APPEND_TO_PLATFORM, LOCK, add_mode
from shared.domain.account import Tenant
from shared.domain.account_changes import (
    AccountRow,
    Document,
    DocumentKind,
    Outcome,
    Proposal,
)
from shared.domain.account_states import AccountState, Action, Standing, Switches
from shared.domain.audit import PLATFORM, AuditEntry, Link
from shared.domain.charge import FINAL
from shared.domain.errors import LostRace, NotFound
from shared.domain.ids import is_id
from shared.domain.ledger import AVAILABLE, HELD, PENDING, SUSPENSE
from shared.domain.notification import Notification
from shared.domain.outgoing import FINAL as FINAL_OUTGOING
from shared.operations.provision_account import ModeRecord

_COLUMNS: Final = """a.id, a.name, a.language, a.country, a.created_at, a.state, a.charges_enabled,
  a.payouts_enabled, a.state_since, a.suspended_from, a.refunds_below_zero_limit,
  ARRAY(SELECT s.livemode FROM platform.account_schemas s WHERE s.account_id = a.id
        ORDER BY s.livemode) AS modes"""

FIND: Final = text(f"SELECT {_COLUMNS} FROM platform.accounts a WHERE a.id = :account")

# Not FOR UPDATE: whoever adds keys and members refers to the row and must not wait.
HOLD: Final = text("SELECT FROM platform.accounts WHERE id = :account FOR NO KEY UPDATE")

PAGE: Final = text(f"""
SELECT {_COLUMNS} FROM platform.accounts a
WHERE (CAST(:state AS text) IS NULL OR a.state = :state)
  AND (CAST(:after AS text) IS NULL OR (a.created_at, a.id) < (
    SELECT created_at, id FROM platform.accounts WHERE id = :after))
ORDER BY a.created_at DESC, a.id DESC LIMIT :limit
""")

DOCUMENTS: Final = text("""
SELECT id, kind, file_name, sha256, looked_by, looked_at FROM platform.account_documents
WHERE account_id = :account ORDER BY id
""")

OPEN_PROPOSAL: Final = text("""
SELECT id, action, charges_enabled, payouts_enabled, reason, proposed_by, proposed_at, expires_at,
  content_sha256
FROM platform.account_proposals WHERE account_id = :account AND outcome IS NULL
""")

ADD_DOCUMENT: Final = text("""
INSERT INTO platform.account_documents
  (id, account_id, kind, file_name, sha256, looked_by, looked_at)
VALUES (:id, :account, :kind, :file_name, :sha256, :looked_by, :looked_at)
""")

ADD_PROPOSAL: Final = text("""
INSERT INTO platform.account_proposals (id, account_id, action, charges_enabled, payouts_enabled,
  reason, proposed_by, proposed_at, expires_at, content_sha256)
VALUES (:id, :account, :action, :charges_enabled, :payouts_enabled, :reason, :proposed_by,
  :proposed_at, :expires_at, :content_sha256)
""")

DECIDE: Final = text("""
UPDATE platform.account_proposals SET outcome = :outcome, decided_by = :by, decided_at = :at
WHERE id = :id AND outcome IS NULL
""")

MOVE: Final = text("""
UPDATE platform.accounts
SET state = :state, charges_enabled = :charges_enabled, payouts_enabled = :payouts_enabled,
  state_since = :since, suspended_from = :suspended_from
WHERE id = :account AND state = :expected
""")

LEND: Final = text(
    "UPDATE platform.accounts SET refunds_below_zero_limit = :limit WHERE id = :account"
)

REVOKE_KEYS: Final = text("""
UPDATE platform.api_keys SET revoked_at = :at WHERE account_id = :account AND revoked_at IS NULL
""")

END_MEMBERS: Final = text("""
UPDATE platform.members SET ended_at = :at WHERE account_id = :account AND ended_at IS NULL
""")

REVOKE_INVITATIONS: Final = text("""
UPDATE platform.invitations SET revoked_at = :at
WHERE account_id = :account AND accepted_at IS NULL AND revoked_at IS NULL
""")

END_SETTLEMENTS: Final = text("""
WITH ended AS (
  UPDATE platform.settlement_rules SET ended_at = :at
  WHERE account_id = :account AND ended_at IS NULL RETURNING id
)
UPDATE platform.due_work SET due_at = 'infinity', lease_until = NULL, done_at = :at
WHERE kind = 'settlement' AND object_id IN (SELECT id FROM ended)
""")

# An endpoint's row stands for ever, at rest when nothing is due to it; so does what an owner has
# set to be paid, which ends with the account.
PLATFORM_WORK: Final = text("""
SELECT
  EXISTS (SELECT FROM platform.due_work
          WHERE account_id = :account AND done_at IS NULL AND due_at < 'infinity'
            AND kind <> 'settlement')
  OR EXISTS (SELECT FROM platform.outbox WHERE account_id = :account AND published_at IS NULL)
    AS due_work,
  EXISTS (SELECT FROM platform.cases WHERE account_id = :account AND closed_at IS NULL) AS "case"
""")

MOST_SHOWN: Final = 100
DECISIONS: Final = text(f"""
SELECT {LINK} FROM platform.audit_entries WHERE object_id = :account
ORDER BY position DESC LIMIT {MOST_SHOWN}
""")

# Writers wait from here to the end, so that what is found settled stays so.
_HOLD_MONEY: Final = (
    "LOCK TABLE {schema}.charges, {schema}.refunds, {schema}.payouts,"
    " {schema}.ledger_accounts IN SHARE MODE"
)
_MONEY: Final = """
SELECT
  EXISTS (SELECT FROM {schema}.charges WHERE status <> ALL (CAST(:final AS text[]))) AS charge,
  EXISTS (SELECT FROM {schema}.refunds
          WHERE status <> ALL (CAST(:final_outgoing AS text[]))) AS refund,
  EXISTS (SELECT FROM {schema}.payouts
          WHERE status <> ALL (CAST(:final_outgoing AS text[]))) AS payout,
  EXISTS (SELECT FROM {schema}.ledger_accounts
          WHERE code = ANY (CAST(:owed AS text[])) AND balance <> 0) AS balance
"""
_OWED: Final = (PENDING, AVAILABLE, HELD, SUSPENSE)


class PostgresAccounts:
    """AccountsStore of the owner's login."""

    def __init__(self, engine: Engine) -> None:
        """`engine` connects as the owner of all schemas; nothing is opened yet."""
        self._engine = engine

    def find(self, account_id: str) -> AccountRow | None:
        """Return an account with documents, open proposal and its newest 100 decisions."""
        with owner_transaction(self._engine) as connection:
            return _read(connection, account_id, decisions=_newest(connection, account_id))

    def page(
        self, *, limit: int, after: str | None, state: AccountState | None
    ) -> Sequence[AccountRow]:
        """Return up to so many accounts, newest first, without what hangs on them."""
        wanted = {"limit": limit, "after": after, "state": state and state.value}
        with owner_transaction(self._engine) as connection:
            return [_account(row) for row in connection.execute(PAGE, wanted).all()]

    @contextmanager
    def change(self, account_id: str) -> Iterator["PostgresChange"]:
        """Take hold of an account. Raises NotFound, Unavailable."""
        with owner_transaction(self._engine) as connection:
            found = None
            if is_id(account_id, "acct"):
                connection.execute(HOLD, {"account": account_id})
                found = _read(connection, account_id)
            if found is None:
                raise NotFound("resource_missing", "id")
            yield PostgresChange(connection, found)


class PostgresChange:
    """AccountChange in an open transaction."""

    def __init__(self, connection: Connection, account: AccountRow) -> None:
        """Keep the transaction, and the account as read after the lock."""
        self._connection = connection
        self._account = account

    @property
    def account(self) -> AccountRow:
        """The account as it was when it was taken hold of."""
        return self._account

    def add_document(self, document: Document) -> None:
        """Keep that a document was looked at."""
        self._run(
            ADD_DOCUMENT,
            id=document.id,
            kind=document.kind.value,
            file_name=document.file_name,
            sha256=document.sha256,
            looked_by=document.looked_by,
            looked_at=document.looked_at,
        )

    def add_proposal(self, proposal: Proposal) -> None:
        """Keep a proposal, the only open one."""
        self._run(
            ADD_PROPOSAL,
            id=proposal.id,
            action=proposal.action.value,
            charges_enabled=proposal.switches.charges_enabled,
            payouts_enabled=proposal.switches.payouts_enabled,
            reason=proposal.reason,
            proposed_by=proposal.proposed_by,
            proposed_at=proposal.proposed_at,
            expires_at=proposal.expires_at,
            content_sha256=proposal.content_sha256,
        )

    def decide(self, proposal: Proposal, outcome: Outcome, *, by: str, at: datetime) -> None:
        """End a proposal."""
        self._connection.execute(
            DECIDE, {"id": proposal.id, "outcome": outcome.value, "by": by, "at": at}
        )

    def move(self, standing: Standing) -> None:
        """Set how it stands, by compare-and-set on its state. Raises LostRace."""
        moved = self._run(
            MOVE,
            state=standing.state.value,
            charges_enabled=standing.switches.charges_enabled,
            payouts_enabled=standing.switches.payouts_enabled,
            since=standing.since,
            suspended_from=standing.suspended_from and standing.suspended_from.value,
            expected=self._account.standing.state.value,
        )
        if moved != 1:
            raise LostRace(self._account.id)

    def lend(self, limit: int) -> None:
        """Let its refunds go so far below zero from here on, in whole XAF."""
        self._run(LEND, limit=limit)

    def open_live_mode(self, mode: ModeRecord, at: datetime) -> None:
        """Make the schema of the live mode where there is none yet."""
        if True in self._account.modes:
            return
        self._connection.execute(LOCK)
        add_mode(self._connection, mode, at)

    def unsettled(self) -> Sequence[str]:
        """Return what forbids closing: an object's name, `balance`, `due_work`, `case`."""
        found: set[str] = set()
        for livemode in self._account.modes:
            schema = f'"{Tenant(self._account.id, livemode=livemode).schema}"'
            self._connection.exec_driver_sql(_HOLD_MONEY.format(schema=schema))
            found |= self._true(
                _MONEY.format(schema=schema),
                final=sorted(FINAL),
                final_outgoing=sorted(FINAL_OUTGOING),
                owed=list(_OWED),
            )
        found |= self._true(str(PLATFORM_WORK), account=self._account.id)
        return sorted(found)

    def end_access(self, at: datetime) -> None:
        """Revoke all keys and invitations, and end all members and settlements."""
        self._run(REVOKE_KEYS, at=at)
        self._run(END_MEMBERS, at=at)
        self._run(REVOKE_INVITATIONS, at=at)
        self._run(END_SETTLEMENTS, at=at)

    def tell(self, notice: Notification) -> None:
        """Have the account's people told by mail."""
        tell(self._connection, notice)

    def record(self, entry: AuditEntry) -> None:
        """Add to the platform's audit chain, which is held until the commit."""
        self._connection.execute(APPEND_TO_PLATFORM, entry_values(entry))

    def _run(self, statement: Any, **values: Any) -> int:
        given = {**values, "account": self._account.id}
        return self._connection.execute(statement, given).rowcount

    def _true(self, sql: str, **values: Any) -> set[str]:
        row = self._connection.execute(text(sql), values).mappings().one()
        return {name for name, is_so in row.items() if is_so}


def _read(
    connection: Connection, account_id: str, *, decisions: tuple[Link, ...] = ()
) -> AccountRow | None:
    of = {"account": account_id}
    row = connection.execute(FIND, of).one_or_none()
    if row is None:
        return None
    proposal = connection.execute(OPEN_PROPOSAL, of).one_or_none()
    return _account(
        row,
        documents=tuple(
            Document(d.id, DocumentKind(d.kind), *d[2:]) for d in connection.execute(DOCUMENTS, of)
        ),
        proposal=None if proposal is None else _proposal(proposal),
        decisions=decisions,
    )


def _newest(connection: Connection, account_id: str) -> tuple[Link, ...]:
    rows = connection.execute(DECISIONS, {"account": account_id}).all()
    return tuple(link_from_row(row, PLATFORM) for row in rows)


def _account(row: Row[Any], **hanging: Any) -> AccountRow:
    came_from = row.suspended_from
    return AccountRow(
        id=row.id,
        name=row.name,
        language=row.language,
        country=row.country,
        created_at=row.created_at,
        standing=Standing(
            AccountState(row.state),
            Switches(row.charges_enabled, row.payouts_enabled),
            row.state_since,
            None if came_from is None else AccountState(came_from),
        ),
        modes=tuple(row.modes),
        refunds_below_zero_limit=row.refunds_below_zero_limit,
        **hanging,
    )


def _proposal(row: Row[Any]) -> Proposal:
    return Proposal(
        id=row.id,
        action=Action(row.action),
        switches=Switches(row.charges_enabled, row.payouts_enabled),
        reason=row.reason,
        proposed_by=row.proposed_by,
        proposed_at=row.proposed_at,
        expires_at=row.expires_at,
        content_sha256=row.content_sha256,
    )
