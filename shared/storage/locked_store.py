"""Write-once storage over the S3 protocol: what is stored can be neither changed nor deleted."""

import base64
import hashlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from shared.operations.ports import StoredDifferentlyError, StoredObject, StoreDownError
from shared.operations.read_journal import KeptObject
from shared.storage.s3_connection import (
    NOT_FOUND,
    S3Connection,
    failures_as_store_down,
    status_of,
    whole_body,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef

OBJECT_BYTES: Final = 10_000_000
PAGE_KEYS: Final = 1000

_ALREADY_THERE: Final = 412


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
        self._connection = S3Connection(endpoint_url, credentials=credentials, region=region)
        self._bucket = bucket

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
        with failures_as_store_down():
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
        with failures_as_store_down():
            answer = self._s3().get_object(Bucket=self._bucket, Key=key, VersionId=version_id)
            return _whole_body(answer)

    def find(self, key: str) -> bytes | None:
        """Return what lies there, None where nothing does. Raises StoreDownError."""
        from botocore.exceptions import ClientError  # noqa: PLC0415 - 200 ms, not paid at start

        with failures_as_store_down():
            try:
                return _whole_body(self._s3().get_object(Bucket=self._bucket, Key=key))
            except ClientError as error:
                if status_of(error) == NOT_FOUND:
                    return None
                raise

    def list_kept(self, prefix: str, *, after: str = "") -> Iterator[KeptObject]:
        """Yield what lies below a prefix, by name, from behind one on. Raises StoreDownError."""
        is_more = True
        while is_more:
            with failures_as_store_down():
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
        with failures_as_store_down():
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
            if status_of(error) == _ALREADY_THERE:
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
            if status_of(error) == NOT_FOUND:
                return False
            raise
        return True

    def _bucket_is_locked(self) -> bool:
        from botocore.exceptions import ClientError  # noqa: PLC0415 - as above

        try:
            answer = self._s3().get_object_lock_configuration(Bucket=self._bucket)
        except ClientError as error:
            if status_of(error) == NOT_FOUND:
                return False
            raise
        return answer["ObjectLockConfiguration"].get("ObjectLockEnabled") == "Enabled"

    def _s3(self) -> "S3Client":
        return self._connection.client()


def _whole_body(answer: "GetObjectOutputTypeDef") -> bytes:
    return whole_body(answer, most_bytes=OBJECT_BYTES)
