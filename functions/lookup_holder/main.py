"""Asks an operator whose wallet a number is, before somebody pays it."""

from shared.runtime import callers
from shared.runtime.doors import holders
from shared.runtime.http import http_function

lookup_holder = http_function(
    "lookup_holder",
    holders.HANDLERS,
    authenticate=callers.authenticate,
    admit=callers.admit,
    note=callers.note,
)
