"""Ids sort by time and show their kind."""

from hypothesis import given
from hypothesis import strategies as st

from shared.domain import ids

MOMENTS = st.integers(0, 2**48 - 1)


@given(MOMENTS, MOMENTS)
def test_byte_order_is_time_order(first: int, second: int) -> None:
    """Of two ids the one of the earlier millisecond sorts first."""
    if first == second:
        return
    made = [ids.new_id("ch", moment) for moment in (first, second)]

    assert (made[0] < made[1]) == (first < second)


@given(MOMENTS)
def test_an_id_is_recognised_by_its_prefix_alone(moment: int) -> None:
    """A charge's id is no event's id."""
    made = ids.new_id("ch", moment)

    assert ids.is_id(made, "ch")
    assert not ids.is_id(made, "evt")
    assert len(made) == len("ch_") + ids.LENGTH


def test_what_only_looks_like_an_id_is_none() -> None:
    """Another length, alphabet or case is refused."""
    tail = "2" * ids.LENGTH

    assert ids.is_id(f"ch_{tail}", "ch")
    for text in (f"ch_{tail}2", f"ch_{tail[1:]}", f"ch_{tail[1:]}0", f"ch_{'A' * 24}", tail, ""):
        assert not ids.is_id(text, "ch")


def test_a_thousand_ids_of_one_millisecond_differ() -> None:
    """72 random bits tell them apart."""
    assert len({ids.new_id("ch", 1) for _ in range(1000)}) == 1000


def test_an_account_id_has_sixteen_characters() -> None:
    """An account's id fits into a schema name."""
    assert ids.is_id(ids.new_account_id(), "acct")
