"""`python -m knative.components.keycloak` brings the realm to its files, or only compares."""

import argparse
import os
import sys
from pathlib import Path

from keycloak.exceptions import KeycloakError

from knative.components.keycloak.access import read_pair
from knative.components.keycloak.document import load_document
from knative.components.keycloak.drift import differences
from knative.components.keycloak.realm import Realm, RealmError


def main(arguments: list[str]) -> int:
    """Return 0 when the realm is as wanted, 1 when it is not or could not be reached.

    `KEYCLOAK_URL` is the server, `PUBLIC_BASE_URL` where the dashboard lies; `SECRETS_DIR` holds
    `keycloak_admin` and `keycloak_administration`, each `<client id>:<secret>`.
    """
    parser = argparse.ArgumentParser(prog="python -m knative.components.keycloak")
    parser.add_argument("--check", action="store_true", help="change nothing, fail on drift")
    options = parser.parse_args(arguments)
    try:
        return _run(check=options.check)
    except (KeycloakError, RealmError, OSError) as error:
        return _fail(f"The realm was not brought up to date: {error}")
    except KeyError as error:
        return _fail(f"The variable {error} is missing.")


def _run(*, check: bool) -> int:
    secrets_dir = Path(os.environ["SECRETS_DIR"])
    client_id, client_secret = read_pair(secrets_dir / "keycloak_admin")
    document = load_document(
        public_base_url=os.environ["PUBLIC_BASE_URL"],
        administration_secret=read_pair(secrets_dir / "keycloak_administration")[1],
    )
    realm = Realm(
        os.environ["KEYCLOAK_URL"],
        document.name,
        client_id=client_id,
        client_secret=client_secret,
    )
    is_new = not realm.exists()
    if is_new and check:
        return _fail(f"The realm {document.name} is missing.")
    if is_new:
        realm.create(document)
        _say(f"made the realm {document.name}")
    wanted = document.state()
    drift = list(differences(wanted, realm.state(wanted)))
    # What a new realm still lacks is the job's second half, not somebody's change.
    for line in () if is_new else drift:
        _say(f"drift: {line}")
    if check or not drift:
        return 1 if drift else 0
    realm.mend(document)
    left = list(differences(wanted, realm.state(wanted)))
    return _fail(f"Still drift: {'; '.join(left)}.") if left else 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _fail(line: str) -> int:
    sys.stderr.write(f"{line}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
