"""Refuses the alembic command: only migrate.py knows into which schemas a revision goes."""

raise SystemExit("run `python -m shared.db.migrate`: a revision needs a schema to land in")
