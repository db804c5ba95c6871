"""The invariants of money on its way from pending to available, franc by franc."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

from tests.chaos.oracle import adjustments
from tests.chaos.oracle.evidence import Evidence

# By which kind of transaction a trial gives its merchant something to pay out.
_BY_HAND: Final = "top_up"
_GIVEN_BACK: Final = frozenset({"failed", "canceled", "rejected", "expired"})
# Two clocks meet: who settles has one, whoever releases another.
_CLOCKS_DIFFER: Final = timedelta(seconds=1)


def _charge_of(evidence: Evidence) -> dict[str, str]:
    """The charge that an object is, or is a refund of."""
    refunds = {row["id"]: row["charge_id"] for row in evidence.rows("refunds")}
    return {row["id"]: row["id"] for row in evidence.rows("charges")} | refunds


def _moved(evidence: Evidence, code: str, *kinds: str) -> Counter[str]:
    """What transactions of these kinds posted to an account, by charge: debit positive."""
    charge_of = _charge_of(evidence)
    about = {
        row["id"]: charge_of.get(row["object_id"]) or str(row["object_id"])
        for row in evidence.rows("ledger_transactions")
        if row["kind"] in kinds
    }
    sums: Counter[str] = Counter()
    for row in evidence.rows("postings"):
        if row["code"] == code and row["transaction_id"] in about:
            sums[about[row["transaction_id"]]] += row["amount"]
    return sums


def _taken(evidence: Evidence, part: str) -> Counter[str]:
    """What refunds that did not fail took of each charge's pending, or of available instead."""
    sums: Counter[str] = Counter()
    for row in evidence.rows("refunds"):
        if row["status"] != "failed" and not adjustments.is_of_late(row):
            of_pending = row["from_pending"]
            cost = sum(line["amount"] for line in row["fee_lines"] if line["borne_by"] != "payer")
            whole = row["amount"] + cost - sum((row["returned"] or {}).values())
            amount = of_pending if part == "pending" else whole - of_pending
            sums[row["charge_id"]] += amount
    return sums


def _standing(evidence: Evidence) -> Counter[str]:
    """What of each charge should still be pending."""
    standing = Counter({key: -n for key, n in _moved(evidence, "pending", "charge").items()})
    standing.subtract(_taken(evidence, "pending"))
    standing.subtract(_moved(evidence, "pending", "hold_released"))
    return standing


def _balance(evidence: Evidence, code: str) -> int:
    return sum(-row["balance"] for row in evidence.rows("ledger_accounts") if row["code"] == code)


def pending_is_explained(evidence: Evidence) -> list[str]:
    """I24: pending is what charges brought in, less what was refunded and released of each."""
    standing = _standing(evidence)
    found = [
        f"{key}: {left} left of its pending money" for key, left in standing.items() if left < 0
    ]
    pending = _balance(evidence, "pending")
    if pending != standing.total():
        found.append(f"pending {pending}, charges explain {standing.total()}")
    return found


def available_is_explained(evidence: Evidence) -> list[str]:
    """I24: available is what came in, by releases and beside them, less what goes out of it."""
    released = -_moved(evidence, "available", "hold_released", _BY_HAND).total()
    released += sum(adjustments.of_available(evidence))
    taken = _taken(evidence, "available").total() + sum(
        row["amount"] + sum(row["fees"].values())
        for row in evidence.rows("payouts")
        if row["status"] not in _GIVEN_BACK
    )
    available = _balance(evidence, "available")
    return [] if available == released - taken else [f"{available}: {released} less {taken}"]


def debts_are_lent(evidence: Evidence) -> list[str]:
    """I24: below zero stands no more than adjustments took, and the platform lends for refunds."""
    lent = sum(row["refunds_below_zero_limit"] for row in evidence.rows("accounts"))
    taken = -sum(amount for amount in adjustments.of_available(evidence) if amount < 0)
    available = _balance(evidence, "available")
    return [] if available >= -lent - taken else [f"{available}: {lent} lent, {taken} taken"]


def pending_has_a_date(evidence: Evidence) -> list[str]:
    """I25: money that is pending has a due row, its charge's or that of a refund that failed."""
    charge_of = _charge_of(evidence)
    due = {
        charge_of.get(row["object_id"])
        for row in evidence.rows("due_work")
        if row["kind"] == "hold_release" and row["done_at"] is None
    }
    return [
        f"{key}: {left} would stay pending for ever"
        for key, left in _standing(evidence).items()
        if left > 0 and key not in due
    ]


def nothing_is_released_early(evidence: Evidence) -> list[str]:
    """I25: no release before its charge's hold was over."""
    charge_of = _charge_of(evidence)
    over = {
        row["id"]: row["succeeded_at"] + timedelta(seconds=row["hold_seconds"])
        for row in evidence.rows("charges")
        if row["succeeded_at"] is not None
    }
    return [
        f"{row['object_id']} released at {row['created_at']}"
        for row in evidence.rows("ledger_transactions")
        if row["kind"] == "hold_released"
        and (
            row["object_id"] not in charge_of
            or not row["created_at"] + _CLOCKS_DIFFER >= over[charge_of[row["object_id"]]]
        )
    ]


INVARIANTS: Final[Mapping[str, Callable[[Evidence], list[str]]]] = {
    "I24 pending is explained": pending_is_explained,
    "I24 available is explained": available_is_explained,
    "I24 debts are lent": debts_are_lent,
    "I25 pending has a date": pending_has_a_date,
    "I25 nothing is released early": nothing_is_released_early,
}
