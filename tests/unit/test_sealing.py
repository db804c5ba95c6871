"""Sealing: opens for its own row under its own key, and for nothing else."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.runtime.sealing import SealBrokenError, Sealer

SEALER = Sealer(bytes(range(32)))
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@given(st.text(max_size=200), st.text(max_size=40))
def test_what_is_sealed_opens_for_its_row(secret: str, row: str) -> None:
    """Nothing is lost."""
    assert SEALER.open(SEALER.seal(secret, row), row) == secret


def test_sealing_the_same_twice_shows_nothing() -> None:
    """Equal secrets are not seen to be equal, and neither is seen at all."""
    first, second = (SEALER.seal(SECRET, "we_1") for _ in range(2))

    assert first != second
    assert SECRET.encode() not in base64.b64decode(first.removeprefix("v1."))


def test_a_seal_moved_to_another_row_does_not_open() -> None:
    """Whoever can write the table cannot give one merchant another's secret."""
    sealed = SEALER.seal(SECRET, "we_1")

    with pytest.raises(SealBrokenError):
        SEALER.open(sealed, "we_2")


def test_another_key_does_not_open() -> None:
    """The database without the key file is worth nothing."""
    with pytest.raises(SealBrokenError):
        Sealer(bytes(32)).open(SEALER.seal(SECRET, "we_1"), "we_1")


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_no_changed_byte_goes_unnoticed(place: int, change: int) -> None:
    """Damage is an error, never another secret."""
    raw = bytearray(base64.b64decode(SEALER.seal(SECRET, "we_1").removeprefix("v1.")))
    raw[place % len(raw)] ^= change

    with pytest.raises(SealBrokenError):
        SEALER.open("v1." + base64.b64encode(raw).decode(), "we_1")


@pytest.mark.parametrize("text", ["", "v1.", "v1.AAAA", "v1.\u00e9", "v2.AAAA", "v1.A" * 40])
def test_what_was_never_sealed_is_an_error(text: str) -> None:
    """Any other text is refused in the same way."""
    with pytest.raises(SealBrokenError):
        SEALER.open(text, "we_1")


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_key_of_another_length_is_refused(length: int) -> None:
    """A cut or padded key file stops the start instead of weakening the seal."""
    with pytest.raises(ValueError, match="32 bytes"):
        Sealer(bytes(length))
