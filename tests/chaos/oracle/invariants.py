"""The invariants of money, each as a function from evidence to what breaks it; nothing breaks none.

The numbers are those of the reliability notes and money rules, I1 to I18. The states and their
edges are written out once more, from the rules and not from the code: both would have to be wrong.
"""

import calendar
import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final

from tests.chaos.oracle import adjustments, holds, outgoing
from tests.chaos.oracle.evidence import Evidence, Row

SENDS: Final = 2
# A payToken lives for ten minutes, and the check after its end comes 15 min after the charge.
_UNASKED_LASTS: Final = timedelta(minutes=16)
_DIFFERS: Final = "amount_or_currency_differs"
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
_LINES: Final = {
    "platform": "fees:platform",
    "operator": "fees:operator",
    "transfer_tax": "taxes:transfer",
    "levy": "taxes:levy",
    "vat": "taxes:vat",
}
_GROSS: Final = ("float:", "suspense")
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
TOP_UP: Final = "top_up"
"""By which kind of transaction a trial gives its merchant something to pay out."""


def postings_sum_to_zero(evidence: Evidence) -> list[str]:
    """I1: per transaction, and every transaction has postings."""
    sums: Counter[str] = Counter()
    for row in evidence.rows("postings"):
        sums[row["transaction_id"]] += row["amount"]
    known = {row["id"] for row in evidence.rows("ledger_transactions")}
    found = [f"{key} sums to {total}" for key, total in sums.items() if total]
    return found + [f"{key} has no postings" for key in known ^ sums.keys()]


def balances_are_sums(evidence: Evidence) -> list[str]:
    """I2: the balance column equals the sum of the account's postings."""
    sums: Counter[str] = Counter()
    for row in evidence.rows("postings"):
        sums[row["code"]] += row["amount"]
    balances = {row["code"]: row["balance"] for row in evidence.rows("ledger_accounts")}
    return [
        f"{code}: balance {balances.get(code)}, postings {sums[code]}"
        for code in balances.keys() | sums.keys()
        if balances.get(code) != sums[code]
    ]


def floors_hold(evidence: Evidence) -> list[str]:
    """I3: no account is below its floor."""
    return [
        f"{row['code']}: {row['balance']}"
        for row in evidence.rows("ledger_accounts")
        if row["floor"] is not None and row["balance"] * row["normal"] < row["floor"]
    ]


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
    stray = stored - lines - asked - adjustments.of_own_accord(evidence)
    return found + [f"{key} was never answered, or refused" for key in stray]


def _objects(evidence: Evidence) -> set[str]:
    """Everything that was asked for: charges, refunds, payouts and batches with their lines."""
    tables = ("charges", "refunds", "payouts", "payout_batches")
    return {row["id"] for table in tables for row in evidence.rows(table)}


def effects_happen_once(evidence: Evidence) -> list[str]:
    """I5: at most one effect for a charge."""
    counts = Counter(row["external_id"] for row in evidence.effects)
    return [f"{key} has {count} effects" for key, count in counts.items() if count > 1]


def effects_were_announced(evidence: Evidence) -> list[str]:
    """I5: money moved only under a reference that is stored with that charge's attempt.

    It is ours at MTN; at Orange it is the payToken.
    """
    stored = {
        (row["charge_id"], row["operator_reference"] or row["reference"])
        for row in evidence.rows("provider_attempts")
    }
    return [
        f"{row['external_id']}: money moved under {row['reference']}, which no attempt has"
        for row in evidence.effects
        if (row["external_id"], row["reference"]) not in stored
    ]


def effects_equal_ledger(evidence: Evidence) -> list[str]:
    """I6: each effect has a success and a posting of equal amount and payer, and the reverse."""
    booked: Counter[str] = Counter()
    objects = {row["id"]: row["object_id"] for row in evidence.rows("ledger_transactions")}
    for row in evidence.rows("postings"):
        if row["code"].startswith("float:"):
            booked[objects[row["transaction_id"]]] += row["amount"]
    accepted = adjustments.accepted(evidence)
    ours = {
        row["id"]: (str(row["amount"]), row["currency"], (row["phone"] or "").removeprefix("+"))
        for row in evidence.rows("charges")
        if row["status"] == "succeeded" and row["id"] not in accepted
    }
    amounts = {key: int(amount) for key, (amount, _, _) in ours.items()}
    for row in adjustments.late(evidence):
        phone = (row["data"]["phone"] or "").removeprefix("+")
        amounts[row["id"]] = row["amount"]
        if row["object_id"] is not None:
            ours[row["object_id"]] = (str(row["amount"]), row["currency"], phone)
    unfinished = {row["id"] for row in evidence.rows("charges") if row["status"] not in FINAL}
    theirs = {
        row["external_id"]: (row["amount"], row["currency"], row["payer"])
        for row in evidence.effects
        if row["external_id"] not in unfinished
    }
    found = [
        f"{key}: ours {ours.get(key)}, the operator's {theirs.get(key)}"
        for key in ours.keys() | theirs.keys()
        if ours.get(key) != theirs.get(key)
    ]
    for row in (*outgoing.outgoing(evidence), *adjustments.booked(evidence)):
        if row["id"] not in amounts:
            booked.pop(row["id"], None)
    if dict(booked) != amounts:
        found.append(f"booked {dict(booked)}, succeeded {amounts}")
    return found


def ends_are_proven(evidence: Evidence) -> list[str]:
    """I7: what was unknown, or waited for its payer, ends by a recorded word of the operator."""
    uncertain = {"unknown", "awaiting_payer", "in_transit"}
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
    no money.
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
        and claims[row["id"]] < SENDS
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


def _paid_out(evidence: Evidence) -> list[str]:
    """Refunds and payouts that were paid."""
    rows = [*evidence.rows("refunds"), *evidence.rows("payouts")]
    return [row["id"] for row in rows if row["status"] == "succeeded"]


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


def parts_make_the_whole(evidence: Evidence) -> list[str]:
    """I15: the operator's float gets the gross; merchant's net, fees and taxes add up to it.

    What is taken is what was fixed with the charge, line by line, of what its merchant bears.
    """
    gross = {row["id"]: row["amount"] for row in evidence.rows("charges")}
    taken = {row["id"]: _taken(row["fee_lines"]) for row in evidence.rows("charges")}
    transactions = evidence.rows("ledger_transactions")
    objects = {row["id"]: row["object_id"] for row in transactions}
    others = {row["id"] for row in transactions if row["kind"] != "charge"}
    lines: defaultdict[str, list[Row]] = defaultdict(list)
    for row in evidence.rows("postings"):
        if row["transaction_id"] not in others:
            lines[row["transaction_id"]].append(row)
    found = []
    for transaction, rows in lines.items():
        amount = gross.get(objects.get(transaction, ""))
        # What came late has been in suspense.
        floats = [row["amount"] for row in rows if row["code"].startswith(_GROSS)]
        parts = [row["amount"] for row in rows if not row["code"].startswith(_GROSS)]
        if floats != [amount] or -sum(parts) != amount or any(part > 0 for part in parts):
            found.append(f"{transaction}: {floats} and {parts} of {amount}")
        booked = {
            row["code"]: -row["amount"]
            for row in rows
            if row["code"] != "pending" and not row["code"].startswith(_GROSS)
        }
        if booked != taken.get(objects.get(transaction, "")):
            found.append(f"{transaction}: {booked} is not what was fixed with its charge")
    return found


def _taken(lines: list[Row]) -> dict[str, int]:
    return {_LINES[row["line"]]: row["amount"] for row in lines if row["borne_by"] == "merchant"}


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


def receipts_are_locked(evidence: Evidence) -> list[str]:
    """I11: one locked object for what was paid, in or out, with the hash and version of its row."""
    stored = Counter(
        (each.key, each.version_id, each.sha256)
        for each in evidence.receipts
        if each.lock_mode == "COMPLIANCE" and each.retain_until > evidence.at
    )
    rows = Counter(
        (row["object_key"], row["version_id"], row["sha256"]) for row in evidence.rows("receipts")
    )
    paid = {row["id"] for row in evidence.rows("charges") if row["status"] == "succeeded"}
    paid |= set(_paid_out(evidence))
    found = [f"{key}: stored {stored[key]}, rows {rows[key]}" for key in stored - rows]
    found += [f"{key}: rows {rows[key]}, stored {stored[key]}" for key in rows - stored]
    wrong = paid ^ {row["charge_id"] for row in evidence.rows("receipts")}
    if len(evidence.receipts) != len(paid):
        found.append(f"{len(evidence.receipts)} objects for {len(paid)} payments")
    return found + [f"{key} is paid without receipt, or the reverse" for key in wrong]


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
    "I1 postings sum to zero": postings_sum_to_zero,
    "I2 balances are sums": balances_are_sums,
    "I3 floors hold": floors_hold,
    "I4 answers have rows": answers_have_rows,
    "I5 effects happen once": effects_happen_once,
    "I5 effects were announced": effects_were_announced,
    "I6 effects equal ledger": effects_equal_ledger,
    "I7 ends are proven": ends_are_proven,
    "I8 history is allowed": history_is_allowed,
    "I9 events are delivered": events_are_delivered,
    "I9 events match ends": events_match_ends,
    "I10 messages work once": messages_work_once,
    "I11 receipts are locked": receipts_are_locked,
    "I12 rows are ours": rows_are_ours,
    "I12 nothing is of others": nothing_is_of_others,
    "I13 keys have one answer": keys_have_one_answer,
    "I14 charges have ended": charges_have_ended,
    "I14 nothing is left": nothing_is_left,
    "I15 parts make the whole": parts_make_the_whole,
    "I16 audit entries are chained": audit_entries_are_chained,
    "I17 logs keep secrets": logs_keep_secrets,
    "I18 open work has a date": open_work_has_a_date,
    **outgoing.INVARIANTS,
    **holds.INVARIANTS,
    **adjustments.INVARIANTS,
}


def violations(evidence: Evidence) -> dict[str, list[str]]:
    """What breaks which invariant; empty when all hold."""
    broken = {name: find(evidence) for name, find in INVARIANTS.items()}
    return {name: found for name, found in broken.items() if found}
