"""Keys on the whole local system: through the real gateway, and in every process at once."""

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest

from tests.end_to_end.merchant import Merchant, open_merchant
from tests.end_to_end.waiting import wait_for
from tests.system import LocalSystem

REVOKED_WITHIN_SECONDS: Final = 5.0
ADDRESS: Final = "203.0.113.9"
# One read and one order: two functions, each a process of its own; the order has a fault in it.
DOORS: Final = (("GET", "/v1/charges", None), ("POST", "/v1/charges", b"{}"))


@pytest.fixture(scope="module")
def merchant(local_system: LocalSystem) -> Iterator[Merchant]:
    """An account of this module."""
    with open_merchant(local_system, "Keys") as opened:
        yield opened


def make(merchant: Merchant, **terms: object) -> Mapping[str, Any]:
    """Make a key that may do anything but make keys."""
    scopes = ["charges:read", "charges:write", "keys:read"]
    body = {"kind": "restricted", "scopes": scopes, **terms}
    made = merchant.call("POST", "/v1/api_keys", json.dumps(body).encode())
    assert made.status == 200, made.data
    answer: Mapping[str, Any] = made.json()
    return answer


def statuses(merchant: Merchant, secret: str, **headers: str) -> list[int]:
    """What each door answers this key."""
    sent = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json", **headers}
    return [
        merchant.http.request(method, merchant.base_url + path, body=body, headers=sent).status
        for method, path, body in DOORS
    ]


def test_a_caller_cannot_claim_the_address_of_a_key(merchant: Merchant) -> None:
    """Whatever a caller writes into headers, the gateway's word for its address is the one."""
    far, near = make(merchant, allowed_from=[ADDRESS]), make(merchant, allowed_from=["127.0.0.1"])
    claims = {
        "X-Forwarded-For": ADDRESS,
        "Forwarded": f"for={ADDRESS}",
        "X-Real-IP": ADDRESS,
        "X-Envoy-External-Address": ADDRESS,
    }

    assert statuses(merchant, far["secret"], **claims) == [403, 403]
    assert statuses(merchant, near["secret"], **claims) == [200, 400]


def test_a_revoked_key_is_refused_by_every_process_in_time(merchant: Merchant) -> None:
    """Processes that have just used a key refuse it within 5 s of its revocation."""
    key = make(merchant)
    assert statuses(merchant, key["secret"]) == [200, 400]
    revoked = merchant.call("POST", f"/v1/api_keys/{key['id']}/revoke")
    began = time.monotonic()
    wait_for(
        "the key refused everywhere",
        lambda: statuses(merchant, key["secret"]) == [401, 401] or None,
        seconds=REVOKED_WITHIN_SECONDS,
    )

    assert revoked.status == 200
    assert time.monotonic() - began < REVOKED_WITHIN_SECONDS


def test_the_last_use_is_known(merchant: Merchant) -> None:
    """A use in one process is read in another a moment later."""
    key = make(merchant)
    assert statuses(merchant, key["secret"])[0] == 200

    used = wait_for(
        "the use kept",
        lambda: merchant.read(f"/v1/api_keys/{key['id']}")["last_used_at"],
        seconds=10,
    )
    assert used >= key["created"]
