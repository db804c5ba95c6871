"""Takes an operator's statement: read to its end, kept where nothing is changed, then announced."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from shared.domain.audit import Origin
from shared.domain.errors import InvalidRequest, NotFound, Unavailable
from shared.domain.events import STATEMENT_UPLOADED, Message
from shared.domain.ids import is_id, new_id
from shared.domain.operator_statement import (
    LineState,
    OperatorStatement,
    StatementHead,
    uploading,
)
from shared.domain.receipt import DOUALA, retain_until
from shared.operations.lists import read_limit, refuse_unknown
from shared.operations.ports import LockedStore, Reached, StoreDownError
from shared.operations.statement_store import (
    StatedAccount,
    StatementParser,
    TakingStore,
    UploadStore,
)

CONTENT_TYPE: Final = "text/csv"
OF_THE_PLATFORM: Final = "platform"
"""Whom a message names where an operator account is nobody's but ours."""


@dataclass(frozen=True, slots=True)
class Upload:
    """What an upload needs beside its store; `parser` knows every version that we read."""

    archive: LockedStore
    parser: StatementParser
    retention_days: int
    reached: Reached


@dataclass(frozen=True, slots=True)
class PageOfStatements:
    """Which statements are wanted; None is any."""

    limit: int
    after: str | None
    operator_account: str | None

    @classmethod
    def parse(cls, query: Mapping[str, str]) -> Self:
        """Read a query. Raises InvalidRequest naming the field at fault."""
        refuse_unknown(query, {"limit", "starting_after", "operator_account"})
        limit = read_limit(query)
        after, account = query.get("starting_after"), query.get("operator_account")
        if after is not None and not is_id(after, "stm"):
            raise InvalidRequest("cursor_invalid", "starting_after")
        if account is not None and not is_id(account, "opa"):
            raise InvalidRequest("parameter_invalid", "operator_account")
        return cls(limit, after, account)


def upload_statement(
    content: bytes, store: TakingStore, origin: Origin, *, how: Upload
) -> OperatorStatement:
    """Take a statement; nothing of it is stored before all of it was read.

    Raises what the parser does, Unavailable, and InvalidRequest: `statement_known`,
    `statement_account_unknown`, `statement_version_unknown`, `statement_not_over`.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    _refuse_known(store.find_same(sha256))
    head = how.parser.read_head(content)
    account = store.find_account(head.account)
    if account is None:
        raise InvalidRequest("statement_account_unknown", "account", line=1, column="account")
    _refuse_unfit(head, account, origin.at)
    summary = how.parser.read_whole(content)
    key = f"statements/{account.id}/{sha256}.csv"
    how.reached("upload_statement.before_put")
    try:
        kept = how.archive.put(
            key,
            content,
            content_type=CONTENT_TYPE,
            retain_until=retain_until(
                origin.at,
                livemode=account.livemode,
                now=origin.at,
                retention_days=how.retention_days,
            ),
        )
    except StoreDownError as failure:
        raise Unavailable("temporarily_unavailable", retry_after_seconds=10) from failure
    how.reached("upload_statement.after_put")
    statement = OperatorStatement(
        id=_id("stm", origin.at),
        operator_account=account.id,
        account=account.account,
        livemode=account.livemode,
        version=head.version,
        sha256=sha256,
        object_key=kept.key,
        version_id=kept.version_id,
        first_day=head.first_day,
        last_day=head.last_day,
        opening=head.opening,
        closing=summary.closing,
        line_count=summary.line_count,
        uploaded_by=origin.actor.id,
        uploaded_at=origin.at,
    )
    message = Message(
        event_id=_id("msg", origin.at),
        topic=STATEMENT_UPLOADED,
        account=account.account or OF_THE_PLATFORM,
        livemode=account.livemode,
        object_id=statement.id,
    )
    if not store.add(statement, uploading(statement, origin), message):
        _refuse_known(store.find_same(sha256))
    return statement


def read_statement(
    statement_id: str, store: UploadStore
) -> tuple[OperatorStatement, Mapping[LineState, int]]:
    """Return a statement and what became of its lines. Raises NotFound."""
    statement = store.find(statement_id) if is_id(statement_id, "stm") else None
    if statement is None:
        raise NotFound("resource_missing", "id")
    return statement, store.counts(statement_id)


def _refuse_known(statement: str | None) -> None:
    if statement is not None:
        raise InvalidRequest("statement_known", statement=statement)


def _refuse_unfit(head: StatementHead, account: StatedAccount, now: datetime) -> None:
    """Refuse what is of another form than the account's, or of days that have not begun."""
    if head.version != account.version:
        raise InvalidRequest("statement_version_unknown", "version", version=head.version)
    if head.currency != account.currency:
        raise InvalidRequest("statement_cell_invalid", "currency", line=1, column="currency")
    if head.first_day > now.astimezone(DOUALA).date():
        raise InvalidRequest("statement_not_over", "first_day", line=1, column="first_day")


def _id(prefix: str, now: datetime) -> str:
    return new_id(prefix, int(now.timestamp() * 1000))
