"""Wires what operators' statements are kept in and matched with."""

from shared.db.statement_matching import StatementMatching
from shared.db.statement_uploads import StatementUploads
from shared.domain.receipt import RETENTION_DAYS
from shared.operations.ingest_statement import Ingestion
from shared.operations.upload_statement import Upload
from shared.providers import statements as parser
from shared.runtime import lifecycle, locked, wiring
from shared.runtime.crash import reached
from shared.runtime.settings import settings


def uploads() -> StatementUploads:
    """Return where administrators put statements."""
    return StatementUploads(wiring.owner_database())


def upload() -> Upload:
    """Return what an upload needs."""
    days = settings().retention_days or RETENTION_DAYS
    return Upload(locked.store(), parser, days, reached)


def matching() -> StatementMatching:
    """Return what ingest_statement reads and writes."""
    return StatementMatching(wiring.worker_database())


def ingestion() -> Ingestion:
    """Return what matching needs."""
    return Ingestion(locked.store(), parser, wiring.now, reached, lifecycle.is_stopping)
