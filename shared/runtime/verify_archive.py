"""The command that restores every ledger from its archives, and compares it with the database.

    python -m shared.runtime.verify_archive [--kept FILE]

Runs as the owner, by MIGRATION_DATABASE_URL and SECRETS_DIR, and reads the store of S3_ENDPOINT_URL
and S3_BUCKET. Prints one line per ledger whose archives are whole: its name, the number of the
newest and its hash. Keep the output outside the database: given back as FILE, it shows whether
archives that are gone or made anew still hold what they held. Exit code 0; 1 with a line on
standard error for each thing that is not as it was archived.
"""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from shared.db.archives import stored_archives
from shared.db.engine import SecretFileError, make_engine, reason_of
from shared.db.seals import LedgerSeals
from shared.domain.account import Tenant
from shared.domain.ledger_archive import Archive
from shared.operations.ports import StoredObject, StoreDownError
from shared.operations.verify_archive import verify_archive
from shared.runtime.verify_audit import Kept, fail, read_kept, read_options
from shared.storage.locked_store import S3LockedStore


class _Shelves:
    """Shelves of all tenants, as the owner."""

    def __init__(self, engine: Engine, store: S3LockedStore) -> None:
        self._engine, self._store = engine, store

    def archives(self, chain: str) -> Iterator[tuple[Archive, StoredObject | None]]:
        """Yield the archives of a chain by number; None where one is planned and not stored."""
        return stored_archives(self._engine, _tenant_of(chain))

    def content(self, stored: StoredObject) -> bytes:
        """Return the bytes of exactly this version. Raises StoreDownError."""
        return self._store.get(stored.key, stored.version_id)


def _tenant_of(chain: str) -> Tenant:
    _, account, mode = chain.split("_")
    return Tenant(f"acct_{account}", livemode=mode == "live")


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the command; return its exit code."""
    options = read_options("verify_archive", "Verify the archives of all ledgers.", arguments)
    try:
        return _verify(read_kept(options.kept), environment)
    except KeyError as error:
        return fail(f"{error.args[0]} is not set")
    except SQLAlchemyError as error:
        return fail(f"the database refused: {reason_of(error)}")
    except StoreDownError as error:
        return fail(f"the store refused: {error}")
    except (SecretFileError, OSError, ValueError) as error:
        return fail(str(error))


def _verify(kept: Kept, environment: Mapping[str, str]) -> int:
    secrets = Path(environment.get("SECRETS_DIR", "/etc/pay/secrets"))
    store = S3LockedStore(
        environment["S3_ENDPOINT_URL"],
        environment["S3_BUCKET"],
        credentials=secrets / "s3_credentials",
    )
    engine = make_engine(
        environment["MIGRATION_DATABASE_URL"],
        secret_file=secrets / "database_owner",
        pool_size=1,
        application_name="verify_archive",
        reply_seconds=60,
    )
    code, waiting = 0, 0
    try:
        ledger, shelves = LedgerSeals(engine), _Shelves(engine, store)
        chains = ledger.chains()
        for chain in sorted(kept.keys() - set(chains)):
            code = fail(f"{chain} is missing")
        for chain in chains:
            found = verify_archive(chain, shelves, ledger, kept.get(chain, {}))
            waiting += found.waiting
            for fault in found.faults:
                code = fail(f"{chain}: {fault}")
            if not found.faults and found.shelf.number:
                sys.stdout.write(f"{chain} {found.shelf.number} {found.shelf.sha256}\n")
    finally:
        engine.dispose()
    sys.stderr.write(f"{waiting} archives are planned and not stored yet\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
