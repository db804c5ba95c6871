"""Changes what will happen: orders faults, makes callbacks due, ends a payment, fills floats."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from shared.simulator import floats, statement
from shared.simulator.callbacks import CallbackSender
from shared.simulator.database import Database, Runner
from shared.simulator.faults import FaultError, operation_of, parse_fault
from shared.simulator.orange import payments as orange
from shared.simulator.orange.outcomes import CANCELLED
from shared.simulator.orange_web import orders
from shared.simulator.outcomes import CURRENCIES, FinalStatus
from shared.simulator.payments import Payment
from shared.simulator.schedule import PlannedCallback
from shared.simulator.store import PAYMENT_COLUMNS, payment_from, plan_callback
from shared.simulator.users import make_partners, partner_of

_MAX_TIMES: Final = 1_000_000
_AMOUNT: Final = re.compile(r"[1-9][0-9]{0,14}")
_MODES: Final = {"now": ("true",), "twice": ("true", "true"), "forged": ("forged",)}


class ControlError(Exception):
    """The order cannot be carried out; `status` is the HTTP status of the answer."""

    def __init__(self, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def add_fault(
    database: Database, api_user: str, order: Mapping[str, Any], *, now: datetime
) -> dict[str, Any]:
    """Order a fault for the next `times` (default 1) matching calls, or `every` n-th of them.

    Raises ControlError.
    """
    try:
        fault = parse_fault(order.get("fault"))
        operation = operation_of(fault, order.get("on"))
    except FaultError as error:
        raise ControlError(str(error)) from error
    times, every = _count(order, "times"), _count(order, "every")
    msisdn, reference = _match(order.get("match", {}))
    ((fault_id,),) = database.run(
        "INSERT INTO faults"
        " (api_user, operation, msisdn, reference, remaining, every, fault, created_at)"
        " VALUES (:api_user, :operation, :msisdn, :reference, :times, :every, :fault, :now)"
        " RETURNING id",
        api_user=api_user,
        operation=operation,
        msisdn=msisdn,
        reference=reference,
        times=times,
        every=every,
        fault=fault.to_json(),
        now=now,
    )
    return {"id": fault_id, "on": operation, "times": times, "fault": fault.kind}


def _count(order: Mapping[str, Any], name: str) -> int:
    count = order.get(name, 1)
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= _MAX_TIMES:
        raise ControlError(f"{name} must be between 1 and {_MAX_TIMES}")
    return count


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
    reason = order.get("reason")
    if reason is not None and (not isinstance(reason, str) or not reason.isprintable()):
        raise ControlError("reason must be text")
    with database.transaction() as run:
        payment = _find(run, api_user, order.get("reference"))
        if payment.is_final(now):
            raise ControlError("the payment is final", status=409)
        _change_float(run, payment, status)
        run(
            "UPDATE payments SET final_status = :status, final_reason = :reason, final_at = :now,"
            " financial_transaction_id = CASE WHEN :status = 'SUCCESSFUL' THEN"
            " coalesce(financial_transaction_id, nextval('financial_transaction_ids')::text) END"
            " WHERE api_user = :api_user AND reference = :reference",
            status=status.value,
            reason=None if status is FinalStatus.SUCCESSFUL else reason or _refusal(payment),
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


def top_up(
    database: Database, api_user: str, order: Mapping[str, Any], *, now: datetime
) -> dict[str, Any]:
    """Put money into a disbursement float from outside. Raises ControlError."""
    currency, amount = _money(order)
    with database.transaction() as run:
        if not run("SELECT 1 FROM api_users WHERE api_user = :api_user", api_user=api_user):
            raise ControlError("no such API user", status=404)
        floats.top_up(run, api_user, currency, amount, now=now)
        balance = floats.available(run, api_user, currency)
    return {"api_user": api_user, "currency": currency, "balance": balance}


def move_float(
    database: Database, api_user: str, order: Mapping[str, Any], *, now: datetime
) -> dict[str, Any]:
    """Move from a merchant's collection balance to its disbursement float.

    Raises ControlError: 409 where the one holds less, or the merchant has no other API user.
    """
    currency, amount = _money(order)
    with database.transaction() as run:
        collection = partner_of(run, api_user)
        if collection is None:
            raise ControlError("the API user has no partner", status=409)
        if not floats.move(run, collection, api_user, currency, amount, now=now):
            raise ControlError("the collection balance is lower than that", status=409)
        balance = floats.available(run, api_user, currency)
    return {"api_user": api_user, "currency": currency, "balance": balance}


def adjust(
    database: Database, api_user: str, order: Mapping[str, Any], *, now: datetime
) -> dict[str, Any]:
    """Take a payment back, or a fee: statements tell of it, callbacks never. Raises ControlError.

    409 where the payment is no success, was taken back before, or the float is lower than that.
    """
    kind = order.get("kind")
    with database.transaction() as run:
        try:
            if kind == statement.REVERSAL:
                payment = _find(run, api_user, order.get("reference"))
                if not payment.is_final(now) or payment.final_status is not FinalStatus.SUCCESSFUL:
                    raise ControlError("the payment is no success", status=409)
                if floats.is_reversed(run, payment):
                    raise ControlError("the payment was taken back before", status=409)
                amount = statement.reverse(run, payment, now=now)
            elif kind == statement.FEE:
                currency, amount = _money(order)
                statement.take_fee(run, api_user, currency, amount, now=now)
            else:
                raise ControlError("kind must be fee or reversal")
        except ValueError as error:
            raise ControlError(str(error), status=409) from error
    return {"api_user": api_user, "kind": kind, "amount": amount.removeprefix("-")}


def join(database: Database, api_user: str, order: Mapping[str, Any]) -> dict[str, Any]:
    """Say that a disbursement and a collection API user are one merchant's. Raises ControlError."""
    collection = order.get("collection")
    with database.transaction() as run:
        known = run(
            "SELECT api_user FROM api_users WHERE api_user IN (:one, :other)",
            one=api_user,
            other=collection if isinstance(collection, str) else "",
        )
        if len(known) != len({api_user, collection}) or collection == api_user:
            raise ControlError("partners are two API users", status=404)
        make_partners(run, disbursement=api_user, collection=str(collection))
    return {"api_user": api_user, "collection": collection}


def _change_float(run: Runner, payment: Payment, status: FinalStatus) -> None:
    """A payout that was to succeed has its amount already; one that was to fail has not."""
    if payment.payout is None or status is payment.final_status:
        return
    if status is FinalStatus.FAILED:
        floats.give_back(run, payment)
    elif not floats.take(run, payment):
        raise ControlError("the float is lower than that", status=409)


def _money(order: Mapping[str, Any]) -> tuple[str, str]:
    currency, amount = order.get("currency", "XAF"), order.get("amount")
    if currency not in CURRENCIES.values():
        raise ControlError(f"currency must be one of: {', '.join(CURRENCIES.values())}")
    if not isinstance(amount, str) or not _AMOUNT.fullmatch(amount):
        raise ControlError("amount must be digits")
    return currency, amount


def _refusal(payment: Payment) -> str:
    """What each product calls a payer's refusal."""
    if payment.request.environment == orders.ENVIRONMENT:
        return orders.FAILED
    is_orange = payment.request.environment in orange.PRODUCTS
    return CANCELLED if is_orange else "APPROVAL_REJECTED"


def _find(run: Runner, api_user: str, reference: object) -> Payment:
    if not isinstance(reference, str) or not reference.isprintable():
        raise ControlError("reference must be text")
    rows = run(
        f"SELECT {', '.join(PAYMENT_COLUMNS)} FROM payments"  # noqa: S608 - column names are constants
        " WHERE api_user = :api_user AND reference IN (:reference, lower(:reference)) FOR UPDATE",
        api_user=api_user,
        reference=reference,
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
