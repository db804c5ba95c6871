"""Answers with what a write has stored, now or before."""

from shared.operations.ports import Replayed, Stored
from shared.runtime.http import Answer


def shown(outcome: Stored | Replayed) -> Answer:
    """Answer with what was stored; a replay says that it is one."""
    replayed = {"Idempotent-Replayed": "true"} if isinstance(outcome, Replayed) else {}
    return Answer(body=outcome.response, headers=replayed)
