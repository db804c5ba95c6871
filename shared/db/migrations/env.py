"""Runs revisions on the connection that migrate.py hands over, inside its open transaction."""

from alembic import context
from sqlalchemy import Connection

connection = context.config.attributes.get("connection")
schema = context.config.attributes.get("schema")
if not isinstance(connection, Connection) or not isinstance(schema, str):
    raise SystemExit("run `python -m shared.db.migrate`: a revision needs a schema to land in")

# One transaction for all revisions of a schema: with one each, SET LOCAL search_path would be lost
# after the first and later tables would land in `public`.
context.configure(
    connection=connection,
    version_table_schema=schema,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
