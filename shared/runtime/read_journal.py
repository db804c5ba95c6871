"""The command that reads the journal of money out into a database that was put back.

    python -m shared.runtime.read_journal --restored-to 2026-11-30T03:00:00Z [--begin]

Runs as the owner, by MIGRATION_DATABASE_URL and SECRETS_DIR, with S3_ENDPOINT_URL and S3_BUCKET.
`--begin` only shuts the gate: nothing goes out until a reading has ended. Without it, a reading of
this moment that was cut off is taken up, or a new one begun. Prints what it found. Exit code 0; 1
where it could not be read to its end, where another was begun meanwhile and the gate is shut still,
or with the names of places that hold no intent of ours.
"""

import argparse
import base64
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from shared.db.engine import SecretFileError, make_engine, reason_of
from shared.db.journal import JournalReadings
from shared.db.transaction import Database
from shared.domain.errors import CutOff, Unavailable
from shared.operations.ports import StoreDownError
from shared.operations.read_journal import Counts, Journal, read_journal
from shared.runtime.verify_audit import fail
from shared.storage.locked_store import S3LockedStore


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(
        prog="read_journal", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--restored-to", type=_moment, required=True, help="the moment put back to")
    parser.add_argument("--begin", action="store_true", help="shut the gate, and read nothing yet")
    options = parser.parse_args(arguments)
    try:
        return _run(options.restored_to, environment, only_begin=options.begin)
    except KeyError as error:
        return fail(f"{error.args[0]} is not set")
    except SQLAlchemyError as error:
        return fail(f"the database refused: {reason_of(error)}")
    except StoreDownError as error:
        return fail(f"the journal cannot be read: {error}; run this again, it goes on from there")
    except (Unavailable, CutOff):
        return fail("the database went away; run this again, it goes on from there")
    except (SecretFileError, OSError, ValueError) as error:
        return fail(str(error))


def _run(restored_to: datetime, environment: Mapping[str, str], *, only_begin: bool) -> int:
    secrets_dir = Path(environment.get("SECRETS_DIR", "/etc/pay/secrets"))
    engine = make_engine(
        environment["MIGRATION_DATABASE_URL"],
        secret_file=secrets_dir / "database_owner",
        pool_size=1,
        application_name="read_journal",
        reply_seconds=60,
    )
    try:
        if only_begin:
            _readings(engine, secrets_dir).begin(restored_to, now=datetime.now(UTC))
            sys.stdout.write("begun: no money goes out until the journal is read in\n")
            return 0
        journal = S3LockedStore(
            environment["S3_ENDPOINT_URL"],
            environment["S3_BUCKET"],
            credentials=secrets_dir / "s3_credentials",
        )
        return _told(read(_readings(engine, secrets_dir), journal, restored_to))
    finally:
        engine.dispose()


def read(readings: JournalReadings, journal: Journal, restored_to: datetime) -> Counts:
    """Take up or begin a reading, and bring it to its end."""
    reading = readings.unfinished()
    if reading is None or reading.restored_to != restored_to:
        reading = readings.begin(restored_to, now=datetime.now(UTC))
    return read_journal(reading, journal=journal, rows=readings, now=lambda: datetime.now(UTC))


def _readings(engine: Engine, secrets_dir: Path) -> JournalReadings:
    number_key = base64.b64decode((secrets_dir / "number_key").read_text("ascii"))
    return JournalReadings(Database(engine), number_key)


def _told(counts: Counts) -> int:
    sys.stdout.write(
        f"listed {counts.listed}\nlooked at {counts.looked_at}\n"
        f"counted as sent {counts.counted_as_sent}\nlost, to be made again {counts.lost}\n"
        f"test data deleted before {counts.older}\nnever sent {counts.never_sent}\n"
    )
    for place in counts.unreadable:
        fail(f"{place} is no intent of ours")
    if not counts.has_opened:
        fail("another reading was begun since, or the server put back again: nothing goes out yet")
    return 1 if counts.unreadable or not counts.has_opened else 0


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a moment needs its zone")
    return moment.astimezone(UTC)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
