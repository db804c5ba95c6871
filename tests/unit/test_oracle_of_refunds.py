"""The oracle on money out that stays open: it excuses what a death explains, and nothing else."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from tests.chaos.oracle.evidence import Evidence
from tests.chaos.oracle.outgoing import money_out_has_ended

AT: Final = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
CLAIMED: Final = AT.timestamp()
SENDER: Final = ("submit_payout", CLAIMED + 0.2)
OPERATOR: Final = ("simulate_provider", CLAIMED + 0.2)


def found(
    *refunds: dict[str, Any],
    deaths: Sequence[tuple[str, float]] = (),
    status: str = "sending",
    reads: int = 1,
    payouts: Sequence[dict[str, str]] = (),
    swallowed: frozenset[str] = frozenset(),
) -> int:
    """How many open refunds are called broken."""
    rows = refunds or ({},)
    opened = [
        {"id": f"rf_{n}", "status": "submitting", "claimed_at": AT, **row}
        for n, row in enumerate(rows)
    ]
    attempts = [
        {"charge_id": r["id"], "status": status, "not_found_reads": reads, "reference": r["id"][3:]}
        for r in opened
    ]
    nothing: dict[str, Any] = dict.fromkeys(field.name for field in fields(Evidence))
    half = len(opened) // 2
    tables = {"refunds": opened[half:], "payouts": opened[:half], "provider_attempts": attempts}
    given = {"at": AT + timedelta(minutes=3), "tables": tables, "payouts": payouts}
    given |= {"deaths": deaths, "swallowed": swallowed}
    return len(money_out_has_ended(Evidence(**nothing | given)))


def test_where_nobody_was_killed_every_refund_ends() -> None:
    """That its operator does not know it is no excuse."""
    assert found() == 1


def test_a_sender_that_was_killed_leaves_what_it_was_sending() -> None:
    """As many as it sends at once, and no more."""
    assert found(deaths=[SENDER]) == 0
    assert found(*[{}] * 5, deaths=[SENDER]) == 1
    assert found(*[{}] * 5, deaths=[SENDER, (SENDER[0], SENDER[1] + 1)]) == 0


@pytest.mark.parametrize("seconds", [-1, 26])
def test_a_death_of_another_time_is_no_excuse(seconds: float) -> None:
    """Only who dies between claim and record leaves a refund open."""
    assert found(deaths=[("submit_payout", CLAIMED + seconds)]) == 1


def test_a_death_of_somebody_else_is_no_excuse() -> None:
    """A refund whose silence was recorded was lost by its operator, another one by its sender."""
    assert found(deaths=[("settle_payout", CLAIMED + 0.2), OPERATOR]) == 1
    assert found(deaths=[SENDER], status="silent") == 1
    assert found(deaths=[OPERATOR], status="silent") == 0


def test_what_was_never_read_or_was_paid_is_not_excused() -> None:
    """Nobody asked for it, or its money moved: that is broken, whoever died."""
    assert found(deaths=[SENDER], reads=0) == 1
    assert found(deaths=[SENDER], payouts=[{"external_id": "rf_0"}]) == 1
    assert found(deaths=[OPERATOR], status="not_sent") == 1
    assert found({"status": "created", "claimed_at": None}, deaths=[SENDER], reads=0) == 1


def test_what_its_operator_wrote_down_and_did_not_take_may_stay_open() -> None:
    """That one and no other, once it was read, and never where its money moved."""
    eaten = frozenset({"0"})

    assert found(swallowed=eaten, status="silent") == 0
    assert found({}, {}, swallowed=eaten, status="silent") == 1
    assert found(swallowed=eaten, reads=0) == 1
    assert found(swallowed=eaten, payouts=[{"external_id": "rf_0"}]) == 1
