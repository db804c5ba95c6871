"""An administrator who looks into accounts: shared by the tests of accesses."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tests.functions.door import Door, Reply
from tests.functions.realm import Realm
from tests.functions.rows import Rows

REASON: Final = "Ticket 4211: the merchant asks where a payment is"


@dataclass(frozen=True, slots=True)
class Administrator:
    """Somebody who administers the platform."""

    door: Callable[[str], Door]
    realm: Realm
    id: str

    def call(self, method: str, path: str, body: object = None, ago: int = 0) -> Reply:
        """Send a request to manage_platform."""
        token = self.realm.token(self.id, "admin", signed_in_ago=ago)
        return self.door("manage_platform").call(method, path, body, key=token)

    def open(self, account: str, mode: str = "test", **more: object) -> Reply:
        """Open an access, or try to."""
        body = {"mode": mode, "reason": REASON, **more}
        return self.call("POST", f"/v1/accounts/{account}/accesses", body)

    def look(self, account: str, path: str, mode: str = "test", *roles: str) -> Reply:
        """Read what is an account's, as its merchant would."""
        is_keys_or_team = path.startswith(("/v1/api_keys", "/v1/team", "/v1/account?"))
        function = "manage_account" if is_keys_or_team else "read_payments"
        return self.door(function).get(
            path,
            key=self.realm.token(self.id, "admin", *roles),
            headers={"Pay-Account": account, "Pay-Mode": mode, "X-Forwarded-For": "192.0.2.9"},
        )


def told(rows: Rows, **where: str) -> list[dict[str, Any]]:
    """What the account's own chain of the test mode tells of accesses, oldest first."""
    names = [f"{name} = :{name}" for name in where]
    wanted = " AND ".join(["object_type = 'account_access'", *names])
    found = rows.of("audit_entries", wanted, **where)
    return sorted(found, key=lambda row: row["position"])
