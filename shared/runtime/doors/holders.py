"""Asking an operator whose wallet a number is, from a call to an answer."""

from collections.abc import Mapping
from typing import Final

from shared.operations.lookup_holder import LookupHolder, holder_object, lookup_holder
from shared.runtime import holders
from shared.runtime.http import Answer, Call, Handler

_NOT_KEPT: Final = {"Cache-Control": "no-store"}


def lookup(call: Call) -> Answer:
    """POST /v1/holder_lookups; nothing is stored of the answer."""
    caller = call.authenticated()
    command = LookupHolder.parse(call.body())
    terms = holders.terms(command.operator, caller.tenant)
    holder = lookup_holder(command, terms, holders.asking(call))
    shown = holder_object(command, holder, livemode=caller.tenant.livemode)
    return Answer(body=shown, headers=_NOT_KEPT)


HANDLERS: Final[Mapping[str, Handler]] = {"lookup_holder": lookup}
