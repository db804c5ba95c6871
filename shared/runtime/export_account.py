"""The command that writes all data of an account into a folder, and checks such a folder.

    python -m shared.runtime.export_account acct_… --to FOLDER
    python -m shared.runtime.export_account --verify FOLDER

One file of JSON lines per table, below `test`, `live` and `platform`, and at last `manifest.json`
with rows, bytes and SHA-256 of each: a folder without it is not whole. No HMAC, no sealed secret.
The login is the owner's (MIGRATION_DATABASE_URL, SECRETS_DIR). Printed is the manifest's SHA-256.
Exit code 0, or 1 with what is wrong on standard error.
"""

import argparse
import hashlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy.exc import SQLAlchemyError

from shared.db.engine import SecretFileError, make_engine, reason_of
from shared.db.export import AccountSnapshot, account_snapshot

FORMAT: Final = "account-export.v1"
MANIFEST: Final = "manifest.json"
_PIECE: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A file of an export; `sha256` is in hex."""

    file: str
    rows: int
    bytes: int
    sha256: str


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the command; return its exit code."""
    options = _parse(arguments)
    if options.verify is not None:
        faults = verify(Path(options.verify))
        for fault in faults:
            _fail(fault)
        return 1 if faults else 0
    if options.account is None or options.to is None:
        return _fail("an account and --to FOLDER, or --verify FOLDER")
    try:
        digest = _export(options.account, Path(options.to), environment)
    except KeyError as error:
        return _fail(f"{error.args[0]} is not set")
    except SQLAlchemyError as error:
        return _fail(f"the database refused: {reason_of(error)}")
    except (SecretFileError, OSError, ValueError) as error:
        return _fail(str(error))
    sys.stdout.write(f"{digest}\n")
    return 0


def write(snapshot: AccountSnapshot, account: str, folder: Path) -> str:
    """Write an account into an empty folder; return the manifest's SHA-256.

    Raises ValueError where there is no such account, OSError.
    """
    modes = snapshot.modes()
    if not modes:
        raise ValueError(f"there is no account {account}")
    manifest: dict[str, Any] = {
        "format": FORMAT,
        "account": account,
        "taken_at": snapshot.moment(),
        "revisions": {mode.tenant.schema: mode.revision for mode in modes},
    }
    files = []
    for source in snapshot.sources():
        path = folder / f"{source.name}.ndjson"
        path.parent.mkdir(mode=0o700, exist_ok=True)
        files.append(asdict(_write_rows(path, folder, snapshot.rows(source))))
    content = json.dumps({**manifest, "files": files}, indent=1).encode()
    unfinished = folder / f".{MANIFEST}"
    _open_private(unfinished).close()
    unfinished.write_bytes(content)
    unfinished.rename(folder / MANIFEST)
    return hashlib.sha256(content).hexdigest()


def verify(folder: Path) -> list[str]:
    """Return what of an export is not as it was written; nothing where all is."""
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        if manifest["format"] != FORMAT:
            return [f"{MANIFEST} is not of the format {FORMAT}"]
        wanted = {entry["file"]: WrittenFile(**entry) for entry in manifest["files"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        return [f"{MANIFEST} cannot be read: {error}"]
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    faults = [f"{name} is missing" for name in sorted(set(wanted) - found)]
    faults += [f"{name} does not belong here" for name in sorted(found - {*wanted, MANIFEST})]
    for name in sorted(found & set(wanted)):
        seen = _measure(folder / name, name)
        if seen != wanted[name]:
            faults.append(f"{name} is not as it was written: {seen.rows} rows, {seen.sha256}")
    return faults


def _export(account: str, folder: Path, environment: Mapping[str, str]) -> str:
    secrets_dir = Path(environment.get("SECRETS_DIR", "/etc/pay/secrets"))
    engine = make_engine(
        environment["MIGRATION_DATABASE_URL"],
        secret_file=secrets_dir / "database_owner",
        pool_size=1,
        application_name="export_account",
        reply_seconds=None,
    )
    try:
        with account_snapshot(engine, account) as snapshot:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if any(folder.iterdir()):
                raise ValueError(f"{folder} is not empty")
            return write(snapshot, account, folder)
    finally:
        engine.dispose()


def _write_rows(path: Path, folder: Path, rows: Any) -> WrittenFile:
    digest, count, size = hashlib.sha256(), 0, 0
    with _open_private(path) as file:
        for row in rows:
            line = f"{row}\n".encode()
            file.write(line)
            digest.update(line)
            count, size = count + 1, size + len(line)
    name = path.relative_to(folder).as_posix()
    return WrittenFile(name, count, size, digest.hexdigest())


def _measure(path: Path, name: str) -> WrittenFile:
    digest, count, size = hashlib.sha256(), 0, 0
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
            count, size = count + piece.count(b"\n"), size + len(piece)
    return WrittenFile(name, count, size, digest.hexdigest())


def _open_private(path: Path) -> Any:
    """Open a new file that its owner alone may read: it holds numbers and names of payers."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="export_account", description="Export an account.")
    parser.add_argument("account", nargs="?", help="acct_…")
    parser.add_argument("--to", help="an empty folder, made where it is not there")
    parser.add_argument("--verify", help="a folder of an earlier export")
    return parser.parse_args(arguments)


def _fail(reason: str) -> int:
    sys.stderr.write(f"{reason}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
