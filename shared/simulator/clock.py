"""The one place where the simulator reads the time, so that everything else is told it."""

from datetime import UTC, datetime


def now() -> datetime:
    """This moment in UTC."""
    return datetime.now(UTC)
