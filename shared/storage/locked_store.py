"""Write-once storage over the S3 protocol: what is stored can be neither changed nor deleted."""

import base64
import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from shared.operations.ports import (
    ObjectMissingError,
    StoredDifferentlyError,
    StoredObject,
    StoreDownError,
)
from shared.operations.read_journal import KeptObject

if TYPE_CHECKING:
    from botocore.exceptions import ClientError
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef

CONNECT_SECONDS: Final = 3
READ_SECONDS: Final = 10
ATTEMPTS: Final = 2
OBJECT_BYTES: Final = 10_000_000
PAGE_KEYS: Final = 1000

_ALREADY_THERE: Final = 412
_NOT_FOUND: Final = 404


class BucketNotLockedError(StoreDownError):
    """The bucket exists without object lock or versions: receipts in it could be deleted."""


class S3LockedStore:
    """The port `LockedStore` on one bucket.

    Nothing is imported, read or opened before the first call. The file of credentials holds one
    line `access:secret` and is read again when it changes. Safe to share between threads.
    """

    def __init__(
        self, endpoint_url: str, bucket: str, *, credentials: Path, region: str = "us-east-1"
    ) -> None:
        """Keep where the store is; `credentials` is the path of a secret file."""
        self._endpoint_url = endpoint_url
        self._bucket = bucket
        self._credentials = credentials
        self._region = region
        self._lock = threading.Lock()
        self._client: S3Client | None = None
        self._client_of: tuple[int, int, int] | None = None

    def put(
        self, key: str, body: bytes, *, content_type: str, retain_until: datetime
    ) -> StoredObject:
        """Store under COMPLIANCE lock if nothing is there; else return what is there, if equal.

        So a writer that died after storing does it again and gets the same version. Raises
        StoredDifferentlyError when other bytes are there, StoreDownError when unreachable,
        ValueError for a body above `OBJECT_BYTES`.
        """
        if len(body) > OBJECT_BYTES:
            raise ValueError(f"an object has at most {OBJECT_BYTES} bytes")
        digest = hashlib.sha256(body)
        with _failures_as_store_down():
            version_id = self._put_if_absent(
                key,
                body,
                content_type=content_type,
                retain_until=retain_until,
                digest=digest.digest(),
            )
            was_there = version_id is None
            if version_id is None:
                version_id = self._version_of_equal(key, body)
        return StoredObject(key, version_id, digest.hexdigest(), was_there=was_there)

    def get(self, key: str, version_id: str) -> bytes:
        """Return the bytes of exactly this version; the caller compares their SHA-256.

        Raises ObjectMissingError where it is not there, StoreDownError also above `OBJECT_BYTES`.
        """
        with _failures_as_store_down():
            answer = self._s3().get_object(Bucket=self._bucket, Key=key, VersionId=version_id)
            return _whole_body(answer)

    def find(self, key: str) -> bytes | None:
        """Return what lies there, None where nothing does. Raises StoreDownError."""
        from botocore.exceptions import ClientError  # noqa: PLC0415 - 200 ms, not paid at start

        with _failures_as_store_down():
            try:
                return _whole_body(self._s3().get_object(Bucket=self._bucket, Key=key))
            except ClientError as error:
                if _status(error) == _NOT_FOUND:
                    return None
                raise

    def list_kept(self, prefix: str, *, after: str = "") -> Iterator[KeptObject]:
        """Yield what lies below a prefix, by name, from behind one on. Raises StoreDownError."""
        is_more = True
        while is_more:
            with _failures_as_store_down():
                page = self._s3().list_objects_v2(
                    Bucket=self._bucket, Prefix=prefix, StartAfter=after, MaxKeys=PAGE_KEYS
                )
            for each in page.get("Contents", ()):
                after = each["Key"]
                yield KeptObject(after, each["LastModified"])
            is_more = page["IsTruncated"]

    def ensure_bucket(self) -> None:
        """Create the bucket with object lock where it is missing.

        Raises BucketNotLockedError where it is there without lock or versions, StoreDownError.
        """
        with _failures_as_store_down():
            if not self._bucket_exists():
                self._s3().create_bucket(Bucket=self._bucket, ObjectLockEnabledForBucket=True)
            versioning = self._s3().get_bucket_versioning(Bucket=self._bucket)
            if versioning.get("Status") != "Enabled" or not self._bucket_is_locked():
                raise BucketNotLockedError(self._bucket)

    def _put_if_absent(
        self, key: str, body: bytes, *, content_type: str, retain_until: datetime, digest: bytes
    ) -> str | None:
        """Return the new version id, None where the key is taken."""
        from botocore.exceptions import ClientError  # noqa: PLC0415 - 200 ms, not paid at start

        try:
            answer = self._s3().put_object(
                Bucket=self._bucket,
                Key=key,
                Body=body,
                ContentType=content_type,
                IfNoneMatch="*",
                ObjectLockMode="COMPLIANCE",
                ObjectLockRetainUntilDate=retain_until,
                ChecksumSHA256=base64.b64encode(digest).decode(),
            )
        except ClientError as error:
            if _status(error) == _ALREADY_THERE:
                return None
            raise
        version_id = answer.get("VersionId")
        if not version_id or version_id == "null":
            raise BucketNotLockedError(self._bucket)
        return version_id

    def _version_of_equal(self, key: str, body: bytes) -> str:
        answer = self._s3().get_object(Bucket=self._bucket, Key=key)
        found = _whole_body(answer)
        if found != body:
            raise StoredDifferentlyError(key, found)
        return answer["VersionId"]

    def _bucket_exists(self) -> bool:
        from botocore.exceptions import ClientError  # noqa: PLC0415 - as above

        try:
            self._s3().head_bucket(Bucket=self._bucket)
        except ClientError as error:
            if _status(error) == _NOT_FOUND:
                return False
            raise
        return True

    def _bucket_is_locked(self) -> bool:
        from botocore.exceptions import ClientError  # noqa: PLC0415 - as above

        try:
            answer = self._s3().get_object_lock_configuration(Bucket=self._bucket)
        except ClientError as error:
            if _status(error) == _NOT_FOUND:
                return False
            raise
        return answer["ObjectLockConfiguration"].get("ObjectLockEnabled") == "Enabled"

    def _s3(self) -> "S3Client":
        with self._lock:
            stat = self._credentials.stat()
            state = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
            if self._client is None or state != self._client_of:
                self._client = self._connect(self._credentials.read_text(encoding="utf-8"))
                self._client_of = state
            return self._client

    def _connect(self, line: str) -> "S3Client":
        # The client that boto3 wraps, without its resources and transfers: 3 MB less.
        from botocore.config import Config  # noqa: PLC0415 - 200 ms, not paid at start
        from botocore.session import get_session  # noqa: PLC0415 - as above

        access, _, secret = line.strip().partition(":")
        client = get_session().create_client(
            "s3",
            endpoint_url=self._endpoint_url,
            aws_access_key_id=access,
            aws_secret_access_key=secret,
            region_name=self._region,
            config=Config(
                connect_timeout=CONNECT_SECONDS,
                read_timeout=READ_SECONDS,
                retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
                s3={"addressing_style": "path"},
            ),
        )
        return cast("S3Client", client)


def _whole_body(answer: "GetObjectOutputTypeDef") -> bytes:
    """Read to the end, since only then botocore compares what came with what was promised."""
    with answer["Body"] as stream:
        if answer["ContentLength"] > OBJECT_BYTES:
            raise StoreDownError(f"an object has at most {OBJECT_BYTES} bytes")
        return stream.read()


@contextmanager
def _failures_as_store_down() -> Iterator[None]:
    """Turn what the network, the store or a missing secret file can do into StoreDownError."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - as above
    from urllib3.exceptions import HTTPError  # noqa: PLC0415 - botocore lets it through

    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        kind = ObjectMissingError if _status(error) == _NOT_FOUND else StoreDownError
        raise kind(f"{error.operation_name} answered {_status(error)} {code}") from error
    except (BotoCoreError, HTTPError, OSError) as error:
        raise StoreDownError(type(error).__name__) from error


def _status(error: "ClientError") -> int:
    status: int = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status
