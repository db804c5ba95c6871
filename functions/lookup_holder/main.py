"""Asks an operator whose wallet a number is, before somebody pays it."""

from shared.operations.lookup_holder import LookupHolder, holder_object
from shared.operations.lookup_holder import lookup_holder as lookup_operation
from shared.runtime import callers, holders
from shared.runtime.http import Answer, Call, http_function

_NOT_KEPT = {"Cache-Control": "no-store"}


def lookup(call: Call) -> Answer:
    """POST /v1/holder_lookups; nothing is stored of the answer."""
    caller = call.authenticated()
    command = LookupHolder.parse(call.body())
    terms = holders.terms(command.operator, caller.tenant)
    holder = lookup_operation(command, terms, holders.asking(call))
    shown = holder_object(command, holder, livemode=caller.tenant.livemode)
    return Answer(body=shown, headers=_NOT_KEPT)


lookup_holder = http_function(
    "lookup_holder",
    {"lookup_holder": lookup},
    authenticate=callers.authenticate,
    admit=callers.admit,
)
