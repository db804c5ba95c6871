"""All invariants, each as a function from evidence to what breaks it; nothing breaks none.

The numbers are those of the reliability notes and money rules, I1 to I18. Those of money, states
and what is told have rooms of their own.
"""

import calendar
import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC
from typing import Final

from tests.chaos.oracle import adjustments, holds, money, outgoing, states, telling
from tests.chaos.oracle.evidence import Evidence

_AUDITED: Final = (
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
)


def answers_have_rows(evidence: Evidence) -> list[str]:
    """I4: what the API said yes to is found by id and by key, and the key keeps that answer."""
    stored = _objects(evidence)
    keys = {row["key"]: row for row in evidence.rows("idempotency_keys")}
    found = []
    for answer in evidence.accepted:
        kept = keys.get(answer["key"], {})
        if answer["id"] not in stored:
            found.append(f"{answer['id']} is not stored")
        if kept.get("object_id") != answer["id"] or kept["response"] != answer["body"]:
            found.append(f"{answer['id']} is not what its key leads to")
    lines = {row["id"] for row in evidence.rows("payouts") if row["batch_id"] is not None}
    asked = {answer["id"] for answer in evidence.accepted}
    stray = stored - lines - asked - adjustments.of_own_accord(evidence) - _of_payers(evidence)
    return found + [f"{key} was never answered, or refused" for key in stray]


def _of_payers(evidence: Evidence) -> set[str]:
    """Charges that payers began on a page of ours: no merchant was answered."""
    pages = {row["id"] for row in evidence.tables.get("payment_pages", ())}
    return {row["id"] for row in evidence.rows("charges") if row.get("page_id") in pages}


def _objects(evidence: Evidence) -> set[str]:
    """Everything that was asked for: charges, refunds, payouts and batches with their lines."""
    tables = ("charges", "refunds", "payouts", "payout_batches")
    return {row["id"] for table in tables for row in evidence.rows(table)}


def messages_work_once(evidence: Evidence) -> list[str]:
    """I10: a message that moved something is consumed once, by one consumer, with one effect."""
    consumed = Counter(row["event_id"] for row in evidence.rows("consumed_messages"))
    moved = Counter(
        row["message_id"] for row in evidence.rows("state_changes") if row["message_id"] is not None
    )
    booked = Counter((r["kind"], r["object_id"]) for r in evidence.rows("ledger_transactions"))
    return [
        *(f"{key} moved {n} times, consumed {consumed[key]}" for key, n in moved.items() if n > 1),
        *(f"{key} moved something and is not consumed" for key in moved.keys() - consumed.keys()),
        *(f"{key} was consumed by {n}" for key, n in consumed.items() if n > 1),
        *(f"{key} is booked {n} times" for key, n in booked.items() if n > 1),
    ]


def rows_are_ours(evidence: Evidence) -> list[str]:
    """I12: every row, object and webhook belongs to the account that it is about."""
    asked_for = _objects(evidence) | {row["id"] for row in adjustments.booked(evidence)}
    for table in ("invoices", "files", "payment_pages", "reports"):
        asked_for |= {row["id"] for row in evidence.tables.get(table, ())}
    about = {row["id"]: row["object_id"] for row in evidence.rows("events")}
    prefix = f"receipts/{evidence.account}/"
    return [
        *(
            f"{table}: a row of {row['account_id']}"
            for table, rows in evidence.tables.items()
            for row in rows
            if row["account_id"] != evidence.account
        ),
        *(f"event {e} is about {o}" for e, o in about.items() if o not in asked_for),
        *(f"webhook {e} was about {o}" for e, o in evidence.told.items() if about.get(e) != o),
        *(r.key for r in evidence.receipts if not r.key.startswith(prefix)),
    ]


def nothing_is_of_others(evidence: Evidence) -> list[str]:
    """I12: no word of another merchant is in what this one was sent, has stored or can read."""
    return list(evidence.strays)


def keys_have_one_answer(evidence: Evidence) -> list[str]:
    """I13: the same key gave the same object and the same bytes, however often it was asked."""
    told: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for answer in evidence.accepted:
        told[answer["key"]].add((answer["id"], answer["body"]))
    made = Counter(row["object_id"] for row in evidence.rows("idempotency_keys"))
    found = [
        f"{key} had {len(answers)} answers" for key, answers in told.items() if len(answers) > 1
    ]
    return found + [f"{key} was made under {n} keys" for key, n in made.items() if n > 1]


def audit_entries_are_chained(evidence: Evidence) -> list[str]:
    """I16: entries stand at 1, 2, 3 …, each bound to the one before, from the account's making on.

    What is hashed is written out once more, as the API's description has it.
    """
    entries = evidence.rows("audit_entries")
    if not entries or entries[0]["action"] != "account.provisioned":
        return ["the chain does not begin with the account"]
    found, last = [], bytes(32)
    for expected, row in enumerate(entries, start=1):
        at = row["at"].astimezone(UTC)
        microseconds = calendar.timegm(at.timetuple()) * 1_000_000 + at.microsecond
        parts: list[str | None] = ["audit.v1", evidence.schema, f"{expected}", row["id"]]
        parts += [f"{microseconds}", *(row[name] for name in _AUDITED)]
        hashed = hashlib.sha256(last)
        for part in parts:
            content = b"" if part is None else part.encode()
            hashed.update(b"-," if part is None else f"{len(content)}:".encode() + content + b",")
        if row["position"] != expected or row["previous_hash"] != last:
            found.append(f"{row['id']} is not what follows at {expected}")
        elif row["hash"] != hashed.digest():
            found.append(f"{row['id']} at {expected} was changed")
        last = row["hash"]
    return found


def logs_keep_secrets(evidence: Evidence) -> list[str]:
    """I17: no log holds a payer's whole number, a key or a secret."""
    return list(evidence.leaks)


def nothing_is_left(evidence: Evidence) -> list[str]:
    """I14: outbox and dead letters empty, no lease beyond its term, no old transaction."""
    found = [
        f"outbox: {row['topic']} {row['id']} of {row['created_at']}"
        for row in evidence.rows("outbox")
        if row["published_at"] is None
    ]
    found += [f"dead letter {row['event_id']}" for row in evidence.rows("dead_letters")]
    waiting = {
        "due_work": [r for r in evidence.rows("due_work") if r["done_at"] is None],
        "webhook_deliveries": [
            r for r in evidence.rows("webhook_deliveries") if r["status"] == "pending"
        ],
    }
    for table, rows in waiting.items():
        found += [
            f"{table}: a lease of {row['lease_until']} is over"
            for row in rows
            if row["lease_until"] is not None and row["lease_until"] < evidence.at
        ]
    if evidence.old_transactions:
        found.append(f"{evidence.old_transactions} transactions are open for over a minute")
    return found


INVARIANTS: Final[Mapping[str, Callable[[Evidence], list[str]]]] = {
    **money.INVARIANTS,
    **states.INVARIANTS,
    **telling.INVARIANTS,
    "I4 answers have rows": answers_have_rows,
    "I10 messages work once": messages_work_once,
    "I12 rows are ours": rows_are_ours,
    "I12 nothing is of others": nothing_is_of_others,
    "I13 keys have one answer": keys_have_one_answer,
    "I14 nothing is left": nothing_is_left,
    "I16 audit entries are chained": audit_entries_are_chained,
    "I17 logs keep secrets": logs_keep_secrets,
    **outgoing.INVARIANTS,
    **holds.INVARIANTS,
    **adjustments.INVARIANTS,
}


def violations(evidence: Evidence) -> dict[str, list[str]]:
    """What breaks which invariant; empty when all hold."""
    broken = {name: find(evidence) for name, find in INVARIANTS.items()}
    return {name: found for name, found in broken.items() if found}
