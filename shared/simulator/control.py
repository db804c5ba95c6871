"""The door for tests and operators: order faults, read the books, make callbacks happen.

It exists only for who holds the control token; to anyone else there is nothing here.
"""

import hmac
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Final

from werkzeug.wrappers import Request, Response

from shared.simulator import access, ledger_view, statement, steering
from shared.simulator.answers import json_response
from shared.simulator.callbacks import CallbackSender
from shared.simulator.database import Database
from shared.simulator.orange.channels import Channels
from shared.simulator.orange_web.contracts import Contracts
from shared.simulator.outcomes import CURRENCIES
from shared.simulator.steering import ControlError
from shared.simulator.store import NOBODY
from shared.simulator.users import COLLECTION, DISBURSEMENT

_MAX_BODY_BYTES: Final = 64 * 1024
_MAX_ROWS: Final = 10_000
_CSV: Final = "text/csv; charset=utf-8; header=present"
_FIRST_DAY: Final = date(2000, 1, 1)
_LAST_DAY: Final = date(2999, 12, 31)
WEB: Final = "web"
_WHOSE: Final = ("operator", "product", "api_user")


@dataclass(frozen=True, slots=True)
class Office:
    """What the control works with.

    `own`: by operator and product, who is meant when a request names nobody.
    """

    database: Database
    sender: CallbackSender
    channels: Channels
    contracts: Contracts
    own: Mapping[tuple[str, str], str]


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
        if (request.method, path) == ("GET", "/statement"):
            return Response(_statement(office, request, now), 200, content_type=_CSV)
        return json_response(200, _answer(office, request, path, now))
    except ControlError as error:
        return json_response(error.status, {"message": str(error)})


def _answer(office: Office, request: Request, path: str, now: datetime) -> object:
    database = office.database
    match request.method, path:
        case "GET", "/faults":
            return {"faults": steering.read_faults(database, _api_user(office, request.args))}
        case "DELETE", "/faults":
            return {"deleted": steering.delete_faults(database, _api_user(office, request.args))}
        case "POST", _:
            return _carry_out(office, request, path, now)
        case "GET", path if path.lstrip("/") in ledger_view.VIEWS:
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


def _carry_out(office: Office, request: Request, path: str, now: datetime) -> object:
    database, sender = office.database, office.sender
    match path:
        case "/faults":
            order = _order(request, {*_WHOSE, "match", "on", "times", "every", "fault"})
            return steering.add_fault(database, _api_user(office, order), order, now=now)
        case "/callback":
            order = _order(request, {*_WHOSE, "reference", "mode"})
            return steering.call_back(database, sender, _api_user(office, order), order, now=now)
        case "/settle":
            order = _order(request, {*_WHOSE, "reference", "status", "reason"})
            return steering.settle(database, sender, _api_user(office, order), order, now=now)
        case "/channels" | "/web_contracts":
            is_web = path == "/web_contracts"
            return asdict(office.contracts.make(now) if is_web else office.channels.make(now))
        case "/adjustments":
            order = _order(request, {*_WHOSE, "kind", "reference", "currency", "amount"})
            return steering.adjust(database, _api_user(office, order), order, now=now)
        case "/partners" | "/floats/top_up" | "/floats/move":
            return _fund(office, request, path, now)
        case _:
            raise ControlError("no such control", status=404)


def _fund(office: Office, request: Request, path: str, now: datetime) -> object:
    """What a merchant settles with MTN beside the API: whose products are whose, and floats."""
    if path == "/partners":
        order = _order(request, {*_WHOSE, "collection"})
        return steering.join(office.database, _payer(office, order), order)
    order = _order(request, {*_WHOSE, "currency", "amount"})
    change = steering.top_up if path == "/floats/top_up" else steering.move_float
    return change(office.database, _payer(office, order), order, now=now)


def _statement(office: Office, request: Request, now: datetime) -> str:
    """The statement of the days from `from` to `until`, both within; `until` is `from` by itself.

    Raises ControlError.
    """
    args = request.args
    first = _day(args.get("from"), "from")
    last = first if "until" not in args else _day(args["until"], "until")
    currency = args.get("currency", "XAF")
    if currency not in CURRENCIES.values():
        raise ControlError(f"currency must be one of: {', '.join(CURRENCIES.values())}")
    if last < first:
        raise ControlError("until must not lie before from")
    try:
        return statement.write(
            office.database,
            _api_user(office, args),
            currency=currency,
            first=first,
            last=last,
            now=now,
        )
    except statement.TooLong as error:
        raise ControlError(str(error)) from error


def _day(text: str | None, name: str) -> date:
    try:
        day = date.fromisoformat(text or "")
    except ValueError as error:
        raise ControlError(f"{name} must be a day like 2026-11-30") from error
    if not _FIRST_DAY <= day <= _LAST_DAY:
        raise ControlError(f"{name} must be a day like 2026-11-30")
    return day


def _payer(office: Office, given: Mapping[str, Any]) -> str:
    """Whose float is meant: the prepared disbursement account's, where nobody is named."""
    return _api_user(office, {"product": DISBURSEMENT, **given})


def _api_user(office: Office, given: Mapping[str, Any]) -> str:
    operator, product = given.get("operator", "mtn"), given.get("product", COLLECTION)
    if operator not in ("mtn", "orange"):
        raise ControlError("operator must be mtn or orange")
    if product not in (COLLECTION, DISBURSEMENT, WEB):
        raise ControlError("product must be collection, disbursement or web")
    api_user = given.get("api_user", office.own.get((operator, product)))
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
