"""The public form of operators' statements, to administrators."""

from collections.abc import Mapping
from typing import Any

from shared.domain.operator_statement import LineState, OperatorStatement
from shared.operations.objects import unix_seconds


def statement_object(statement: OperatorStatement) -> dict[str, Any]:
    """Return a statement as it stands in a list; balances are in whole XAF."""
    processed_at = statement.processed_at
    return {
        "id": statement.id,
        "object": "statement",
        "operator_account": statement.operator_account,
        "account": statement.account,
        "mode": "live" if statement.livemode else "test",
        "version": statement.version,
        "sha256": statement.sha256,
        "first_day": statement.first_day.isoformat(),
        "last_day": statement.last_day.isoformat(),
        "opening_balance": statement.opening,
        "closing_balance": statement.closing,
        "lines": statement.line_count,
        "lines_done": statement.lines_done,
        "status": statement.status,
        "uploaded_by": statement.uploaded_by,
        "created": unix_seconds(statement.uploaded_at),
        "processed_at": None if processed_at is None else unix_seconds(processed_at),
    }


def statement_details(
    statement: OperatorStatement, counts: Mapping[LineState, int]
) -> dict[str, Any]:
    """Return a statement with how many of its lines are in which state."""
    return {
        **statement_object(statement),
        "counts": {state.value: counts.get(state, 0) for state in LineState},
    }
