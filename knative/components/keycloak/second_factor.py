"""Takes a lost second factor from a person, so that she sets up another at her next sign-in.

`python -m knative.components.keycloak.second_factor ADDRESS` shows what she has; `--remove` takes
it and ends her sessions. shared/docs/runbooks/lost-otp.md says what must be proven before.
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from keycloak import KeycloakAdmin
from keycloak.exceptions import KeycloakError

from knative.components.keycloak.access import REALM, connect, read_pair

_FACTORS: Final = {"otp", "webauthn", "recovery-authn-codes"}
_SET_UP: Final = "CONFIGURE_TOTP"


def main(words: Sequence[str], environment: Mapping[str, str]) -> int:
    """Return 0 when it was done, else 1 with one sentence.

    `KEYCLOAK_URL` is the server; `SECRETS_DIR` holds `keycloak_administration`.
    """
    parser = argparse.ArgumentParser(prog="python -m knative.components.keycloak.second_factor")
    parser.add_argument("address", help="the mail address by which the person signs in")
    parser.add_argument("--remove", action="store_true", help="take it, and end all sessions")
    options = parser.parse_args(words)
    try:
        administration = _connect(environment)
        query = {"email": options.address, "exact": "true"}
        people: list[dict[str, Any]] = administration.get_users(query)
        if not people:
            return _fail("Nobody has this address.")
        return _look(administration, people[0], remove=options.remove)
    except KeyError as error:
        return _fail(f"The variable {error} is missing.")
    except (KeycloakError, OSError) as error:
        return _fail(f"Not done, or not all of it: {error}")


def _look(administration: KeycloakAdmin, person: dict[str, Any], *, remove: bool) -> int:
    subject = str(person["id"])
    factors = [each for each in administration.get_credentials(subject) if each["type"] in _FACTORS]
    roles = administration.get_composite_realm_roles_of_user(subject)
    is_admin = any(role["name"] == "admin" for role in roles)
    _say(f"person {subject}{', an administrator' if is_admin else ''}")
    for factor in factors:
        made = datetime.fromtimestamp(factor["createdDate"] / 1000, UTC)
        _say(f"{factor['type']} since {made:%Y-%m-%d %H:%M}Z: {factor.get('userLabel', '')}")
    if not factors:
        return _fail("There is no second factor to take.")
    if not remove:
        return 0
    # What must be set up comes first: cut short here, she is still asked for the old one.
    actions = sorted({*person.get("requiredActions", ()), _SET_UP})
    administration.update_user(subject, {**person, "requiredActions": actions})
    for factor in factors:
        administration.delete_credential(subject, str(factor["id"]))
    administration.user_logout(subject)
    _say("taken; all sessions ended; another is set up at the next sign-in")
    return 0


def _connect(environment: Mapping[str, str]) -> KeycloakAdmin:
    file = Path(environment["SECRETS_DIR"]) / "keycloak_administration"
    client_id, client_secret = read_pair(file)
    return connect(
        environment["KEYCLOAK_URL"],
        realm=REALM,
        client_id=client_id,
        client_secret=client_secret,
        client_realm=REALM,
    )


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _fail(line: str) -> int:
    sys.stderr.write(f"{line}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
