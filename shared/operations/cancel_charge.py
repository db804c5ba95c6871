"""Takes a charge back before anything of it was sent."""

from dataclasses import replace
from datetime import datetime

from shared.domain import charge as charges
from shared.domain.account import Caller
from shared.domain.charge import Charge, ChargeEvent, ChargeStatus
from shared.domain.errors import InvalidRequest, NotFound, NotPermitted
from shared.domain.ids import is_id
from shared.operations import moves
from shared.operations.ports import ChargeStore, Lease, Move


def cancel_charge(
    charge_id: str,
    caller: Caller,
    *,
    store: ChargeStore,
    now: datetime,
    base_url: str,
    language: str,
) -> Charge:
    """Return the canceled charge; the same call again returns it again.

    Raises NotPermitted for a suspended account, NotFound, and InvalidRequest
    `charge_not_cancelable` once it may have been sent.
    """
    if caller.suspended:
        raise NotPermitted("account_suspended")
    charge = store.find(charge_id) if is_id(charge_id, "ch") else None
    if charge is None:
        raise NotFound("resource_missing", "id")
    if charge.status is ChargeStatus.CANCELED:
        return charge
    status = charges.after(charge.status, ChargeEvent.CANCELED)
    if status is None:
        raise InvalidRequest("charge_not_cancelable", "id")
    canceled = replace(charge, status=status, failure_code=None)
    move = Move(
        charge=canceled,
        expected=charge.status,
        cause=ChargeEvent.CANCELED,
        at=now,
        next_check_at=None,
        lease=Lease.FREE,
        event=moves.final_event(canceled, at=now, base_url=base_url, language=language),
    )
    if store.move(move):
        return canceled
    found = store.find(charge_id)
    if found is not None and found.status is ChargeStatus.CANCELED:
        return found
    raise InvalidRequest("charge_not_cancelable", "id")
