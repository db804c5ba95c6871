"""What a push must be: signed for this door, readable, and about something that there is."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from shared.domain.events import CHARGE_CREATED
from tests.database import Account
from tests.functions.door import Door
from tests.functions.pushes import Issuer, push_body
from tests.functions.till import Till

FUNCTIONS = ("submit_charge", "settle_charge", "dispatch_webhook", "render_receipt")
WRONG_CLAIMS: Mapping[str, dict[str, Any]] = {
    "another door": {"aud": "https://push.example.cm/keep_dead_letter"},
    "no door": {"aud": "https://push.example.cm"},
    "two doors": {"aud": ["https://push.example.cm/submit_charge", "x"]},
    "another issuer": {"iss": "https://accounts.example.com"},
    "another account": {"email": "merchant@example.iam"},
    "an account unproven": {"email_verified": False},
    "an account almost proven": {"email_verified": "true"},
    "out of time": {"iat": 1_000_000_000, "exp": 1_000_000_600},
    "from the future": {"iat": 4_000_000_000, "exp": 4_000_000_600},
    "not yet": {"nbf": 4_000_000_000},
}


@pytest.fixture(scope="module")
def till(make_till: Callable[[Account], Till], shop: Account) -> Iterator[Till]:
    """One shop for the tests of this file."""
    with make_till(shop) as ready:
        yield ready


@pytest.mark.parametrize(
    "name", [*WRONG_CLAIMS, "another key", "none", "garbled", "Basic", "10 kB"]
)
def test_a_push_that_is_not_ours_does_nothing(
    door: Callable[[str], Door], till: Till, issuer: Issuer, name: str
) -> None:
    """401 before the body is looked at, and no charge is sent."""
    charge_id = till.create()
    before, sent = till.rows.snapshot(), list(till.sent)
    if name in WRONG_CLAIMS:
        authorization = f"Bearer {issuer.token('submit_charge', **WRONG_CLAIMS[name])}"
    else:
        stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        token = issuer.token("submit_charge")
        authorization = {
            "another key": f"Bearer {issuer.token('submit_charge', key=stranger)}",
            "none": "",
            "garbled": f"Bearer {token[:-4]}AAAA",
            "Basic": f"Basic {token}",
            "10 kB": "Bearer " + "a" * 10_000,
        }[name]

    reply = door("submit_charge").post(
        "/",
        push_body(till.message(CHARGE_CREATED, charge_id)),
        headers={"Authorization": authorization},
    )

    assert (reply.status, reply.error["code"]) == (401, "token_invalid")
    assert till.sent == sent
    assert till.rows.snapshot() == before


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_token_opens_one_door(door: Callable[[str], Door], issuer: Issuer, function: str) -> None:
    """A token for another function is refused at each."""
    others = set(FUNCTIONS) - {function}

    for other in others:
        reply = door(function).post("/", {}, headers=issuer.headers(other))
        assert reply.status == 401


def _wrong_bodies(till: Till) -> dict[str, object]:
    message = till.message(CHARGE_CREATED, "ch_" + "7" * 24)
    right = push_body(message)
    attributes = right["message"]["attributes"]
    return {
        "nothing": b"",
        "no JSON": b"{",
        "an array": b"[]",
        "bad UTF-8": b'{"message": "\xff"}',
        "no message": {"subscription": "s"},
        "no subscription": {"message": right["message"]},
        "deep": b'{"message": ' + b"[" * 60_000,
        "data not base64": push_body(message, data="%%%"),
        "data not JSON": push_body(message, data="e30x"),
        "data of another kind": push_body(message, data="e30="),
        "attributes not texts": push_body(message, attributes={"livemode": True}),
        "another event": push_body(message, attributes={**attributes, "event_id": "msg_x"}),
        "the other mode": push_body(message, attributes={**attributes, "livemode": "true"}),
        "no type": push_body(message, attributes={**attributes, "type": ""}),
        "an id with a quote": push_body(till.message(CHARGE_CREATED, "ch_'; DROP")),
        "an id with a NUL": push_body(till.message(CHARGE_CREATED, "ch_\x00")),
    }


@pytest.mark.parametrize("function", FUNCTIONS)
def test_what_cannot_be_read_is_not_acknowledged(
    door: Callable[[str], Door], till: Till, issuer: Issuer, function: str
) -> None:
    """It must reach its dead-letter topic, where a person finds it; nothing is done meanwhile."""
    before = till.rows.snapshot()

    for name, body in _wrong_bodies(till).items():
        reply = door(function).post("/", body, headers=issuer.headers(function))
        assert (name, reply.status, reply.error["code"]) == (name, 400, "message_undecodable")
    too_large = door(function).post("/", b" " * (1024 * 1024 + 1), headers=issuer.headers(function))

    assert too_large.status == 413
    assert till.rows.snapshot() == before


@pytest.mark.parametrize("function", ["submit_charge", "settle_charge"])
def test_a_charge_that_never_was_is_acknowledged(till: Till, function: str) -> None:
    """Asking again would not make it exist."""
    before = till.rows.snapshot()

    for object_id in ("ch_" + "7" * 24, "evt_" + "7" * 24, "x"):
        assert till.push(function, till.message(CHARGE_CREATED, object_id)).status == 204
    assert till.rows.snapshot() == before


@pytest.mark.parametrize("function", ["submit_charge", "settle_charge"])
def test_an_account_that_never_was_reaches_nobodys_rows(till: Till, function: str) -> None:
    """Whoever it names, only that account's own wall is opened; then it is asked for again."""
    charge_id = till.create()
    before = till.rows.snapshot()

    for account in ("acct_" + "7" * 16, "acct_x", "platform"):
        reply = till.push(function, till.message(CHARGE_CREATED, charge_id, account=account))
        assert (reply.status, reply.error["code"]) == (503, "temporarily_unavailable")
    assert till.push(function, till.message(CHARGE_CREATED, charge_id, livemode=True)).status == 204
    assert till.rows.snapshot() == before


@pytest.mark.parametrize("function", FUNCTIONS)
def test_only_a_post_to_the_root_is_a_push(door: Callable[[str], Door], function: str) -> None:
    """Everything else is refused in our shape."""
    for method in ("GET", "PUT", "DELETE"):
        reply = door(function).call(method, "/")
        assert (reply.status, reply.headers["Allow"]) == (405, "POST")
    assert door(function).post("/v1/charges").status == 404
