"""Where a tenant's receipts lie; the row itself was written when the money came in or went.

Of a refund or payout `charge_id` holds its id.
"""

import json
from datetime import datetime
from typing import Final

from shared.db.charge_statements import EVENT_PARTS
from shared.db.charges import event_values, webhook_messages
from shared.db.reading import bounds, cut
from shared.db.statement import Statement
from shared.db.transaction import Database
from shared.domain.account import Tenant
from shared.domain.events import WEBHOOK_DUE, Event, Message
from shared.domain.receipt_look import PrintedAs
from shared.operations.lists import Page, PageOf
from shared.operations.ports import StoredObject
from shared.operations.receipt_objects import IssuedReceipt

MARK_STORED: Final = Statement(f"""
WITH gate AS MATERIALIZED (
    UPDATE receipts
    SET object_key = :object_key::text, version_id = :version_id::text, sha256 = :sha_hex::text,
        stored_at = :at::timestamptz
    WHERE charge_id = :charge_id::text AND stored_at IS NULL
    RETURNING id
),
{EVENT_PARTS}
SELECT (SELECT count(*) FROM gate), (SELECT string_agg(endpoint_id, ' ') FROM deliveries)
""")

# The first print says what all later ones carry, as long as none is recorded.
KEEP_PRINTED: Final = Statement("""
UPDATE receipts SET printed = COALESCE(printed, :printed::jsonb)
WHERE charge_id = :charge_id::text RETURNING printed
""")

FIND_STORED: Final = Statement("""
SELECT object_key, version_id, sha256 FROM receipts
WHERE charge_id = :charge_id::text AND stored_at IS NOT NULL
""")


_ISSUED: Final = "SELECT id, charge_id, number, code, sha256, created_at FROM receipts"
FIND: Final = Statement(f"{_ISSUED} WHERE id = :id::text")
_PAGE: Final = f"""{_ISSUED}
WHERE id > :after::text AND id < :before::text
  AND (:about::text IS NULL OR charge_id = :about::text)
  AND (:created_from::bigint IS NULL OR created_at >= to_timestamp(:created_from::bigint))
  AND (:created_until::bigint IS NULL OR created_at < to_timestamp(:created_until::bigint))
ORDER BY id"""
NEWEST: Final = Statement(f"{_PAGE} DESC LIMIT :limit::int")
OLDEST: Final = Statement(f"{_PAGE} LIMIT :limit::int")


class Receipts:
    """ReceiptStore and ReceiptReads of one tenant."""

    def __init__(self, database: Database, tenant: Tenant) -> None:
        """Bind the store to a tenant; opens nothing yet."""
        self._database = database
        self._tenant = tenant

    def mark_stored(
        self,
        object_id: str,
        stored: StoredObject,
        *,
        event: Event,
        now: datetime,
        traceparent: str | None,
    ) -> bool:
        """Keep where the receipt lies and tell the merchant; False when that was done before."""
        values = event_values(event, self._tenant, traceparent)
        once = self._database.once(
            self._tenant,
            MARK_STORED,
            **{**values, "at": now},
            charge_id=object_id,
            object_key=stored.key,
            version_id=stored.version_id,
            sha_hex=stored.sha256,
        )
        marked, endpoints = once.rows[0]
        tenant = self._tenant
        like = Message(
            event.id, WEBHOOK_DUE, tenant.account, tenant.livemode, object_id, traceparent
        )
        self._database.hand_on(webhook_messages(event, endpoints, like))
        return bool(marked)

    def keep_printed(self, object_id: str, printed: PrintedAs) -> PrintedAs:
        """Keep what a receipt is printed with; return what was kept first."""
        words = json.dumps(printed.words, ensure_ascii=False)
        rows = self._database.once(
            self._tenant, KEEP_PRINTED, charge_id=object_id, printed=words
        ).rows
        return PrintedAs.read(rows[0][0]) if rows else printed

    def find_stored(self, object_id: str) -> StoredObject | None:
        """Return where the receipt of a payment lies, or None while there is none."""
        rows = self._database.once(self._tenant, FIND_STORED, charge_id=object_id).rows
        return StoredObject(*rows[0]) if rows else None

    def find_receipt(self, receipt_id: str) -> IssuedReceipt | None:
        """Return the receipt, or None."""
        rows = self._database.once(self._tenant, FIND, id=receipt_id).rows
        return IssuedReceipt(*rows[0]) if rows else None

    def list_receipts(self, page: Page, *, about: str | None) -> PageOf[IssuedReceipt]:
        """Return a page of receipts, newest first."""
        statement = NEWEST if page.ending_before is None else OLDEST
        rows = self._database.once(self._tenant, statement, **bounds(page), about=about).rows
        return cut([IssuedReceipt(*row) for row in rows], page)
