"""What `make sign-in` takes for the end of its own sign-in."""

import pytest

from knative.local.sign_in import SignInError, read_code

HERE = "http://127.0.0.1:8080/dashboard/signed-in"


def test_the_code_of_this_sign_in_is_read() -> None:
    """From the address as the browser shows it."""
    assert read_code(f"{HERE}?state=s1&session_state=x&code=c1", "s1") == "c1"


@pytest.mark.parametrize(
    "address", ["", HERE, f"{HERE}?code=c1", f"{HERE}?state=s2&code=c1", f"{HERE}?state=s1&error=e"]
)
def test_another_end_gives_nothing(address: str) -> None:
    """An address that somebody else sent, or a refusal, is one sentence and no token."""
    with pytest.raises(SignInError, match=r"begin again|refused"):
        read_code(address, "s1")
