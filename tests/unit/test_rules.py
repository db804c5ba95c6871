"""Promises of the rules: read whole, stricter for young keys, and each refusal has its words."""

from datetime import timedelta
from functools import partial

import pytest

from shared.domain import language
from shared.domain.account import Caller
from shared.domain.errors import InvalidRequest, TooManyRequests
from shared.domain.phone import PhoneNumber
from shared.domain.rules import Admission, Prompts, RequestRate, Rules, Velocity, admission
from tests.fakes import START, TENANT

NUMBER = PhoneNumber("+237670000001")
CALLER = Caller(
    TENANT, "0123456789", "sk", frozenset(), "fr", charges_enabled=True, suspended=False
)
VELOCITY = Velocity(1000, 100_000, 800, 80_000, 10, 90_000, 86_400)
CAPS = (1000, 100_000, 800, 80_000)


def test_rules_are_read_by_kind() -> None:
    """An empty object sets no bound, nor does a kind that is missing; other words are left out."""
    requests = {"account": 10, "key": "5", "seconds": 1, "note": "agreed with the merchant"}

    rules = Rules.read([("requests", requests), ("prompts", {})])

    assert rules == Rules(requests=RequestRate(10, 5, 1))
    assert Rules.read([("prompts", {"most": 3, "seconds": 600})]).prompts == Prompts(3, 600)


@pytest.mark.parametrize(
    ("age", "caps"),
    [(86_400, CAPS), (86_399, (1000, 100_000, 10, 80_000)), (None, (1000, 100_000, 10, 80_000))],
)
def test_a_young_key_may_do_less(age: int | None, caps: tuple[int, ...]) -> None:
    """Until its cool-down is over, and never more than an older one; of no age means new."""
    since = None if age is None else START - timedelta(seconds=age)

    assert VELOCITY.caps(since, START) == caps


def test_nothing_is_asked_where_nothing_bounds() -> None:
    """Without rules for charges no number is hashed and nothing counted."""
    ask = partial(admission, payer=NUMBER, number_key=b"k" * 32, caller=CALLER, now=START)

    assert ask(Rules(requests=RequestRate(1, 1, 1))) is None
    asked = ask(Rules(charges=VELOCITY))
    assert asked is not None
    assert "670000001" not in repr(asked)
    assert asked.written_caps == "{1000,100000,10,80000}"


@pytest.mark.parametrize(
    ("word", "kind", "code", "limit", "wait"),
    [
        ("blocked", InvalidRequest, "phone_blocked", None, None),
        ("prompts:17", TooManyRequests, "payer_asked_too_often", 3, 17),
        ("account_count", TooManyRequests, "account_count_reached", 1000, 54_000),
        ("account_amount", TooManyRequests, "account_amount_reached", 100_000, 54_000),
        ("key_count", TooManyRequests, "key_count_reached", 800, 54_000),
        ("key_amount", TooManyRequests, "key_amount_reached", 80_000, 54_000),
    ],
)
def test_a_refusal_tells_the_limit_and_when_to_come_again(
    word: str, kind: type[Exception], code: str, limit: int | None, wait: int | None
) -> None:
    """In both languages, without the number."""
    asked = Admission("f" * 64, "0123456789", START, Prompts(3, 600), CAPS)

    refusal = asked.refusal(word)

    assert type(refusal) is kind
    assert refusal.code == code
    assert (refusal.values.get("limit"), refusal.values.get("retry_after_seconds")) == (limit, wait)
    for words in ("fr", "en"):
        text = language.text(code, words, **refusal.values)
        assert "…" not in text
        assert limit is None or str(limit) in text
