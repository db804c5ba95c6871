"""Those who administer accounts, always freshly signed in: shared by the tests of accounts."""

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pg8000.native import Connection

from tests.functions.door import Door, Reply
from tests.functions.realm import Realm

ORDER: Final = {"name": "Chez Marie", "language": "fr", "country": "CM"}
DOCUMENTS: Final = ("trade_register", "tax_card", "owner_identity")


@dataclass(frozen=True, slots=True)
class Administrator:
    """Somebody who administers the platform, always freshly signed in."""

    door: Door
    realm: Realm
    id: str

    def call(self, method: str, path: str, body: object = None, **headers: str) -> Reply:
        """Send a request."""
        token = self.realm.token(self.id, "admin")
        return self.door.call(
            method,
            f"/v1/accounts{path}",
            body,
            key=token,
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )

    def post(self, path: str, body: object) -> dict[str, Any]:
        """Send a request that is granted; return the account."""
        reply = self.call("POST", path, body)
        assert reply.status == 200, reply.json
        account: dict[str, Any] = reply.json
        return account

    def refused(self, path: str, body: object) -> tuple[int, str]:
        """Send a request that is refused; return status and code."""
        reply = self.call("POST", path, body)
        return reply.status, reply.error["code"]

    def create(self, key: str | None = None, **changes: object) -> Reply:
        """Have an account made."""
        key = key or str(uuid.uuid4())
        return self.call("POST", "", {**ORDER, **changes}, Idempotency_Key=key)

    def look_at(self, account: str, *kinds: str) -> dict[str, Any]:
        """Look at documents."""
        for kind in kinds:
            digest = hashlib.sha256(kind.encode()).hexdigest()
            body = {"kind": kind, "file_name": f"{kind}.pdf", "sha256": digest}
            seen = self.post(f"/{account}/documents", body)
        return seen

    def propose(self, account: str, action: str, **more: object) -> dict[str, Any]:
        """Propose a change; return the proposal."""
        body = {"action": action, "reason": "as agreed by telephone", **more}
        proposal: dict[str, Any] = self.post(f"/{account}/proposals", body)["proposal"]
        return proposal

    def approve(self, account: str, proposal: Mapping[str, Any]) -> Reply:
        """Approve what was seen."""
        path = f"/{account}/proposals/{proposal['id']}/approve"
        return self.call("POST", path, {"content_sha256": proposal["content_sha256"]})


def activate(account: str, first: Administrator, second: Administrator, **more: object) -> None:
    """Activate an account as two do."""
    assert second.approve(account, first.propose(account, "activate", **more)).status == 200


def suspended_since(database: Connection, account: str, seconds: int) -> None:
    """Let time pass since a suspension."""
    database.run(
        "UPDATE platform.accounts SET state_since = now() - make_interval(secs => :s)"
        " WHERE id = :id",
        s=float(seconds),
        id=account,
    )
