"""The statements that all faces share: the hot ones cost one round trip and commit themselves."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from shared.simulator.database import Database, Row, Runner
from shared.simulator.faults import Fault
from shared.simulator.outcomes import FinalStatus
from shared.simulator.payments import Payment, PaymentRequest
from shared.simulator.schedule import DueCallback, PlannedCallback, is_soon, lease_end

# Whose a request is in the log when it did not show whose it is.
NOBODY: Final = "nobody"
_MAX_LOGGED_BODY: Final = 4096

PAYMENT_COLUMNS: Final = (
    "api_user", "reference", "environment", "amount", "currency", "external_id", "party_type",
    "party_id", "payer_message", "payee_note", "callback_url", "accepted_at", "pending_word",
    "final_status", "final_reason", "final_at", "financial_transaction_id", "payout", "refunds",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One request as it came and was answered, without secrets."""

    received_at: datetime
    api_user: str | None
    method: str
    route: str
    reference: str | None
    environment: str | None
    status: int
    code: str | None = None
    detail: str | None = None
    body: str | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """What the one statement of a submission did. Faults claimed: then nothing else was done."""

    faults: tuple[Fault, ...]
    payment: Payment | None
    callback: DueCallback | None


_CLAIM: Final = """claimed AS (
  UPDATE faults SET remaining = remaining - 1
  WHERE api_user = :api_user AND operation = :operation AND remaining > 0
    AND (msisdn IS NULL OR msisdn = {party})
    AND (reference IS NULL OR reference {named})
  RETURNING id, fault, remaining % every = 0 AS strikes
),
fault AS (SELECT id, fault FROM claimed WHERE strikes)"""

_BY_REFERENCE: Final = "= lower(:reference)"
_FAULTS: Final = "(SELECT json_agg(fault ORDER BY id)::text FROM fault)"

_INSERT_PAYMENT: Final = f"""
  INSERT INTO payments ({", ".join(PAYMENT_COLUMNS)})
  SELECT :api_user, :reference, :environment, :amount, :currency, :external_id, :party_type,
    :party_id, :payer_message, :payee_note, :callback_url, :accepted_at::timestamptz,
    :pending_word, :final_status, :final_reason, :final_at::timestamptz,
    coalesce(:financial_transaction_id::text, CASE WHEN :final_status = 'SUCCESSFUL'
      THEN nextval('financial_transaction_ids')::text END),
    :payout, :refunds
"""

_ENTRY_COLUMNS: Final = (
    "received_at, api_user, method, route, reference, environment, status, code, detail, body"
)

_ACCEPT: Final = f"""
WITH {_CLAIM.format(party=":party_id", named=_BY_REFERENCE)},
payment AS (
  {_INSERT_PAYMENT} WHERE NOT EXISTS (SELECT 1 FROM fault)
  ON CONFLICT DO NOTHING RETURNING financial_transaction_id
),
callback AS (
  INSERT INTO callbacks (api_user, reference, kind, method, due_at, lease_until)
  SELECT :api_user, :reference, 'true', 'POST', :due_at::timestamptz, :lease_until::timestamptz
  FROM payment WHERE :due_at::timestamptz IS NOT NULL RETURNING id
),
entry AS (
  INSERT INTO request_log ({_ENTRY_COLUMNS})
  SELECT :accepted_at::timestamptz, :api_user, 'POST', :route, :reference, :environment,
    CASE WHEN EXISTS (SELECT 1 FROM payment) THEN 202 ELSE 409 END,
    CASE WHEN NOT EXISTS (SELECT 1 FROM payment) THEN 'RESOURCE_ALREADY_EXIST' END,
    NULL, :body
  WHERE NOT EXISTS (SELECT 1 FROM fault)
)
SELECT {_FAULTS}, (SELECT count(*) FROM payment), (SELECT id FROM callback),
  (SELECT financial_transaction_id FROM payment)
"""  # noqa: S608 - no outside text is in it

_READ: Final = f"""
WITH payment AS (
  SELECT {", ".join(PAYMENT_COLUMNS)} FROM payments
  WHERE api_user = :api_user AND reference = :reference
),
{_CLAIM.format(party="(SELECT party_id FROM payment)", named=_BY_REFERENCE)},
entry AS (
  INSERT INTO request_log ({_ENTRY_COLUMNS})
  SELECT :now::timestamptz, :api_user, 'GET', :route, :reference, :environment,
    CASE WHEN EXISTS (SELECT 1 FROM payment) THEN 200 ELSE 404 END,
    CASE WHEN NOT EXISTS (SELECT 1 FROM payment) THEN 'RESOURCE_NOT_FOUND' END, NULL, NULL
  WHERE NOT EXISTS (SELECT 1 FROM fault)
)
SELECT {_FAULTS}, set_config('synchronous_commit', 'off', true), payment.*
FROM (SELECT 1) AS one LEFT JOIN payment ON true
"""  # noqa: S608 - no outside text is in it; the log of a read may be lost with the server

# Whoever orders a page is told its order id only then; by its label it is known before.
_CLAIM_ONLY: Final = f"""
WITH {_CLAIM.format(party=":party_id", named="IN (lower(:reference), lower(:label))")}
SELECT {_FAULTS}
"""

_PLAN: Final = """
INSERT INTO callbacks (api_user, reference, kind, method, due_at, lease_until)
VALUES (:api_user, :reference, :kind, :method, :due_at, :lease_until) RETURNING id
"""

_LOG: Final = f"""
INSERT INTO request_log ({_ENTRY_COLUMNS})
SELECT :received_at, :api_user, :method, :route, :reference, :environment, :status, :code,
  :detail, :body
FROM (SELECT set_config('synchronous_commit', 'off', true)) AS lazily
"""  # noqa: S608 - no outside text is in it


class Store:
    """The operators' books: payments, callbacks due, faults ordered, and a log of what came."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def accept(
        self, payment: Payment, planned: PlannedCallback | None, entry: LogEntry
    ) -> Accepted:
        """Book the payment, its callback and its log row at once; or claim faults, and no more.

        `payment` None in the answer, with no fault: the reference was used before.
        """
        due_at = planned.due_at if planned else None
        lease_until = lease_end(due_at, payment.accepted_at) if due_at else None
        ((faults, inserted, callback_id, financial_id),) = self._database.run(
            _ACCEPT,
            **payment_parameters(payment),
            operation="submit",
            due_at=due_at,
            lease_until=lease_until,
            route=entry.route,
            body=_bounded(entry.body),
        )
        if not inserted:
            return Accepted(_faults(faults), None, None)
        booked = replace(payment, financial_transaction_id=financial_id)
        callback = None
        if planned is not None and callback_id is not None:
            callback = DueCallback(
                int(callback_id), planned, booked, is_leased=lease_until is not None
            )
        return Accepted((), booked, callback)

    def accept_with_faults(
        self, payment: Payment, planned: Sequence[PlannedCallback]
    ) -> tuple[Payment, list[DueCallback]] | None:
        """Book the payment with any number of callbacks. None: the reference was used before."""
        with self._database.transaction() as run:
            return book(run, payment, planned)

    def read(
        self, api_user: str, reference: str, *, entry: LogEntry
    ) -> tuple[tuple[Fault, ...], Payment | None]:
        """The payment and the faults that strike this read."""
        ((faults, _, *row),) = self._database.run(
            _READ,
            api_user=api_user,
            reference=reference,
            operation="read",
            environment=entry.environment,
            route=entry.route,
            now=entry.received_at,
        )
        return _faults(faults), payment_from(row) if row[0] is not None else None

    def claim_faults(
        self,
        api_user: str,
        operation: str,
        *,
        party_id: str | None = None,
        reference: str | None = None,
        label: str | None = None,
    ) -> tuple[Fault, ...]:
        """The faults that strike this call; each is used up by one.

        An order of Web Payment is known by its `label` too.
        """
        ((faults,),) = self._database.run(
            _CLAIM_ONLY,
            api_user=api_user,
            operation=operation,
            party_id=party_id,
            reference=reference,
            label=label,
        )
        return _faults(faults)

    def log(self, entry: LogEntry) -> None:
        """Keep what came and what was answered."""
        self._database.run(
            _LOG,
            received_at=entry.received_at,
            api_user=entry.api_user or NOBODY,
            method=entry.method,
            route=entry.route,
            reference=entry.reference,
            environment=entry.environment,
            status=entry.status,
            code=entry.code,
            detail=entry.detail,
            body=_bounded(entry.body),
        )


def book(
    run: Runner, payment: Payment, planned: Sequence[PlannedCallback]
) -> tuple[Payment, list[DueCallback]] | None:
    """Book a payment with its callbacks. None: the reference was used before."""
    rows = run(
        f"{_INSERT_PAYMENT} ON CONFLICT DO NOTHING RETURNING financial_transaction_id",
        **payment_parameters(payment),
    )
    if not rows:
        return None
    booked = replace(payment, financial_transaction_id=rows[0][0])
    return booked, [plan_callback(run, booked, each) for each in planned]


def plan_callback(run: Runner, payment: Payment, planned: PlannedCallback) -> DueCallback:
    """Write one due callback; leased when this process will send it soon."""
    is_leased = is_soon(planned.due_at, planned.planned_at)
    ((callback_id,),) = run(
        _PLAN,
        api_user=payment.api_user,
        reference=payment.reference,
        kind=planned.kind,
        method=planned.method,
        due_at=planned.due_at,
        lease_until=lease_end(planned.due_at, planned.planned_at),
    )
    return DueCallback(int(callback_id), planned, payment, is_leased=is_leased)


def payment_parameters(payment: Payment) -> dict[str, Any]:
    """The payment as parameters of a statement."""
    request = payment.request
    return {
        "api_user": payment.api_user,
        "reference": payment.reference,
        "environment": request.environment,
        "amount": request.amount,
        "currency": request.currency,
        "external_id": request.external_id,
        "party_type": request.party_type,
        "party_id": request.party_id,
        "payer_message": request.payer_message,
        "payee_note": request.payee_note,
        "callback_url": payment.callback_url,
        "accepted_at": payment.accepted_at,
        "pending_word": payment.pending_word,
        "final_status": payment.final_status.value,
        "final_reason": payment.final_reason,
        "final_at": payment.final_at,
        "financial_transaction_id": payment.financial_transaction_id,
        "payout": payment.payout,
        "refunds": payment.refunds,
    }


def payment_from(row: Row) -> Payment:
    """The payment of a row with `PAYMENT_COLUMNS`."""
    return Payment(
        api_user=row[0],
        reference=row[1],
        request=PaymentRequest(*row[2:10]),
        callback_url=row[10],
        accepted_at=row[11],
        pending_word=row[12],
        final_status=FinalStatus(row[13]),
        final_reason=row[14],
        final_at=row[15],
        financial_transaction_id=row[16],
        payout=row[17],
        refunds=row[18],
    )


def _faults(text: str | None) -> tuple[Fault, ...]:
    return tuple(Fault.from_json(each) for each in json.loads(text)) if text else ()


def _bounded(body: str | None) -> str | None:
    """PostgreSQL's text cannot hold NUL, and a log needs no more than the beginning."""
    return body[:_MAX_LOGGED_BODY].replace("\0", "") if body else None
