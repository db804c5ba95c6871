"""A payer sees what she paid: from a receipt over the code on her phone to her own payments."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

import urllib3

from tests.end_to_end.waiting import wait_for
from tests.system import LocalSystem

PATIENCE_SECONDS: Final = 30.0
PHONE: Final = "+237670000071"


def ask(
    system: LocalSystem, method: str, path: str, body: object = None, key: str | None = None
) -> Mapping[str, Any]:
    """One request through the gateway that must succeed."""
    headers = {"Content-Type": "application/json"} if body is not None else {}
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    content = None if body is None else json.dumps(body).encode()
    answer = urllib3.request(method, system.base_url + path, body=content, headers=headers)
    assert answer.status == 200, answer.data
    found: Mapping[str, Any] = answer.json()
    return found


def test_a_payer_sees_her_payment_by_two_codes(local_system: LocalSystem) -> None:
    """Through every part: gateway, functions, database, Pub/Sub and the mailbox of texts."""
    system, key = local_system, local_system.credentials["secret_key"]
    method = {"type": "mobile_money", "phone": PHONE}
    order = {"amount": 2500, "currency": "xaf", "payment_method": method}
    charge = ask(system, "POST", "/v1/charges", order, key)["id"]
    url = wait_for(
        "a receipt",
        lambda: ask(system, "GET", f"/v1/charges/{charge}", key=key)["receipt_url"],
        seconds=PATIENCE_SECONDS,
    )
    wish = {"receipt_code": url.rpartition("/")[2].removesuffix(".pdf"), "phone": PHONE}
    challenge = ask(system, "POST", "/v1/customer/challenges", wish)["id"]

    def texts() -> list[str]:
        files = (system.data_dir / "mailbox").glob("*.txt")
        return [text for text in (file.read_text() for file in files) if PHONE in text]

    [text] = wait_for("a text", texts, seconds=PATIENCE_SECONDS)
    [code] = re.findall(r"\b[0-9]{6}\b", text.partition("\n\n")[2])
    proof = {"challenge": challenge, "code": code}
    token = ask(system, "POST", "/v1/customer/sessions", proof)["token"]

    [mine] = ask(system, "GET", "/v1/customer/payments", key=token)["data"]
    assert (mine["id"], mine["status"], mine["amount"]) == (charge, "succeeded", 2500)
