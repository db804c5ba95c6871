"""What only the owner of all schemas can do: accounts for administrators, emptying a test mode."""

from shared.runtime import callers
from shared.runtime.doors import accounts
from shared.runtime.http import http_function

provision_account = http_function(
    "provision_account",
    accounts.HANDLERS,
    authenticate=callers.authenticate,
    identify=callers.identify,
    admit=callers.admit,
    note=callers.note,
)
