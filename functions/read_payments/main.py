"""Shows merchants payments, balance, papers and what was done, and anyone what the API is."""

from shared.runtime import callers
from shared.runtime.doors import (
    audit,
    batches,
    invoices,
    reads,
    receipts,
    reference,
    request_logs,
    webhook_deliveries,
)
from shared.runtime.http import http_function

read_payments = http_function(
    "read_payments",
    {
        **reads.HANDLERS,
        **audit.OWN,
        **batches.READS,
        **invoices.OWN,
        **receipts.OWN,
        **reference.HANDLERS,
        **request_logs.HANDLERS,
        **webhook_deliveries.HANDLERS,
    },
    authenticate=callers.authenticate,
    admit=callers.admit,
    note=callers.note,
)
