"""Real, empty object stores for tests that lock things: ours, and others where they are built."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from knative.local.object_store import StorePlan, answers, client, make_bucket, start_object_store
from knative.local.programs import Program, free_port, spawn, stop
from tests.pubsub_server import wait_for

BUILT: Final = Path(__file__).resolve().parent.parent / ".cache" / "stores"


@dataclass(frozen=True, slots=True)
class RunningStore:
    """Where the store answers, its locked bucket and the file with its credentials."""

    endpoint_url: str
    bucket: str
    credentials: Path
    plan: StorePlan

    def client(self) -> Any:
        """A client with the store's own keys."""
        return client(self.plan)


@contextmanager
def running_object_store(folder: Path) -> Iterator[RunningStore]:
    """Start the store that `make run` uses in `folder`; it ends with the block."""
    secrets_dir = folder / "secrets"
    store = start_object_store(folder / "data", secrets_dir)
    credentials = secrets_dir / "s3_credentials"
    try:
        yield RunningStore(store.endpoint_url, store.bucket, credentials, store.plan)
    finally:
        store.stop()


def _minio(plan: StorePlan, address: str) -> Program:
    keys = {"MINIO_ROOT_USER": plan.access_key, "MINIO_ROOT_PASSWORD": plan.secret_key}
    words = ("server", "--quiet", "--address", address, str(plan.folder / "data"))
    environment = keys | {"MINIO_BROWSER": "off", "HOME": str(plan.folder)}
    return Program("minio", (str(BUILT / "minio"), *words), plan.log, plan.folder, environment)


def _versitygw(plan: StorePlan, address: str) -> Program:
    (plan.folder / "data").mkdir()
    (plan.folder / "versions").mkdir()
    keys = {"ROOT_ACCESS_KEY": plan.access_key, "ROOT_SECRET_KEY": plan.secret_key}
    places = ("--versioning-dir", str(plan.folder / "versions"), str(plan.folder / "data"))
    words = ("--port", address, "posix", *places)
    return Program("versitygw", (str(BUILT / "versitygw"), *words), plan.log, plan.folder, keys)


@contextmanager
def _running(make: Callable[[StorePlan, str], Program], folder: Path) -> Iterator[RunningStore]:
    port, bucket = free_port(), "pay-documents"
    plan = StorePlan(folder, {"s3": port}, "access-key", "secret-of-the-key", folder / "log")
    credentials = folder / "s3_credentials"
    credentials.write_text(f"{plan.access_key}:{plan.secret_key}\n")
    program = make(plan, f"127.0.0.1:{port}")
    process = spawn(program)
    try:
        wait_for(lambda: answers(plan), f"{program.name} answers", seconds=30)
        make_bucket(plan, bucket=bucket)
        yield RunningStore(plan.endpoint_url, bucket, credentials, plan)
    finally:
        stop(process, program)


_OTHERS: Final = {"minio": _minio, "versitygw": _versitygw}
STORES: Final[Mapping[str, Callable[[Path], AbstractContextManager[RunningStore]]]] = {
    "seaweedfs": running_object_store,
    **{name: partial(_running, _OTHERS[name]) for name in _OTHERS if (BUILT / name).exists()},
}
MISSING: Final = sorted(_OTHERS.keys() - STORES.keys())
