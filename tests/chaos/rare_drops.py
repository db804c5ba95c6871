"""A sync that drops what an operator says in the bucket of statements, and what became of it."""

import hashlib
import uuid
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final

from knative.local.object_store import BUCKET, DROP_BUCKET, StorePlan, client
from shared.domain.statement_drop import ROOM
from tests.chaos.rare_town import Town
from tests.system import LocalSystem

_WHOSE: Final = "SELECT id FROM platform.operator_accounts WHERE statement_account = :name"
# Nobody waits for five, ten and twenty minutes until what was begun is tried again.
_WAIT_OVER: Final = """
UPDATE platform.statement_drops SET next_at = now()
WHERE object_key = :key AND outcome IS NULL AND next_at > now()"""
_REFUSED: Final = """
SELECT code FROM platform.statement_drops WHERE object_key = :key AND outcome = 'refused'"""
_MATCHED: Final = """
SELECT s.id, s.sha256, s.object_key, s.version_id, s.line_count
FROM platform.statement_drops d JOIN platform.statements s ON s.id = d.statement_id
WHERE d.object_key = :key AND s.processed_at IS NOT NULL"""
# Its drop, its message, its entry in the platform's chain, its lines, the payment among them, and
# cases of the drop.
_COUNTS: Final = """
SELECT (SELECT count(*) FROM platform.statement_drops WHERE statement_id = :id),
  (SELECT count(*) FROM platform.outbox WHERE topic = 'statement-uploaded' AND object_id = :id),
  (SELECT count(*) FROM platform.audit_entries
    WHERE object_id = :id AND action = 'statement.uploaded' AND actor_id = 'receive_statement'),
  (SELECT count(*) FROM platform.statement_lines WHERE statement_id = :id),
  (SELECT count(*) FROM platform.statement_lines
    WHERE statement_id = :id AND object_id = :charge AND state = 'matched'),
  (SELECT count(*) FROM platform.cases c JOIN platform.statement_drops d ON d.id = c.object_id
    WHERE d.statement_id = :id)"""


@dataclass(frozen=True, slots=True)
class Dropped:
    """A statement in the bucket, and a charge that it tells of."""

    key: str
    content: bytes
    charge: str


def drop(town: Town, content: bytes, charge: str) -> Dropped:
    """Drop a statement below the place of the wallet it is of, by keys that only write there."""
    name = content.split(b",", 2)[1].decode()
    [[account]] = town.rows(_WHOSE, name=name)
    dropped = Dropped(f"{ROOM}{account}/{uuid.uuid4()}.csv", content, charge)
    with closing(store_of(town.system, "s3_dropper")) as store:
        store.put_object(Bucket=DROP_BUCKET, Key=dropped.key, Body=content)
    return dropped


def look_again(town: Town, dropped: Dropped) -> bool:
    """Call as the clock will, once the wait for another try is over; whether it is taken whole.

    Raises AssertionError where it is refused, or was taken otherwise than once.
    """
    town.change(_WAIT_OVER, key=dropped.key)
    if not town.tick("receive_statement"):
        return False
    assert town.rows(_REFUSED, key=dropped.key) == []
    found = town.rows(_MATCHED, key=dropped.key)
    if not found:
        return False
    [[statement, sha256, object_key, version_id, line_count]] = found
    assert sha256 == hashlib.sha256(dropped.content).hexdigest()
    counts = town.rows(_COUNTS, id=statement, charge=dropped.charge)
    assert counts == [[1, 1, 1, line_count, 1, 0]], counts
    _is_locked_once(town.system, object_key, version_id, dropped.content)
    _lies_as_it_was(town.system, dropped)
    return True


def _is_locked_once(system: LocalSystem, key: str, version_id: str, content: bytes) -> None:
    with closing(store_of(system, "s3_reader")) as store:
        listed = store.list_object_versions(Bucket=BUCKET, Prefix=key)
        assert not listed.get("DeleteMarkers"), "somebody tried to delete what is locked"
        assert [each["VersionId"] for each in listed["Versions"]] == [version_id]
        kept = store.get_object(Bucket=BUCKET, Key=key, VersionId=version_id)
        assert kept["ObjectLockMode"] == "COMPLIANCE"
        assert kept["Body"].read() == content


def _lies_as_it_was(system: LocalSystem, dropped: Dropped) -> None:
    """Nothing in the bucket is moved, changed or deleted by us."""
    with closing(store_of(system, "s3_drop_credentials")) as store:
        found = store.get_object(Bucket=DROP_BUCKET, Key=dropped.key)
        assert found["Body"].read() == dropped.content


def store_of(system: LocalSystem, keys: str) -> Any:
    """A client of the system's store by the keys of a secret file."""
    line = (system.data_dir / "secrets" / keys).read_text(encoding="utf-8").strip()
    access, _, secret = line.partition(":")
    ports = {"s3": system.ports["object_store"]}
    log = system.data_dir / "logs" / "object_store.log"
    return client(StorePlan(system.data_dir / "object_store", ports, access, secret, log))
