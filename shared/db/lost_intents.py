"""Money out that a tenant's schema lost when it was put back: its row made again, once."""

import json
from datetime import datetime
from typing import Any, Final

from shared.db import notices
from shared.db.ledger import LEDGER_PARTS, WHOLE, posting_values
from shared.db.outgoing import stored_values
from shared.db.refunds import hold_charge
from shared.db.statement import Statement
from shared.db.transaction import Database
from shared.domain.account import Tenant
from shared.domain.charge import Attempt
from shared.domain.lost_intent import LOST, LostIntent
from shared.domain.money import Currency, Money
from shared.domain.notification import Notification
from shared.domain.outgoing import Outgoing
from shared.domain.payout import Payout
from shared.domain.phone import Operator
from shared.domain.refund import Refund
from shared.operations.outgoing_store import Decide

FIND: Final = Statement("""
SELECT kind, about, intent_hmac, amount, currency, operator, operator_account_id, reference,
       operator_reference, made_at, kept_at, found_at
FROM platform.lost_intents WHERE object_id = :object_id::text AND outcome IS NULL
""")

# `gate` is what decides that the row is made, once.
_GATE: Final = """
WITH gate AS MATERIALIZED (
    UPDATE platform.lost_intents SET outcome = 'recovered', decided_at = :at::timestamptz
    WHERE object_id = :object_id::text AND outcome IS NULL
    RETURNING object_id AS id
)"""
_BESIDE: Final = """
attempt AS (
    INSERT INTO provider_attempts (id, account_id, charge_id, number, reference,
                                   operator_reference, operator_account_id, status, created_at)
    SELECT :attempt_id::text, :account::text, id, 1, :attempt_reference::text,
           :operator_reference::text, :operator_account::text, :attempt_status::text,
           :kept_at::timestamptz
    FROM gate
),
index_row AS (
    INSERT INTO platform.payment_index (object_id, account_id, livemode, kind,
        operator_account_id, reference, operator_reference, state, amount, number_hmac, created_at)
    SELECT id, :account::text, :livemode::boolean, :kind::text, :operator_account::text,
           :attempt_reference::text, :operator_reference::text, :status::text, :amount::bigint,
           :number_hmac::text, :kept_at::timestamptz
    FROM gate
    ON CONFLICT DO NOTHING
),
change AS (
    INSERT INTO state_changes (account_id, object_id, from_status, to_status, cause, at)
    SELECT :account::text, id, NULL, :status::text, 'found_in_journal', :at::timestamptz
    FROM gate
)"""
_COLUMNS: Final = """id, account_id, amount, currency, status, operator, operator_account_id,
    phone, intent_hmac, metadata, balance_transaction, submit_before, journaled_at, claimed_at,
    created_at"""
_VALUES: Final = """id, :account::text, :amount::bigint, :currency::text, :status::text,
    :operator::text, :operator_account::text, :phone::text, :intent_hmac::text,
    :metadata::jsonb, :transaction_id::text, :submit_before::timestamptz, :kept_at::timestamptz,
    :kept_at::timestamptz, :made_at::timestamptz"""

# What is available is taken, whether it covers it or not: the money is out.
ADD_PAYOUT: Final = Statement(f"""
{_GATE},
payout AS (INSERT INTO payouts ({_COLUMNS}, fees) SELECT {_VALUES}, :fees::jsonb FROM gate),
{_BESIDE},
{LEDGER_PARTS}
SELECT (SELECT count(*) FROM gate), {WHOLE}
""")

ADD_REFUND: Final = Statement(f"""
{_GATE},
charge AS (
    UPDATE charges SET amount_refunded = amount_refunded + :amount::bigint
    WHERE id = :charge_id::text AND EXISTS (SELECT FROM gate)
),
refund AS (
    INSERT INTO refunds ({_COLUMNS}, charge_id, from_pending, charge_reference)
    SELECT {_VALUES}, :charge_id::text, :from_pending::bigint, :charge_reference::text FROM gate
),
{_BESIDE},
{LEDGER_PARTS}
SELECT (SELECT count(*) FROM gate), {WHOLE}
""")

GIVE_UP: Final = Statement("""
WITH gate AS MATERIALIZED (
    UPDATE platform.lost_intents SET outcome = :lost::text, decided_at = :at::timestamptz
    WHERE object_id = :object_id::text AND outcome IS NULL
    RETURNING object_id AS id
),
opened AS (
    INSERT INTO platform.cases (id, kind, account_id, livemode, object_id, reason, opened_at)
    SELECT :case_id::text, :kind::text, :account::text, :livemode::boolean, id, :lost::text,
           :at::timestamptz
    FROM gate
    ON CONFLICT DO NOTHING
),
due AS (
    UPDATE platform.due_work
    SET due_at = 'infinity', lease_until = NULL, done_at = :at::timestamptz
    WHERE kind = 'payout_check' AND object_id = :object_id::text AND EXISTS (SELECT FROM gate)
)
SELECT count(*) FROM gate
""")

WAIT: Final = Statement("""
UPDATE platform.due_work SET due_at = :until::timestamptz, lease_until = NULL, done_at = NULL
WHERE kind = 'payout_check' AND object_id = :object_id::text
""")


class LostIntentRows:
    """LostIntents of one tenant."""

    def __init__(self, database: Database, tenant: Tenant) -> None:
        """Bind the store to a tenant; opens nothing yet."""
        self._database = database
        self._tenant = tenant

    def find(self, object_id: str) -> LostIntent | None:
        """Return what nobody decided on yet, or None."""
        rows = self._database.once(self._tenant, FIND, object_id=object_id).rows
        if not rows:
            return None
        kind, about, key, amount, currency, operator, *rest = rows[0]
        return LostIntent(
            object_id,
            self._tenant.account,
            self._tenant.livemode,
            kind,
            about,
            key,
            Money(amount, Currency(currency)),
            Operator(operator),
            *rest,
        )

    def add_payout(
        self, payout: Payout, attempt: Attempt, *, number_hmac: str, at: datetime
    ) -> bool:
        """Store it with its hold, whatever is available; False where another was first."""
        values = self._values(payout, attempt, number_hmac, at) | posting_values(payout.held())
        rows = self._database.once(
            self._tenant, ADD_PAYOUT, **values, fees=json.dumps(payout.fees)
        ).rows
        return bool(rows[0][0])

    def add_refund(
        self,
        refund: Refund,
        attempt: Attempt,
        *,
        decide: Decide,
        number_hmac: str,
        at: datetime,
    ) -> bool:
        """Store it with its hold under the charge's lock; False where another was first."""
        with self._database.tenant(self._tenant) as transaction:
            refund = decide(hold_charge(transaction, refund.charge_id))
            values = self._values(refund, attempt, number_hmac, at)
            values |= posting_values(refund.held())
            [[added, _]] = transaction.run(
                ADD_REFUND,
                **values,
                charge_id=refund.charge_id,
                from_pending=refund.from_pending,
                charge_reference=refund.charge_reference,
            )
        return bool(added)

    def give_up(
        self, lost: LostIntent, *, case_id: str, notice: Notification, at: datetime
    ) -> None:
        """Leave it to a person, who is told, once."""
        with self._database.tenant(self._tenant) as transaction:
            [[given_up]] = transaction.run(
                GIVE_UP,
                object_id=lost.id,
                lost=LOST,
                case_id=case_id,
                kind=lost.kind,
                account=self._tenant.account,
                livemode=self._tenant.livemode,
                at=at,
            )
            if given_up:
                notices.add(transaction, notice)

    def wait(self, lost: LostIntent, *, until: datetime) -> None:
        """Have it looked at again."""
        self._database.once(self._tenant, WAIT, object_id=lost.id, until=until)

    def _values(
        self, outgoing: Outgoing, attempt: Attempt, number_hmac: str, at: datetime
    ) -> dict[str, Any]:
        return {
            **stored_values(outgoing),
            "account": self._tenant.account,
            "livemode": self._tenant.livemode,
            "object_id": outgoing.id,
            "kind": outgoing.kind,
            "made_at": outgoing.created_at,
            "kept_at": outgoing.journaled_at,
            "attempt_id": attempt.id,
            "attempt_reference": attempt.reference,
            "operator_reference": attempt.operator_reference,
            "attempt_status": attempt.status.value,
            "number_hmac": number_hmac,
            "at": at,
        }
