"""A bucket that statements are dropped in, and who takes them, for the tests of that."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Engine

from shared.db.statement_drops import StatementDrops
from shared.db.statement_matching import StatementMatching
from shared.db.transaction import Database as Pool
from shared.domain.events import STATEMENT_UPLOADED, Message
from shared.domain.ids import new_account_id
from shared.domain.operator_statement import StatementHead
from shared.domain.statement_drop import ROOM
from shared.operations.receive_statement import Receiving, receive_statements
from shared.operations.upload_statement import Upload
from shared.providers import statements as parser
from shared.storage.drop_bucket import S3DropBucket
from shared.storage.locked_store import S3LockedStore
from tests.database import Database
from tests.factories import an_id
from tests.object_store import RunningStore
from tests.statement_text import Line, written

KILLER: Final = b"kills-its-reader"
ADD_ACCOUNT: Final = """
INSERT INTO platform.operator_accounts (id, owner, operator, product, livemode, base_url,
  target_environment, currency, credentials, statement_account, statement_version)
VALUES (:id, :owner, 'mtn', :product, false, 'http://127.0.0.1:9', 'mtncameroon', 'XAF',
  'simulator_credentials', :name, :version)"""


class Died(BaseException):
    """What a kill leaves behind: nothing after it runs."""


class DeadlyParser:
    """The real one, but for a text that ends whoever reads it."""

    lines = staticmethod(parser.lines)
    read_whole = staticmethod(parser.read_whole)

    def read_head(self, content: bytes) -> StatementHead:
        if KILLER in content:
            raise Died
        return parser.read_head(content)


class Quay:
    """A real store and a login of the workers, with one client for each who uses the store."""

    def __init__(self, database: Database, running: RunningStore, worker: Engine) -> None:
        self.database = database
        self.running = running
        self.published: list[Message] = []
        pool = Pool(worker, self.published.extend)
        self.store, self.matching = StatementDrops(pool), StatementMatching(pool)
        self.s3 = running.client()
        self.archive = S3LockedStore(
            running.endpoint_url, running.bucket, credentials=running.credentials
        )
        self.bucket = S3DropBucket(
            running.endpoint_url, "another for each test", credentials=running.credentials
        )


@dataclass
class Dock:
    """A bucket of its own, two operator accounts with names, and who takes what is dropped."""

    quay: Quay
    bucket_name: str = field(default_factory=lambda: f"drops-{uuid.uuid4()}")
    owner: str = field(default_factory=new_account_id)
    later: timedelta = timedelta(minutes=2)
    told: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    at_point: Callable[[str], None] = lambda _: None
    has_time: Callable[[], bool] = lambda: True

    def __post_init__(self) -> None:
        self.database = self.quay.database
        self.archive = self.quay.archive
        self.s3, self.store = self.quay.s3, self.quay.store
        self.s3.create_bucket(Bucket=self.bucket_name)
        self.quay.bucket._bucket = self.bucket_name
        self.quay.published.clear()
        self.database.look("UPDATE platform.statement_drop_place SET after_key = ''")
        self.account, self.name = self.add_account("collection")
        self.other, self.other_name = self.add_account("disbursement")

    def add_account(self, product: str, *, has_name: bool = True) -> tuple[str, str]:
        """An operator account of the owner's, and what its statements call it."""
        operator_account, name = an_id("opa"), f"wallet-{uuid.uuid4()}"
        self.database.look(
            ADD_ACCOUNT,
            id=operator_account,
            owner=self.owner,
            product=product,
            name=name if has_name else None,
            version="statement.v1" if has_name else None,
        )
        return operator_account, name

    def drop(self, content: bytes, place: str = "", **how: Any) -> str:
        """Drop bytes below the account, or in a place of their own; the key."""
        key = place or f"{ROOM}{self.account}/{uuid.uuid4()}.csv"
        self.s3.put_object(Bucket=self.bucket_name, Key=key, Body=content, **how)
        return key

    def statement(self, *lines: Line, **how: Any) -> bytes:
        """A statement of the account, as no other one."""
        given = lines or (Line(5),)
        return written(given, account=how.pop("name", self.name), **how)

    def now(self) -> datetime:
        """The time, some minutes after what was dropped."""
        return datetime.now(UTC) + self.later

    def run(self) -> dict[str, int]:
        """Take what is there, once; how many ended how."""
        how = Receiving(
            bucket=self.quay.bucket,
            upload=Upload(self.archive, DeadlyParser(), 1, self.at_point),
            now=self.now,
            has_time=self.has_time,
            tell=lambda word, fields: self.told.append((word, fields)),
            reached=self.at_point,
        )
        return dict(receive_statements(self.store, how))

    def rows(self, columns: str) -> list[list[Any]]:
        """Of the drops of this bucket, in the order of their keys."""
        return self.database.look(
            f"SELECT {columns} FROM platform.statement_drops"
            " WHERE object_key LIKE '%' || :account || '%' OR object_key LIKE '%' || :other || '%'"
            " OR object_key LIKE '%' || :bucket || '%' ORDER BY object_key, dropped_at",
            account=self.account,
            other=self.other,
            bucket=self.bucket_name,
        )

    def statements(self) -> list[list[Any]]:
        """What was taken of the account: id, owner, mode, who, hash, place, version."""
        return self.database.look(
            "SELECT id, owner, livemode, uploaded_by, sha256, object_key, version_id"
            " FROM platform.statements WHERE operator_account_id = :id ORDER BY id",
            id=self.account,
        )

    def cases(self) -> list[list[Any]]:
        """Whose and why, of the drops of this bucket."""
        ids = [name for [name] in self.rows("id")]
        return self.database.look(
            "SELECT c.kind, c.reason, c.account_id, c.livemode, d.code, d.line, d.column_name"
            " FROM platform.cases c JOIN platform.statement_drops d ON d.id = c.object_id"
            " WHERE d.id = ANY(:ids) ORDER BY c.id",
            ids=ids,
        )

    def messages(self, statement: str) -> list[list[Any]]:
        """What tells of a statement."""
        return self.database.look(
            "SELECT id, account_id, livemode FROM platform.outbox"
            " WHERE topic = :topic AND object_id = :id",
            topic=STATEMENT_UPLOADED,
            id=statement,
        )
