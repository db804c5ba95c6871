"""What one charge writes on its whole way, through every function's own door.

Measured 2026-12-01 over 80 charges of one merchant in test mode with one endpoint, on PostgreSQL 18
with full-page writes as they come; `tests/functions/test_bytes_written.py` holds the way of it. The
live mode counts prompts and sums as well, two rows more.
"""

from collections.abc import Mapping
from typing import Final

# By topic, with one read of the operator's status.
MESSAGES: Final[Mapping[str, int]] = {
    "charge-created": 1,
    "charge-check-due": 1,
    "webhook-due": 3,
    "payment-final": 1,
}
WAL_BYTES: Final = 36_000
# That write, receipt included; marks of publishing come together, four times a second and process.
COMMITS: Final = 17
# Kept for good, with indexes: 9,700 in the merchant's own tables, and its row of payment_index.
KEPT_BYTES: Final = 11_600
# Purged after days: outbox, due work, feed, callbacks, requests.
PASSING_BYTES: Final = 6_900
# A receipt with its fonts; the one that `tests/unit/test_documents.py` prints.
RECEIPT_BYTES: Final = 47_000
