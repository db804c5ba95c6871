"""What a push must be: readable, and about something that there is."""

from collections.abc import Callable, Iterator

import pytest

from shared.domain.events import CHARGE_CREATED
from tests.database import Account
from tests.functions.door import Door
from tests.functions.pushes import Issuer, push_body
from tests.functions.till import Till

FUNCTIONS = ("submit_charge", "settle_charge", "dispatch_webhook", "render_receipt")


@pytest.fixture
def account(account_in_both_modes: Account) -> Account:
    """In both modes, whose rows are to be left alone."""
    return account_in_both_modes


@pytest.fixture(scope="module")
def till(make_till: Callable[[Account], Till], shop: Account) -> Iterator[Till]:
    """One shop for the tests of this file."""
    with make_till(shop) as ready:
        yield ready


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
