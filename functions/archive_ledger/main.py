"""Puts what was sealed of every ledger into write-once storage, once a day."""

from shared.runtime import archives, logs
from shared.runtime.http import tick_function


def start() -> None:
    """Archive until nothing is left, the run is over or the process must stop."""
    logs.info("ledgers_archived", count=archives.archive())


archive_ledger = tick_function("archive_ledger", start)
