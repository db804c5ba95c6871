"""Which lines of a log the oracle calls a leak."""

from pathlib import Path

import pytest

from tests.chaos.oracle.evidence import leaks


@pytest.mark.parametrize(
    "line",
    [
        '{"payer":"+237670000001"}',
        "msisdn=237670000001&amount=5",
        "to=%2B237670000001",
        "670000001 was asked",
        "sk_test_" + 30 * "a",
        "the word is kept-by-us",
    ],
)
def test_a_number_a_key_and_a_secret_are_leaks(tmp_path: Path, line: str) -> None:
    """However a number is written, and whatever stands around it."""
    (tmp_path / "one.log").write_text(f"nothing\n{line}\n")

    assert list(leaks(tmp_path, [b"kept-by-us"])) == ["one.log line 2"]


def test_a_trace_whose_digits_look_like_a_number_is_no_leak(tmp_path: Path) -> None:
    """An id drawn by chance holds any digits."""
    (tmp_path / "one.log").write_text('{"trace_id":"f251a237616525631fd9e1d8bb4dc3ad"}\n')

    assert list(leaks(tmp_path, [])) == []
