"""The command that verifies every audit chain, from its first entry to its newest.

    python -m shared.runtime.verify_audit [--kept FILE]

Runs as the owner, by MIGRATION_DATABASE_URL and SECRETS_DIR. Prints one line per whole chain: its
name, newest position and hash there. Keep that output outside the database: given back as FILE, it
shows whether a chain that was cut off or written anew still holds what it held then. Exit code 0;
1 with a line on standard error for each chain that is broken, naming the first position.
"""

import argparse
import os
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from shared.db.audit_chains import AuditChains
from shared.db.engine import SecretFileError, make_engine, reason_of
from shared.domain.audit import Break
from shared.operations.verify_audit import verify_chain

_FIELDS: Final = 3

Kept = Mapping[str, Mapping[int, bytes]]


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the command; return its exit code."""
    options = read_options("verify_audit", "Verify all audit chains.", arguments)
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
        application_name="verify_audit",
        reply_seconds=60,
    )
    code = 0
    try:
        store = AuditChains(engine)
        chains = store.chains()
        for chain in sorted(kept.keys() - set(chains)):
            code = fail(f"{chain} is missing")
        for chain in chains:
            found = verify_chain(chain, store, kept.get(chain, {}))
            if isinstance(found, Break):
                code = fail(f"{chain}: position {found.position} {found.what}")
            else:
                sys.stdout.write(f"{chain} {found.position} {found.hash.hex()}\n")
    finally:
        engine.dispose()
    return code


def read_kept(path: Path | None) -> Kept:
    """Read the output of earlier runs. Raises OSError, and ValueError for what is none."""
    kept: defaultdict[str, dict[int, bytes]] = defaultdict(dict)
    for line in [] if path is None else path.read_text("utf-8").splitlines():
        words = line.split()
        if len(words) != _FIELDS:
            raise ValueError(f"{path} is not what this command has printed")
        chain, position, digest = words
        kept[chain][int(position)] = bytes.fromhex(digest)
    return kept


def read_options(program: str, description: str, arguments: Sequence[str]) -> argparse.Namespace:
    """Read `--kept FILE`, the only option of a command that verifies."""
    parser = argparse.ArgumentParser(prog=program, description=description)
    parser.add_argument("--kept", type=Path, help="what an earlier run has printed")
    return parser.parse_args(arguments)


def fail(reason: str) -> int:
    """Say what is wrong on standard error; return the exit code."""
    sys.stderr.write(f"{reason}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
