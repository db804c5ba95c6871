"""The oracle on holds: it explains pending and available franc by franc, and finds each slip."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from tests.chaos.oracle.evidence import Evidence
from tests.chaos.oracle.holds import INVARIANTS

AT: Final = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
HOLD: Final = 10
OVER: Final = AT + timedelta(seconds=HOLD)

Rows = dict[str, list[dict[str, Any]]]


def books() -> Rows:
    """One charge that was released, less a refund, and given back to; another that still waits."""
    postings = [
        *[("txn_1", "pending", -5000), ("txn_1", "float:x", 5000)],
        *[("txn_2", "pending", 2000), ("txn_2", "held", -2000)],
        *[("txn_3", "pending", 3000), ("txn_3", "available", -3000)],
        *[("txn_4", "held", 2000), ("txn_4", "pending", -2000)],
        *[("txn_5", "pending", 2000), ("txn_5", "available", -2000)],
        *[("txn_6", "pending", -700), ("txn_6", "float:x", 700)],
        *[("txn_7", "available", 100), ("txn_7", "held", -100)],
        *[("txn_9", "available", 55), ("txn_9", "held", -55)],
        *[("txn_a", "fees:platform", 50), ("txn_a", "available", -50)],
    ]
    booked = [
        *[("txn_1", "charge", "ch_1", AT), ("txn_2", "refund_created", "rf_1", AT)],
        *[("txn_3", "hold_released", "ch_1", OVER), ("txn_4", "refund_failed", "rf_1", OVER)],
        *[("txn_5", "hold_released", "rf_1", OVER), ("txn_6", "charge", "ch_2", OVER)],
        *[("txn_7", "refund_created", "rf_2", OVER), ("txn_9", "payout_created", "po_1", OVER)],
        ("txn_a", "top_up", "txn_a", OVER),
    ]
    return {
        "charges": [
            {"id": key, "succeeded_at": at, "hold_seconds": HOLD}
            for key, at in (("ch_1", AT), ("ch_2", OVER), ("ch_3", None))
        ],
        "refunds": [
            {"id": "rf_1", "charge_id": "ch_1", "amount": 2000, "from_pending": 2000,
             "fee_lines": [], "returned": None, "status": "failed"},
            {"id": "rf_2", "charge_id": "ch_1", "amount": 100, "from_pending": 0,
             "fee_lines": [], "returned": None, "status": "in_transit"},
        ],
        "payouts": [
            {"id": "po_1", "amount": 50, "fees": {"fees:platform": 5}, "status": "in_transit"},
            {"id": "po_2", "amount": 70, "fees": {}, "status": "canceled"},
        ],
        "ledger_transactions": [
            {"id": key, "kind": kind, "object_id": about, "created_at": at}
            for key, kind, about, at in booked
        ],
        "postings": [
            {"transaction_id": key, "code": code, "amount": amount}
            for key, code, amount in postings
        ],
        "ledger_accounts": [
            {"code": "pending", "balance": -700},
            {"code": "available", "balance": -4895},
        ],
        "accounts": [{"refunds_below_zero_limit": 0}],
        "due_work": [
            {"kind": "hold_release", "object_id": "ch_1", "done_at": OVER},
            {"kind": "hold_release", "object_id": "ch_2", "done_at": None},
        ],
    }  # fmt: skip


def broken(rows: Rows) -> set[str]:
    """The invariants that these rows break."""
    nothing: dict[str, Any] = dict.fromkeys(field.name for field in fields(Evidence))
    evidence = Evidence(**nothing | {"at": OVER, "tables": rows})
    return {name for name, find in INVARIANTS.items() if find(evidence)}


def test_books_that_are_right_break_nothing() -> None:
    """Released, refunded, failed and given back, waiting: all of it is explained."""
    assert broken(books()) == set()


@pytest.mark.parametrize(
    ("table", "row", "changes", "expected"),
    [
        ("ledger_accounts", 0, {"balance": -701}, {"I24 pending is explained"}),
        ("ledger_accounts", 1, {"balance": -4894}, {"I24 available is explained"}),
        ("refunds", 1, {"amount": 101}, {"I24 available is explained"}),
        ("payouts", 0, {"status": "failed"}, {"I24 available is explained"}),
        ("due_work", 1, {"done_at": OVER}, {"I25 pending has a date"}),
        ("due_work", 1, {"kind": "payment_check"}, {"I25 pending has a date"}),
        ("charges", 0, {"hold_seconds": HOLD + 2}, {"I25 nothing is released early"}),
    ],
)
def test_a_slip_breaks_the_one_that_is_about_it(
    table: str, row: int, changes: dict[str, Any], expected: set[str]
) -> None:
    """A franc too many, a due row that is gone, a release before its time."""
    rows = books()
    rows[table][row].update(changes)

    assert broken(rows) == expected


def test_a_charge_that_was_released_twice_is_found() -> None:
    """Though both balances agree with their postings: no charge has less than nothing left."""
    rows = books()
    rows["ledger_transactions"].append(
        {"id": "txn_8", "kind": "hold_released", "object_id": "rf_2", "created_at": OVER}
    )
    rows["postings"] += [
        {"transaction_id": "txn_8", "code": "pending", "amount": 700},
        {"transaction_id": "txn_8", "code": "available", "amount": -700},
    ]
    rows["ledger_accounts"][0]["balance"] += 700
    rows["ledger_accounts"][1]["balance"] -= 700

    assert broken(rows) == {"I24 pending is explained"}


@pytest.mark.parametrize(
    ("limit", "taken", "expected"),
    [(5, 0, set()), (4, 0, {"I24 debts are lent"}), (4, 1, set()), (0, 4, {"I24 debts are lent"})],
)
def test_what_is_owed_is_what_was_lent_or_taken(limit: int, taken: int, expected: set[str]) -> None:
    """A refund that went below zero is explained franc by franc, and held to its limit."""
    rows = books()
    rows["accounts"][0]["refunds_below_zero_limit"] = limit
    # Available ends 5 below zero, of which so much was taken by a reversal.
    rows["refunds"][1]["amount"] += 4900 - taken
    rows["postings"] += [
        {"transaction_id": "txn_7", "code": "available", "amount": 4900 - taken},
        {"transaction_id": "txn_b", "code": "available", "amount": taken},
    ]
    rows["adjustments"] = [
        {"id": "rv_1", "kind": "reversal", "amount": -taken, "balance_transaction": "txn_b"}
    ]
    rows["ledger_accounts"][1]["balance"] = 5

    assert broken(rows) == expected
