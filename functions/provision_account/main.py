"""What only the owner of all schemas can do: accounts for administrators, emptying a test mode."""

from shared.runtime import wiring
from shared.runtime.doors import accounts
from shared.runtime.http import http_function

provision_account = http_function(
    "provision_account",
    accounts.HANDLERS,
    authenticate=wiring.authenticate,
    identify=wiring.identify,
    admit=wiring.admit,
)
