"""Where uploads lie until they were looked through: a bucket of its own, without a lock."""

from pathlib import Path
from typing import Final

from shared.domain.file import LARGEST_BYTES
from shared.storage.s3_connection import S3Connection, failures_as_store_down, whole_body

_UNREAD: Final = "application/octet-stream"


class S3Quarantine:
    """The port `Quarantine` over the S3 protocol.

    Nothing is imported, read or opened before the first call. Safe to share between threads.
    """

    def __init__(self, endpoint_url: str, bucket: str, *, credentials: Path) -> None:
        """Keep where the bucket is; `credentials` is the path of a secret file."""
        self._connection = S3Connection(endpoint_url, credentials=credentials)
        self._bucket = bucket

    def put(self, key: str, body: bytes) -> None:
        """Store bytes, in the place of what may lie there. Raises StoreDownError."""
        with failures_as_store_down():
            self._connection.client().put_object(
                Bucket=self._bucket, Key=key, Body=body, ContentType=_UNREAD
            )

    def get(self, key: str) -> bytes:
        """Return what lies there.

        Raises ObjectMissingError, StoreDownError also above what a file may have.
        """
        with failures_as_store_down():
            answer = self._connection.client().get_object(Bucket=self._bucket, Key=key)
            return whole_body(answer, most_bytes=LARGEST_BYTES)

    def delete(self, key: str) -> None:
        """Have nothing lie there, whether anything did or not. Raises StoreDownError."""
        with failures_as_store_down():
            self._connection.client().delete_object(Bucket=self._bucket, Key=key)
