"""Turns work that is due into messages, releases holds and issues invoices, 20 s a run."""

from time import monotonic
from typing import Final

from shared.domain.ids import new_id
from shared.operations.release_holds import release_holds
from shared.runtime import invoices, lifecycle, logs, wiring
from shared.runtime.crash import reached
from shared.runtime.http import tick_function

RUN_SECONDS: Final = 20
PAUSE_SECONDS: Final = 0.5
BATCH: Final = 100
PURGE: Final = 500
PURGE_SECONDS: Final = 5
INVOICE_SECONDS: Final = 3


def start() -> None:
    """Claim and publish, and release, until the run is over or the process must stop."""
    ends_at, started, released = monotonic() + RUN_SECONDS, 0, 0
    schedule, holds = wiring.schedule(), wiring.holds()
    while not lifecycle.is_stopping() and monotonic() < ends_at:
        claimed = schedule.claim_due(BATCH, _message_id)
        if claimed:
            reached("start_due_work.after_commit")
        started += claimed
        made_available = release_holds(holds, now=wiring.now, reached=reached)
        released += made_available
        if claimed < BATCH and not made_available:
            lifecycle.wait_for_stop(PAUSE_SECONDS)
    invoices_end_at = monotonic() + INVOICE_SECONDS
    issued = invoices.issue(
        has_time=lambda: not lifecycle.is_stopping() and monotonic() < invoices_end_at
    )
    purge_ends_at = monotonic() + PURGE_SECONDS
    purged = schedule.purge(
        PURGE, has_time=lambda: not lifecycle.is_stopping() and monotonic() < purge_ends_at
    )
    if issued:
        logs.info("invoices_issued", count=issued)
    logs.info("due_work_started", count=started, holds_released=released, purged=purged)


def _message_id() -> str:
    """Name a message of work that is claimed and not yet committed."""
    reached("start_due_work.before_commit")
    return new_id("msg", int(wiring.now().timestamp() * 1000))


start_due_work = tick_function("start_due_work", start)
