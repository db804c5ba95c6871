"""MTN's sandbox provisioning: an API user with its callback host, and its key.

Source: https://momodeveloper.mtn.com/api-documentation/api-description ("API user and API key").
"""

import json
import secrets
from datetime import datetime
from typing import Final

from werkzeug.wrappers import Request, Response

from shared.simulator import access, floats
from shared.simulator.answers import (
    Refusal,
    bad_request,
    empty,
    json_response,
)
from shared.simulator.database import Database
from shared.simulator.outcomes import CURRENCIES
from shared.simulator.settings import OwnAccount
from shared.simulator.tokens import digest
from shared.simulator.users import (
    COLLECTION,
    DISBURSEMENT,
    ApiUser,
    Users,
    make_partners,
)

_KEY_BYTES: Final = 16
# What all merchants' tests together may pay out before somebody tops it up.
_OPENING_FLOAT: Final = "1000000000"


def create_user(request: Request, users: Users, raw: bytes, *, now: datetime) -> Response:
    """`POST /v1_0/apiuser`: 201, or 409 for an id that was used before."""
    subscription = access.subscription_digest(request)
    api_user = access.reference_id(request)
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise bad_request("body is not JSON") from error
    host = access.callback_host(body.get("providerCallbackHost") if isinstance(body, dict) else "")
    if not users.create(ApiUser(api_user, subscription, host, None), now):
        raise Refusal(409, "RESOURCE_ALREADY_EXIST")
    return empty(201)


def read_user(request: Request, users: Users, api_user: str) -> Response:
    """`GET /v1_0/apiuser/{id}`."""
    user = _own_user(request, users, api_user)
    return json_response(
        200, {"providerCallbackHost": user.callback_host, "targetEnvironment": "sandbox"}
    )


def create_key(request: Request, users: Users, api_user: str) -> Response:
    """`POST /v1_0/apiuser/{id}/apikey`: a new key, shown this once; an earlier one ends."""
    access.require_length(request)
    user = _own_user(request, users, api_user)
    api_key = secrets.token_hex(_KEY_BYTES)
    users.set_key(user.api_user, digest(api_key))
    return json_response(201, {"apiKey": api_key})


def put_own_accounts(
    database: Database,
    users: Users,
    account: OwnAccount | None,
    disbursement: OwnAccount | None,
    *,
    host: str,
    now: datetime,
) -> None:
    """Make the API users of our own adapter ready, one per product; the second with a float."""
    for product, each in ((COLLECTION, account), (DISBURSEMENT, disbursement)):
        if each is None:
            continue
        subscription = digest(each.subscription_key.lower())
        users.put(ApiUser(each.api_user.lower(), subscription, host, digest(each.api_key)), now)
        users.product_of(subscription, product)
    if disbursement is None:
        return
    api_user = disbursement.api_user.lower()
    with database.transaction() as run:
        if account is not None:
            make_partners(run, disbursement=api_user, collection=account.api_user.lower())
        for currency in CURRENCIES.values():
            floats.open_with(run, api_user, currency, _OPENING_FLOAT, now=now)


def _own_user(request: Request, users: Users, api_user: str) -> ApiUser:
    """A user made under another subscription is as unknown as one that never was."""
    subscription = access.subscription_digest(request)
    user = users.find(api_user.lower()) if access.is_uuid4(api_user.lower()) else None
    if user is None or user.subscription_digest != subscription:
        raise Refusal(404, "RESOURCE_NOT_FOUND")
    return user
