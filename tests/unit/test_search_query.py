"""A search's query is read whole, or refused where it cannot be: nothing is guessed."""

import pytest

from shared.domain.errors import InvalidRequest
from shared.operations.search_query import MOST_CLAUSES, Between, read_query


@pytest.mark.parametrize(
    ("query", "least", "below"),
    [
        ("amount:1500", 1500, 1501),
        ("amount>1500", 1501, None),
        ("amount>=1500", 1500, None),
        ("amount<1500", None, 1500),
        ("amount <= 1500", None, 1501),
        ("amount>10 AND amount<20 and amount>=12", 12, 20),
        ("amount>20 AND amount<10", 21, 10),
    ],
)
def test_numbers_are_bounds(query: str, least: int | None, below: int | None) -> None:
    """Each narrows the others; whole numbers alone."""
    assert read_query(query).amount == Between(least, below)
    assert read_query(query.replace("amount", "created")).created == Between(least, below)


def test_texts_are_as_they_are_quoted() -> None:
    """In either quotes; a quote or a backslash inside stands behind a backslash."""
    sought = read_query(
        "status:'succeeded' AND currency:\"xaf\" AND customer:'cus_x' AND phone:'677000001'"
        " AND metadata['it\"s']:'a AND \\'b\\' \\\\' AND metadata[\"k\"]:\"\""
    )

    assert sought.words == {
        "status": "succeeded",
        "currency": "xaf",
        "customer": "cus_x",
        "phone": "677000001",
    }
    assert sought.metadata == {'it"s': "a AND 'b' \\", "k": ""}


@pytest.mark.parametrize(
    "query",
    [
        "",
        "  ",
        "amount",
        "amount>",
        "amount>1.5",
        "amount>-1",
        "amount>'5'",
        "amount>1000000000001",
        "amount~5",
        "-amount:5",
        "amount:5 OR amount:6",
        "amount:5 amount:6",
        "amount:5 AND",
        "AND amount:5",
        "(amount:5)",
        "amount:null",
        "amount['x']:5",
        "status:succeeded",
        "status:'paid'",
        "status>'succeeded'",
        "status:'failed' AND status:'succeeded'",
        "status:'succeeded",
        "status:'succeeded''",
        "currency:'x'",
        "phone:'12'",
        "phone~'677'",
        "customer:''",
        "colour:'red'",
        "metadata:'x'",
        "metadata[x]:'y'",
        "metadata['']:'y'",
        "metadata['x']:5",
        "metadata['x']>'5'",
        "metadata['x']:'y' AND metadata['x']:'z'",
        f"metadata['{'k' * 41}']:'x'",
        f"metadata['x']:'{'v' * 501}'",
        "metadata['x']:'\x00'",
        "metadata['x']:'\\n'",
        " AND ".join(["amount>1"] * (MOST_CLAUSES + 1)),
        "amount>1 " + " " * 1000,
        "amount>١",  # noqa: RUF001 - digits of another script
    ],
)
def test_whatever_else_there_is_is_refused(query: str) -> None:
    """By name, with the part from which on it cannot be read."""
    with pytest.raises(InvalidRequest) as refused:
        read_query(query)

    assert (refused.value.code, refused.value.param) == ("search_query_invalid", "query")


def test_a_search_asks_for_something() -> None:
    """Without a query there is nothing to look for."""
    with pytest.raises(InvalidRequest) as refused:
        read_query(None)

    assert (refused.value.code, refused.value.param) == ("parameter_missing", "query")
