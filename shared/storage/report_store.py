"""Files of reports over the S3 protocol: sent in parts while they are made, fetched by an address.

They lie in a bucket of their own, without a lock, since they are copies: what they tell stands in
the database.
"""

import hashlib
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from shared.domain.report import StoredReport
from shared.operations.ports import ObjectMissingError, StoreDownError
from shared.storage.s3_connection import S3Connection, failures_as_store_down

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PART_BYTES: Final = 8 * 1024 * 1024
"""S3 wants 5 MiB at least, and takes 10,000 of them."""


class S3ReportStore:
    """The port `ReportFiles` on one bucket; nothing is imported, read or opened before its use."""

    def __init__(self, endpoint_url: str, bucket: str, *, credentials: Path) -> None:
        """Keep where the store is; `credentials` is the path of a secret file."""
        self._connection = S3Connection(endpoint_url, credentials=credentials)
        self._bucket = bucket

    def begin(self, key: str, content_type: str) -> "S3Upload":
        """Begin a file; nothing is asked of the store before a part is full."""
        return S3Upload(self._connection, self._bucket, key, content_type)

    def remove(self, stored: StoredReport) -> None:
        """Remove one file, if it is there. Raises StoreDownError."""
        self._delete(stored.key)

    def remove_below(self, folder: str) -> None:
        """Remove all files below a key, and what was begun there. Raises StoreDownError."""
        client = self._connection.client()
        with failures_as_store_down():
            begun = client.list_multipart_uploads(Bucket=self._bucket, Prefix=folder)
            for upload in begun.get("Uploads", ()):
                with suppress(ObjectMissingError), failures_as_store_down():
                    client.abort_multipart_upload(
                        Bucket=self._bucket, Key=upload["Key"], UploadId=upload["UploadId"]
                    )
            found = client.list_objects_v2(Bucket=self._bucket, Prefix=folder)
        for each in found.get("Contents", ()):
            self._delete(each["Key"])

    def address(self, stored: StoredReport, file_name: str, *, seconds: int) -> str:
        """Return where a file can be fetched by anybody, for so long; the store is not asked.

        It is called as `file_name` says, and opened by no browser.
        """
        with failures_as_store_down():
            disposition = f'attachment; filename="{quote(file_name)}"'
            address: str = self._connection.client().generate_presigned_url(
                "get_object",
                Params={
                    "Bucket": self._bucket,
                    "Key": stored.key,
                    "ResponseContentDisposition": disposition,
                },
                ExpiresIn=seconds,
            )
            return address

    def _delete(self, key: str) -> None:
        with suppress(ObjectMissingError), failures_as_store_down():
            self._connection.client().delete_object(Bucket=self._bucket, Key=key)


class S3Upload:
    """The port `Upload`: a small file goes in one piece, a large one in parts, and none in between.

    What is in memory is one part at most.
    """

    def __init__(self, connection: S3Connection, bucket: str, key: str, content_type: str) -> None:
        """Remember where it goes; nothing is sent yet."""
        self._connection = connection
        self._bucket = bucket
        self._key = key
        self._content_type = content_type
        self._waiting = bytearray()
        self._digest = hashlib.sha256()
        self._size = 0
        self._upload_id: str | None = None
        self._tags: list[str] = []

    def write(self, content: bytes) -> int:
        """Send it on once a part is full; return its length. Raises StoreDownError."""
        self._digest.update(content)
        self._size += len(content)
        self._waiting += content
        while len(self._waiting) >= PART_BYTES:
            part = bytes(self._waiting[:PART_BYTES])
            del self._waiting[:PART_BYTES]
            self._send(part)
        return len(content)

    def complete(self) -> StoredReport:
        """Make the file whole. Raises StoreDownError."""
        if self._upload_id is None:
            self._put()
        else:
            self._join(self._upload_id)
        return StoredReport(self._key, self._digest.hexdigest(), self._size)

    def abort(self) -> None:
        """Leave nothing of it, as far as the store can be reached; the next run looks again."""
        upload_id, self._upload_id = self._upload_id, None
        if upload_id is not None:
            with suppress(StoreDownError), failures_as_store_down():
                self._s3().abort_multipart_upload(
                    Bucket=self._bucket, Key=self._key, UploadId=upload_id
                )

    def _send(self, part: bytes) -> None:
        with failures_as_store_down():
            if self._upload_id is None:
                begun = self._s3().create_multipart_upload(
                    Bucket=self._bucket, Key=self._key, ContentType=self._content_type
                )
                self._upload_id = begun["UploadId"]
            answer = self._s3().upload_part(
                Bucket=self._bucket,
                Key=self._key,
                UploadId=self._upload_id,
                PartNumber=len(self._tags) + 1,
                Body=part,
            )
            self._tags.append(answer["ETag"])

    def _put(self) -> None:
        with failures_as_store_down():
            self._s3().put_object(
                Bucket=self._bucket,
                Key=self._key,
                Body=bytes(self._waiting),
                ContentType=self._content_type,
            )

    def _join(self, upload_id: str) -> None:
        if self._waiting:
            self._send(bytes(self._waiting))
            self._waiting.clear()
        with failures_as_store_down():
            self._s3().complete_multipart_upload(
                Bucket=self._bucket,
                Key=self._key,
                UploadId=upload_id,
                MultipartUpload={
                    "Parts": [
                        {"PartNumber": number, "ETag": tag}
                        for number, tag in enumerate(self._tags, start=1)
                    ]
                },
            )
        self._upload_id = None

    def _s3(self) -> "S3Client":
        return self._connection.client()
