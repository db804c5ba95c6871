"""Wires the archives of ledgers."""

from time import monotonic
from typing import Final

from shared.db.archives import Archives
from shared.domain.account import Tenant
from shared.domain.errors import Unavailable
from shared.domain.receipt import RETENTION_DAYS
from shared.operations.archive_ledger import Archiving, archive_ledger
from shared.operations.ports import StoreDownError
from shared.runtime import lifecycle, locked, logs, wiring
from shared.runtime.crash import reached
from shared.runtime.settings import settings

RUN_SECONDS: Final = 500
"""A slice takes seconds and a run has 540: what is left over is for tomorrow."""


def _archiving() -> Archiving:
    """Return what one run needs, from now on."""
    ends_at = monotonic() + RUN_SECONDS
    return Archiving(
        locked=locked.store(),
        retention_days=settings().retention_days or RETENTION_DAYS,
        now=wiring.now,
        clock_of=wiring.test_clock,
        has_time=lambda: not lifecycle.is_stopping() and monotonic() < ends_at,
        tell=_tell,
        reached=reached,
    )


def archive() -> int:
    """Archive what is sealed of every ledger; return how many archives. Raises Unavailable."""
    try:
        return archive_ledger(Archives(wiring.app_database()), _archiving())
    except StoreDownError as failure:
        logs.warning("archive_store_down", reason=str(failure))
        raise Unavailable("temporarily_unavailable", retry_after_seconds=60) from failure


def _tell(word: str, tenant: Tenant, reason: str) -> None:
    logs.error(word, account=tenant.account, livemode=tenant.livemode, reason=reason)
