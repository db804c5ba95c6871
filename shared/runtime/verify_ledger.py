"""The command that verifies the seals of every ledger, from the first to the newest.

    python -m shared.runtime.verify_ledger [--kept FILE]

Runs as the owner, by MIGRATION_DATABASE_URL and SECRETS_DIR. Prints one line per ledger that is as
it was sealed: its name, newest position and hash there; how much stands unsealed goes to standard
error. Keep the output outside the database: given back as FILE, it shows whether seals that were
cut off or made anew still hold what they held. Exit code 0; 1 with a line on standard error for
each ledger that was changed, naming the first seal.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from shared.db.engine import SecretFileError, make_engine, reason_of
from shared.db.seals import LedgerSeals
from shared.operations.verify_ledger import verify_ledger
from shared.runtime.verify_audit import Kept, fail, read_kept, read_options


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the command; return its exit code."""
    options = read_options("verify_ledger", "Verify the seals of all ledgers.", arguments)
    try:
        return _verify(read_kept(options.kept), environment)
    except KeyError as error:
        return fail(f"{error.args[0]} is not set")
    except SQLAlchemyError as error:
        return fail(f"the database refused: {reason_of(error)}")
    except (SecretFileError, OSError, ValueError) as error:
        return fail(str(error))


def _verify(kept: Kept, environment: Mapping[str, str]) -> int:
    engine = make_engine(
        environment["MIGRATION_DATABASE_URL"],
        secret_file=Path(environment.get("SECRETS_DIR", "/etc/pay/secrets")) / "database_owner",
        pool_size=1,
        application_name="verify_ledger",
        reply_seconds=60,
    )
    code, unsealed = 0, 0
    try:
        store = LedgerSeals(engine)
        chains = store.chains()
        for chain in sorted(kept.keys() - set(chains)):
            code = fail(f"{chain} is missing")
        for chain in chains:
            found = verify_ledger(chain, store, kept.get(chain, {}))
            unsealed += found.unsealed
            if found.fault is not None:
                code = fail(f"{chain}: {found.fault}")
            else:
                sys.stdout.write(f"{chain} {found.newest.position} {found.newest.hash.hex()}\n")
    finally:
        engine.dispose()
    sys.stderr.write(f"{unsealed} transactions are not sealed yet\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
