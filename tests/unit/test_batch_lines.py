"""What of a file or a list of payouts is wrong: every line and column of it, or the first row."""

from typing import Any, Final

import pytest

from shared.domain.errors import InvalidLines, InvalidRequest
from shared.domain.payout_batch import MOST_LINES
from shared.operations.create_payout_batch import CreatePayoutBatch
from shared.runtime.json_body import read_object

GOOD: Final = b"phone,amount,name,reference\n+237670000001,1500,Awa,s-1\n670000002,200,,s-2\n"


def found_in(content: bytes) -> list[tuple[int, str | None, str]]:
    """All that is wrong with a file, as its merchant is told."""
    try:
        command = CreatePayoutBatch.read(content)
    except InvalidLines as refused:
        faults = refused.faults
    else:
        faults = command.refusal(command.faults).faults
    return [(fault.line, fault.column, fault.code) for fault in faults]


def a_list(*lines: Any, **more: Any) -> dict[str, Any]:
    """A batch as JSON has it."""
    return {"currency": "xaf", "payouts": list(lines), **more}


def a_line(phone: str = "+237670000001", amount: int = 100, **more: Any) -> dict[str, Any]:
    """A good line."""
    return {"amount": amount, "destination": {"type": "mobile_money", "phone": phone}, **more}


def test_a_good_file_has_its_rows_as_lines() -> None:
    """In their order, numbered as a spreadsheet numbers them; an empty cell is nothing."""
    command = CreatePayoutBatch.read(GOOD)

    assert found_in(GOOD) == []
    assert [(w.number, w.money.amount, w.phone.e164, w.name) for w in command.lines] == [
        (2, 1500, "+237670000001", "Awa"), (3, 200, "+237670000002", None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "same",
    [
        b"\xef\xbb\xbf" + GOOD,
        GOOD.replace(b"\n", b"\r\n"),
        GOOD.replace(b"phone,amount", b"Phone, AMOUNT "),
        GOOD + b"\n\n,,,\n",
        GOOD.replace(b"Awa", b'"Awa"'),
    ],
    ids=["byte order mark", "CRLF", "names as people write them", "empty rows", "quoted"],
)
def test_what_spreadsheets_add_is_no_word_of_it(same: bytes) -> None:
    """The same lines, and the same fingerprint under a key."""
    ours, theirs = CreatePayoutBatch.read(GOOD), CreatePayoutBatch.read(same)

    assert (theirs.lines, theirs.fingerprint) == (ours.lines, ours.fingerprint)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (GOOD.replace(b"Awa", "Aïcha".encode("latin-1")), [(2, None, "csv_not_utf8")]),
        (GOOD.decode().encode("utf-16"), [(1, None, "csv_not_utf8")]),
        (GOOD.replace(b"Awa", b"A\x00a"), [(2, None, "csv_not_utf8")]),
        (GOOD.replace(b",", b";"), [(1, None, "csv_separator")]),
        (GOOD.replace(b",", b"\t"), [(1, None, "csv_separator")]),
        (GOOD.replace(b"Awa", b'"Awa'), [(3, None, "csv_invalid")]),
        (
            b"phone,phone,montant\n1,2,3\n",
            [
                (1, "montant", "csv_column_unknown"),
                (1, "phone", "csv_column_twice"),
                (1, "amount", "csv_column_missing"),
            ],
        ),
    ],
)
def test_a_file_that_cannot_be_told_apart_is_refused_by_its_row(
    content: bytes, told: list[tuple[int, str | None, str]]
) -> None:
    """Wrong encoding, separator, quotation marks or names: nobody guesses what was meant."""
    assert found_in(content) == told


@pytest.mark.parametrize(
    "begins",
    ["=1+1", "+cmd", "-2", "@SUM(A1)", "\t=1", "\r=1", "\uff1d1", "\uff0b1", "\uff0d1", "\uff20A"],
)
def test_a_cell_that_a_spreadsheet_runs_is_refused(begins: str) -> None:
    """In each column, but for a number with its plus."""
    content = GOOD.replace(b"Awa", f'"{begins}"'.encode())

    assert (2, "name", "csv_formula") in found_in(content)


def test_every_fault_of_every_line_is_told_at_once() -> None:
    """A bad line in the middle hides none of those behind it."""
    content = GOOD + (
        b"+33612345678,12.5,Awa,s-3\n"
        b",0,Awa,\n"
        b"+237670000001,1500,Awa\n"
        b"+237670000005,7,Awa,s-2,more\n"
        b"+237620000005,-7,Awa,s-6\n"
    )

    assert found_in(content) == [
        (4, "amount", "amount_not_whole"),
        (4, "phone", "phone_foreign"),
        (5, "amount", "amount_too_small"),
        (5, "phone", "phone_missing"),
        (6, None, "csv_cells_differ"),
        (6, "phone", "line_duplicate"),
        (7, None, "csv_cells_differ"),
        (7, "reference", "line_reference_duplicate"),
        (8, "amount", "csv_formula"),
        (8, "amount", "amount_not_whole"),
        (8, "operator", "operator_undetermined"),
    ]


def test_duplicates_name_the_first_of_them() -> None:
    """The same number in two spellings is one; another amount is another wish."""
    command = CreatePayoutBatch.parse(
        a_list(
            a_line(reference="a"),
            a_line("670000001"),
            a_line(amount=200, reference="a"),
            a_line(amount=300),
        )
    )

    assert [(f.line, f.code, f.values) for f in command.faults] == [
        (2, "line_duplicate", {"first": 1}),
        (3, "line_reference_duplicate", {"first": 1}),
    ]


def test_lines_in_json_are_named_by_their_place_and_field() -> None:
    """As the body has them, at every depth."""
    command = CreatePayoutBatch.parse(
        a_list(
            a_line(),
            "no line",
            {"amount": "5", "scheduled_at": 1, "destination": {"type": "card"}},
            {"destination": {"type": "mobile_money", "phone": 670000001, "iban": "x"}},
        )
    )

    assert [(f.line, f.column, f.code) for f in command.faults] == [
        (2, None, "parameter_invalid"),
        (3, "scheduled_at", "parameter_unknown"),
        (3, "amount", "amount_not_whole"),
        (3, "destination[type]", "destination_type_unsupported"),
        (4, "amount", "amount_missing"),
        (4, "destination[iban]", "parameter_unknown"),
    ]


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({"payouts": [a_line()]}, "parameter_missing", "currency"),
        (a_list(a_line(), currency="eur"), "currency_unsupported", "currency"),
        ({"currency": "xaf"}, "parameter_missing", "payouts"),
        (a_list(), "batch_empty", "payouts"),
        ({"currency": "xaf", "payouts": "all"}, "parameter_invalid", "payouts"),
        (a_list(a_line(), status="completed"), "parameter_unknown", "status"),
        (a_list(*[a_line()] * (MOST_LINES + 1)), "batch_too_large", "payouts"),
    ],
)
def test_what_is_wrong_beside_the_lines_is_named(
    body: dict[str, Any], code: str, param: str
) -> None:
    """As in any other request."""
    with pytest.raises(InvalidRequest) as refused:
        CreatePayoutBatch.parse(body)

    assert (refused.value.code, refused.value.param) == (code, param)


def test_ten_thousand_rows_are_read_and_not_one_more() -> None:
    """The names are no row."""
    rows = [b"%d,+2376%08d\n" % (n % 900 + 1, 70_000_000 + n) for n in range(MOST_LINES + 1)]

    command = CreatePayoutBatch.read(b"amount,phone\n" + b"".join(rows[:-1]))
    with pytest.raises(InvalidRequest, match="batch_too_large"):
        CreatePayoutBatch.read(b"amount,phone\n" + b"".join(rows))
    with pytest.raises(InvalidRequest, match="batch_empty"):
        CreatePayoutBatch.read(b"amount,phone\n")

    assert (len(command.lines), command.faults) == (MOST_LINES, [])


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (b'{"amount": 1500.5}', ("amount", "amount_not_whole")),
        (b'{"amount": 1e3}', ("amount", "amount_not_whole")),
        (rb'{"reference": "\ud800"}', ("reference", "reference_invalid")),
        (rb'{"\ud800": 1}', ("\ud800", "parameter_unknown")),
        (b"1.5", (None, "parameter_invalid")),
    ],
)
def test_what_json_knows_and_no_line_may_hold_is_told_by_line(
    wrong: bytes, told: tuple[str | None, str]
) -> None:
    """A fraction or half a letter is a fault like others, never one of ours."""
    body = b'{"currency": "xaf", "payouts": [' + wrong + b"]}"

    command = CreatePayoutBatch.parse(read_object(body, "application/json"))

    assert (1, *told) in [(each.line, each.column, each.code) for each in command.faults]
