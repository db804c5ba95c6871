"""Knows who calls, counts the calls, and tells accounts of those that an access made."""

from functools import partial
from typing import TYPE_CHECKING

from shared.db import request_logs
from shared.domain import account_access
from shared.domain.account import Caller
from shared.domain.errors import NotPermitted
from shared.domain.people import Person, Role
from shared.domain.permissions import PERSON, may
from shared.domain.stream_ticket import Asker
from shared.runtime import logs, wiring
from shared.runtime.authentication import Authenticator, is_token, refuse_contradiction
from shared.runtime.exchange import End
from shared.runtime.http import Call
from shared.runtime.key_use import KeyUse
from shared.runtime.lasting_cache import LastingCache
from shared.runtime.once import once
from shared.runtime.request_log import RequestLog, heard
from shared.runtime.request_rates import RequestRates
from shared.runtime.settings import require, settings
from shared.runtime.short_cache import ShortCache

if TYPE_CHECKING:
    from shared.runtime.people import People


@once
def _authenticator() -> Authenticator:
    known = LastingCache(
        wiring.directory().find_key,
        wiring.touches(),
        account_of=lambda _, known: known.caller.tenant.account,
    )
    return Authenticator(
        known,
        lambda: wiring.kept_key("api_key_pepper"),
        now=wiring.now,
        on_use=key_use().note,
    )


@once
def key_use() -> KeyUse:
    """Return what keeps when keys were used, beside the requests."""
    return KeyUse(wiring.directory().note_use)


@once
def _people() -> "People":
    from shared.runtime import people, tokens  # noqa: PLC0415 - 60 ms that only people need

    realm = require(settings().identity_issuer, "KEYCLOAK_URL")
    keys = tokens.KeySet(tokens.fetcher(f"{realm}/protocol/openid-connect/certs"))
    verifier = tokens.Verifier(tokens.people_trust(realm), keys)
    members = ShortCache(wiring.directory().find_member, seconds=wiring.KEY_SECONDS)
    accesses = ShortCache(wiring.directory().find_access, seconds=wiring.KEY_SECONDS)
    return people.People(verifier.verify, members, accesses, now=wiring.now)


def identify(call: Call) -> Person:
    """Return who signed in, for what is of no account. Raises NotAuthenticated, NotPermitted."""
    return _people().person(call.authorization, call.operation_id)


def recognise(call: Call) -> Caller:
    """Return which key, member or administrator calls; what headers say of a key is not looked at.

    Raises NotAuthenticated, NotPermitted, and for people InvalidRequest and NotFound.
    """

    def met(caller: Caller) -> None:
        call.met = caller

    asked = call.authorization, call.operation_id
    if is_token(call.authorization):
        return _people().caller(*asked, account=call.account, mode=call.mode, met=met)
    return _authenticator().caller(*asked, address=call.client_address, met=met)


def authenticate(call: Call) -> Caller:
    """Return the same.

    Raises what `recognise` does, and InvalidRequest where headers name another account or mode than
    the key's.
    """
    caller = recognise(call)
    if is_token(call.authorization):
        return caller
    refuse_contradiction(caller.tenant, account=call.account, mode=call.mode)
    return caller


def permit(call: Call, known: Caller) -> Caller:
    """Return as whom somebody calls a method, who was recognised with this very request.

    A key is what it was a moment ago; a person is looked up anew, as what is grave demands it.
    Raises what `authenticate` does.
    """
    if known.kind == PERSON:
        return authenticate(call)
    if not may(known, call.operation_id):
        raise NotPermitted("permission_denied")
    refuse_contradiction(known.tenant, account=call.account, mode=call.mode)
    return known


def standing(asker: Asker, operation: str) -> Caller:
    """Return who asked for a ticket, as she would be let in now.

    Raises NotAuthenticated, NotPermitted, and for people InvalidRequest and NotFound.
    """
    if asker.person is None or asker.ends_at is None:
        return _authenticator().standing(asker.key_id or "", operation, address=asker.address)
    role = Role.ADMIN if asker.by_access else Role.MERCHANT
    return _people().standing(asker.person, role, asker.tenant, operation, until=asker.ends_at)


@once
def _request_rates() -> RequestRates:
    return RequestRates(
        lambda tenant: wiring.rules(tenant).requests,
        wiring.directory().take_requests,
        now=wiring.now,
    )


def admit(call: Call) -> None:
    """Count the request of a known caller, and tell the account of one made by an access.

    What cannot be told is not answered. Raises TooManyRequests `rate_limited`, Unavailable.
    """
    caller = call.authenticated()
    _request_rates().admit(caller, call.answer_headers)
    if caller.access is not None:
        entry = account_access.used(
            caller.access,
            call.operation_id,
            call.path_params,
            at=wiring.now(),
            request_id=call.request_id,
        )
        wiring.audit_entries(caller.tenant).add(entry)


@once
def request_log() -> RequestLog:
    """Return what keeps the request logs of accounts, beside the requests."""
    has_own = settings().database_url
    database = wiring.app_database() if has_own else wiring.owner_database()
    return RequestLog(partial(request_logs.keep, database))


def note(call: Call, end: End) -> None:
    """Have a request of an account kept in its log, a moment later; returns at once.

    What goes wrong here is a line that is lost, and nothing of the answer.
    """
    try:
        line = heard(call, end)
        if line is not None:
            request_log().add(line)
    except Exception as failure:  # noqa: BLE001 - the request is done
        logs.exception("request_log_failed", failure)
