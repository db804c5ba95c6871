"""Keeps in write-once storage what merchants take back, for a database that may forget it.

One that was put back to an earlier moment still has the payout as it was, and would send it. So
whoever sends looks here first, and takes it back once more. It trusts no database for that.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from shared.domain import intent as intents
from shared.domain.errors import Unavailable
from shared.domain.payout import Payout
from shared.domain.payout_batch import PayoutBatch
from shared.domain.receipt import retain_until
from shared.operations.ports import LockedStore, StoredDifferentlyError, StoreDownError

RETRY_SECONDS: Final = 60


class IntentJournal(LockedStore, Protocol):
    """Write-once storage, as one needs it who also looks for what may lie in a place."""

    def find(self, key: str) -> bytes | None:
        """Return what lies there, None where nothing does. Raises StoreDownError."""


@dataclass(frozen=True, slots=True)
class TakenBack:
    """Where it is kept, and for how long."""

    journal: IntentJournal
    retention_days: int

    def keep(self, what: Payout | PayoutBatch, *, now: datetime) -> None:
        """Keep it before anything comes back; the first time stays. Raises Unavailable.

        While the storage is away nothing is sent either, so that asking again is in time.
        """
        try:
            self.journal.put(
                intents.taken_back_place(what.account, what.id, livemode=what.livemode),
                intents.taken_back(what.id, now),
                content_type=intents.CONTENT_TYPE,
                retain_until=retain_until(
                    what.created_at,
                    livemode=what.livemode,
                    now=now,
                    retention_days=self.retention_days,
                ),
            )
        except StoredDifferentlyError:
            return
        except StoreDownError as failure:
            raise Unavailable(
                "temporarily_unavailable", retry_after_seconds=RETRY_SECONDS
            ) from failure


def is_taken_back(payout: Payout, journal: IntentJournal) -> bool:
    """Tell whether its merchant took it back, alone or with its batch. Raises StoreDownError.

    With its batch only what had not had its turn by then: what was on its way goes on.
    """
    if _since(payout, payout.id, journal) is not None:
        return True
    since = None if payout.batch is None else _since(payout, payout.batch, journal)
    return since is not None and (payout.released_at is None or payout.released_at >= since)


def _since(payout: Payout, object_id: str, journal: IntentJournal) -> datetime | None:
    place = intents.taken_back_place(payout.account, object_id, livemode=payout.livemode)
    kept = journal.find(place)
    return None if kept is None else intents.taken_back_at(kept)
