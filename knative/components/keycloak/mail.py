"""Tells the realm by which server it writes: `python -m knative.components.keycloak.mail`.

Beside the realm's files, since the server and its password differ from place to place.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from keycloak.exceptions import KeycloakError

from knative.components.keycloak.access import MASTER, REALM, connect, read_pair

_PORTS: Final = {"smtp": 587, "smtps": 465}
_LOCAL: Final = "local"


def mail_server(url: str, *, sender: str, login: str, allow_plain: bool) -> dict[str, str]:
    """Return Keycloak's `smtpServer` for `smtp[s]://host[:port]`; `login` is `<user>:<password>`.

    `smtp` goes over to TLS before anything is told, but where `allow_plain`. Raises ValueError.
    """
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname or parts.username is not None:
        raise ValueError("SMTP_URL is smtp[s]://host[:port], without user or password.")
    user, _, password = login.partition(":")
    server = {
        "host": parts.hostname,
        "port": str(parts.port or _PORTS[parts.scheme]),
        "from": sender,
        "ssl": str(parts.scheme == "smtps").lower(),
        "starttls": str(parts.scheme == "smtp" and not allow_plain).lower(),
        "auth": str(bool(user)).lower(),
    }
    return server | ({"user": user, "password": password} if user else {})


def main(environment: Mapping[str, str]) -> int:
    """Return 0 when the realm writes by this server, else 1 with one sentence.

    `KEYCLOAK_URL` is Keycloak; `SMTP_URL` and `MAIL_FROM` are the mail server and who writes;
    `SECRETS_DIR` holds `keycloak_admin` and, where the mail server asks for one, the login `smtp`.
    """
    try:
        secrets_dir = Path(environment["SECRETS_DIR"])
        smtp = secrets_dir / "smtp"
        server = mail_server(
            environment["SMTP_URL"],
            sender=environment["MAIL_FROM"],
            login=smtp.read_text(encoding="utf-8").strip() if smtp.exists() else "",
            allow_plain=environment.get("ENVIRONMENT") == _LOCAL,
        )
        client_id, client_secret = read_pair(secrets_dir / "keycloak_admin")
        admin = connect(
            environment["KEYCLOAK_URL"],
            realm=REALM,
            client_id=client_id,
            client_secret=client_secret,
            client_realm=MASTER,
        )
        admin.update_realm(REALM, {"smtpServer": server})
    except KeyError as error:
        return _fail(f"The variable {error} is missing.")
    except (KeycloakError, OSError, ValueError) as error:
        return _fail(f"The realm writes to nobody yet: {error}")
    return 0


def _fail(line: str) -> int:
    sys.stderr.write(f"{line}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(os.environ))
