"""The invariants of charges' money: what is booked sums up, and is what the operators moved."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from typing import Final

from tests.chaos.oracle import adjustments, outgoing
from tests.chaos.oracle.evidence import Evidence, Row
from tests.chaos.oracle.states import FINAL

_LINES: Final = {
    "platform": "fees:platform",
    "operator": "fees:operator",
    "transfer_tax": "taxes:transfer",
    "levy": "taxes:levy",
    "vat": "taxes:vat",
}
_GROSS: Final = ("float:", "suspense")


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


INVARIANTS: Final[Mapping[str, Callable[[Evidence], list[str]]]] = {
    "I1 postings sum to zero": postings_sum_to_zero,
    "I2 balances are sums": balances_are_sums,
    "I3 floors hold": floors_hold,
    "I5 effects happen once": effects_happen_once,
    "I5 effects were announced": effects_were_announced,
    "I6 effects equal ledger": effects_equal_ledger,
    "I15 parts make the whole": parts_make_the_whole,
}
