"""The public form of cases, to administrators."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from shared.domain.case import (
    Case,
    CaseAttempt,
    CaseChange,
    CaseCheck,
    CaseDrop,
    CaseLine,
    CasePayment,
    Evidence,
)
from shared.domain.ending import Ending
from shared.domain.redaction import redacted_text
from shared.operations.objects import seconds_or_none, unix_seconds


def case_object(case: Case) -> dict[str, Any]:
    """Return a case as it stands in a list."""
    return {
        "id": case.id,
        "object": "case",
        "kind": case.kind,
        "account": case.account,
        "mode": "live" if case.livemode else "test",
        "about": case.object_id,
        "reason": case.reason,
        "statement": case.statement,
        "status": case.status.value,
        "opened": unix_seconds(case.opened_at),
        "closed_at": seconds_or_none(case.closed_at),
        "closed_by": case.closed_by,
        "close_reason": case.close_reason,
    }


def case_details(
    case: Case, evidence: Evidence, ending: Ending | None, *, now: datetime
) -> dict[str, Any]:
    """Return a case with what we hold of its payment, and the last wish to end that by hand."""
    payment, check = evidence.payment, evidence.check
    return {
        **case_object(case),
        "evidence": {
            "payment": None if payment is None else _payment(payment),
            "attempts": [_attempt(attempt) for attempt in evidence.attempts],
            "changes": [_change(change) for change in evidence.changes],
            "check": None if check is None else _check(check),
            "lines": [_line(line) for line in evidence.lines],
            "drop": None if evidence.drop is None else _drop(evidence.drop),
        },
        "ending": None if ending is None else _ending(ending, now),
    }


def _payment(payment: CasePayment) -> dict[str, Any]:
    return {
        "id": payment.id,
        "kind": payment.kind,
        "amount": payment.amount,
        "currency": payment.currency.lower(),
        "status_detail": payment.status,
        "failure_code": payment.failure_code,
        "operator": payment.operator,
        "operator_account": payment.operator_account,
        "operator_transaction_id": payment.operator_transaction_id,
        "charge": payment.charge,
        "created": unix_seconds(payment.created_at),
        "submit_before": unix_seconds(payment.submit_before),
    }


def _attempt(attempt: CaseAttempt) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "reference": attempt.reference,
        "operator_reference": attempt.operator_reference,
        "status": attempt.status,
        "operator_word": _word(attempt.operator_word),
        "reads": attempt.reads,
        "not_found_reads": attempt.not_found_reads,
        "created": unix_seconds(attempt.created_at),
        "answered_at": seconds_or_none(attempt.answered_at),
    }


def _change(change: CaseChange) -> dict[str, Any]:
    return {
        "at": unix_seconds(change.at),
        "from": change.from_status,
        "to": change.to_status,
        "cause": change.cause,
        "operator_word": _word(change.operator_word),
    }


def _check(check: CaseCheck) -> dict[str, Any]:
    return {"due_at": seconds_or_none(check.due_at), "done_at": seconds_or_none(check.done_at)}


def _line(line: CaseLine) -> dict[str, Any]:
    return {**asdict(line), "at": unix_seconds(line.at)}


def _drop(drop: CaseDrop) -> dict[str, Any]:
    return {**asdict(drop), "dropped_at": unix_seconds(drop.dropped_at)}


def _ending(ending: Ending, now: datetime) -> dict[str, Any]:
    return {
        "id": ending.id,
        "object": "ending",
        "case": ending.case,
        "reason": ending.reason,
        "status": ending.status(now),
        "content_sha256": ending.content_sha256,
        "proposed_by": ending.proposed_by,
        "proposed_at": unix_seconds(ending.proposed_at),
        "expires_at": unix_seconds(ending.expires_at),
        "decided_by": ending.decided_by,
        "decided_at": seconds_or_none(ending.decided_at),
        "works_until": seconds_or_none(ending.works_until),
    }


def _word(word: str | None) -> str | None:
    """An operator's word is a code; whatever else it may hold is no number that we show."""
    return None if word is None else redacted_text(word)
