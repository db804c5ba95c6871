"""The pages of charges whose payers pay on the operator's own, each with its keys sealed."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

import msgspec

from shared.db import page_statements as sql
from shared.db.charge_rows import charge_from_row
from shared.db.transaction import Database
from shared.domain.account import Tenant
from shared.domain.charge import Attempt, Charge
from shared.operations.page_ports import Page, PageKeys

Seal = Callable[[str, str], str]
"""Seals or opens a text that belongs to the row with this id."""
_KEYS: Final = msgspec.json.Decoder(PageKeys)


def order_stem(charge_id: str) -> str:
    """Return what all order ids of a charge begin with: 26 characters of at most 30."""
    return charge_id.replace("_", "")


class Pages:
    """PageStore of one tenant."""

    def __init__(self, database: Database, tenant: Tenant, *, seal: Seal, unseal: Seal) -> None:
        """Bind the store to a tenant; opens nothing yet."""
        self._database = database
        self._tenant = tenant
        self._seal = seal
        self._unseal = unseal

    def claim(
        self,
        attempt: Attempt,
        *,
        consumer: str,
        message_id: str,
        callback_token_hash: str,
        number_hmac: str,
        now: datetime,
        lease_until: datetime,
    ) -> tuple[Charge, Attempt] | None:
        """Take the lease and commit one more attempt before a byte is sent."""
        rows = self._database.once(
            self._tenant,
            sql.CLAIM_PAGE,
            account=self._tenant.account,
            livemode=self._tenant.livemode,
            charge_id=attempt.charge_id,
            consumer=consumer,
            message_id=message_id,
            attempt_id=attempt.id,
            reference=attempt.reference,
            order_stem=order_stem(attempt.charge_id),
            token_hash=callback_token_hash,
            number_hmac=number_hmac,
            now=now,
            lease_until=lease_until,
        ).rows
        if not rows:
            return None
        number, order_id = rows[0][sql.CHARGE_WIDTH :]
        made = replace(attempt, number=number, operator_reference=order_id)
        return charge_from_row(rows[0], self._tenant), made

    def keep(self, attempt: Attempt, keys: PageKeys) -> None:
        """Commit what the operator gave, and let the charge be found by its id."""
        self._database.once(
            self._tenant,
            sql.KEEP_PAGE,
            account=self._tenant.account,
            livemode=self._tenant.livemode,
            attempt_id=attempt.id,
            page_sealed=self._seal(msgspec.json.encode(keys).decode(), attempt.id),
        )

    def release(self, charge: Charge, attempt: Attempt, *, reason: str) -> None:
        """Give the lease back: no page came of this attempt."""
        self._database.once(
            self._tenant,
            sql.RELEASE_PAGE,
            charge_id=charge.id,
            attempt_id=attempt.id,
            lease=charge.lease_until,
            reason=reason[:200],
        )

    def pages(self, charge_id: str) -> Sequence[Page]:
        """Return every page that was kept for a charge, the oldest first."""
        rows = self._database.once(self._tenant, sql.FIND_PAGES, charge_id=charge_id).rows
        return [
            Page(order_id, is_shown, _KEYS.decode(self._unseal(sealed, attempt_id)))
            for attempt_id, order_id, is_shown, sealed in rows
        ]
