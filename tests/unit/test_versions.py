"""An older version of the API goes on to be answered as it was, whatever else has changed."""

import json
from typing import Any, Final

import pytest

from shared.domain.errors import InvalidRequest
from shared.operations.versions import CHANGES, KNOWN, NEWEST, choose, shown_as
from shared.runtime import answer_versions
from shared.runtime.exchange import Answer

FIRST: Final = KNOWN[-1]
TOPUP: Final = {"id": "tu_x", "object": "topup", "method": "bank", "amount": 700}
OLD_TOPUP: Final = {"id": "tu_x", "object": "topup", "source": "bank", "amount": 700}


def test_versions_stand_in_order_and_each_changes_something() -> None:
    """The newest is what events are written in; of the first nobody knows what it changed."""
    assert list(KNOWN) == sorted(KNOWN, reverse=True)
    assert KNOWN[0] == NEWEST
    assert [change.version for change in CHANGES] == sorted(
        (change.version for change in CHANGES), reverse=True
    )
    assert {change.version for change in CHANGES} == set(KNOWN) - {FIRST}


@pytest.mark.parametrize(
    ("ours", "stripes", "version"),
    [
        (None, None, NEWEST),
        ("2026-11-01", None, "2026-11-01"),
        ("2026-11-30", "2020-08-27", "2026-11-30"),
        (None, "2020-08-27", FIRST),
        (None, "2026-10-28.endive", FIRST),
        (None, "2026-11-01", "2026-11-01"),
        (None, "2026-11-29.endive", "2026-11-01"),
        (None, "2026-11-30.endive", "2026-11-30"),
        (None, "2099-01-01.preview; some_beta=v1", NEWEST),
    ],
)
def test_a_program_is_answered_as_on_the_day_of_its_sdk(
    ours: str | None, stripes: str | None, version: str
) -> None:
    """Our own header wins; a date of Stripe's means what was our newest then."""
    assert choose(ours, stripes) == version


@pytest.mark.parametrize(
    ("ours", "stripes", "header"),
    [
        ("", None, "Pay-Version"),
        ("2026-11-02", None, "Pay-Version"),
        ("2026-11-30 ", None, "Pay-Version"),
        ("latest", "2026-10-28.endive", "Pay-Version"),
        (None, "", "Stripe-Version"),
        (None, "latest", "Stripe-Version"),
        (None, "2026-13-01", "Stripe-Version"),
        (None, "2026-02-30.endive", "Stripe-Version"),
        (None, "2026-10-28.", "Stripe-Version"),
        (None, "20261028", "Stripe-Version"),
        (None, "2026-10-28\n", "Stripe-Version"),
    ],
)
def test_what_names_no_version_is_refused(
    ours: str | None, stripes: str | None, header: str
) -> None:
    """Nobody gets another version than she believes to have asked for."""
    with pytest.raises(InvalidRequest) as refused:
        choose(ours, stripes)
    assert (refused.value.code, refused.value.param) == ("version_unknown", header)


def test_a_changed_object_is_shown_as_it_was_wherever_it_stands() -> None:
    """Alone, in a list, in the place of an id; what changed not at all is the same."""
    line: dict[str, Any] = {"object": "balance_transaction", "source": TOPUP, "net": 700}
    old_line = {**line, "source": OLD_TOPUP}

    assert shown_as(TOPUP, FIRST) == OLD_TOPUP
    assert list(shown_as(TOPUP, FIRST)) == list(OLD_TOPUP)
    assert shown_as({"object": "list", "data": [line]}, FIRST) == {
        "object": "list",
        "data": [old_line],
    }
    assert shown_as(line, NEWEST) == line
    assert shown_as(OLD_TOPUP, FIRST) == OLD_TOPUP


def test_words_of_the_merchant_and_events_are_no_answers_of_ours() -> None:
    """Metadata that looks like an object, and an event that names its own version, stay whole."""
    charge = {"object": "charge", "metadata": {"object": "topup", "method": "x"}}
    event = {"object": "event", "api_version": NEWEST, "data": {"object": TOPUP}}

    assert shown_as(charge, FIRST) == charge
    assert shown_as(event, FIRST) == event


@pytest.mark.parametrize("body", [TOPUP, json.dumps(TOPUP), json.dumps(TOPUP).encode()])
def test_an_answer_is_shown_so_however_it_comes(body: Any) -> None:
    """As an object, or as the text that was stored with an idempotency key."""
    assert answer_versions.shown_as(Answer(body=body), FIRST).body == OLD_TOPUP


def test_a_file_has_no_versions() -> None:
    """Nor has an answer without a body."""
    file = Answer(body="line,amount\n", content_type="text/csv; charset=utf-8")

    assert answer_versions.shown_as(file, FIRST) is file
    assert answer_versions.shown_as(Answer(204), FIRST) == Answer(204)
