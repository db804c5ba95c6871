"""Takes a charge, takes one back that was not sent yet, and lets its words be changed."""

from shared.runtime import callers
from shared.runtime.doors import charges
from shared.runtime.http import http_function

create_charge = http_function(
    "create_charge",
    charges.HANDLERS,
    authenticate=callers.authenticate,
    admit=callers.admit,
    note=callers.note,
)
