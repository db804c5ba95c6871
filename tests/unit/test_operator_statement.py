"""What a line of a statement means beside our books, and what becomes a case."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final

import pytest

from shared.domain.operator_statement import (
    Earlier,
    Judge,
    JudgedLine,
    KnownPayment,
    LineKind,
    LineState,
    OperatorStatement,
    StatementLine,
    case_of,
)
from shared.operations.ingest_statement import cases_of, judged, line_id
from tests.fakes import START

LINE: Final = StatementLine(1, START, "T1", "r-1", None, LineKind.COLLECTION, 1500, 0)
PAYMENT: Final = KnownPayment(
    id="ch_1",
    kind="charge",
    account="acct_1",
    livemode=False,
    state="succeeded",
    amount=1500,
    operator_id="T1",
    created_at=START,
)
STATEMENT: Final = OperatorStatement(
    id="stm_1",
    operator_account="opa_1",
    account=None,
    livemode=False,
    version="statement.v1",
    sha256="0" * 64,
    object_key="k",
    version_id="v",
    first_day=date(2026, 11, 2),
    last_day=date(2026, 11, 3),
    opening=0,
    closing=0,
    line_count=1,
    uploaded_by="ada",
    uploaded_at=START,
)


def state(
    line: dict[str, Any] | None = None,
    payment: dict[str, Any] | None = None,
    earlier: Earlier | None = None,
) -> LineState:
    """What a line means that differs so from one that matches."""
    judge = Judge(earlier or Earlier())
    return judge.judge(replace(LINE, **line or {}), replace(PAYMENT, **payment or {})).state


@pytest.mark.parametrize(
    ("line", "payment", "expected"),
    [
        ({}, {}, LineState.MATCHED),
        ({}, {"operator_id": None}, LineState.MATCHED),
        ({"amount": 1501}, {}, LineState.AMOUNT_DIFFERS),
        ({}, {"operator_id": "T2"}, LineState.DUPLICATE),
        ({}, {"state": "unknown"}, LineState.MISSING_HERE),
        ({}, {"state": "failed"}, LineState.MISSING_HERE),
        ({}, {"kind": "refund"}, LineState.MISSING_HERE),
        ({"kind": LineKind.REFUND, "amount": -1500}, {}, LineState.MISSING_HERE),
        ({"kind": LineKind.REFUND, "amount": -1500}, {"kind": "refund"}, LineState.MATCHED),
        ({"kind": LineKind.DISBURSEMENT, "amount": -1500}, {"kind": "refund"}, LineState.MATCHED),
        (
            {"kind": LineKind.DISBURSEMENT, "amount": -1500},
            {"kind": "payout", "state": "paid"},
            LineState.MATCHED,
        ),
        ({"kind": LineKind.TRANSFER}, {}, LineState.MISSING_HERE),
        ({"kind": LineKind.REVERSAL, "amount": -1500}, {}, LineState.REVERSED),
        ({"kind": LineKind.FEE, "amount": -15}, {}, LineState.FEE),
        ({"at": START - timedelta(hours=23)}, {}, LineState.MATCHED),
        ({"at": START - timedelta(hours=25)}, {}, LineState.MISSING_HERE),
        ({"at": START + timedelta(days=9)}, {}, LineState.MATCHED),
    ],
)
def test_each_state_has_its_reason(
    line: dict[str, Any], payment: dict[str, Any], expected: LineState
) -> None:
    """Kind, state, transaction, amount: all must agree; the first that does not says what it is."""
    assert state(line, payment) is expected


def test_a_line_that_fits_nothing_is_missing_here() -> None:
    """Whatever it is, but a fee, which is the operator's own."""
    for kind in set(LineKind) - {LineKind.FEE}:
        line = replace(LINE, kind=kind)
        assert Judge(Earlier()).judge(line, None).state is LineState.MISSING_HERE
    assert Judge(Earlier()).judge(replace(LINE, kind=LineKind.FEE), None).state is LineState.FEE


def test_the_same_transaction_counts_once_in_a_statement() -> None:
    """Twice in one file is a duplicate, in whichever batch it stands."""
    both = judged([LINE, replace(LINE, number=2)], {1: PAYMENT, 2: PAYMENT}, Earlier())
    later = state(earlier=Earlier(transactions=frozenset({"T1"})))

    assert [each.state for each in both] == [LineState.MATCHED, LineState.DUPLICATE]
    assert later is LineState.DUPLICATE


def test_a_payment_is_paid_by_one_transaction() -> None:
    """A second one under the same reference is money that moved twice, also where we know no id."""
    silent = replace(PAYMENT, operator_id=None)
    second = replace(LINE, number=2, transaction_id="T2")
    reversal = replace(second, number=3, transaction_id="T3", kind=LineKind.REVERSAL)
    found = judged([LINE, second, reversal], {1: silent, 2: silent, 3: silent}, Earlier())
    taken = {("ch_1", "collection"): "T0"}

    assert [each.state for each in found] == [
        LineState.MATCHED,
        LineState.DUPLICATE,
        LineState.REVERSED,
    ]
    assert state(payment={"operator_id": None}, earlier=Earlier(taken=taken)) is LineState.DUPLICATE
    same = Earlier(taken={("ch_1", "collection"): "T1"})
    assert state(payment={"operator_id": None}, earlier=same) is LineState.MATCHED


def test_only_what_a_person_must_see_becomes_a_case() -> None:
    """Of a payment under its id and account; of a line that fits none under the line's own."""
    settled = [JudgedLine(LINE, each, PAYMENT) for each in (LineState.MATCHED, LineState.FEE)]
    differs = case_of(JudgedLine(LINE, LineState.AMOUNT_DIFFERS, PAYMENT), STATEMENT, "stl_1")
    alone = case_of(JudgedLine(LINE, LineState.MISSING_HERE, None), STATEMENT, "stl_1")

    assert [case_of(each, STATEMENT, "stl_1") for each in settled] == [None, None]
    assert differs is not None
    assert alone is not None
    assert (differs.object_id, differs.account, differs.reason) == (
        "ch_1",
        "acct_1",
        "statement_amount_differs",
    )
    assert (alone.kind, alone.object_id, alone.account) == ("statement_line", "stl_1", None)


def test_a_line_is_called_the_same_in_every_statement() -> None:
    """Days that overlap bring it again, and it stays one case."""
    again = replace(LINE, number=77)
    twice = [JudgedLine(each, LineState.MISSING_HERE, None) for each in (LINE, again)]

    assert line_id("opa_1", LINE) == line_id("opa_1", again)
    assert line_id("opa_1", LINE) != line_id("opa_2", LINE)
    assert len(cases_of(twice, STATEMENT)) == 1


def test_a_day_counts_once_it_is_over() -> None:
    """A statement taken at noon does not prove that nothing came in the evening."""
    noon = replace(STATEMENT, uploaded_at=START.replace(2026, 11, 3))
    later = replace(STATEMENT, uploaded_at=START.replace(2026, 11, 9))

    assert noon.last_whole_day == date(2026, 11, 2)
    assert later.last_whole_day == date(2026, 11, 3)
