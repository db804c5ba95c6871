"""Wires the bucket that operators' statements are dropped in."""

from collections.abc import Mapping
from time import monotonic
from typing import Final

from shared.db.statement_drops import StatementDrops
from shared.domain.errors import Unavailable
from shared.operations.ports import StoreDownError
from shared.operations.receive_statement import Receiving, receive_statements
from shared.runtime import lifecycle, logs, statements, wiring
from shared.runtime.crash import reached
from shared.runtime.once import once
from shared.runtime.settings import require, settings
from shared.storage.drop_bucket import S3DropBucket

RUN_SECONDS: Final = 240
"""A statement takes seconds and the clock calls every five minutes: runs do not pile up."""

_QUIET: Final = frozenset({"statement_drop_taken", "statement_drop_known"})
_AGAIN: Final = frozenset({"statement_drop_put_off", "statement_drop_unread"})


@once
def bucket() -> S3DropBucket | None:
    """Return the bucket, None where the platform has none; nothing is opened before its use."""
    name = settings().statement_bucket
    if name is None:
        return None
    return S3DropBucket(
        require(settings().s3_endpoint_url, "S3_ENDPOINT_URL"),
        name,
        credentials=settings().secrets_dir / "s3_drop_credentials",
    )


def store() -> StatementDrops:
    """Return what is known of drops."""
    return StatementDrops(wiring.worker_database())


def receive() -> int:
    """Take what was dropped; return how many drops were looked at. Raises Unavailable."""
    dropped = bucket()
    if dropped is None:
        return 0
    ends_at = monotonic() + RUN_SECONDS
    how = Receiving(
        bucket=dropped,
        upload=statements.upload(),
        now=wiring.now,
        has_time=lambda: not lifecycle.is_stopping() and monotonic() < ends_at,
        tell=_tell,
        reached=reached,
    )
    try:
        return receive_statements(store(), how).total()
    except StoreDownError as failure:
        logs.warning("statement_bucket_down", reason=str(failure))
        raise Unavailable("temporarily_unavailable", retry_after_seconds=60) from failure


def _tell(word: str, fields: Mapping[str, str]) -> None:
    """Known as well as taken is as it should be; what cannot be kept now comes again by itself."""
    tell = logs.info if word in _QUIET else logs.warning if word in _AGAIN else logs.error
    tell(word, **fields)
