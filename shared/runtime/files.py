"""Wires files: where they lie, who looks through them, and the addresses to download from."""

from shared.db.files import Files
from shared.domain.account import Tenant
from shared.domain.events import Message
from shared.domain.file import LINK_LASTS, StoredFile
from shared.domain.receipt import RETENTION_DAYS
from shared.operations.file_ports import ScannerDownError, Scanning, Taking
from shared.runtime import locked, wiring
from shared.runtime.crash import reached
from shared.runtime.once import once
from shared.runtime.settings import PRODUCTION, require, settings
from shared.storage.clamd import Clamd
from shared.storage.quarantine import S3Quarantine
from shared.storage.signed_links import S3Links


def store(tenant: Tenant) -> Files:
    """Return a tenant's files."""
    return Files(wiring.app_database(), tenant)


def _quarantine_by(secret: str) -> S3Quarantine:
    return S3Quarantine(
        require(settings().s3_endpoint_url, "S3_ENDPOINT_URL"),
        require(settings().quarantine_bucket, "QUARANTINE_BUCKET"),
        credentials=settings().secrets_dir / secret,
    )


@once
def _filled() -> S3Quarantine:
    """Return the quarantine for whoever stores there and can read nothing."""
    return _quarantine_by("s3_upload_credentials")


@once
def _emptied() -> S3Quarantine:
    """Return it for whoever reads and deletes there."""
    return _quarantine_by("s3_quarantine_credentials")


@once
def _links() -> S3Links:
    return S3Links(
        require(settings().s3_endpoint_url, "S3_ENDPOINT_URL"),
        require(settings().s3_bucket, "S3_BUCKET"),
        credentials=settings().secrets_dir / "s3_credentials",
        cdn_base_url=settings().cdn_base_url,
    )


def sign(file: StoredFile) -> str:
    """Return where an available file can be had for a few minutes. Raises StoreDownError."""
    return _links().sign(
        file.object_key or "",
        file.version_id or "",
        file_name=file.file_name,
        media_type=file.type.media_type,
        lasts=LINK_LASTS,
    )


def taking(tenant: Tenant, *, traceparent: str | None) -> Taking:
    """Return what taking a file of this tenant needs."""
    return Taking(
        store=store(tenant),
        quarantine=_filled(),
        retention_days=_retention_days(),
        base_url=settings().public_base_url,
        now=wiring.now(),
        traceparent=traceparent,
        reached=reached,
    )


class NoScanner:
    """Finds nothing: the signatures that every file is looked through for are all there is."""

    def scan(self, content: bytes) -> str | None:
        """Return None, but in production, where that is too little: ScannerDownError."""
        del content
        if settings().environment == PRODUCTION:
            raise ScannerDownError("SCANNER_URL is not set")
        return None


@once
def _scanner() -> Clamd | NoScanner:
    url = settings().scanner_url
    return NoScanner() if url is None else Clamd(url)


def scanning() -> Scanning:
    """Return what looking through a file needs."""
    return Scanning(
        quarantine=_emptied(),
        locked=locked.store(),
        scanner=_scanner(),
        retention_days=_retention_days(),
        base_url=settings().public_base_url,
        now=wiring.now,
        reached=reached,
    )


def of_message(message: Message) -> Files:
    """Return the files of the tenant that a message names."""
    return store(wiring.tenant_of(message))


def _retention_days() -> int:
    return settings().retention_days or RETENTION_DAYS
