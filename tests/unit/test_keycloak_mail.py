"""By which server the realm writes to people: never in the clear, but on this machine."""

import pytest

from knative.components.keycloak.mail import mail_server

SENDER = "no-reply@pay.example"


@pytest.mark.parametrize(
    ("url", "login", "allow_plain", "expected"),
    [
        ("smtp://mail.example", "", False, ("587", "false", "true", "false")),
        ("smtp://mail.example:2525", "pay:a:b", False, ("2525", "false", "true", "true")),
        ("smtps://mail.example", "pay:a:b", False, ("465", "true", "false", "true")),
        ("smtp://127.0.0.1:1025", "", True, ("1025", "false", "false", "false")),
    ],
)
def test_it_goes_over_to_tls_before_anything_is_told(
    url: str, login: str, expected: tuple[str, ...], *, allow_plain: bool
) -> None:
    """STARTTLS or TLS from the first byte; the login is the whole of what the file says."""
    server = mail_server(url, sender=SENDER, login=login, allow_plain=allow_plain)

    assert tuple(server[name] for name in ("port", "ssl", "starttls", "auth")) == expected
    assert (server.get("user"), server.get("password")) == (
        ("pay", "a:b") if login else (None,) * 2
    )


@pytest.mark.parametrize("url", ["mail.example", "http://mail.example", "smtp://", "smtp://a:b@c"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    """The sentence repeats neither user nor password."""
    with pytest.raises(ValueError, match=r"^SMTP_URL is smtp\[s\]://host\[:port\]"):
        mail_server(url, sender=SENDER, login="", allow_plain=False)
