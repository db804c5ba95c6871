"""E30: one suite of attempts on locked receipts for every store, by whoever could make them.

Refusals differ between stores, so the promise is the same for all: refused or not, the version is
still there, with its bytes and its lock. Locally the application holds the store's own keys: `root`
stands for both. `link` has a signed link to read the receipt, `nobody` has nothing.
"""

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

import boto3
import pytest
import urllib3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from tests import PRINTED_AT_THE_END
from tests.object_store import MISSING, STORES, RunningStore
from tests.trials import Trial

HANDS: Final = ("root", "link", "nobody")
PAST: Final = datetime(2020, 1, 1, tzinfo=UTC)
_PART: Final = b"p" * (5 * 1024 * 1024)


@dataclass(frozen=True, slots=True)
class Receipt:
    """A locked version, and the client of whoever attacks it."""

    s3: Any
    bucket: str
    key: str
    version_id: str
    until: datetime

    @property
    def place(self) -> dict[str, str]:
        """The key."""
        return {"Bucket": self.bucket, "Key": self.key}

    @property
    def version(self) -> dict[str, str]:
        """Exactly this version."""
        return {**self.place, "VersionId": self.version_id}


Attempt = Callable[[Receipt], object]


def _retain(mode: str, until: datetime, *, bypass: bool = False) -> Attempt:
    return lambda r: r.s3.put_object_retention(
        **r.version,
        Retention={"Mode": mode, "RetainUntilDate": until},
        BypassGovernanceRetention=bypass,
    )


def _delete_all(receipt: Receipt, *, bypass: bool = False) -> None:
    listed = [{"Key": receipt.key, "VersionId": receipt.version_id}, {"Key": receipt.key}]
    answer = receipt.s3.delete_objects(
        Bucket=receipt.bucket, Delete={"Objects": listed}, BypassGovernanceRetention=bypass
    )
    if any(error.get("VersionId") == receipt.version_id for error in answer.get("Errors", [])):
        raise ClientError({"Error": answer["Errors"][0]}, "DeleteObjects")


def _hold_and_release(receipt: Receipt) -> None:
    for status in ("ON", "OFF"):
        receipt.s3.put_object_legal_hold(**receipt.version, LegalHold={"Status": status})
    receipt.s3.delete_object(**receipt.version)


def _copy_over(receipt: Receipt, **how: Any) -> None:
    receipt.s3.copy_object(**receipt.place, CopySource=receipt.version, **how)


def _upload_in_parts(receipt: Receipt, **how: Any) -> None:
    upload = receipt.s3.create_multipart_upload(**receipt.place)
    which = {**receipt.place, "UploadId": upload["UploadId"]}
    part = receipt.s3.upload_part(**which, PartNumber=1, Body=_PART)
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    receipt.s3.complete_multipart_upload(**which, MultipartUpload=parts, **how)


def _expire(receipt: Receipt, **rule: Any) -> None:
    rules = [{"ID": "gone", "Status": "Enabled", "Filter": {"Prefix": ""}, **rule}]
    receipt.s3.put_bucket_lifecycle_configuration(
        Bucket=receipt.bucket, LifecycleConfiguration={"Rules": rules}
    )
    receipt.s3.delete_bucket_lifecycle(Bucket=receipt.bucket)


def _let_all_in(receipt: Receipt) -> None:
    everything = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": ["s3:DeleteObjectVersion", "s3:BypassGovernanceRetention"],
        "Resource": [f"arn:aws:s3:::{receipt.bucket}/*"],
    }
    policy = {"Version": "2012-10-17", "Statement": [everything]}
    receipt.s3.put_bucket_policy(Bucket=receipt.bucket, Policy=json.dumps(policy))
    try:
        with contextlib.suppress(ClientError):
            _unsigned(receipt.s3.meta.endpoint_url).delete_object(
                **receipt.version, BypassGovernanceRetention=True
            )
        receipt.s3.delete_object(**receipt.version, BypassGovernanceRetention=True)
    finally:
        receipt.s3.delete_bucket_policy(Bucket=receipt.bucket)


def _set_default(receipt: Receipt, configuration: dict[str, Any]) -> None:
    kept = receipt.s3.get_object_lock_configuration(Bucket=receipt.bucket)
    change = receipt.s3.put_object_lock_configuration
    change(Bucket=receipt.bucket, ObjectLockConfiguration=configuration)
    change(Bucket=receipt.bucket, ObjectLockConfiguration=kept["ObjectLockConfiguration"])


def _governed() -> dict[str, Any]:
    default = {"Mode": "GOVERNANCE", "Days": 1}
    return {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": default}}


# What the store's own keys must not be able to do at all.
FORBIDDEN: Final[dict[str, Attempt]] = {
    "delete the version": lambda r: r.s3.delete_object(**r.version),
    "delete it with bypass": lambda r: r.s3.delete_object(
        **r.version, BypassGovernanceRetention=True
    ),
    "delete many": _delete_all,
    "delete many with bypass": lambda r: _delete_all(r, bypass=True),
    "shorten": lambda r: _retain("COMPLIANCE", r.until - timedelta(seconds=1))(r),
    "shorten with bypass": lambda r: _retain(
        "COMPLIANCE", r.until - timedelta(days=1), bypass=True
    )(r),
    "end in the past": _retain("COMPLIANCE", PAST, bypass=True),
    "weaken": lambda r: _retain("GOVERNANCE", r.until + timedelta(days=1))(r),
    "weaken with bypass": lambda r: _retain("GOVERNANCE", r.until, bypass=True)(r),
    "take the lock away": lambda r: r.s3.put_object_retention(
        **r.version, Retention={}, BypassGovernanceRetention=True
    ),
    "take a hold away and delete": _hold_and_release,
    "put if nothing is there": lambda r: r.s3.put_object(
        **r.place, Body=b"forged", IfNoneMatch="*"
    ),
    "suspend versions": lambda r: r.s3.put_bucket_versioning(
        Bucket=r.bucket, VersioningConfiguration={"Status": "Suspended"}
    ),
    "delete the bucket": lambda r: r.s3.delete_bucket(Bucket=r.bucket),
    "let all in and delete": _let_all_in,
}
# What S3 lets the owner do: it hides a version or means the next one, and loses none.
HIDING: Final[dict[str, Attempt]] = {
    "overwrite": lambda r: r.s3.put_object(**r.place, Body=b"forged"),
    "delete by a marker": lambda r: r.s3.delete_object(**r.place),
    "copy over itself": lambda r: _copy_over(r, MetadataDirective="REPLACE", Metadata={"a": "b"}),
    "copy over without a lock": lambda r: _copy_over(
        r,
        MetadataDirective="REPLACE",
        ObjectLockMode="GOVERNANCE",
        ObjectLockRetainUntilDate=datetime.now(UTC) + timedelta(days=1),
    ),
    "upload over in parts": _upload_in_parts,
    "expire by rule": lambda r: _expire(r, Expiration={"Days": 1}),
    "expire versions by rule": lambda r: _expire(
        r, NoncurrentVersionExpiration={"NoncurrentDays": 1}
    ),
    "weaken the default": lambda r: _set_default(r, _governed()),
    "drop the default": lambda r: _set_default(r, {"ObjectLockEnabled": "Enabled"}),
}
ATTEMPTS: Final = FORBIDDEN | HIDING


def _unsigned(endpoint_url: str) -> Any:
    config = Config(
        signature_version=UNSIGNED,
        retries={"total_max_attempts": 1},
        s3={"addressing_style": "path"},
    )
    return boto3.client("s3", endpoint_url=endpoint_url, region_name="us-east-1", config=config)


@dataclass(slots=True)
class Vault:
    """A store, and receipts in it, each under a lock of its own."""

    name: str
    store: RunningStore
    s3: Any
    numbers: Iterator[int]

    def receipt(self, hand: str) -> tuple[Receipt, bytes]:
        """A fresh locked receipt before that attacker, and its bytes."""
        key = f"receipts/{next(self.numbers)}.pdf"
        body = f"%PDF-1.7 {key}".encode() * 100
        until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=3650)
        stored = self.s3.put_object(
            Bucket=self.store.bucket,
            Key=key,
            Body=body,
            ObjectLockMode="COMPLIANCE",
            ObjectLockRetainUntilDate=until,
            IfNoneMatch="*",
        )
        receipt = Receipt(self.s3, self.store.bucket, key, stored["VersionId"], until)
        if hand == "root":
            return receipt, body
        attacker = _unsigned(self.store.endpoint_url)
        if hand == "link":
            query = parse_qsl(urlsplit(self.link_to(receipt)).query)
            signature = urlencode([pair for pair in query if pair[0].startswith("X-Amz-")])

            def add_signature(request: Any, **_: object) -> None:
                request.url += ("&" if "?" in request.url else "?") + signature

            attacker.meta.events.register("before-send.s3", add_signature)
        return Receipt(attacker, *(getattr(receipt, name) for name in receipt.__slots__[1:])), body

    def link_to(self, receipt: Receipt) -> str:
        """A signed address to read the version, as the store gives out for an hour."""
        plan = self.store.plan
        signing = boto3.client(
            "s3",
            endpoint_url=plan.endpoint_url,
            aws_access_key_id=plan.access_key,
            aws_secret_access_key=plan.secret_key,
            region_name="us-east-1",
            config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
        )
        link: str = signing.generate_presigned_url("get_object", receipt.version, 3600)
        return link

    def is_whole(self, receipt: Receipt, body: bytes) -> bool:
        """Whether the version has its bytes, its mode and its date."""
        found = self.s3.get_object(**receipt.version)["Body"].read()
        lock = self.s3.get_object_retention(**receipt.version)["Retention"]
        is_locked = lock["Mode"] == "COMPLIANCE" and lock["RetainUntilDate"] >= receipt.until
        return is_locked and hashlib.sha256(found).digest() == hashlib.sha256(body).digest()


@pytest.fixture(scope="module", params=STORES)
def vault(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Vault]:
    """Each store that is there."""
    with STORES[request.param](tmp_path_factory.mktemp(request.param)) as store:
        yield Vault(request.param, store, store.client(), count())


def test_which_stores_are_tried(record_property: Callable[[str, object], None]) -> None:
    """Ours always; what is not built is named at the end of the run."""
    line = f"object lock held on {', '.join(STORES)}"
    if MISSING:
        line += f"; left out, not built (make test-stores): {', '.join(MISSING)}"
    record_property(PRINTED_AT_THE_END, line)

    assert "seaweedfs" in STORES
    assert len(ATTEMPTS) == 24


@pytest.mark.parametrize("name", ["delete the version", "delete many"])
def test_without_a_lock_the_same_attempt_succeeds(vault: Vault, name: str) -> None:
    """The control: where nothing is locked a version is lost, so the attempts are real."""
    bucket = f"open-{name.replace(' ', '-')}"
    vault.s3.create_bucket(Bucket=bucket)
    vault.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    stored = vault.s3.put_object(Bucket=bucket, Key="a", Body=b"a")
    open_one = Receipt(vault.s3, bucket, "a", stored["VersionId"], PAST)

    ATTEMPTS[name](open_one)

    with pytest.raises(ClientError):
        vault.s3.get_object(**open_one.version)


@pytest.mark.parametrize("hand", HANDS)
def test_a_locked_receipt_outlives_every_attempt(vault: Vault, hand: str, trial: Trial) -> None:
    """After each attempt the version is there as it was; what must be refused was refused."""
    rounds, harmed, allowed = trial.size(1, 15), [], []
    for name, attempt in ATTEMPTS.items():
        for _ in range(rounds):
            receipt, body = vault.receipt(hand)
            try:
                attempt(receipt)
            except ClientError:
                pass
            else:
                if name in FORBIDDEN or hand != "root":
                    allowed.append(name)
            if not vault.is_whole(receipt, body):
                harmed.append(name)
    with contextlib.suppress(ClientError):
        assert vault.s3.get_bucket_versioning(Bucket=vault.store.bucket)["Status"] == "Enabled"

    assert (harmed, allowed) == ([], [])
    trial.record(
        f"E30 object lock of {vault.name}, by {hand}",
        len(ATTEMPTS) * rounds,
        wrong=len(harmed) + len(allowed),
        attempts=len(ATTEMPTS),
    )


def test_a_link_reads_its_receipt(vault: Vault) -> None:
    """The signature that the attacker holds is a good one: else refusals would prove nothing."""
    receipt, body = vault.receipt("root")

    assert urllib3.request("GET", vault.link_to(receipt), retries=False).data == body
