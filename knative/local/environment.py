"""Gives each function the environment of production: what its catalogue entry entitles it to."""

import contextlib
import os
from pathlib import Path
from typing import Final

from knative.catalogue import FunctionEntry
from knative.local.layout import HOST, PUBSUB_PROJECT, PUSH_AUDIENCE, PUSH_EMAIL, ROOT, Layout
from knative.local.object_store import BUCKET, DROP_BUCKET, QUARANTINE_BUCKET, REPORT_BUCKET
from knative.local.secret_files import make_private_folder

_PASSED_ON: Final = (
    "CLOCK_URL",
    "CRASH_POINTS_DIR",
    "HOME",
    "LANG",
    "PATH",
    "PYTHONDONTWRITEBYTECODE",
    "SENTRY_DSN",
    "SMTP_URL",
    "SSL_CERT_FILE",
    "TMPDIR",
)
_RETENTION_DAYS: Final = "3650"
MAIL_FROM: Final = "no-reply@pay.local"
_DATABASES: Final = {
    "app": ("DATABASE_URL", "pay"),
    "worker": ("WORKER_DATABASE_URL", "pay"),
    "metrics": ("METRICS_DATABASE_URL", "pay"),
    "owner": ("MIGRATION_DATABASE_URL", "pay"),
    "simulator": ("SIMULATOR_DATABASE_URL", "simulator"),
}


def program_environment(layout: Layout) -> dict[str, str]:
    """What every Python program of ours gets: where the code lies and where it is reached."""
    passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return passed | {
        "ENVIRONMENT": "local",
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "PUBLIC_BASE_URL": layout.base_url,
        "CALLBACK_BASE_URL": layout.base_url,
        "SECRETS_DIR": str(layout.secrets_dir),
    }


def owner_environment(layout: Layout) -> dict[str, str]:
    """For migrations and provisioning: the owner's database and every address it may store."""
    return (
        program_environment(layout)
        | _database(layout, "owner")
        | _database(layout, "app")
        | {"SIMULATOR_URL": layout.url("simulate_provider"), "WEBHOOK_ALLOW_LOOPBACK": "true"}
    )


def function_environment(entry: FunctionEntry, layout: Layout) -> dict[str, str]:
    """Knative's variables, ours, and an address for each right in the catalogue."""
    environment = program_environment(layout) | _knative(entry, layout)
    environment |= {
        "THREADS": str(entry.concurrency),
        "POOL": str(entry.pool),
        "SECRETS_DIR": str(secrets_of(entry, layout)),
        "METRICS_PORT": str(layout.ports[f"{entry.name}_metrics"]),
    }
    environment |= _database(layout, entry.database)
    if entry.publishes or entry.pubsub:
        environment |= pubsub_environment(layout)
    if entry.pubsub:
        environment |= {
            "PUSH_ISSUER": layout.push_issuer,
            "PUSH_JWKS_URL": f"{layout.push_issuer}/jwks",
            "PUSH_AUDIENCE": PUSH_AUDIENCE,
            "PUSH_EMAIL": PUSH_EMAIL,
        }
    environment |= _buckets(entry, layout)
    if entry.egress == "scanner" and "SCANNER_URL" in os.environ:
        environment["SCANNER_URL"] = os.environ["SCANNER_URL"]
    if layout.keycloak_url and (entry.serves_operations or entry.egress == "identity"):
        environment["KEYCLOAK_URL"] = layout.keycloak_url
    # Whoever takes a merchant's address, and whoever calls it.
    if entry.serves_operations or entry.egress == "merchants":
        environment["WEBHOOK_ALLOW_LOOPBACK"] = "true"
    if entry.egress == "mail":
        environment |= mail_environment(layout)
        environment["TEXT_FOLDER"] = str(layout.mailbox)
    return environment


def _buckets(entry: FunctionEntry, layout: Layout) -> dict[str, str]:
    """Where a function finds the buckets on which it has a right."""
    environment: dict[str, str] = {}
    if entry.storage != "none":
        environment |= {"S3_BUCKET": BUCKET, "RETENTION_DAYS": _RETENTION_DAYS}
    if entry.quarantine != "none":
        environment["QUARANTINE_BUCKET"] = QUARANTINE_BUCKET
    if entry.reports != "none":
        environment["REPORT_BUCKET"] = REPORT_BUCKET
    if entry.reads_drops:
        environment["STATEMENT_BUCKET"] = DROP_BUCKET
    return environment and environment | {"S3_ENDPOINT_URL": layout.s3_endpoint_url}


def mail_environment(layout: Layout) -> dict[str, str]:
    """The mail server and who writes: those of the caller's environment, else ours."""
    return {
        "SMTP_URL": os.environ.get("SMTP_URL") or f"smtp://{HOST}:{layout.ports['mail']}",
        "MAIL_FROM": os.environ.get("MAIL_FROM") or MAIL_FROM,
    }


def pubsub_environment(layout: Layout) -> dict[str, str]:
    """Where the official client finds our server."""
    return {
        "PUBSUB_EMULATOR_HOST": f"{HOST}:{layout.ports['pubsub']}",
        "PUBSUB_PROJECT": PUBSUB_PROJECT,
    }


def secrets_of(entry: FunctionEntry, layout: Layout) -> Path:
    """A folder of links to exactly the secrets that the function may read."""
    folder = make_private_folder(layout.secrets_dir / "by_function") / entry.name
    make_private_folder(folder)
    for link in folder.iterdir():
        if link.name not in entry.secrets:
            link.unlink()
    for name in entry.secrets:
        with contextlib.suppress(FileExistsError):
            (folder / name).symlink_to(Path("..", "..", name))
    return folder


def _knative(entry: FunctionEntry, layout: Layout) -> dict[str, str]:
    return {
        "PORT": str(layout.ports[entry.name]),
        "K_SERVICE": entry.service,
        "K_REVISION": f"{entry.service}-00001",
        "K_CONFIGURATION": entry.service,
        "FUNCTION_TARGET": entry.name,
        "FUNCTION_SOURCE": entry.source,
    }


def _database(layout: Layout, role: str) -> dict[str, str]:
    if role not in _DATABASES:
        return {}
    variable, database = _DATABASES[role]
    return {variable: layout.database_url(database)}
