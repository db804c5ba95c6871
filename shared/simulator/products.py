"""What MTN's products answer alike: tokens, balances, and who holds a wallet.

Source: https://momodeveloper.mtn.com/api-documentation and recordings of September 2026.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from werkzeug.wrappers import Request, Response

from shared.simulator import access, floats
from shared.simulator.access import Caller
from shared.simulator.answers import MtnVoice, Refusal, json_response, web_firewall
from shared.simulator.callbacks import CallbackSender
from shared.simulator.database import Database
from shared.simulator.faults import BALANCE, HOLDER, TOKEN
from shared.simulator.log import Log
from shared.simulator.outcomes import CURRENCIES, HolderAnswer, holder_answer
from shared.simulator.store import Store
from shared.simulator.strikes import dripping, strike_before
from shared.simulator.tokens import LIFETIME, TokenMint
from shared.simulator.users import COLLECTION, Users

_FORM: Final = "application/x-www-form-urlencoded"
VOICE: Final = MtnVoice()


@dataclass(frozen=True, slots=True)
class Desk:
    """What a product works with."""

    users: Users
    database: Database
    store: Store
    sender: CallbackSender
    mint: TokenMint
    log: Log


def issue_token(
    desk: Desk, request: Request, raw: bytes, *, product: str, now: datetime
) -> Response:
    """`POST /{product}/token/`: one more token; those before it stay valid. Raises Refusal."""
    access.require_length(request)
    if raw and request.mimetype == _FORM:
        raise web_firewall(200, detail="a form-encoded grant meets the web firewall")
    claims = access.log_in(request, desk.users, product=product)
    faults = desk.store.claim_faults(claims.api_user, TOKEN)
    strike_before(faults, VOICE)
    expires_at = now + LIFETIME
    for fault in faults:
        if fault.kind == "token_short":
            expires_at = now + fault.lasting
    token = desk.mint.issue(claims, expires_at)
    expires_in = int(LIFETIME.total_seconds())
    return dripping(
        json_response(
            200, {"access_token": token, "token_type": "access_token", "expires_in": expires_in}
        ),
        faults,
    )


def read_balance(
    desk: Desk, caller: Caller, currency: str | None, *, product: str, now: datetime
) -> Response:
    """`GET /{product}/v1_0/account/balance[/{currency}]`. Raises Refusal."""
    faults = desk.store.claim_faults(caller.api_user, BALANCE)
    strike_before(faults, VOICE)
    own = CURRENCIES[caller.environment]
    if currency not in (None, own):
        raise Refusal(500, "INVALID_CURRENCY", detail="currency is not the environment's")
    run = desk.database.run
    if product == COLLECTION:
        balance = floats.collected(run, caller.api_user, own, now)
    else:
        balance = floats.available(run, caller.api_user, own)
    return dripping(json_response(200, {"availableBalance": balance, "currency": own}), faults)


def read_holder_active(desk: Desk, caller: Caller, party_id: str) -> Response:
    """`GET /{product}/v1_0/accountholder/{type}/{id}/active`. Raises Refusal."""
    faults = desk.store.claim_faults(caller.api_user, HOLDER, party_id=party_id)
    strike_before(faults, VOICE)
    match holder_answer(caller.environment, party_id):
        case None:
            return dripping(json_response(200, {"result": True}), faults)
        case HolderAnswer.NOT_ACTIVE:
            return json_response(200, {"result": False})
        case HolderAnswer.NOT_FOUND:
            raise Refusal(404, "RESOURCE_NOT_FOUND")
        case HolderAnswer.NOT_ALLOWED:
            raise Refusal(500, "NOT_ALLOWED")
        case HolderAnswer.TARGET_ENVIRONMENT:
            raise Refusal(500, "NOT_ALLOWED_TARGET_ENVIRONMENT")
        case HolderAnswer.INTERNAL_ERROR:
            raise Refusal(500, "INTERNAL_PROCESSING_ERROR")
        case HolderAnswer.UNAVAILABLE:
            raise Refusal(503, "SERVICE_UNAVAILABLE")


def read_holder_name(desk: Desk, caller: Caller, party_id: str, now: datetime) -> Response:
    """`GET …/accountholder/msisdn/{id}/basicuserinfo`: the one person the sandbox knows."""
    strike_before(desk.store.claim_faults(caller.api_user, HOLDER, party_id=party_id), VOICE)
    if holder_answer(caller.environment, party_id) is HolderAnswer.NOT_FOUND:
        raise Refusal(404, "RESOURCE_NOT_FOUND")
    return json_response(
        200,
        {
            "sub": "0",
            "name": "Sand Box",
            "given_name": "Sand",
            "family_name": "Box",
            "birthdate": "1976-08-13",
            "locale": "sv_SE",
            "gender": "MALE",
            "updated_at": int(now.timestamp()),
        },
    )
