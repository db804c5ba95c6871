"""Who logs in at the database, and the first secrets of an environment: `make secrets DIR=…`.

Into a folder go a file for each secret of the catalogue that nobody else gives out, named as the
secret; `pooler_users`, for PgBouncer; and `logins.sql`, for the database's owner to run. In the
last two stand SCRAM secrets instead of passwords, so that no log and no history learns one. What is
there stays: whoever repeats it, with the same folder, changes nothing; a file of a login that was
taken away or written anew is a new password, in all three.
"""

import argparse
import base64
import hashlib
import hmac
import re
import secrets
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pg8000.native import literal

from knative.catalogue import load_catalogue
from knative.local.secret_files import (
    make_own_secrets,
    make_private_folder,
    read_or_make,
    write_private,
)

_ITERATIONS: Final = 4096
_SALT_BYTES: Final = 16
_USER: Final = re.compile(r'"(\w+)" "(SCRAM-SHA-256\$[^"]+)"')


@dataclass(frozen=True, slots=True)
class Login:
    """The secret that holds `role:password`, and what the role may do."""

    secret: str
    role: str
    rights: str


OWNER: Final = Login("database_owner", "pay_owner", "CREATEROLE INHERIT")
"""Makes schemas and tenant roles; may grant only what it made itself."""
LOGINS: Final = (
    # Reaches a tenant's rows only by SET ROLE, never by merely being a member.
    Login("database_app", "pay_app", "NOCREATEROLE NOINHERIT"),
    Login("database_worker", "pay_worker", "NOCREATEROLE INHERIT"),
    Login("database_metrics", "pay_metrics", "NOCREATEROLE INHERIT"),
    Login("database_simulator", "pay_simulator", "NOCREATEROLE INHERIT"),
)
OWNERS: Final = {"pay": "pay_owner", "simulator": "pay_simulator"}
"""Whose each database is."""
CONNECTS: Final = {"pay": ("pay_app", "pay_worker", "pay_metrics"), "simulator": ()}
"""Who else may connect to it."""
TRANSACTION_SECONDS: Final = 5
"""Whoever writes in any database of the server holds the event feed of all back meanwhile."""

_BEGIN: Final = r"""-- Makes logins and databases; run it by psql as pay_owner, twice if you like.
\set ON_ERROR_STOP on
"""
_LOGIN: Final = r"""
SELECT 'CREATE ROLE {role}' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') \gexec
ALTER ROLE {role} LOGIN NOCREATEDB {rights} PASSWORD {password};
SELECT 'ALTER ROLE {role} SET transaction_timeout = ''{seconds}s'''
  WHERE EXISTS (SELECT FROM pg_settings WHERE name = 'transaction_timeout') \gexec
"""
_DATABASE: Final = r"""
SELECT 'CREATE DATABASE {name}'
  WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{name}') \gexec
REVOKE CONNECT, TEMPORARY ON DATABASE {name} FROM PUBLIC;
"""


def write_environment(folder: Path) -> list[str]:
    """Write what is missing into `folder`; the names of the catalogue's secrets still to come."""
    make_private_folder(folder)
    write_private(folder / ".gitignore", "*\n")  # wherever it lies, nobody commits it
    make_own_secrets(folder)
    known = dict(_USER.findall(_text(folder / "pooler_users")))
    verifiers = {login: _verifier(folder, login, known.get(login.role)) for login in LOGINS}
    users = "".join(f'"{login.role}" "{kept}"\n' for login, kept in verifiers.items())
    write_private(folder / "pooler_users", users)
    write_private(folder / "logins.sql", _sql(verifiers))
    wanted = {name for entry in load_catalogue() for name in entry.secrets}
    return sorted(name for name in wanted if not (folder / name).exists())


def _text(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""


def _verifier(folder: Path, login: Login, kept: str | None) -> str:
    """Return what the server keeps of the login's password: the same as before, if that fits it."""
    line = read_or_make(folder / login.secret, lambda: f"{login.role}:{secrets.token_urlsafe(24)}")
    password = line.partition(":")[2].encode()
    if kept is not None:
        salt = base64.b64decode(kept.split("$")[1].partition(":")[2])
        if _scram(password, salt) == kept:
            return kept
    return _scram(password, secrets.token_bytes(_SALT_BYTES))


def _scram(password: bytes, salt: bytes) -> str:
    """RFC 5803: what a server knows a password by, and no password can be made of again."""
    salted = hashlib.pbkdf2_hmac("sha256", password, salt, _ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    return f"SCRAM-SHA-256${_ITERATIONS}:{_base64(salt)}${_base64(stored)}:{_base64(server)}"


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _sql(verifiers: dict[Login, str]) -> str:
    parts = [_BEGIN]
    parts += [
        _LOGIN.format(
            role=login.role,
            rights=login.rights,
            password=literal(kept),
            seconds=TRANSACTION_SECONDS,
        )
        for login, kept in verifiers.items()
    ]
    for name, owner in OWNERS.items():
        is_ours = owner == OWNER.role
        parts += [] if is_ours else [f"\nGRANT {owner} TO CURRENT_USER;"]
        parts.append(_DATABASE.format(name=name))
        parts += [f"GRANT CONNECT ON DATABASE {name} TO {role};\n" for role in CONNECTS[name]]
        parts += (
            []
            if is_ours
            else [f"ALTER DATABASE {name} OWNER TO {owner};\nREVOKE {owner} FROM CURRENT_USER;\n"]
        )
    return "".join(parts)


def main() -> int:
    """Write the files, and say which secrets are to come from elsewhere."""
    parser = argparse.ArgumentParser(prog="knative.logins", description=__doc__)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    missing = write_environment(folder)
    sys.stdout.write(f"Written into {folder}: keep it where nobody else reads.\n")
    sys.stdout.write(f"To come from elsewhere: {', '.join(missing)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
