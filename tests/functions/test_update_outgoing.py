"""Words of refunds and payouts change at any time, unless somebody has to approve them."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.database import Database
from tests.factories import an_id
from tests.functions.door import Door, Reply
from tests.functions.till import Till


@pytest.fixture
def update(door: Callable[[str], Door], till: Till) -> Callable[..., Reply]:
    """Change a refund or a payout of the till's."""

    def post(object_id: str, key: str | None = None, **body: Any) -> Reply:
        is_refund = object_id.startswith("rf_")
        path = f"/v1/{'refunds' if is_refund else 'payouts'}/{object_id}"
        headers = {} if key is None else {"Idempotency-Key": key}
        function = "create_refund" if is_refund else "create_payout"
        return door(function).post(path, body, key=till.account.secret_key, headers=headers)

    return post


@pytest.fixture
def shown(read_payments: Door, till: Till) -> Callable[[str], dict[str, Any]]:
    """Read one."""

    def read(object_id: str) -> dict[str, Any]:
        kind = "refunds" if object_id.startswith("rf_") else "payouts"
        found: dict[str, Any] = read_payments.get(
            f"/v1/{kind}/{object_id}", key=till.account.secret_key
        ).json
        return found

    return read


def test_metadata_is_joined_and_nothing_else_changes(
    till: Till, update: Callable[..., Reply], shown: Callable[[str], dict[str, Any]]
) -> None:
    """Of a refund and of a payout; a key gives its first answer, and no event tells."""
    charge = till.paid_charge()
    till.fund()
    refund = till.refund(charge, amount=100, metadata={"a": "1", "b": "2"})
    payout = till.payout_made(metadata={"a": "1", "b": "2"}, description="November")
    for object_id in (refund, payout):
        before, books, key = shown(object_id), till.balances(), an_id("key")
        events = len(till.rows.of("events"))
        first = update(object_id, key, metadata={"b": None, "c": "3"})

        assert first.json == before | {"metadata": {"a": "1", "c": "3"}} == shown(object_id)
        assert update(object_id, metadata=None).json["metadata"] == {}
        again = update(object_id, key, metadata={"b": None, "c": "3"})
        assert (again.content, again.headers["Idempotent-Replayed"]) == (first.content, "true")
        assert update(object_id, key, metadata={}).error["code"] == "idempotency_key_reused"
        assert (till.balances(), len(till.rows.of("events"))) == (books, events)
    assert update(payout, description=None).json["description"] is None
    assert update(payout, description="December").json["description"] == "December"


def test_what_is_not_a_word_is_refused(till: Till, update: Callable[..., Reply]) -> None:
    """By name; a refund has no description, and its reason was said to the payer."""
    charge = till.paid_charge()
    till.fund()
    refund, payout = till.refund(charge, amount=100), till.payout_made()
    for object_id, body, code in (
        (refund, {"description": "x"}, "parameter_unknown"),
        (refund, {"reason": "x"}, "parameter_unknown"),
        (payout, {"amount": 1}, "parameter_unknown"),
        (payout, {"reference": "x"}, "parameter_unknown"),
        (payout, {"description": ""}, "parameter_invalid"),
        (payout, {"metadata": {"a": 5}}, "metadata_invalid"),
    ):
        reply = update(object_id, **body)
        assert (reply.status, reply.error["code"]) == (400, code)
    assert update(an_id("rf"), metadata={}).status == update(an_id("po"), metadata={}).status == 404


def test_what_an_approver_sees_stays(
    till: Till,
    update: Callable[..., Reply],
    shown: Callable[[str], dict[str, Any]],
    migrated: Database,
) -> None:
    """Words of a payout that must be approved, and of a line of a batch, are bound for good."""
    till.fund()
    migrated.rule(till.account.id, "approval", {"keys_from": 1000, "people_from": 1000})
    line = till.payout_made(amount=500)
    till.rows.run(
        f'UPDATE "{till.account.test.schema}".payouts SET batch_id = :batch, batch_line = 1'
        " WHERE id = :id",
        id=line,
        batch=an_id("pb"),
    )
    waiting = till.payout_made(metadata={"for": "rent"})
    for bound in (line, waiting):
        before = shown(bound)
        for body in ({"metadata": {"for": "me"}}, {"description": "me"}):
            reply = update(bound, **body)
            assert (reply.status, reply.error["code"]) == (400, "payout_words_bound")
        assert shown(bound) == before
