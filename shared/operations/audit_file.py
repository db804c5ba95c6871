"""Writes audit entries as CSV that a spreadsheet shows and a program verifies.

An apostrophe stands before whatever a spreadsheet would take for the beginning of a formula, and
before an apostrophe that stands there: whoever verifies takes one away from each, and is left with
the text that was hashed. An empty cell is nothing at all: no text of an entry is empty.
"""

import csv
import io
from collections.abc import Iterable
from typing import Final

from shared.domain.audit import Link
from shared.operations.spreadsheet import marked

COLUMNS: Final = (
    "chain",
    "position",
    "id",
    "at",
    "actor_kind",
    "actor_id",
    "action",
    "object_type",
    "object_id",
    "before",
    "after",
    "remote_address",
    "reason",
    "request_id",
    "previous_hash",
    "hash",
)


def csv_text(links: Iterable[Link]) -> str:
    """Return a head line and one line per entry (RFC 4180); `at` is in UTC to the microsecond."""
    written = io.StringIO()
    writer = csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for link in links:
        writer.writerow(["" if text is None else marked(text) for text in _texts(link)])
    return written.getvalue()


def _texts(link: Link) -> tuple[str | None, ...]:
    entry = link.entry
    return (
        link.chain,
        str(link.position),
        entry.id,
        entry.at.isoformat(timespec="microseconds"),
        entry.actor.kind.value,
        entry.actor.id,
        entry.action,
        entry.object_type,
        entry.object_id,
        entry.before,
        entry.after,
        entry.remote_address,
        entry.reason,
        entry.request_id,
        link.previous_hash.hex(),
        link.hash.hex(),
    )
