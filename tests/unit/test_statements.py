"""The parser of `statement.v1`: what it reads, and what it refuses by line and column."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Final

import pytest

from shared.domain.errors import InvalidRequest
from shared.domain.language import text
from shared.domain.operator_statement import MOST_LINES, LineKind
from shared.providers import statements
from tests.statement_text import DAY, Line, written

GOOD: Final = written(
    [
        Line(
            1500,
            transaction_id="T1",
            reference="9b2f6c1e-1111-4222-8333-444455556666",
            external_id="ch_1",
        ),
        Line(-400, kind="refund", fee=10, transaction_id="T2"),
        Line(-20, kind="fee", transaction_id="T3"),
        Line(-1500, kind="reversal", transaction_id="T4"),
        Line(5000, kind="transfer", transaction_id="T5"),
    ],
    opening=100,
)


def swapped(old: bytes, new: bytes, content: bytes = GOOD) -> bytes:
    """The statement with something else in one place."""
    assert content.count(old) >= 1
    return content.replace(old, new, 1)


def refusal(content: bytes) -> InvalidRequest:
    """Why a statement is refused, in words that exist in both languages."""
    with pytest.raises(InvalidRequest) as refused:
        statements.read_whole(content)
    for language in ("en", "fr"):
        assert "…" not in text(refused.value.code, language, **refused.value.values)
    return refused.value


def test_a_statement_is_read_to_its_end() -> None:
    """Head, lines with their signs and keys, and the balance after the last."""
    summary = statements.read_whole(GOOD)
    first, second, *_, last = statements.lines(GOOD)

    assert (summary.line_count, summary.closing) == (5, 100 + 1500 - 410 - 20 - 1500 + 5000)
    assert (summary.head.account, summary.head.first_day) == ("wallet-1", DAY)
    assert (first.number, first.kind, first.amount) == (1, LineKind.COLLECTION, 1500)
    assert first.reference == "9b2f6c1e-1111-4222-8333-444455556666"
    assert first.at == datetime(2026, 11, 3, 12, tzinfo=UTC)
    assert (second.amount, second.fee, second.reference) == (-400, 10, None)
    assert (last.number, last.kind) == (5, LineKind.TRANSFER)


def test_reading_goes_on_behind_a_line() -> None:
    """Whoever was killed reads on; the numbers are those of the file."""
    assert [line.number for line in statements.lines(GOOD, after=3)] == [4, 5]
    assert list(statements.lines(GOOD, after=5)) == []


def test_an_empty_day_is_a_statement() -> None:
    """Nothing moved: the closing balance is the opening one."""
    summary = statements.read_whole(written([], opening=7, last=date(2026, 11, 5)))

    assert (summary.line_count, summary.closing) == (0, 7)


@pytest.mark.parametrize("number", ["237670000001", "670000001", "00237670000001"])
def test_no_number_is_kept(number: str) -> None:
    """Whatever an operator writes into its columns of ids: a wallet's number is no key of ours."""
    content = written([Line(100, reference=number, external_id=number)])
    (line,) = statements.lines(content)

    assert (line.reference, line.external_id) == (None, None)


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        pytest.param(b"\xef\xbb\xbf" + GOOD, "statement_encoding", 1, id="mark"),
        pytest.param(GOOD.decode().encode("utf-16"), "statement_encoding", 1, id="utf_16"),
        pytest.param(swapped(b"refund", b"rembours\xe9"), "statement_encoding", 4, id="latin_1"),
        pytest.param(swapped(b"refund", b"re\x00fund"), "statement_encoding", 4, id="nul"),
        pytest.param(GOOD.replace(b",", b";"), "statement_separator", 1, id="semicolons"),
        pytest.param(GOOD.replace(b",", b"\t"), "statement_separator", 1, id="tabs"),
        pytest.param(swapped(b"refund", b'"refund'), "statement_separator", 4, id="open_quote"),
        pytest.param(swapped(b"\n", b"\n\n"), "statement_separator", 2, id="empty_line"),
        pytest.param(b"", "statement_incomplete", 1, id="nothing"),
        pytest.param(b"\n".join(GOOD.split(b"\n")[:1]), "statement_incomplete", 2, id="head_only"),
        pytest.param(b"\n".join(GOOD.split(b"\n")[:-2]), "statement_incomplete", 7, id="no_end"),
        pytest.param(swapped(b"end,5", b"end,6"), "statement_incomplete", 8, id="other_count"),
        pytest.param(
            swapped(b"end,5,4670", b"end,5,4671"), "statement_incomplete", 8, id="other_balance"
        ),
    ],
)
def test_what_is_no_whole_csv_is_refused_by_its_line(content: bytes, code: str, line: int) -> None:
    """Other encodings, marks, separators, open quotes, and files that were cut short."""
    refused = refusal(content)

    assert (refused.code, refused.values["line"]) == (code, line)


@pytest.mark.parametrize(
    ("old", "new", "line", "column"),
    [
        (b"statement.v1", b"relev\xc3\xa9", 1, "version"),
        (b"wallet-1", b"=HYPERLINK(1)", 1, "account"),
        (b"wallet-1", b"w" * 65, 1, "account"),
        (b",XAF,2026-11-03", b",EUR,2026-11-03", 1, "currency"),
        (b"2026-11-03,2026-11-03", b"2026-11-31,2026-11-31", 1, "first_day"),
        (b"2026-11-03,2026-11-03", b"2026-11-03,2026-11-02", 1, "last_day"),
        (b"2026-11-03,2026-11-03", b"2026-11-03,2026-12-31", 1, "last_day"),
        (b"time,transaction_id", b"transaction_id,time", 2, "time"),
        (b"fee,balance_after", b"fee", 2, "balance_after"),
        (b"T12:00:00.000000Z", b"T25:00:00.000000Z", 3, "time"),
        (b"2026-11-03T12", b"2026-11-04T12", 3, "time"),
        (b"9b2f6c1e-1111", b"@SUM(1)-1111", 3, "reference"),
        (b"ch_1", b"-ch_1", 3, "external_id"),
        (b"ch_1", b"c" * 65, 3, "external_id"),
        (b",collection,", b",gift,", 3, "kind"),
        (b",collection,1500", b",collection,-1500", 3, "amount"),
        (b",collection,1500", b",collection,0", 3, "amount"),
        (b",collection,1500", b",collection,15e2", 3, "amount"),
        (b",collection,1500", b",collection,1500.00", 3, "amount"),
        (b",collection,1500", b",collection,1501", 3, "balance_after"),
        (b",1500,XAF", b",1500,EUR", 3, "currency"),
        (b",XAF,10,", b",XAF,-10,", 4, "fee"),
        (b",XAF,10,", b",XAF,10,9,", 4, "balance_after"),
        (b"end,5,4670", b"end,5,4670\nend,5,4670", 9, "end"),
    ],
)
def test_a_wrong_cell_is_named(old: bytes, new: bytes, line: int, column: str) -> None:
    """Formulas, what is too long, wrong days, signs and sums: the first fault, by its place."""
    refused = refusal(swapped(old, new))

    assert (refused.code, refused.values) == (
        "statement_cell_invalid",
        {"line": line, "column": column},
    )
    assert refused.param == column


@pytest.mark.parametrize("version", [b"statement.v2", b"statement.v17"])
def test_a_version_to_come_is_not_guessed_at(version: bytes) -> None:
    """A form that has no parser here is refused, whatever it looks like."""
    assert refusal(swapped(b"statement.v1", version)).code == "statement_version_unknown"


def test_a_statement_has_an_end() -> None:
    """One line more than a statement may have is refused."""
    content = written([Line(1)] * (MOST_LINES + 1))

    assert refusal(content).code == "statement_too_long"


@pytest.mark.parametrize("read", [statements.read_head, lambda c: list(statements.lines(c))])
def test_each_way_of_reading_refuses(read: Callable[[bytes], object]) -> None:
    """Nobody gets past the first fault."""
    with pytest.raises(InvalidRequest):
        read(GOOD.replace(b",", b";"))
