"""What administrators do for the platform: look into accounts, end cases, replay, book, search."""

from shared.runtime import callers
from shared.runtime.doors import accesses, audit, bookings, cases, dead_letters, floats, statements
from shared.runtime.http import http_function

manage_platform = http_function(
    "manage_platform",
    {
        **accesses.HANDLERS,
        **audit.OF_THE_PLATFORM,
        **bookings.HANDLERS,
        **cases.HANDLERS,
        **dead_letters.HANDLERS,
        **floats.HANDLERS,
        **statements.HANDLERS,
    },
    identify=callers.identify,
)
