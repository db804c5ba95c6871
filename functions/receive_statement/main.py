"""Takes operators' statements that were dropped in a bucket, as if they had been uploaded."""

from shared.runtime import drops, logs
from shared.runtime.http import tick_function


def start() -> None:
    """Look through the bucket once, as far as time and the bound of a run allow."""
    logs.info("statement_drops_read", count=drops.receive())


receive_statement = tick_function("receive_statement", start)
