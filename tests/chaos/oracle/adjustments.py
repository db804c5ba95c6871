"""What moved money beside payments, and the invariants that explain suspense and floats by it."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from tests.chaos.oracle.evidence import Evidence, Row, Rows

_PAID: Final = "succeeded"
# What of these is available's; a correction may name other accounts.
_OF_AVAILABLE: Final = frozenset({"reversal", "return", "correction", "topup"})
_TOP_UP: Final = "top_up"


def booked(evidence: Evidence) -> Rows:
    """All that was booked beside payments."""
    rows = evidence.tables.get("adjustments", ())
    return [row for row in rows if row["balance_transaction"] is not None]


def late(evidence: Evidence) -> Rows:
    """All late payments."""
    return [row for row in booked(evidence) if row["kind"] == "late_payment"]


def accepted(evidence: Evidence) -> Mapping[str, Row]:
    """The late payments that became charges, by the charge: nobody asked a payer for those."""
    return {row["data"]["charge"]: row for row in late(evidence) if "charge" in row["data"]}


def is_of_late(refund: Row) -> bool:
    """Tell whether a refund gives back a late payment: money that is not its charge's."""
    return refund.get("late_payment_id") is not None


def of_own_accord(evidence: Evidence) -> set[str]:
    """Objects that no request made: what late payments became, and what settled."""
    refunds = {row["id"] for row in evidence.rows("refunds") if is_of_late(row)}
    settling = {row["id"] for row in evidence.rows("payouts") if "settlement" in row["metadata"]}
    return refunds | settling | accepted(evidence).keys()


def paid_after_all(evidence: Evidence) -> Mapping[str, int]:
    """What failed for us and was paid all the same, with what it took of the merchant."""
    return {
        row["object_id"]: -row["amount"]
        for row in booked(evidence)
        if (row["kind"], row["reason"]) == ("correction", "paid_after_the_end")
    }


def _moved(evidence: Evidence, code: str) -> Mapping[str, int]:
    """What each transaction moved in accounts that begin so: debit positive."""
    sums: Counter[str] = Counter()
    for row in evidence.rows("postings"):
        if row["code"].startswith(code):
            sums[row["transaction_id"]] += row["amount"]
    return sums


def of_available(evidence: Evidence) -> list[int]:
    """What each adjustment brought to available, below 0 what it took."""
    touched = {row["transaction_id"] for row in evidence.rows("postings")
               if row["code"] == "available"}  # fmt: skip
    return [
        row["amount"]
        for row in booked(evidence)
        if row["kind"] in _OF_AVAILABLE and row["balance_transaction"] in touched
    ]


def suspense_is_explained(evidence: Evidence) -> list[str]:
    """I26: suspense is what is open of late payments, franc by franc."""
    rows = evidence.rows("ledger_accounts")
    suspense = sum(-row["balance"] for row in rows if row["code"] == "suspense")
    waiting = sum(row["amount"] for row in late(evidence) if row["status"] == "open")
    return [] if suspense == waiting else [f"suspense {suspense}, open {waiting}"]


def floats_are_explained(evidence: Evidence) -> list[str]:
    """I26: floats are what came in less what went out, by payments and beside them."""
    rows = evidence.rows("ledger_accounts")
    there = sum(row["balance"] for row in rows if row["code"].startswith("float:"))
    return [] if there == sum(_came(evidence)) else [f"{there}, not {sum(_came(evidence))}"]


def _came(evidence: Evidence) -> Iterator[int]:
    ours = accepted(evidence)
    for charge in evidence.rows("charges"):
        if charge["status"] == _PAID and charge["id"] not in ours:
            yield charge["amount"]
    for table in ("refunds", "payouts"):
        yield from (-row["amount"] for row in evidence.rows(table) if row["status"] == _PAID)
    moved = _moved(evidence, "float:")
    for row in booked(evidence):
        yield moved.get(row["balance_transaction"], 0)
    by_hand = {r["id"] for r in evidence.rows("ledger_transactions") if r["kind"] == _TOP_UP}
    yield from (amount for transaction, amount in moved.items() if transaction in by_hand)


def adjustments_are_booked(evidence: Evidence) -> list[str]:
    """I26: each has one transaction of its own amount; what is booked as one has a row."""
    objects = {row["id"]: row["object_id"] for row in evidence.rows("ledger_transactions")}
    gross: Counter[str] = Counter()
    for row in evidence.rows("postings"):
        gross[row["transaction_id"]] += max(0, row["amount"])
    found = [
        f"{row['id']} of {row['amount']} is not what {row['balance_transaction']} booked"
        for row in booked(evidence)
        if objects.get(row["balance_transaction"]) != row["id"]
        or gross[row["balance_transaction"]] != abs(row["amount"])
    ]
    ours = {row["id"] for row in booked(evidence)}
    strays = {
        about for about in objects.values() if about.startswith(("lp_", "rv_", "adj_", "tu_"))
    }
    return found + [f"{key} is booked and nowhere" for key in strays - ours]


INVARIANTS: Final[Mapping[str, Callable[[Evidence], list[str]]]] = {
    "I26 suspense is explained": suspense_is_explained,
    "I26 floats are explained": floats_are_explained,
    "I26 adjustments are booked": adjustments_are_booked,
}
