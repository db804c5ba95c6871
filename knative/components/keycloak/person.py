"""Makes the first people of a platform, once: `python -m knative.components.keycloak.person admin`.

For each role named it reads `person_<role>`, a secret file `<mail address>:<password>`; it
prints the id of each by role, as one line of JSON.
"""

import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from keycloak import KeycloakAdmin
from keycloak.exceptions import KeycloakError

from knative.components.keycloak.access import REALM, connect, read_pair


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody to be made. The mail address is the name to sign in by, and counts as proven.

    `organization_id` is Keycloak's id of an account's organisation, which must exist.
    """

    email: str
    password: str = field(repr=False)
    role: str
    first_name: str
    last_name: str
    organization_id: str | None = None


def ensure_person(administration: KeycloakAdmin, person: Person) -> str:
    """Make the person where there is none of this address, and return the id of whoever has it.

    Who is there keeps password and roles, whatever they are by now; only a membership that is
    missing is added. One that was cut short half made is made whole: the password comes last, and
    without it nobody signs in. Raises python-keycloak's KeycloakError.
    """
    found = administration.get_users({"username": person.email, "exact": True})
    user = str(found[0]["id"]) if found else administration.create_user(_representation(person))
    if person.organization_id is not None:
        _join(administration, user, person.organization_id)
    if not administration.get_credentials(user):
        administration.assign_realm_roles(user, [administration.get_realm_role(person.role)])
        administration.set_user_password(user, person.password, temporary=False)
    return user


def _join(administration: KeycloakAdmin, user: str, organization_id: str) -> None:
    present = administration.get_user_organizations(user)
    if organization_id not in {each["id"] for each in present}:
        administration.organization_user_add(user, organization_id)


def _representation(person: Person) -> dict[str, Any]:
    return {
        "username": person.email,
        "email": person.email,
        "emailVerified": True,
        "enabled": True,
        "firstName": person.first_name,
        "lastName": person.last_name,
    }


def main(roles: list[str]) -> int:
    """Make the first person of each role; 1 with one sentence when that cannot be.

    `KEYCLOAK_URL` is the server; `SECRETS_DIR` holds `keycloak_administration` and the people's.
    """
    try:
        secrets_dir = Path(os.environ["SECRETS_DIR"])
        client_id, client_secret = read_pair(secrets_dir / "keycloak_administration")
        administration = connect(
            os.environ["KEYCLOAK_URL"],
            realm=REALM,
            client_id=client_id,
            client_secret=client_secret,
            client_realm=REALM,
        )
        made = {}
        for role in roles:
            email, password = read_pair(secrets_dir / f"person_{role}")
            person = Person(email, password, role, "First", role.capitalize())
            made[role] = ensure_person(administration, person)
    except (KeycloakError, OSError) as error:
        sys.stderr.write(f"The first people were not made: {error}\n")
        return 1
    except KeyError as error:
        sys.stderr.write(f"The variable {error} is missing.\n")
        return 1
    sys.stdout.write(f"{json.dumps(made)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
