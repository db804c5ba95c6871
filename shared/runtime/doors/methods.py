"""Which operations of merchants can be called by name, and which by their paths alone, and why."""

from collections.abc import Mapping
from typing import Final

from shared.runtime.doors import (
    audit,
    batches,
    charges,
    files,
    invoices,
    keys,
    late_payments,
    merchant_customers,
    own_account,
    payment_pages,
    payouts,
    reads,
    receipts,
    refunds,
    reports,
    request_logs,
    settlements,
    stream_tickets,
    team,
    test_clock,
    webhook_deliveries,
    webhook_endpoints,
)
from shared.runtime.http import Handler

_FILE: Final = "answers a file, which is no object"
_OWNER: Final = "needs the login that owns all schemas"

BY_PATH_ONLY: Final[Mapping[str, str]] = {
    "export_audit_entries": _FILE,
    "read_payout_batch_results": _FILE,
    "set_payout_approval": _OWNER,
    "update_own_account": _OWNER,
    "create_file": "takes a file, which is larger than what comes in by this door",
    "delete_test_data": _OWNER,
    "lookup_holder": "needs operators' credentials, with which money could be sent",
    "accept_invitation": "is of a person and of no account yet",
    "stream_events": "has no end, and no answer that is whole",
}
"""What this door leaves out of what it could join, each with its reason."""

_JOINED: Final[Mapping[str, Handler]] = {
    **audit.OWN,
    **batches.DECISIONS,
    **batches.READS,
    **batches.WRITES,
    **charges.HANDLERS,
    **files.HANDLERS,
    **invoices.OWN,
    **keys.HANDLERS,
    **late_payments.HANDLERS,
    **merchant_customers.HANDLERS,
    **own_account.HANDLERS,
    **payment_pages.HANDLERS,
    **payouts.DECISIONS,
    **payouts.WRITES,
    **reads.HANDLERS,
    **receipts.OWN,
    **refunds.HANDLERS,
    **reports.HANDLERS,
    **request_logs.HANDLERS,
    **settlements.HANDLERS,
    **stream_tickets.HANDLERS,
    **team.HANDLERS,
    **test_clock.HANDLERS,
    **webhook_deliveries.HANDLERS,
    **webhook_endpoints.HANDLERS,
}

HANDLERS: Final[Mapping[str, Handler]] = {
    name: handler for name, handler in _JOINED.items() if name not in BY_PATH_ONLY
}
