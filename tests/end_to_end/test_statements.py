"""A statement on the whole local system: from the operator's books to our cases, by a person.

The administrator signs in at the real Keycloak, the bytes lie in the real object store, and the
message goes by the broker.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
import urllib3

from tests.end_to_end.merchant import Merchant, Order, open_merchant
from tests.end_to_end.waiting import wait_for
from tests.identity import FirstSignIn
from tests.sign_in import ask_token
from tests.system import LocalSystem, WholeSystem

PATIENCE_SECONDS: Final = 60.0
AMOUNT: Final = 2_500
OK: Final = 200

# The first run in a checkout fetches and builds the server.
pytestmark = pytest.mark.timeout(500)


@pytest.fixture(scope="module")
def system(whole_system: WholeSystem) -> LocalSystem:
    """The system with every part, in which people can sign in."""
    return whole_system.with_people()


@pytest.fixture(scope="module")
def token(system: LocalSystem, administrator: FirstSignIn) -> str:
    """The first administrator's, renewed: the one she got may be older than it lives."""
    assert isinstance(administrator.tokens, dict), administrator.tokens
    status, tokens = ask_token(
        system.credentials["identity_url"],
        grant_type="refresh_token",
        client_id="dashboard",
        refresh_token=administrator.tokens["refresh_token"],
    )
    assert status == OK, tokens
    return str(tokens["access_token"])


def _statement(system: LocalSystem) -> bytes:
    """What the stand-in says of the prepared collection account, of yesterday and today."""
    known = system.credentials
    today = (datetime.now(UTC) + timedelta(hours=1)).date()
    answer = urllib3.request(
        "GET",
        f"{known['simulator_url']}/_control/statement",
        fields={"from": str(today - timedelta(days=1)), "until": str(today)},
        headers={"Authorization": f"Bearer {known['simulator_control_token']}"},
        timeout=30,
        retries=False,
    )
    assert answer.status == 200, answer.data
    return answer.data


def _ask(system: LocalSystem, token: str, path: str, body: bytes | None = None) -> Any:
    answer = urllib3.request(
        "GET" if body is None else "POST",
        f"{system.base_url}/v1/platform{path}",
        body=body,
        headers={
            "Authorization": f"Bearer {token}",
            "Content-Type": "text/csv" if path == "/statements" else "application/json",
        },
        timeout=30,
        retries=False,
    )
    assert answer.status == 200, answer.data
    return answer.json()


@pytest.fixture(scope="module")
def merchant(system: LocalSystem) -> Iterator[Merchant]:
    """An account of this module's own."""
    with open_merchant(system, "Boutique Relevée") as merchant:
        yield merchant


def test_a_day_at_the_operator_agrees_with_our_books(
    system: LocalSystem, merchant: Merchant, token: str
) -> None:
    """Two payments match; what the operator took back becomes a case that a person closes."""
    charges = [_paid(merchant, f"+23767000000{n}") for n in (1, 2)]
    control = {"kind": "reversal", "reference": _reference(system, charges[1])}
    known = system.credentials
    reversed_there = urllib3.request(
        "POST",
        f"{known['simulator_url']}/_control/adjustments",
        body=json.dumps(control),
        headers={"Authorization": f"Bearer {known['simulator_control_token']}"},
        timeout=30,
        retries=False,
    )
    assert reversed_there.status == 200, reversed_there.data
    content = _statement(system)
    uploaded = _ask(system, token, "/statements", content)
    place = f"/statements/{uploaded['id']}"
    wait_for(
        "a matched statement",
        lambda: _ask(system, token, place)["status"] == "processed",
        seconds=PATIENCE_SECONDS,
    )
    counts: Mapping[str, int] = _ask(system, token, place)["counts"]
    (case,) = _ask(system, token, "/cases?reason=statement_reversed")["data"]
    shown = _ask(system, token, f"/cases/{case['id']}")
    reason = json.dumps({"reason": "taken back at the operator's desk"}).encode()
    closed = _ask(system, token, f"/cases/{case['id']}/close", reason)

    assert {state: count for state, count in counts.items() if count} == {
        "matched": 2,
        "reversed": 1,
    }
    assert (shown["about"], shown["account"]) == (charges[1], merchant.account)
    assert [line["kind"] for line in shown["evidence"]["lines"]] == ["reversal", "collection"]
    assert closed["status"] == "closed"


def _paid(merchant: Merchant, phone: str) -> str:
    """A charge that was paid; its id."""
    made = merchant.charge(Order(phone, AMOUNT))
    charge = merchant.wait_final(made.id, seconds=PATIENCE_SECONDS)
    assert charge["status"] == "succeeded"
    return made.id


def _reference(system: LocalSystem, charge: str) -> str:
    """By which reference the operator knows a charge."""
    known = system.credentials
    answer = urllib3.request(
        "GET",
        f"{known['simulator_url']}/_control/effects",
        headers={"Authorization": f"Bearer {known['simulator_control_token']}"},
        timeout=30,
        retries=False,
    )
    (found,) = [row for row in answer.json()["effects"] if row["external_id"] == charge]
    return str(found["reference"])
