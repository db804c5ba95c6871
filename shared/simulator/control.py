"""The door for tests and operators: order faults, read the books, make callbacks happen.

It exists only for who holds the control token; to anyone else there is nothing here.
"""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from werkzeug.wrappers import Request, Response

from shared.simulator import access, ledger_view, steering
from shared.simulator.answers import json_response
from shared.simulator.callbacks import CallbackSender
from shared.simulator.database import Database
from shared.simulator.steering import ControlError
from shared.simulator.store import NOBODY

_MAX_BODY_BYTES: Final = 64 * 1024
_MAX_ROWS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Office:
    """What the control works with. `own_api_user`: who is meant when a request names nobody."""

    database: Database
    sender: CallbackSender
    own_api_user: str | None


def handle(
    office: Office, request: Request, path: str, *, token: str | None, now: datetime
) -> Response:
    """The answer to a request below `/_control`."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    is_known = (
        token is not None
        and scheme.lower() == "bearer"
        and hmac.compare_digest(given.encode(), token.encode())
    )
    if not is_known:
        return json_response(404, {"message": "Resource not found"})
    try:
        return json_response(200, _answer(office, request, path, now))
    except ControlError as error:
        return json_response(error.status, {"message": str(error)})


def _answer(office: Office, request: Request, path: str, now: datetime) -> object:
    database, sender = office.database, office.sender
    match request.method, path:
        case "GET", "/faults":
            return {"faults": steering.read_faults(database, _api_user(office, request.args))}
        case "DELETE", "/faults":
            return {"deleted": steering.delete_faults(database, _api_user(office, request.args))}
        case "POST", "/faults":
            order = _order(request, {"api_user", "match", "on", "times", "fault"})
            return steering.add_fault(database, _api_user(office, order), order, now=now)
        case "POST", "/callback":
            order = _order(request, {"api_user", "reference", "mode"})
            return steering.call_back(database, sender, _api_user(office, order), order, now=now)
        case "POST", "/settle":
            order = _order(request, {"api_user", "reference", "status", "reason"})
            return steering.settle(database, sender, _api_user(office, order), order, now=now)
        case "GET", "/effects" | "/payments" | "/requests" | "/callbacks":
            is_nobody = request.args.get("api_user") == NOBODY
            return ledger_view.read(
                database,
                path.lstrip("/"),
                api_user=NOBODY if is_nobody else _api_user(office, request.args),
                reference=request.args.get("reference"),
                after=_number(request, "after", 0),
                limit=_number(request, "limit", 1000),
                now=now,
            )
        case _:
            raise ControlError("no such control", status=404)


def _api_user(office: Office, given: Mapping[str, Any]) -> str:
    api_user = given.get("api_user", office.own_api_user)
    if not isinstance(api_user, str) or not access.is_uuid4(api_user.lower()):
        raise ControlError("api_user must be the id of an API user")
    return api_user.lower()


def _order(request: Request, known: set[str]) -> dict[str, Any]:
    if (request.content_length or 0) > _MAX_BODY_BYTES:
        raise ControlError("body is too large", status=413)
    try:
        order = json.loads(request.get_data(cache=False))
    except (ValueError, RecursionError) as error:
        raise ControlError("body is not JSON") from error
    if not isinstance(order, dict):
        raise ControlError("body is not an object")
    if unknown := order.keys() - known:
        raise ControlError(f"unknown: {', '.join(sorted(map(str, unknown)))}")
    return order


def _number(request: Request, name: str, default: int) -> int:
    text = request.args.get(name, str(default))
    limit = _MAX_ROWS if name == "limit" else 2**62
    if not text.isascii() or not text.isdigit() or not 0 <= int(text[:20]) <= limit:
        raise ControlError(f"{name} must be a whole number up to {limit}")
    return int(text)
