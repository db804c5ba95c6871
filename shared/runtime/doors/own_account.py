"""An account to its own members and keys, from a call to an answer."""

from collections.abc import Mapping
from typing import Final

from shared.domain.account import Tenant
from shared.domain.errors import NotFound, NotPermitted
from shared.domain.people import Member
from shared.operations.account_objects import own_account_object
from shared.operations.notification_choices import (
    choices_object,
    choose_notifications,
    read_choices,
)
from shared.operations.read_terms import terms_object
from shared.runtime import wiring
from shared.runtime.http import Answer, Call, Handler
from shared.runtime.idempotency import read_key


def read(call: Call) -> Answer:
    """GET /v1/account."""
    call.refuse_query()
    return show(call.authenticated().tenant)


def show(tenant: Tenant) -> Answer:
    """Answer an account as it is in a mode. Raises NotFound."""
    found = wiring.directory().find_own_account(tenant)
    if found is None:
        raise NotFound("resource_missing")
    return Answer(body=own_account_object(found, wiring.rules(tenant).approval))


def read_terms(call: Call) -> Answer:
    """GET /v1/account/terms."""
    call.refuse_query()
    tenant = call.authenticated().tenant
    found = wiring.directory().find_terms(tenant, now=wiring.now())
    return Answer(body=terms_object(found, livemode=tenant.livemode))


def read_notifications(call: Call) -> Answer:
    """GET /v1/account/notifications."""
    call.refuse_query()
    member = _member(call)
    choices = wiring.notification_choices(member.account).read(member.person)
    return Answer(body=choices_object(choices))


def choose(call: Call) -> Answer:
    """POST /v1/account/notifications; again it is harmless."""
    read_key(call.idempotency_key)
    wanted, member = read_choices(call.body()), _member(call)
    chosen = choose_notifications(
        wanted,
        member.person,
        wiring.origin(call),
        store=wiring.notification_choices(member.account),
        suspended=call.authenticated().suspended,
    )
    return Answer(body=choices_object(chosen))


def _member(call: Call) -> Member:
    """Return the member who calls. Raises NotPermitted for whoever is none."""
    member = call.authenticated().member
    if member is None:
        raise NotPermitted("permission_denied")
    return member


HANDLERS: Final[Mapping[str, Handler]] = {
    "read_own_account": read,
    "read_terms": read_terms,
    "read_notification_choices": read_notifications,
    "choose_notifications": choose,
}
