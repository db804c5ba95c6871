"""Takes payouts, one or a batch, and takes back what nobody has claimed yet."""

from shared.runtime import callers
from shared.runtime.doors import batches, payouts
from shared.runtime.http import http_function

create_payout = http_function(
    "create_payout",
    {**payouts.WRITES, **batches.WRITES},
    authenticate=callers.authenticate,
    admit=callers.admit,
    note=callers.note,
)
