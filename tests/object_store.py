"""A real, empty object store for tests that lock things."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from knative.local.object_store import start_object_store


@dataclass(frozen=True, slots=True)
class RunningStore:
    """Where the store answers, its locked bucket and the file with its credentials."""

    endpoint_url: str
    bucket: str
    credentials: Path


@contextmanager
def running_object_store(folder: Path) -> Iterator[RunningStore]:
    """Start the store that `make run` uses in `folder`; it ends with the block."""
    secrets_dir = folder / "secrets"
    store = start_object_store(folder / "data", secrets_dir)
    try:
        yield RunningStore(store.endpoint_url, store.bucket, secrets_dir / "s3_credentials")
    finally:
        store.stop()
