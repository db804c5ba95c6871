"""The invariants of what merchants are told: each event once, each receipt locked."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from tests.chaos.oracle import adjustments, outgoing
from tests.chaos.oracle.evidence import Evidence


def events_match_ends(evidence: Evidence) -> list[str]:
    """Each charge has one event for its birth, one for its end, one for its receipt if paid.

    A refund has those too, and its success one of its charge; a payout has them as well, and one of
    its operator's taking it.
    """
    told: defaultdict[str, list[str]] = defaultdict(list)
    for row in evidence.rows("events"):
        told[row["object_id"]].append(row["type"])
    ends = {
        "succeeded": ["charge.succeeded", "receipt.available"],
        "failed": ["charge.failed"],
        "expired": ["charge.failed"],
        "canceled": ["charge.canceled"],
    }
    expected = {
        row["id"]: ["charge.pending", *ends.get(row["status"], [])]
        for row in evidence.rows("charges")
    }
    for key in adjustments.accepted(evidence):
        expected[key].remove("charge.pending")
    for row in evidence.rows("state_changes"):
        if row["cause"] == "redirected":
            expected[row["object_id"]].append("charge.requires_action")
    for row in evidence.rows("refunds"):
        end = [f"refund.{row['status']}"] if row["status"] in outgoing.FINAL else []
        expected[row["id"]] = ["refund.pending", *end]
        if row["status"] == "succeeded" and not adjustments.is_of_late(row):
            expected[row["charge_id"]].append("charge.refunded")
    told_as = {"succeeded": "paid", "rejected": "canceled", "expired": "canceled"}
    changes = evidence.rows("state_changes")
    with_batch = {row["object_id"] for row in changes if row["cause"] == "batch_canceled"}
    taken = {row["object_id"] for row in changes if row["to_status"] == "in_transit"}
    for row in evidence.rows("payouts"):
        word = told_as.get(row["status"], row["status"])
        end = [f"payout.{word}"] if row["status"] in outgoing.FINAL else []
        needed = ["payout.requires_approval"] if row.get("content_sha256") else []
        is_no = bool(needed) and (row["decided_by"] is None or row["status"] == "rejected")
        # Of a line its batch tells, until it ends by itself.
        is_line = row["batch_id"] is not None
        birth = [] if is_no or is_line else ["payout.pending"]
        way = ["payout.in_transit"] if row["id"] in taken and not is_line else []
        expected[row["id"]] = [*needed, *birth, *way, *([] if row["id"] in with_batch else end)]
    for row in evidence.rows("payout_batches"):
        needed = ["payout_batch.requires_approval"] if row["content_sha256"] else []
        is_no = bool(needed) and (row["decided_by"] is None or row["status"] == "rejected")
        word = "canceled" if row["status"] == "expired" else row["status"]
        end = [f"payout_batch.{word}"] if row["ended_at"] is not None else []
        expected[row["id"]] = [*needed, *([] if is_no else ["payout_batch.processing"]), *end]
    for key, word in _told_besides(evidence):
        expected.setdefault(key, []).append(word)
    return [
        f"{key}: {told[key]}"
        for key, words in expected.items()
        if sorted(told[key]) != sorted(words)
    ]


def _told_besides(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """What is told of receipts of what went out, and of adjustments: of which object, and what."""
    for key in _paid_out(evidence):
        yield key, "receipt.available"
    words_of = {"reversal": "charge.reversed", "return": "payout.returned"}
    for row in adjustments.booked(evidence):
        if row["kind"] in words_of:
            yield row["object_id"], words_of[row["kind"]]
        elif row["kind"] == "late_payment":
            yield row["id"], "charge.late_payment"


def _paid_out(evidence: Evidence) -> list[str]:
    """Refunds and payouts that were paid."""
    rows = [*evidence.rows("refunds"), *evidence.rows("payouts")]
    return [row["id"] for row in rows if row["status"] == "succeeded"]


def events_are_delivered(evidence: Evidence) -> list[str]:
    """I9: each event arrived at least once, and its delivery is recorded; nothing else arrived."""
    events = {row["id"] for row in evidence.rows("events")}
    recorded = {
        row["event_id"]
        for row in evidence.rows("webhook_deliveries")
        if row["status"] == "succeeded"
    }
    return [
        *(f"{key} never arrived" for key in events - evidence.delivered.keys()),
        *(f"{key} is not recorded as delivered" for key in events - recorded),
        *(f"{key} arrived and does not exist" for key in evidence.delivered.keys() - events),
    ]


def receipts_are_locked(evidence: Evidence) -> list[str]:
    """I11: one locked object for what was paid, in or out, with the hash and version of its row.

    And one for each invoice.
    """
    stored = Counter(
        (each.key, each.version_id, each.sha256)
        for each in (*evidence.receipts, *evidence.invoices)
        if each.lock_mode == "COMPLIANCE" and each.retain_until > evidence.at
    )
    rows = Counter(
        (row["object_key"], row["version_id"], row["sha256"])
        for row in (*evidence.rows("receipts"), *evidence.tables.get("invoices", ()))
    )
    paid = {row["id"] for row in evidence.rows("charges") if row["status"] == "succeeded"}
    paid |= set(_paid_out(evidence))
    found = [f"{key}: stored {stored[key]}, rows {rows[key]}" for key in stored - rows]
    found += [f"{key}: rows {rows[key]}, stored {stored[key]}" for key in rows - stored]
    wrong = paid ^ {row["charge_id"] for row in evidence.rows("receipts")}
    if len(evidence.receipts) != len(paid):
        found.append(f"{len(evidence.receipts)} objects for {len(paid)} payments")
    return found + [f"{key} is paid without receipt, or the reverse" for key in wrong]


INVARIANTS: Final[Mapping[str, Callable[[Evidence], list[str]]]] = {
    "I9 events are delivered": events_are_delivered,
    "I9 events match ends": events_match_ends,
    "I11 receipts are locked": receipts_are_locked,
}
