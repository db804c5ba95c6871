"""Connects to an S3 store, and says of its failures what our ports know."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from shared.operations.ports import ObjectMissingError, StoreDownError

if TYPE_CHECKING:
    from botocore.exceptions import ClientError
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef

CONNECT_SECONDS: Final = 3
READ_SECONDS: Final = 10
ATTEMPTS: Final = 2
NOT_FOUND: Final = 404


class S3Connection:
    """A client of one store, made at the first call and again when its credentials change.

    Nothing is imported, read or opened before. The file of credentials holds one line
    `access:secret`. Safe to share between threads.
    """

    def __init__(self, endpoint_url: str, *, credentials: Path, region: str = "us-east-1") -> None:
        """Keep where the store is; `credentials` is the path of a secret file."""
        self._endpoint_url = endpoint_url
        self._credentials = credentials
        self._region = region
        self._lock = threading.Lock()
        self._client: S3Client | None = None
        self._client_of: tuple[int, int, int] | None = None

    def client(self) -> "S3Client":
        """Return the client. Raises OSError without a file of credentials."""
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
                # Addresses that are given away are signed as requests are.
                signature_version="s3v4",
                s3={"addressing_style": "path"},
            ),
        )
        return cast("S3Client", client)


def whole_body(answer: "GetObjectOutputTypeDef", *, most_bytes: int) -> bytes:
    """Read to the end, since only then botocore compares what came with what was promised."""
    with answer["Body"] as stream:
        if answer["ContentLength"] > most_bytes:
            raise StoreDownError(f"an object has at most {most_bytes} bytes")
        return stream.read()


@contextmanager
def failures_as_store_down() -> Iterator[None]:
    """Turn what the network, the store or a missing secret file can do into StoreDownError."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - as above
    from urllib3.exceptions import HTTPError  # noqa: PLC0415 - botocore lets it through

    try:
        yield
    except ClientError as error:
        kind = ObjectMissingError if status_of(error) == NOT_FOUND else StoreDownError
        raise kind(words_of(error)) from error
    except (BotoCoreError, HTTPError, OSError) as error:
        raise StoreDownError(type(error).__name__) from error


def words_of(error: "ClientError") -> str:
    """Return what was asked and how the store refused it, without keys and names."""
    code = error.response.get("Error", {}).get("Code", "")
    return f"{error.operation_name} answered {status_of(error)} {code}"


def status_of(error: "ClientError") -> int:
    """Return the HTTP status of a refusal, 0 where there was none."""
    status: int = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status
