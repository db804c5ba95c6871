"""What an endpoint asks for, and what of its secrets signs when."""

from datetime import timedelta

import pytest

from shared.domain.errors import InvalidRequest
from shared.domain.events import ENDPOINT_TEST, EVENT_TYPES
from shared.domain.webhook_endpoint import (
    FAMILIES,
    OldSecret,
    WebhookEndpoint,
    read_events,
    shown_events,
)
from tests.factories import moment


def test_each_type_is_of_one_family() -> None:
    """The families together are all types, and the test of an endpoint is in none."""
    assert sorted(each for types in FAMILIES.values() for each in types) == sorted(EVENT_TYPES)
    assert ENDPOINT_TEST not in EVENT_TYPES
    assert "payout.paid" in FAMILIES["payout.*"]
    assert "payout_batch.completed" not in FAMILIES["payout.*"]


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_a_family_reads_back(family: str) -> None:
    """Stored with its types, so that whatever compares types finds them; shown as it was said."""
    stored = read_events([family, EVENT_TYPES[0]])

    assert {family, *FAMILIES[family]} <= set(stored)
    assert set(shown_events(stored)) == {family, EVENT_TYPES[0]} - set(FAMILIES[family])


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (None, "parameter_missing"),
        ("*", "parameter_invalid"),
        ([], "parameter_invalid"),
        (["charge.failed"] * 2, "parameter_invalid"),
        ([["charge.failed"]], "parameter_invalid"),
        (["charge.*", "charge"], "event_type_unknown"),
        (["*.failed"], "event_type_unknown"),
        ([ENDPOINT_TEST], "event_type_unknown"),
        (["charge.failed"] * 1000, "parameter_invalid"),
    ],
)
def test_what_is_no_type_is_refused(value: object, code: str) -> None:
    """By name, and before it is looked for in each event."""
    with pytest.raises(InvalidRequest, match=code):
        read_events(value)


def test_a_former_secret_signs_until_its_moment() -> None:
    """The newest of them first; the overlap ends with the last."""
    now = moment()
    olds = tuple(OldSecret(f"s{n}", now + timedelta(hours=n)) for n in (2, 0, -1))
    endpoint = WebhookEndpoint(
        "we_x", livemode=False, url="", enabled_events=("*",), created_at=now,
        secret_sealed="s", old_secrets=olds,
    )  # fmt: skip

    assert [old.sealed for old in endpoint.still_signing(now)] == ["s2"]
    assert endpoint.overlap_until(now) == now + timedelta(hours=2)
    assert endpoint.overlap_until(now + timedelta(hours=2)) is None
