"""The oracle on what moves money beside payments: suspense and floats, franc by franc."""

from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from tests.chaos.oracle import adjustments, holds, outgoing
from tests.chaos.oracle.evidence import Evidence

AT: Final = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
FLOAT: Final = "float:x"
INVARIANTS: Final = {
    **adjustments.INVARIANTS,
    "I24 available is explained": holds.available_is_explained,
    "I20 refunds stay within what was paid": outgoing.refunds_stay_within_what_was_paid,
    "I22 failures give back": outgoing.failures_give_back,
}

Rows = dict[str, list[dict[str, Any]]]


def _adjustment(key: str, kind: str, amount: int, **more: Any) -> dict[str, Any]:
    row = {"id": key, "kind": kind, "amount": amount, "status": "booked", "reason": "r"}
    row |= {"object_id": None, "data": {}, "balance_transaction": f"txn_of_{key}"}
    return {**row, **more}


def books() -> Rows:
    """Late payments open, accepted and given back in vain; a reversal, and a refund paid after all.

    `txn_of_x` is the transaction that booked x.
    """
    moved = {
        "ch_1": ("charge", [(FLOAT, 5000), ("pending", -5000)]),
        "lp_1": ("late_payment", [(FLOAT, 700), ("suspense", -700)]),
        "lp_2": ("late_payment", [(FLOAT, 300), ("suspense", -300)]),
        "lp_3": ("late_payment", [(FLOAT, 90), ("suspense", -90)]),
        "ch_2": ("charge", [("suspense", 300), ("pending", -300)]),
        "rf_1": ("late_refund_created", [("suspense", 90), ("held", -90)]),
        "rf_1b": ("late_refund_failed", [("held", 90), ("suspense", -90)]),
        "rf_2": ("refund_created", [("available", 40), ("held", -40)]),
        "rf_2b": ("refund_failed", [("held", 40), ("available", -40)]),
        "adj_1": ("refund_corrected", [("available", 40), (FLOAT, -40)]),
        "rv_1": ("charge_reversed", [("available", 5000), (FLOAT, -5000)]),
    }
    balances: dict[str, int] = {}
    for _, postings in moved.values():
        for code, amount in postings:
            balances[code] = balances.get(code, 0) + amount
    return {
        "charges": [
            {"id": "ch_1", "status": "succeeded", "amount": 5000, "amount_refunded": 40},
            {"id": "ch_2", "status": "succeeded", "amount": 300, "amount_refunded": 0},
        ],
        "refunds": [
            {"id": "rf_1", "charge_id": "ch_0", "amount": 90, "from_pending": 0,
             "fee_lines": [], "returned": None, "status": "failed", "late_payment_id": "lp_3"},
            {"id": "rf_2", "charge_id": "ch_1", "amount": 40, "from_pending": 0,
             "fee_lines": [], "returned": None, "status": "failed", "late_payment_id": None},
        ],
        "payouts": [],
        "payout_batches": [],
        "state_changes": [],
        "adjustments": [
            _adjustment("lp_1", "late_payment", 700, status="open"),
            _adjustment("lp_2", "late_payment", 300, status="accepted", data={"charge": "ch_2"}),
            _adjustment("lp_3", "late_payment", 90, status="open"),
            _adjustment("rv_1", "reversal", -5000, object_id="ch_1"),
            _adjustment("adj_1", "correction", -40, object_id="rf_2", reason="paid_after_the_end"),
        ],
        "ledger_transactions": [
            {"id": f"txn_of_{key}", "kind": kind, "object_id": key.removesuffix("b"),
             "created_at": AT}
            for key, (kind, _) in moved.items()
        ],
        "postings": [
            {"transaction_id": f"txn_of_{key}", "code": code, "amount": amount}
            for key, (_, postings) in moved.items()
            for code, amount in postings
        ],
        "ledger_accounts": [
            {"code": code, "balance": balance} for code, balance in balances.items()
        ],
        "due_work": [],
    }  # fmt: skip


def evidence(rows: Rows) -> Evidence:
    """Nothing but these rows."""
    empty: dict[str, Any] = dict.fromkeys(each.name for each in fields(Evidence))
    return Evidence(**{**empty, "at": AT, "tables": rows, "swallowed": frozenset()})


def broken(rows: Rows) -> set[str]:
    """The invariants that these rows break."""
    return {name for name, find in INVARIANTS.items() if find(evidence(rows))}


def test_what_was_booked_beside_payments_is_explained() -> None:
    """Whatever came late, was reversed or corrected: each franc of it has its reason."""
    assert broken(books()) == set()


@pytest.mark.parametrize(
    ("table", "place", "change", "found"),
    [
        ("adjustments", 0, {"status": "refunded"}, {"I26 suspense is explained"}),
        ("adjustments", 0, {"amount": 701}, {"I26 suspense is explained",
                                             "I26 adjustments are booked"}),
        ("adjustments", 1, {"data": {}}, {"I26 floats are explained"}),
        ("adjustments", 3, {"id": "rv_2"}, {"I26 adjustments are booked"}),
        ("adjustments", 3, {"amount": -4999}, {"I24 available is explained",
                                               "I26 adjustments are booked"}),
        ("adjustments", 4, {"reason": "r"}, {"I20 refunds stay within what was paid"}),
        ("refunds", 0, {"late_payment_id": None, "status": "succeeded"},
         {"I24 available is explained", "I20 refunds stay within what was paid",
          "I26 floats are explained"}),
        ("charges", 0, {"amount": 4999}, {"I26 floats are explained"}),
        ("ledger_accounts", 0, {"balance": 1}, {"I26 floats are explained"}),
    ],
)  # fmt: skip
def test_each_slip_is_found(
    table: str, place: int, change: dict[str, Any], found: set[str]
) -> None:
    """What is not booked so, or not open any more, breaks what explains it and nothing else."""
    rows = books()
    rows[table][place] |= change

    assert broken(rows) == found
