"""Matches an operator's statement with our books; what does not fit becomes a case."""

from shared.operations.ingest_statement import ingest_statement as ingest
from shared.runtime import logs, statements
from shared.runtime.http import Push, push_function


def handle(push: Push) -> None:
    """Go on where the last commit ended."""
    statement = push.message.object_id
    outcome = ingest(push.message, store=statements.matching(), how=statements.ingestion())
    logs.info("statement_ingested", statement_id=statement, outcome=outcome)


ingest_statement = push_function("ingest_statement", handle)
