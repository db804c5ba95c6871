"""The invariants of states: each is reached by an edge, and what has not ended will be looked at.

The states and their edges are written out once more, from the rules and not from the code: both
would have to be wrong.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from tests.chaos.oracle import adjustments, outgoing
from tests.chaos.oracle.evidence import Evidence, Row

SENDS: Final = 2
# A payToken lives for ten minutes, and the check after its end comes 15 min after the charge.
_UNASKED_LASTS: Final = timedelta(minutes=16)
_DIFFERS: Final = "amount_or_currency_differs"
FINAL: Final = frozenset({"succeeded", "failed", "expired", "canceled", "rejected"})
ENDS: Final = FINAL | {"completed"}
# What may end a charge whose money may have moved: the operator's word, never our clock.
_PROOFS: Final[Mapping[str, str]] = {
    "confirmed": "succeeded",
    "declined": "failed",
    "lapsed": "expired",
    "not_received": "failed",
}
# What two persons booked as paid otherwise than asked, by an operator's statement.
_BY_HAND: Final = {"paid_otherwise": "failed"}
_EDGES: Final[Mapping[str, Mapping[str, str]]] = {
    "created": {"claimed": "submitting", "abandoned": "failed", "canceled": "canceled"},
    "submitting": {
        "claimed": "submitting",
        "abandoned": "failed",
        "accepted": "awaiting_payer",
        "redirected": "requires_action",
        "refused": "failed",
        "went_silent": "unknown",
        "seen_waiting": "awaiting_payer",
        **_PROOFS,
    },
    "unknown": {"claimed": "submitting", "seen_waiting": "awaiting_payer", **_PROOFS, **_BY_HAND},
    "awaiting_payer": {c: s for c, s in _PROOFS.items() if c != "not_received"} | _BY_HAND,
    "requires_action": {c: s for c, s in _PROOFS.items() if c != "not_received"} | _BY_HAND,
}
_EDGES_OF: Final = {
    "rf_": outgoing.EDGES,
    "po_": outgoing.PAYOUT_EDGES,
    "pb_": outgoing.BATCH_EDGES,
}


def ends_are_proven(evidence: Evidence) -> list[str]:
    """I7: what was unknown, or waited for its payer, ends by a recorded word of the operator."""
    uncertain = {"unknown", "awaiting_payer", "requires_action", "in_transit"}
    return [
        f"{row['object_id']}: {row['from_status']} ended by {row['cause']}"
        for row in evidence.rows("state_changes")
        if row["from_status"] in uncertain
        and row["to_status"] in FINAL
        and row["cause"] not in _BY_HAND
        and (row["cause"] not in _PROOFS or not row["operator_word"])
    ]


def history_is_allowed(evidence: Evidence) -> list[str]:
    """I8: every change is in the table, each follows the one before, and final stays final."""
    histories: defaultdict[str, list[Row]] = defaultdict(list)
    found = []
    for row in evidence.rows("state_changes"):
        histories[row["object_id"]].append(row)
        if (row["from_status"], row["cause"]) == (None, "accepted_late"):
            continue
        edges = _EDGES_OF.get(row["object_id"][:3], _EDGES)
        if edges.get(row["from_status"], {}).get(row["cause"]) != row["to_status"]:
            step = f"{row['cause']} in {row['from_status']}"
            found.append(f"{row['object_id']}: {step} does not lead to {row['to_status']}")
    accepted = adjustments.accepted(evidence)
    batches = evidence.rows("payout_batches")
    for charge in (*evidence.rows("charges"), *outgoing.outgoing(evidence), *batches):
        history = histories.pop(charge["id"], [])
        if charge["id"] in accepted:
            continue  # it was paid before it was made
        first = "scheduled" if charge.get("scheduled_at") else "created"
        first = "queued" if charge.get("batch_id") else first
        first = "processing" if charge["id"].startswith("pb_") else first
        first = "awaiting_approval" if charge.get("content_sha256") else first
        words = [first, *(row["to_status"] for row in history)]
        starts = [row["from_status"] for row in history]
        if starts != words[:-1] or words[-1] != charge["status"]:
            found.append(f"{charge['id']}: {words} does not lead to {charge['status']}")
        if any(before in ENDS for before, _ in pairwise(words)):
            found.append(f"{charge['id']}: {words} left its end")
    return found + [f"{key} has a history and is nowhere" for key in histories]


def charges_have_ended(evidence: Evidence) -> list[str]:
    """Once faults have stopped, every charge is definite, or on its way to a proof by reads.

    The second is the lot of a charge whose sender was killed twice, or whose time to be sent was
    over before anybody could: it is not sent again. Nor is one at Orange whose sender was killed
    between the payToken's commit and the request: it waits until the payToken ends, and has moved
    no money. A page is asked for as often as it takes, and somebody pays there: that one has ended.
    """
    changes = evidence.rows("state_changes")
    claims = Counter(row["object_id"] for row in changes if row["cause"] == "claimed")
    accepted = {row["object_id"] for row in changes if row["cause"] == "accepted"}
    read = {r["charge_id"] for r in evidence.rows("provider_attempts") if r["not_found_reads"]}
    moved = {row["external_id"] for row in evidence.effects}
    return [
        f"{row['id']} is {row['status']} at {evidence.at}: {_story(evidence, row['id'])}"
        for row in evidence.rows("charges")
        if row["status"] not in FINAL
        and (row["phone"] is None or claims[row["id"]] < SENDS)
        and not (row["id"] in read and row["submit_before"] < evidence.at)
        and not (row["id"] not in accepted | moved and _may_be_unasked(row, evidence.at))
    ]


def _may_be_unasked(charge: Row, at: datetime) -> bool:
    """Whether the payToken of a charge at Orange may still live that nobody has asked under."""
    is_waiting = (charge["operator"], charge["status"]) == ("orange", "awaiting_payer")
    return is_waiting and at - charge["created_at"] < _UNASKED_LASTS


def _story(evidence: Evidence, charge: str) -> str:
    """All that is stored of a charge that hangs, for whoever must find out why."""
    keys = {"charges": "id", "state_changes": "object_id", "provider_attempts": "charge_id"}
    keys |= {"due_work": "object_id", "outbox": "object_id"}
    return "; ".join(
        f"{table} {dict(row)}"
        for table, key in keys.items()
        for row in evidence.rows(table)
        if row[key] == charge
    )


def open_work_has_a_date(evidence: Evidence) -> list[str]:
    """I18: what is not final has a due row or an open case; what is final has neither.

    Unless the operator took its money afterwards, contradicted itself, or a statement says
    otherwise than we: those are cases for a person.
    """
    due = {
        row["object_id"]
        for row in evidence.rows("due_work")
        if row["kind"] in {"payment_check", "payout_check"} and row["done_at"] is None
    }
    cases = [
        row
        for row in evidence.rows("cases")
        if row["closed_at"] is None
        and row["reason"] not in {"paid_after_the_end", "balance_negative"}
        and not row["reason"].startswith("statement_")
    ]
    looked_at = {row["object_id"] for row in cases}
    # What differed once stays a person's, whatever the next read said.
    riddles = {row["object_id"] for row in cases if row["reason"] == _DIFFERS}
    rows = (*evidence.rows("charges"), *outgoing.outgoing(evidence))
    unfinished = {row["id"] for row in rows if row["status"] not in FINAL}
    unfinished |= {row["id"] for row in adjustments.late(evidence) if row["status"] == "open"}
    # A line that waits for its turn is remembered by its batch.
    lines = {r["id"]: r["batch_id"] for r in evidence.rows("payouts") if r["status"] == "queued"}
    unfinished -= {key for key, batch in lines.items() if batch in due}
    unfinished |= {row["id"] for row in evidence.rows("payout_batches") if row["ended_at"] is None}
    wrong = (unfinished - due - looked_at) | ((due | (looked_at - riddles)) - unfinished)
    return [f"{key} would be forgotten or checked for ever" for key in wrong]


INVARIANTS: Final[Mapping[str, Callable[[Evidence], list[str]]]] = {
    "I7 ends are proven": ends_are_proven,
    "I8 history is allowed": history_is_allowed,
    "I14 charges have ended": charges_have_ended,
    "I18 open work has a date": open_work_has_a_date,
}
