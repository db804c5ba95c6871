"""The operations on administrators' accesses to accounts, from a call to an answer."""

from collections.abc import Mapping
from typing import Final

from shared.domain.account_access import AccountAccess
from shared.operations import manage_accesses
from shared.operations.account_objects import account_access_object
from shared.operations.manage_accesses import OpenAccess, PageOfAccesses
from shared.operations.objects import list_object
from shared.runtime import accesses, wiring
from shared.runtime.http import Answer, Call, Handler


def open_access(call: Call) -> Answer:
    """POST /v1/accounts/{id}/accesses; the same call again is refused, for the first one stands."""
    command = OpenAccess.parse(call.body())
    account, origin = call.path_params["id"], wiring.origin(call)
    return _answer(manage_accesses.open_access(account, command, accesses.store(), origin))


def show_page(call: Call) -> Answer:
    """GET /v1/accesses."""
    page, now = PageOfAccesses.parse(call.query()), wiring.now()
    found = accesses.store().page(page, now=now)
    data = [account_access_object(access, now=now) for access in found[: page.limit]]
    return Answer(body=list_object("/v1/accesses", data, has_more=len(found) > page.limit))


def read(call: Call) -> Answer:
    """GET /v1/accesses/{id}."""
    call.refuse_query()
    return _answer(manage_accesses.read_access(call.path_params["id"], accesses.store()))


def end(call: Call) -> Answer:
    """POST /v1/accesses/{id}/end; the same call again is harmless."""
    call.refuse_fields()
    origin = wiring.origin(call)
    return _answer(manage_accesses.end_access(call.path_params["id"], accesses.store(), origin))


def _answer(access: AccountAccess) -> Answer:
    return Answer(body=account_access_object(access, now=wiring.now()))


HANDLERS: Final[Mapping[str, Handler]] = {
    "open_access": open_access,
    "list_accesses": show_page,
    "read_access": read,
    "end_access": end,
}
