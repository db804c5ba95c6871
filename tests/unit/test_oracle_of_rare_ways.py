"""The oracle on what no storm has: pages, settlements and invoices."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from tests.chaos.oracle import invariants, telling
from tests.chaos.oracle.evidence import Evidence, StoredReceipt

AT: Final = datetime(2026, 11, 30, 12, tzinfo=UTC)
PRINT: Final = StoredReceipt("invoices/a/test/in_1.pdf", "v1", b"%PDF", "COMPLIANCE",
                             AT + timedelta(days=1))  # fmt: skip
TABLES: Final = (
    *("refunds", "payouts", "payout_batches", "adjustments", "receipts", "idempotency_keys"),
    *("charges", "events", "state_changes"),
)


def evidence(prints: tuple[StoredReceipt, ...] = (), **rows: Any) -> Evidence:
    """What is known where only these rows are, and these prints of invoices."""
    nothing: dict[str, Any] = dict.fromkeys(Evidence.__dataclass_fields__, ())
    known = {"at": AT, "account": "a", "told": {}, "invoices": prints}
    return Evidence(**{**nothing, **known, "tables": {**dict.fromkeys(TABLES, ()), **rows}})


def _paged(*told: str) -> Evidence:
    """A charge that was shown on a page, and what its merchant was told of it."""
    return evidence(
        charges=[{"id": "ch_1", "status": "requires_action"}],
        state_changes=[{"object_id": "ch_1", "cause": "redirected", "to_status": "x"}],
        events=[{"object_id": "ch_1", "type": each} for each in told],
    )


def test_a_page_that_was_shown_is_told() -> None:
    """I9: with its address, once."""
    asked = "charge.requires_action"

    assert telling.events_match_ends(_paged("charge.pending", asked)) == []
    assert telling.events_match_ends(_paged("charge.pending"))
    assert telling.events_match_ends(_paged("charge.pending", asked, asked))


@pytest.mark.parametrize(("metadata", "strays"), [({"settlement": "sr_1"}, 0), ({}, 1)])
def test_a_settlement_is_what_nobody_asked_for(metadata: dict[str, str], strays: int) -> None:
    """I4: any other payout that no answer named is found."""
    payout = {"id": "po_1", "batch_id": None, "metadata": metadata}

    assert len(invariants.answers_have_rows(evidence(payouts=[payout]))) == strays


def test_an_invoice_has_one_print_and_a_print_its_invoice() -> None:
    """I11: under lock, with the hash of its row."""
    row = {"id": "in_1", "account_id": "a", "object_key": PRINT.key, "version_id": "v1"}
    row |= {"sha256": PRINT.sha256}
    find = telling.receipts_are_locked

    assert find(evidence((PRINT,), invoices=[row])) == []
    assert find(evidence((PRINT,), invoices=[{**row, "sha256": "other"}])) != []
    assert find(evidence((PRINT,), invoices=[])) != []
    assert find(evidence((), invoices=[row])) != []


def test_what_is_told_of_an_invoice_is_about_one_of_the_account_s() -> None:
    """I12: of no other."""
    event = {"id": "evt_1", "object_id": "in_1", "account_id": "a"}
    invoice = {"id": "in_1", "account_id": "a"}

    find = invariants.rows_are_ours

    assert find(evidence(events=[event], invoices=[invoice])) == []
    assert find(evidence(events=[event], invoices=[{**invoice, "id": "in_2"}])) != []
    assert find(evidence(events=[event], invoices=[{**invoice, "account_id": "b"}])) != []
