"""The invariants of money that goes out, each as a function from evidence to what breaks it."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

from tests.chaos.oracle import adjustments
from tests.chaos.oracle.evidence import Evidence, Row, Rows

FINAL: Final = frozenset({"succeeded", "failed", "canceled", "rejected", "expired"})
_PROOFS: Final[Mapping[str, str]] = {"confirmed": "succeeded", "declined": "failed"}
# Who, killed while something is being sent, leaves it unheard. A sender that lives records that its
# operator was silent: then the operator died, what lies before it, or the database that it keeps.
_DEATHS_OF_SENDER: Final = frozenset({"submit_payout", "postgres"})
_DEATHS_OF_OPERATOR: Final = frozenset({"simulate_provider", "gateway", "postgres"})
# From the claim to the record at most, its lease, and how many of them one process sends at once.
_SENDING_SECONDS: Final = 25.0
# A death at a crash point has the time of its file, which may be a tick of the kernel's old; and a
# database that was just told to stop may still take a claim.
_NOTED_EARLY_SECONDS: Final = 0.5
_AT_ONCE: Final = 4
_OPENED: Final = ".opened.json"
# Nothing leads from `unknown` or `in_transit` back to sending, and no clock to an end.
EDGES: Final[Mapping[str, Mapping[str, str]]] = {
    "created": {"claimed": "submitting", "abandoned": "failed"},
    "submitting": {
        "claimed": "submitting",
        "abandoned": "failed",
        "accepted": "in_transit",
        "refused": "failed",
        "went_silent": "unknown",
        "seen_waiting": "in_transit",
        **_PROOFS,
    },
    "unknown": {"seen_waiting": "in_transit", **_PROOFS},
    "in_transit": _PROOFS,
}
PAYOUT_EDGES: Final[Mapping[str, Mapping[str, str]]] = {
    **EDGES,
    "awaiting_approval": {
        "approved": "created",
        "approved_ahead": "scheduled",
        "rejected": "rejected",
        "lapsed": "expired",
        "canceled": "canceled",
    },
    "queued": {
        "released": "created",
        "canceled": "canceled",
        "batch_canceled": "canceled",
    },
    "scheduled": {"became_due": "created", "canceled": "canceled"},
    "created": {**EDGES["created"], "canceled": "canceled"},
}


BATCH_EDGES: Final[Mapping[str, Mapping[str, str]]] = {
    "awaiting_approval": {
        "approved": "processing",
        "rejected": "rejected",
        "lapsed": "expired",
        "canceled": "canceled",
        "stopped": "canceling",
    },
    "processing": {
        "stopped": "canceling",
        "canceled": "canceled",
        "lines_ended": "completed",
    },
    "canceling": {"lines_ended": "canceled"},
}


def outgoing(evidence: Evidence) -> Rows:
    """All refunds and payouts."""
    return [*evidence.rows("refunds"), *evidence.rows("payouts")]


def _held(row: Row) -> int:
    """What is held for it: a payout's cost too."""
    fees: dict[str, int] = row.get("fees", {})
    return int(row["amount"]) + sum(fees.values())


def payouts_happen_once(evidence: Evidence) -> list[str]:
    """I5: at most one effect for each, under the one reference that stands with its attempt."""
    counts = Counter(row["external_id"] for row in evidence.payouts)
    attempts = Counter(row["charge_id"] for row in evidence.rows("provider_attempts"))
    stored = {
        (row["charge_id"], row["operator_reference"] or row["reference"])
        for row in evidence.rows("provider_attempts")
    }
    ours = {row["id"] for row in outgoing(evidence)}
    return [
        *(f"{key} has {count} effects" for key, count in counts.items() if count > 1),
        *(f"{key} has {attempts[key]} attempts" for key in ours if attempts[key] > 1),
        *(
            f"{row['external_id']}: money moved under {row['reference']}, which no attempt has"
            for row in evidence.payouts
            if (row["external_id"], row["reference"]) not in stored
        ),
    ]


def payouts_equal_ledger(evidence: Evidence) -> list[str]:
    """I6: each effect is a success with an equal posting, to the payee, and the reverse."""
    booked: Counter[str] = Counter()
    objects = {row["id"]: row["object_id"] for row in evidence.rows("ledger_transactions")}
    objects |= {
        row["balance_transaction"]: row["object_id"]
        for row in adjustments.booked(evidence)
        if row["object_id"] in adjustments.paid_after_all(evidence)
    }
    for row in evidence.rows("postings"):
        if row["code"].startswith("float:"):
            booked[objects[row["transaction_id"]]] -= row["amount"]
    known = {row["id"]: row for row in outgoing(evidence)}
    corrected = adjustments.paid_after_all(evidence)
    ours = {
        key: (str(row["amount"]), row["currency"], row["phone"].removeprefix("+"))
        for key, row in known.items()
        if row["status"] == "succeeded" or key in corrected
    }
    theirs = {
        row["external_id"]: (row["amount"], row["currency"], row["payer"])
        for row in evidence.payouts
        if known.get(row["external_id"], {}).get("status") in {None, *FINAL}
    }
    found = [
        f"{key}: ours {ours.get(key)}, the operator's {theirs.get(key)}"
        for key in ours.keys() | theirs.keys()
        if ours.get(key) != theirs.get(key)
    ]
    amounts = {key: known[key]["amount"] for key in ours}
    paid_out = {key: amount for key, amount in booked.items() if key in known}
    return found + ([] if paid_out == amounts else [f"booked {paid_out}, succeeded {amounts}"])


def money_out_has_ended(evidence: Evidence) -> list[str]:
    """Once faults have stopped, each is definite, or lost on its way to its operator.

    The second is the lot of one whose sender, or whose operator, was killed between its claim
    and its record, so that nothing arrived: it is not sent again, and its money stays held until a
    person has decided. Each needs a death of its own time, and one death ends at most what a sender
    does at once: where nobody was killed, none is excused. Or its operator's own log says that it
    came there and met a fault.
    """
    attempts = {row["charge_id"]: row for row in evidence.rows("provider_attempts")}
    swallowed = {key for key, a in attempts.items() if a["reference"] in evidence.swallowed}
    moved = {row["external_id"] for row in evidence.payouts}
    open_ones = [row for row in outgoing(evidence) if row["status"] not in FINAL]
    excuses: Counter[tuple[str, float]] = Counter()
    found: list[str] = []
    for row in sorted(open_ones, key=lambda each: each["claimed_at"] or evidence.at):
        attempt = attempts.get(row["id"])
        is_unheard = (
            attempt is not None
            and attempt["status"] != "not_sent"
            and attempt["not_found_reads"] > 0
        )
        if is_unheard and row["id"] in swallowed - moved:
            continue
        death = _death_of(row, attempt, evidence, excuses) if is_unheard else None
        if death is None or row["id"] in moved:
            found.append(_words(row, attempt, evidence))
        else:
            excuses[death] += 1
    return found


def _death_of(
    row: Row, attempt: Row | None, evidence: Evidence, excuses: Counter[tuple[str, float]]
) -> tuple[str, float] | None:
    """The first death that can have cost one its way, and has not cost too many others."""
    is_recorded = attempt is not None and attempt["status"] != "sending"
    began = row["claimed_at"].timestamp()
    for name, at in sorted(evidence.deaths, key=lambda death: death[1]):
        is_its = name in (_DEATHS_OF_OPERATOR if is_recorded else _DEATHS_OF_SENDER)
        is_then = -_NOTED_EARLY_SECONDS <= at - began <= _SENDING_SECONDS
        if is_its and is_then and excuses[name, at] < _AT_ONCE:
            return name, at
    return None


def _words(row: Row, attempt: Row | None, evidence: Evidence) -> str:
    """What there is to know of one that should have ended, and the deaths at that time."""
    claimed_at = row["claimed_at"]
    seen = {name: attempt[name] for name in ("status", "not_found_reads")} if attempt else None
    near = [
        f"{name} {at - claimed_at.timestamp():+.3f} s"
        for name, at in evidence.deaths
        if claimed_at is not None and abs(at - claimed_at.timestamp()) < _SENDING_SECONDS
    ]
    return f"{row['id']} is {row['status']}, claimed at {claimed_at}: {seen}, deaths {near}"


def refunds_stay_within_what_was_paid(evidence: Evidence) -> list[str]:
    """I20: of a charge that was paid, and no more than it; the charge's own count says the same."""
    refunded: Counter[str] = Counter()
    corrected = adjustments.paid_after_all(evidence)
    for row in evidence.rows("refunds"):
        is_paid = row["status"] != "failed" or row["id"] in corrected
        if is_paid and not adjustments.is_of_late(row):
            refunded[row["charge_id"]] += row["amount"]
    charges = {row["id"]: row for row in evidence.rows("charges")}
    found = [f"{key} is refunded and was not paid" for key in refunded if not _paid(charges, key)]
    return found + [
        f"{key}: {row['amount_refunded']} counted, {refunded[key]} refunded of {row['amount']}"
        for key, row in charges.items()
        if row["amount_refunded"] != refunded[key] or refunded[key] > row["amount"]
    ]


def _paid(charges: Mapping[str, Row], key: str) -> bool:
    return key in charges and charges[key]["status"] == "succeeded"


def held_is_explained(evidence: Evidence) -> list[str]:
    """I21: what is held is the sum of all whose end is not known, franc by franc."""
    held = sum(-r["balance"] for r in evidence.rows("ledger_accounts") if r["code"] == "held")
    under_way = sum(_held(r) for r in outgoing(evidence) if r["status"] not in FINAL)
    return [] if held == under_way else [f"held {held}, under way {under_way}"]


def failures_give_back(evidence: Evidence) -> list[str]:
    """I22: what was not paid gave back where it had taken, exactly.

    A line of a batch was held with all others by one transaction, and goes back alone, or with
    what of the batch was taken back at once.
    """
    objects = {r["id"]: (r["object_id"], r["kind"]) for r in evidence.rows("ledger_transactions")}
    totals: dict[str, Counter[str]] = {}
    for row in evidence.rows("postings"):
        about, kind = objects[row["transaction_id"]]
        if kind.startswith(("refund_", "payout_", "late_refund_")):
            totals.setdefault(about, Counter())[row["code"]] += row["amount"]
    taken_back = _taken_back(evidence)
    for row in evidence.rows("payouts"):
        if row["batch_id"] is not None:
            share = totals.setdefault(row["id"], Counter())
            # Its part of what was taken, and of what came back with the batch.
            parts = 0 if row["id"] in taken_back else _held(row)
            share.update({"available": parts, "held": -parts})
    return [
        *_batches_that_differ(evidence, taken_back),
        *_left_over(evidence, totals),
    ]


def _taken_back(evidence: Evidence) -> set[str]:
    """The lines that ended with their batch, before their turn."""
    changes = evidence.rows("state_changes")
    return {row["object_id"] for row in changes if row["cause"] == "batch_canceled"}


def _batches_that_differ(evidence: Evidence, taken_back: set[str]) -> list[str]:
    """Each batch holds the sum of its lines, and gives back the sum of those taken back."""
    objects = {r["id"]: (r["object_id"], r["kind"]) for r in evidence.rows("ledger_transactions")}
    booked: Counter[tuple[str, str]] = Counter()
    for row in evidence.rows("postings"):
        if row["code"] == "held":
            booked[objects[row["transaction_id"]]] -= row["amount"]
    found = []
    for batch in evidence.rows("payout_batches"):
        lines = [row for row in evidence.rows("payouts") if row["batch_id"] == batch["id"]]
        taken = booked[batch["id"], "payout_batch_created"]
        back = -booked[batch["id"], "payout_batch_given_back"]
        if taken != sum(map(_held, lines)) or len(lines) != batch["line_count"]:
            found.append(f"{batch['id']} holds {taken} for {len(lines)} lines")
        if back != sum(_held(row) for row in lines if row["id"] in taken_back):
            found.append(f"{batch['id']} gave back {back} at once")
    return found


def _left_over(evidence: Evidence, totals: Mapping[str, Counter[str]]) -> list[str]:
    return [
        f"{key} left {dict(totals.get(key, {}))}"
        for key in (r["id"] for r in outgoing(evidence) if r["status"] in FINAL - {"succeeded"})
        if any(totals.get(key, {"nothing": 1}).values())
    ]


def intents_are_kept(evidence: Evidence) -> list[str]:
    """I23: whatever may have been sent lies in write-once storage under its own id, and locked.

    So does the reference that an operator made, before money is asked for under it.
    """
    locked = [
        (each.key.endswith(_OPENED), json.loads(each.body))
        for each in evidence.intents
        if each.lock_mode == "COMPLIANCE" and each.retain_until > evidence.at
    ]
    kept = {body["intent"] for is_opened, body in locked if not is_opened}
    opened = {body["intent"]: body["operator_reference"] for is_opened, body in locked if is_opened}
    ours = {row["id"] for row in outgoing(evidence)}
    attempts = [row for row in evidence.rows("provider_attempts") if row["charge_id"] in ours]
    return [
        *(f"{key} was sent and is not kept" for key in {a["charge_id"] for a in attempts} - kept),
        *(f"{key} is kept and nowhere" for key in kept - ours),
        *(
            f"{row['charge_id']} is known as {row['operator_reference']}, which is not kept"
            for row in attempts
            if row["operator_reference"]
            and opened.get(row["charge_id"]) != row["operator_reference"]
        ),
    ]


def batches_end_with_their_lines(evidence: Evidence) -> list[str]:
    """I26: a batch that has ended has no line that has not, and says how many ended how.

    Lines wait in no batch that does not release them.
    """
    found = []
    for batch in evidence.rows("payout_batches"):
        lines = [row for row in evidence.rows("payouts") if row["batch_id"] == batch["id"]]
        counts = Counter(row["status"] for row in lines)
        is_over = batch["ended_at"] is not None
        if is_over and {word: n for word, (n, _) in batch["progress"].items()} != counts:
            found.append(f"{batch['id']} says {batch['progress']}, its lines {dict(counts)}")
        if is_over and not counts.keys() <= FINAL:
            found.append(f"{batch['id']} is {batch['status']}, its lines {dict(counts)}")
        if counts["queued"] and batch["status"] not in {"awaiting_approval", "processing"}:
            found.append(f"{batch['id']} is {batch['status']} and has lines that wait")
    return found


INVARIANTS: Final[Mapping[str, Callable[[Evidence], list[str]]]] = {
    "I5 payouts happen once": payouts_happen_once,
    "I6 payouts equal ledger": payouts_equal_ledger,
    "I14 money out has ended": money_out_has_ended,
    "I20 refunds stay within what was paid": refunds_stay_within_what_was_paid,
    "I21 held is explained": held_is_explained,
    "I22 failures give back": failures_give_back,
    "I23 intents are kept": intents_are_kept,
    "I26 batches end with their lines": batches_end_with_their_lines,
}
