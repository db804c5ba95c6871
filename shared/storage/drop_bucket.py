"""The bucket that operators' statements are dropped in: listed and read, never written."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from shared.domain.operator_statement import LARGEST_BYTES
from shared.domain.statement_drop import ROOM, DroppedObject
from shared.operations.ports import ObjectMissingError
from shared.operations.receive_statement import UnreadableError
from shared.storage.s3_connection import (
    NOT_FOUND,
    S3Connection,
    failures_as_store_down,
    status_of,
    whole_body,
    words_of,
)

PAGE_KEYS: Final = 1000
_CHANGED: Final = 412
_REFUSALS: Final = range(400, 500)
_COME_AGAIN: Final = frozenset({408, 429})


class S3DropBucket:
    """The port `DropBucket` over the S3 protocol, with credentials that may list and read.

    Nothing is imported, read or opened before the first call.
    """

    def __init__(self, endpoint_url: str, bucket: str, *, credentials: Path) -> None:
        """Keep where the bucket is; `credentials` is the path of a secret file."""
        self._connection = S3Connection(endpoint_url, credentials=credentials)
        self._bucket = bucket

    def page(self, *, after: str) -> Sequence[DroppedObject]:
        """Return what is dropped behind a key, in the order of keys, up to `PAGE_KEYS`.

        Nothing means the end. Raises StoreDownError.
        """
        with failures_as_store_down():
            page = self._connection.client().list_objects_v2(
                Bucket=self._bucket, Prefix=ROOM, StartAfter=after, MaxKeys=PAGE_KEYS
            )
        return [
            DroppedObject(each["Key"], each["ETag"], each["Size"], each["LastModified"])
            for each in page.get("Contents", ())
        ]

    def read(self, dropped: DroppedObject) -> bytes:
        """Return the bytes that were listed.

        Raises ObjectMissingError where others lie there by now, or nothing; UnreadableError where
        the store refuses this one, StoreDownError also above what a statement may have.
        """
        from botocore.exceptions import ClientError  # noqa: PLC0415 - 200 ms, not paid at start

        with failures_as_store_down():
            try:
                answer = self._connection.client().get_object(
                    Bucket=self._bucket, Key=dropped.key, IfMatch=dropped.etag
                )
            except ClientError as error:
                status = status_of(error)
                if status in {_CHANGED, NOT_FOUND}:
                    raise ObjectMissingError(words_of(error)) from error
                if status in _REFUSALS and status not in _COME_AGAIN:
                    raise UnreadableError(words_of(error)) from error
                raise
            return whole_body(answer, most_bytes=LARGEST_BYTES)
