"""Wires write-once storage: receipts, and intents of money that goes out."""

from shared.runtime.once import once
from shared.runtime.settings import require, settings
from shared.storage.locked_store import S3LockedStore


@once
def store() -> S3LockedStore:
    """Return the store; nothing is imported or opened before its first call."""
    return S3LockedStore(
        require(settings().s3_endpoint_url, "S3_ENDPOINT_URL"),
        require(settings().s3_bucket, "S3_BUCKET"),
        credentials=settings().secrets_dir / "s3_credentials",
    )
