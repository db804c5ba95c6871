"""Addresses by which whoever has them reads one object of the locked bucket, for a few minutes."""

from datetime import timedelta
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from shared.storage.s3_connection import S3Connection, failures_as_store_down


class S3Links:
    """Signs addresses of one bucket; no request is made for it.

    `cdn_base_url` is what stands before the store where merchants do not reach it: it hands path
    and query on under the store's own host name, which the signature covers.
    """

    def __init__(
        self, endpoint_url: str, bucket: str, *, credentials: Path, cdn_base_url: str | None
    ) -> None:
        """Keep where the bucket is; `credentials` is the path of a secret file."""
        self._connection = S3Connection(endpoint_url, credentials=credentials)
        self._bucket = bucket
        self._cdn_base_url = cdn_base_url

    def sign(
        self, key: str, version_id: str, *, file_name: str, media_type: str, lasts: timedelta
    ) -> str:
        """Return the address of exactly this version, saved under a name and never shown.

        Raises StoreDownError without a file of credentials.
        """
        with failures_as_store_down():
            signed = self._connection.client().generate_presigned_url(
                "get_object",
                Params={
                    "Bucket": self._bucket,
                    "Key": key,
                    "VersionId": version_id,
                    "ResponseContentDisposition": disposition(file_name),
                    "ResponseContentType": media_type,
                },
                ExpiresIn=int(lasts.total_seconds()),
            )
        return signed if self._cdn_base_url is None else _moved(signed, self._cdn_base_url)


def disposition(file_name: str) -> str:
    """Return the header that saves under a name (RFC 6266), for old readers in ASCII."""
    plain = "".join(each if each.isascii() and each.isprintable() else "_" for each in file_name)
    plain = plain.replace("\\", "_").replace('"', "_")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file_name, safe='')}"


def _moved(signed: str, base_url: str) -> str:
    base, parts = urlsplit(base_url), urlsplit(signed)
    path = base.path.rstrip("/") + parts.path
    return urlunsplit((base.scheme, base.netloc, path, parts.query, ""))
