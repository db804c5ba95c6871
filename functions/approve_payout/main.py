"""A second person's decision about a payout or a batch: yes, to what she saw, or no."""

from shared.runtime import callers
from shared.runtime.doors import batches, payouts
from shared.runtime.http import http_function

approve_payout = http_function(
    "approve_payout",
    {**payouts.DECISIONS, **batches.DECISIONS},
    authenticate=callers.authenticate,
    admit=callers.admit,
    note=callers.note,
)
