"""What administrators do for the whole platform: look into an account for a reason, and search."""

from shared.runtime import wiring
from shared.runtime.doors import accesses, audit
from shared.runtime.http import http_function

manage_platform = http_function(
    "manage_platform",
    {**accesses.HANDLERS, **audit.OF_THE_PLATFORM},
    identify=wiring.identify,
)
