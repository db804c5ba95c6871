"""API keys: what is made reads back, what is mistyped is refused, nothing shows by accident."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.api_key import ALPHABET, LENGTH, ApiKey, KeyKind
from shared.domain.errors import NotAuthenticated

KEY = ApiKey(KeyKind.SECRET, livemode=False, id="0123456789", secret="a" * 43)


@pytest.mark.parametrize("kind", list(KeyKind))
@pytest.mark.parametrize("livemode", [False, True])
def test_a_new_key_has_the_published_form_and_reads_back(kind: KeyKind, *, livemode: bool) -> None:
    """Scanners and people can rely on the form; parsing loses nothing."""
    key = ApiKey.generate(kind, livemode=livemode)
    mode = "live" if livemode else "test"

    assert re.fullmatch(rf"{kind}_{mode}_[0-9A-Za-z]{{59}}", key.text)
    assert ApiKey.parse(key.text) == key
    assert key.last4 == key.text[-4:]


def test_the_form_never_changes() -> None:
    """A key handed out years ago still reads, and its stored HMAC still matches."""
    assert KEY.text == "sk_test_0123456789" + "a" * 43 + "3D7nTh"
    # Computed with `openssl dgst -sha256 -hmac pepper`.
    assert KEY.hmac(b"pepper").hex() == (
        "62888572ab3159e2db9b980b9cfa21f4c875654d463068f5467921f8cdf09567"
    )


def test_two_keys_are_never_alike() -> None:
    """Id and secret are both random."""
    keys = [ApiKey.generate(KeyKind.SECRET, livemode=True) for _ in range(200)]

    assert len({key.id for key in keys}) == 200
    assert len({key.secret for key in keys}) == 200


@given(st.integers(0, LENGTH - 1), st.sampled_from(ALPHABET + "_-\u00e9"))
def test_one_wrong_character_is_refused(position: int, character: str) -> None:
    """The checksum catches every single mistyped character without asking the database."""
    text = KEY.text
    changed = text[:position] + character + text[position + 1 :]
    if changed == text:
        assert ApiKey.parse(changed) == KEY
        return

    with pytest.raises(NotAuthenticated) as refusal:
        ApiKey.parse(changed)
    assert refusal.value.code == "api_key_invalid"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sk_test_",
        KEY.text[:-1],
        KEY.text + "0",
        f" {KEY.text[1:]}",
        "x" * 10_000,
        "\0" * LENGTH,
    ],
)
def test_what_is_no_key_is_refused(text: str) -> None:
    """Nothing that has another form gets further."""
    with pytest.raises(NotAuthenticated):
        ApiKey.parse(text)


@given(st.text(max_size=LENGTH + 2))
def test_no_text_breaks_the_parser(text: str) -> None:
    """Any text is a key or a refusal, never a crash."""
    with pytest.raises(NotAuthenticated):
        ApiKey.parse(text)


def test_only_the_same_secret_and_pepper_match() -> None:
    """A stored HMAC proves one secret, and only to whoever holds the pepper."""
    other = ApiKey.generate(KeyKind.SECRET, livemode=False)

    assert KEY.matches(KEY.hmac(b"pepper"), b"pepper")
    assert not KEY.matches(KEY.hmac(b"pepper"), b"salt")
    assert not KEY.matches(other.hmac(b"pepper"), b"pepper")
    assert not KEY.matches(b"", b"pepper")


def test_the_secret_does_not_show_in_a_repr() -> None:
    """A key that reaches a log by accident shows its id and nothing more."""
    assert KEY.secret not in repr(KEY)
    assert KEY.id in repr(KEY)
