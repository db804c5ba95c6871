"""An account to its own members and keys, from a call to an answer."""

from collections.abc import Mapping
from typing import Final

from shared.domain.errors import NotFound
from shared.operations.account_objects import own_account_object
from shared.runtime import wiring
from shared.runtime.http import Answer, Call, Handler


def read(call: Call) -> Answer:
    """GET /v1/account."""
    call.refuse_query()
    tenant = call.authenticated().tenant
    found = wiring.directory().find_own_account(tenant.account)
    if found is None:
        raise NotFound("resource_missing")
    return Answer(body=own_account_object(found, wiring.rules(tenant).approval))


HANDLERS: Final[Mapping[str, Handler]] = {"read_own_account": read}
