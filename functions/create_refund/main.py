"""Takes a refund of a charge that was paid, and decides about payments that came late."""

from shared.runtime import callers
from shared.runtime.doors import late_payments, refunds
from shared.runtime.http import http_function

create_refund = http_function(
    "create_refund",
    {**refunds.HANDLERS, **late_payments.HANDLERS},
    authenticate=callers.authenticate,
    admit=callers.admit,
    note=callers.note,
)
