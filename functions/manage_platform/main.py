"""What administrators do for the whole platform: look into accounts, close cases, search."""

from shared.runtime import wiring
from shared.runtime.doors import accesses, audit, cases, statements
from shared.runtime.http import http_function

manage_platform = http_function(
    "manage_platform",
    {
        **accesses.HANDLERS,
        **audit.OF_THE_PLATFORM,
        **cases.HANDLERS,
        **statements.HANDLERS,
    },
    identify=wiring.identify,
)
