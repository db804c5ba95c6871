"""Changes what will happen: orders faults, makes callbacks due, ends a payment by hand."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from shared.simulator.callbacks import CallbackSender
from shared.simulator.database import Database, Runner
from shared.simulator.faults import FaultError, operation_of, parse_fault
from shared.simulator.outcomes import FinalStatus
from shared.simulator.payments import Payment
from shared.simulator.schedule import PlannedCallback
from shared.simulator.store import PAYMENT_COLUMNS, payment_from, plan_callback

_MAX_TIMES: Final = 1_000_000
_MODES: Final = {"now": ("true",), "twice": ("true", "true"), "forged": ("forged",)}


class ControlError(Exception):
    """The order cannot be carried out; `status` is the HTTP status of the answer."""

    def __init__(self, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def add_fault(
    database: Database, api_user: str, order: Mapping[str, Any], *, now: datetime
) -> dict[str, Any]:
    """Order a fault for the next `times` (default 1) matching calls. Raises ControlError."""
    try:
        fault = parse_fault(order.get("fault"))
        operation = operation_of(fault, order.get("on"))
    except FaultError as error:
        raise ControlError(str(error)) from error
    times = order.get("times", 1)
    if isinstance(times, bool) or not isinstance(times, int) or not 1 <= times <= _MAX_TIMES:
        raise ControlError(f"times must be between 1 and {_MAX_TIMES}")
    msisdn, reference = _match(order.get("match", {}))
    ((fault_id,),) = database.run(
        "INSERT INTO faults (api_user, operation, msisdn, reference, remaining, fault, created_at)"
        " VALUES (:api_user, :operation, :msisdn, :reference, :times, :fault, :now) RETURNING id",
        api_user=api_user,
        operation=operation,
        msisdn=msisdn,
        reference=reference,
        times=times,
        fault=fault.to_json(),
        now=now,
    )
    return {"id": fault_id, "on": operation, "times": times, "fault": fault.kind}


def read_faults(database: Database, api_user: str) -> list[dict[str, Any]]:
    """Every fault ordered and not deleted, with what is left of it."""
    names = ("id", "on", "msisdn", "reference", "remaining", "fault")
    rows = database.run(
        "SELECT id, operation, msisdn, reference, remaining, fault::json FROM faults"
        " WHERE api_user = :api_user ORDER BY id",
        api_user=api_user,
    )
    return [dict(zip(names, row, strict=True)) for row in rows]


def delete_faults(database: Database, api_user: str) -> int:
    """Forget them all; how many there were."""
    rows = database.run(
        "DELETE FROM faults WHERE api_user = :api_user RETURNING 1", api_user=api_user
    )
    return len(rows)


def call_back(
    database: Database,
    sender: CallbackSender,
    api_user: str,
    order: Mapping[str, Any],
    *,
    now: datetime,
) -> dict[str, Any]:
    """Send a callback at once: what is true, twice, or the contrary. Raises ControlError."""
    mode = order.get("mode", "now")
    if not isinstance(mode, str) or mode not in _MODES:
        raise ControlError(f"mode must be one of: {', '.join(_MODES)}")
    with database.transaction() as run:
        payment = _find(run, api_user, order.get("reference"))
        if payment.callback_url is None:
            raise ControlError("the request named no callback address", status=409)
        due = [
            plan_callback(run, payment, PlannedCallback(kind, now, now)) for kind in _MODES[mode]
        ]
    for each in due:
        sender.expect(each)
    return {"callbacks": [each.id for each in due]}


def settle(
    database: Database,
    sender: CallbackSender,
    api_user: str,
    order: Mapping[str, Any],
    *,
    now: datetime,
) -> dict[str, Any]:
    """End a pending payment and make its callbacks due. Raises ControlError: 409 if final."""
    try:
        status = FinalStatus(order.get("status", ""))
    except ValueError as error:
        raise ControlError("status must be SUCCESSFUL or FAILED") from error
    reason = order.get("reason", "APPROVAL_REJECTED")
    if not isinstance(reason, str) or not reason.isprintable():
        raise ControlError("reason must be text")
    with database.transaction() as run:
        payment = _find(run, api_user, order.get("reference"))
        if payment.is_final(now):
            raise ControlError("the payment is final", status=409)
        run(
            "UPDATE payments SET final_status = :status, final_reason = :reason, final_at = :now,"
            " financial_transaction_id = CASE WHEN :status = 'SUCCESSFUL' THEN"
            " coalesce(financial_transaction_id, nextval('financial_transaction_ids')::text) END"
            " WHERE api_user = :api_user AND reference = :reference",
            status=status.value,
            reason=None if status is FinalStatus.SUCCESSFUL else reason,
            now=now,
            api_user=api_user,
            reference=payment.reference,
        )
        run(
            "UPDATE callbacks SET due_at = :now WHERE api_user = :api_user"
            " AND reference = :reference AND sent_at IS NULL AND lease_until IS NULL",
            now=now,
            api_user=api_user,
            reference=payment.reference,
        )
    sender.look()
    return {"reference": payment.reference, "status": status.value}


def _find(run: Runner, api_user: str, reference: object) -> Payment:
    if not isinstance(reference, str) or not reference.isprintable():
        raise ControlError("reference must be text")
    rows = run(
        f"SELECT {', '.join(PAYMENT_COLUMNS)} FROM payments"  # noqa: S608 - column names are constants
        " WHERE api_user = :api_user AND reference = :reference FOR UPDATE",
        api_user=api_user,
        reference=reference.lower(),
    )
    if not rows:
        raise ControlError("no such payment", status=404)
    return payment_from(rows[0])


def _match(value: object) -> tuple[str | None, str | None]:
    if not isinstance(value, dict) or value.keys() - {"msisdn", "reference"}:
        raise ControlError("match takes msisdn and reference")
    for text in value.values():
        if text is not None and (not isinstance(text, str) or not text.isprintable()):
            raise ControlError("match takes text")
    reference = value.get("reference")
    return value.get("msisdn"), reference.lower() if reference else None
