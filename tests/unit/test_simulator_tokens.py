"""A token of the simulator is worth what it says, until it expires, and nobody can make one."""

from datetime import UTC, datetime, timedelta

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.simulator.tokens import Claims, TokenMint

NOW = datetime(2026, 11, 25, tzinfo=UTC)
CLAIMS = Claims("11111111-2222-4333-8444-555555555555", "collection", "digest", "merchant.example")
MINT = TokenMint("secret")
TOKEN = MINT.issue(CLAIMS, NOW + timedelta(seconds=3600))


def test_a_token_is_read_back_until_the_second_it_expires() -> None:
    """Valid one moment before, not at the end."""
    assert MINT.read(TOKEN, NOW + timedelta(seconds=3599.9)) == CLAIMS
    assert MINT.read(TOKEN, NOW + timedelta(seconds=3600)) is None


def test_another_secret_makes_other_tokens() -> None:
    """A token of a foreign mint is refused."""
    assert TokenMint("other").read(TOKEN, NOW) is None


def test_a_token_looks_like_any_jwt() -> None:
    """A library that knows only JWTs finds header and claims."""
    assert jwt.get_unverified_header(TOKEN) == {"typ": "JWT", "alg": "HS256"}
    claims = jwt.decode(TOKEN, options={"verify_signature": False, "verify_exp": False})
    assert claims["sub"] == CLAIMS.api_user


@given(st.integers(0, len(TOKEN) - 1), st.characters(codec="ascii"))
def test_any_changed_character_spoils_a_token(place: int, character: str) -> None:
    """No altered token gives other claims; the spare bits of the last letter change nothing."""
    changed = TOKEN[:place] + character + TOKEN[place + 1 :]

    assert changed == TOKEN or MINT.read(changed, NOW) is None


@pytest.mark.parametrize("text", ["", ".", "..", "a.b.c", TOKEN + "é", "x" * 10_000])
def test_what_is_no_token_is_refused_quietly(text: str) -> None:
    """Never an error, whatever comes."""
    assert MINT.read(text, NOW) is None
