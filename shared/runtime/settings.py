"""The environment of a process, read once and cast; secrets are files, read again on change."""

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Self

LOCAL: Final = "local"
PRODUCTION: Final = "production"
ENVIRONMENTS: Final = frozenset({LOCAL, "dev", "staging", PRODUCTION})
LARGEST_SECRET_BYTES: Final = 64 * 1024
REALM: Final = "pay"
DEFAULT_SECRETS_DIR: Final = "/etc/pay/secrets"


class SettingsError(RuntimeError):
    """The environment lacks or garbles something that the process needs; the text names it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a process is told by its environment. What a function may lack is None."""

    environment: str
    function: str
    source: str
    port: int
    threads: int
    pool_size: int
    secrets_dir: Path
    public_base_url: str
    callback_base_url: str | None
    database_url: str | None
    worker_database_url: str | None
    metrics_database_url: str | None
    migration_database_url: str | None
    pubsub_project: str | None
    push_issuer: str | None
    push_jwks_url: str | None
    push_audience: str | None
    push_email: str | None
    keycloak_url: str | None
    s3_endpoint_url: str | None
    s3_bucket: str | None
    statement_bucket: str | None
    quarantine_bucket: str | None
    scanner_url: str | None
    cdn_base_url: str | None
    report_bucket: str | None
    retention_days: int | None
    metrics_port: int | None
    sentry_dsn: str | None
    clock_url: str | None
    smtp_url: str | None
    mail_from: str | None
    text_folder: Path | None
    webhook_allow_loopback: bool

    @property
    def identity_issuer(self) -> str | None:
        """Return who signs the tokens of people: the realm's address, also where its keys lie."""
        return None if self.keycloak_url is None else f"{self.keycloak_url}/realms/{REALM}"

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Read an environment. Raises SettingsError naming the variable at fault."""
        environment = environ.get("ENVIRONMENT", "")
        if environment not in ENVIRONMENTS:
            raise SettingsError(f"ENVIRONMENT must be one of {', '.join(sorted(ENVIRONMENTS))}")
        for name in ("CLOCK_URL", "CRASH_POINTS_DIR"):
            if environment == PRODUCTION and environ.get(name):
                raise SettingsError(f"{name} is refused in production")
        allow_loopback = _flag(environ, "WEBHOOK_ALLOW_LOOPBACK")
        if allow_loopback and environment != LOCAL:
            raise SettingsError("WEBHOOK_ALLOW_LOOPBACK is for ENVIRONMENT=local alone")
        text_folder = environ.get("TEXT_FOLDER") or None
        if text_folder and environment != LOCAL:
            raise SettingsError("TEXT_FOLDER is for ENVIRONMENT=local alone")
        threads = _whole(environ, "THREADS", default=8, largest=256)
        return cls(
            environment=environment,
            function=environ.get("FUNCTION_TARGET", ""),
            source=environ.get("FUNCTION_SOURCE", ""),
            port=_whole(environ, "PORT", default=8080, largest=65535),
            threads=threads,
            pool_size=_whole(environ, "POOL", default=threads + 1, largest=256),
            secrets_dir=Path(environ.get("SECRETS_DIR") or DEFAULT_SECRETS_DIR),
            public_base_url=environ.get("PUBLIC_BASE_URL", "").rstrip("/"),
            callback_base_url=environ.get("CALLBACK_BASE_URL") or None,
            database_url=environ.get("DATABASE_URL") or None,
            worker_database_url=environ.get("WORKER_DATABASE_URL") or None,
            metrics_database_url=environ.get("METRICS_DATABASE_URL") or None,
            migration_database_url=environ.get("MIGRATION_DATABASE_URL") or None,
            pubsub_project=environ.get("PUBSUB_PROJECT") or None,
            push_issuer=environ.get("PUSH_ISSUER") or None,
            push_jwks_url=environ.get("PUSH_JWKS_URL") or None,
            push_audience=environ.get("PUSH_AUDIENCE") or None,
            push_email=environ.get("PUSH_EMAIL") or None,
            keycloak_url=environ.get("KEYCLOAK_URL", "").rstrip("/") or None,
            s3_endpoint_url=environ.get("S3_ENDPOINT_URL") or None,
            s3_bucket=environ.get("S3_BUCKET") or None,
            statement_bucket=environ.get("STATEMENT_BUCKET") or None,
            quarantine_bucket=environ.get("QUARANTINE_BUCKET") or None,
            scanner_url=environ.get("SCANNER_URL") or None,
            cdn_base_url=environ.get("CDN_BASE_URL", "").rstrip("/") or None,
            report_bucket=environ.get("REPORT_BUCKET") or None,
            retention_days=_whole(environ, "RETENTION_DAYS", default=0, largest=36_600) or None,
            metrics_port=_whole(environ, "METRICS_PORT", default=0, largest=65535) or None,
            sentry_dsn=environ.get("SENTRY_DSN") or None,
            clock_url=environ.get("CLOCK_URL") or None,
            smtp_url=environ.get("SMTP_URL") or None,
            mail_from=environ.get("MAIL_FROM") or None,
            text_folder=Path(text_folder) if text_folder else None,
            webhook_allow_loopback=allow_loopback,
        )


def require(value: str | None, name: str) -> str:
    """Return the value. Raises SettingsError naming the variable where it is missing."""
    if not value:
        raise SettingsError(f"{name} is not set")
    return value


@cache
def settings() -> Settings:
    """Return the settings of this process, read at first use."""
    return Settings.read(os.environ)


class SecretFiles:
    """Secrets as files of one folder; a file is read again when it changes."""

    def __init__(self, folder: Path) -> None:
        """Keep the folder; nothing is read yet."""
        self._folder = folder
        self._lock = threading.Lock()
        self._known: dict[str, tuple[tuple[int, int, int], str]] = {}

    def read(self, name: str) -> str:
        """Return the secret without its final newline. Raises SettingsError naming it."""
        if not name.replace("_", "").isalnum():
            raise SettingsError(f"{name!r} is no name of a secret")
        path = self._folder / name
        try:
            state = path.stat()
            stamp = (state.st_mtime_ns, state.st_ino, state.st_size)
            with self._lock:
                known = self._known.get(name)
            if known and known[0] == stamp:
                return known[1]
            if state.st_size > LARGEST_SECRET_BYTES:
                raise SettingsError(f"secret {name} is too large")
            text = path.read_text("utf-8").rstrip("\r\n")
        except OSError as error:
            raise SettingsError(f"secret {name} cannot be read: {error.strerror}") from None
        with self._lock:
            self._known[name] = (stamp, text)
        return text


@cache
def _secret_files() -> SecretFiles:
    return SecretFiles(settings().secrets_dir)


def secret(name: str) -> str:
    """Return a secret of this process. Raises SettingsError naming it."""
    return _secret_files().read(name)


def _whole(environ: Mapping[str, str], name: str, *, default: int, largest: int) -> int:
    text = environ.get(name, "")
    if not text:
        return default
    is_whole = text.isascii() and text.isdigit() and len(text) <= len(str(largest))
    if not is_whole or int(text) > largest:
        raise SettingsError(f"{name} must be a whole number up to {largest}")
    return int(text)


def _flag(environ: Mapping[str, str], name: str) -> bool:
    text = environ.get(name, "").lower()
    if text not in {"", "0", "1", "true", "false"}:
        raise SettingsError(f"{name} must be true or false")
    return text in {"1", "true"}
