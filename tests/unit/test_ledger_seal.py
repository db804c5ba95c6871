"""Seals of a ledger: what is hashed, by hand, and each way to tamper with what was sealed."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

import pytest

from shared.domain.ledger_seal import GENESIS, UNSEALED, Booked, Seal, digest, fault
from shared.operations.verify_ledger import Verdict, verify_ledger

CHAIN: Final = "t_x_test"
AT: Final = datetime(2026, 11, 25, 8, 0, 0, 123456, tzinfo=UTC)
FIRST: Final = Booked("txn_1", "charge", "ch_é", AT, ((1, "pending", -5), (2, "float:x", 5)))
SECOND: Final = Booked("txn_2", "hold_released", "ch_é", AT, ())
THIRD: Final = replace(FIRST, id="txn_3")


def sealed(before: Seal, *booked: Booked) -> Seal:
    """A right seal over these."""
    seal = Seal(before.position + 1, booked[-1].id, len(booked), before.hash, b"")
    return replace(seal, hash=digest(CHAIN, seal, booked))


ONE: Final = sealed(UNSEALED, FIRST, SECOND)
TWO: Final = sealed(ONE, THIRD)


class Store:
    """A ledger in memory."""

    def __init__(self, seals: Sequence[Seal], booked: Sequence[Booked]) -> None:
        self._seals, self._booked = seals, booked

    def chains(self) -> Sequence[str]:
        """The one."""
        return [CHAIN]

    def seals(self, chain: str) -> Iterator[Seal]:
        """In order."""
        assert chain == CHAIN
        return iter(self._seals)

    def booked(self, chain: str, *, after: str, until: str) -> Sequence[Booked]:
        """Between two ids."""
        assert chain == CHAIN
        return [each for each in self._booked if after < each.id <= until]

    def unsealed(self, chain: str, *, after: str) -> int:
        """Behind an id."""
        assert chain == CHAIN
        return sum(each.id > after for each in self._booked)


def test_what_is_hashed_by_hand() -> None:
    """Lengths in bytes, in the order of the description; the zone of a time changes nothing."""
    text = (
        "9:ledger.v1,8:t_x_test,1:1,1:2,"
        "5:txn_1,6:charge,5:ch_é,16:1795593600123456,1:2,1:1,7:pending,2:-5,1:2,7:float:x,1:5,"
        "5:txn_2,13:hold_released,5:ch_é,16:1795593600123456,1:0,"
    )

    assert ONE.hash == hashlib.sha256(GENESIS + text.encode()).digest()
    elsewhere = replace(FIRST, created_at=AT.astimezone(timezone(timedelta(hours=1))))
    assert digest(CHAIN, ONE, [elsewhere, SECOND]) == ONE.hash


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "txn_0"},
        {"kind": "refund_failed"},
        {"object_id": "ch_f"},
        {"created_at": AT + timedelta(microseconds=1)},
        {"postings": ((1, "pending", -6), (2, "float:x", 6))},
        {"postings": ((1, "pending", -5),)},
        {"postings": ((1, "pendin", -5), (2, "gfloat:x", 5))},
        {"postings": ((2, "pending", -5), (1, "float:x", 5))},
    ],
)
def test_whatever_is_changed_is_found(changes: dict[str, Any]) -> None:
    """Each field of a transaction and each part of a posting is bound."""
    assert fault(CHAIN, UNSEALED, ONE, [FIRST, SECOND]) is None
    assert (
        fault(CHAIN, UNSEALED, ONE, [replace(FIRST, **changes), SECOND]) == "is not what was sealed"
    )


def test_what_is_taken_out_or_put_in_is_found() -> None:
    """Of a stretch that is sealed nothing goes and nothing comes; nor do seals change places."""
    assert fault(CHAIN, UNSEALED, ONE, [FIRST]) == "held 2 transactions, there are 1"
    assert fault(CHAIN, UNSEALED, ONE, [FIRST, SECOND, THIRD]) is not None
    assert fault(CHAIN, ONE, replace(TWO, position=3), [THIRD]) is not None
    assert fault(CHAIN, ONE, replace(TWO, previous_hash=GENESIS), [THIRD]) is not None
    assert fault("t_y_test", UNSEALED, ONE, [FIRST, SECOND]) is not None


def test_a_whole_ledger_says_where_its_seals_end() -> None:
    """And how much stands behind them."""
    later = replace(FIRST, id="txn_4")

    found = verify_ledger(CHAIN, Store([ONE, TWO], [FIRST, SECOND, THIRD, later]), {2: TWO.hash})

    assert found == Verdict(TWO, 1)


def test_the_first_seal_that_is_wrong_is_named() -> None:
    """Those before it are as they were."""
    store = Store([ONE, TWO], [FIRST, SECOND, replace(THIRD, kind="x")])

    assert verify_ledger(CHAIN, store, {}) == Verdict(ONE, 0, "seal 2 is not what was sealed")


def test_seals_that_were_made_anew_or_cut_off_are_found_by_what_was_kept() -> None:
    """A ledger that is whole in itself may not be the one that it was."""
    anew = sealed(ONE, replace(THIRD, kind="x"))
    store = Store([ONE, anew], [FIRST, SECOND, replace(THIRD, kind="x")])

    assert verify_ledger(CHAIN, store, {}).fault is None
    assert verify_ledger(CHAIN, store, {2: TWO.hash}).fault == "seal 2 is not what was kept outside"
    cut = verify_ledger(CHAIN, Store([ONE], [FIRST, SECOND]), {2: TWO.hash})
    assert cut.fault == "seal 2 is missing"
