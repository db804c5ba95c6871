"""Bugs that would ask for, pay or book another amount."""

from typing import Final

from tests.seeded.bug import Bug, Edit

AMOUNTS: Final = (
    Bug(
        "15",
        "amount x 100, asked of a payer",
        (
            Edit(
                "shared/providers/mtn/client.py",
                "            amount=str(request.money.amount),\n",
                "            amount=str(request.money.amount * 100),\n",
            ),
        ),
        ("tests/unit/test_mtn_requester.py::test_the_request_is_what_mtn_documents",),
    ),
    Bug(
        "15b",
        "amount x 100, paid out",
        (
            Edit(
                "shared/providers/mtn/disbursement.py",
                """            amount=str(request.money.amount),
            # The sandbox""",
                """            amount=str(request.money.amount * 100),
            # The sandbox""",
            ),
        ),
        ("tests/unit/test_mtn_payouts.py::test_the_calls_are_what_mtn_documents",),
    ),
    Bug(
        "16",
        "float fee",
        (
            Edit(
                "shared/domain/fees.py",
                "    return (2 * ten_thousandths + BASIS) // (2 * BASIS)\n",
                "    return round(ten_thousandths / BASIS)\n",
            ),
        ),
        ("tests/unit/test_fees.py",),
    ),
    Bug(
        "26",
        "two postings to one row in one statement",
        (
            Edit(
                "shared/db/ledger.py",
                '        "touched": list(totals),\n        "deltas": list(totals.values()),\n',
                '        "touched": [line.account for line in posting.postings],\n'
                '        "deltas": [line.amount for line in posting.postings],\n',
            ),
        ),
        ("tests/unit/test_posting_values.py",),
    ),
    Bug(
        "26b",
        "two postings to one row in one statement, and nobody counts the rows",
        (
            Edit(
                "shared/db/ledger.py",
                '        "touched": list(totals),\n        "deltas": list(totals.values()),\n',
                '        "touched": [line.account for line in posting.postings],\n'
                '        "deltas": [line.amount for line in posting.postings],\n',
            ),
            Edit(
                "shared/db/ledger.py",
                "    (SELECT count(*) FROM gate) * cardinality(:touched::text[]))",
                "    (SELECT count(*) FROM moved))",
            ),
        ),
        ("tests/integration/test_moved_charges.py::test_two_lines_of_one_account_are_both_booked",),
    ),
)
