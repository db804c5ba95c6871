"""E28: a whole server put back to a moment before its last payments; operators forget nothing."""

import time
from pathlib import Path

import pytest

from tests.chaos.drill import FUNDS, Drill, restore_drill
from tests.chaos.oracle.outgoing import INVARIANTS
from tests.simulator_process import SimulatorProcess
from tests.trials import Trial

pytest_plugins = ("tests.simulator_fixtures",)

MTN, ORANGE = "+237670000001", "+237690000001"
MTN_FAILS, ORANGE_FAILS = "+237670000450", "+237690000450"
RTO_SECONDS = 15 * 60


def test_a_server_that_was_put_back_learns_what_it_sent(
    trial: Trial,
    lonely_simulator: SimulatorProcess,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What it forgot is made again from journal and operators; nothing is sent or given back twice.

    Until the journal is read in nothing goes out and nobody takes anything back. What its merchants
    had taken back is not sent.
    """
    rounds = trial.size(1, 40)
    lonely_simulator.start()
    with restore_drill(tmp_path, lonely_simulator) as drill:
        known = [drill.charge(phone) for phone in (MTN, ORANGE) for _ in range(rounds)]
        drill.server.take_base_backup()
        settled = [drill.payout(phone) for phone in (MTN, ORANGE) for _ in range(rounds)]
        drill.send(*settled)
        drill.read(*settled)
        waiting = [drill.payout(phone) for phone in (MTN, ORANGE) for _ in range(rounds)]
        unsent = [drill.payout(phone) for phone in (MTN, ORANGE) for _ in range(rounds)]
        begun = [drill.refund(charge) for charge in known]
        regretted = [drill.payout(phone) for phone in (MTN, ORANGE) for _ in range(rounds)]
        batch, lines = drill.batch(MTN, ORANGE)
        moment = drill.now()

        drill.send(*waiting, *begun)
        assert {drill.cancel(each).status for each in [*regretted, batch]} == {200}
        forgotten = _traffic(drill, known, rounds)
        effects = len(drill.evidence(tmp_path / "issuer").payouts)

        began = time.monotonic()
        drill.put_back(moment)
        assert sorted(drill.statuses("payouts")) == sorted(
            [*settled, *waiting, *unsent, *regretted, *lines]
        )

        assert set(drill.send(*waiting, *unsent, *begun, *regretted)) == {503}
        assert {drill.cancel(each).status for each in waiting} == {503}
        assert drill.read_journal_in(moment) == 0
        said = capsys.readouterr().out
        assert f"counted as sent {len(waiting) + len(begun)}" in said
        assert f"lost, to be made again {len(forgotten)}" in said
        assert {drill.cancel(each).status for each in waiting} == {400}
        drill.work_off()
        seconds = time.monotonic() - began

        evidence = drill.evidence(tmp_path / "issuer")
        found = [line for invariant in INVARIANTS.values() for line in invariant(evidence)]
        statuses = drill.statuses("payouts") | drill.statuses("refunds")
        out = sum(int(row["amount"]) for row in evidence.payouts)
        refunded = sum(r["amount"] for r in evidence.rows("refunds") if r["status"] == "succeeded")
        assert found == []
        assert set(forgotten) <= statuses.keys()
        assert {statuses[each] for each in [*regretted, *lines]} == {"canceled"}
        assert len(evidence.payouts) == effects + len(unsent)
        assert drill.balance("available") == FUNDS - (out - refunded)
        assert evidence.rows("cases") == []
        trial.record(
            "E28 server put back",
            len(statuses),
            wrong=int(seconds > RTO_SECONDS),
            made_again=len(forgotten),
            counted_as_sent=len(waiting) + len(begun),
            taken_back=len(regretted) + len(lines),
            seconds_to_recover=round(seconds),
        )


def _traffic(drill: Drill, known: list[str], rounds: int) -> list[str]:
    """What the server will forget: paid, failed, sent and not read, for both operators."""
    phones = (MTN, ORANGE, MTN_FAILS, ORANGE_FAILS)
    payouts = [drill.payout(phone) for phone in phones for _ in range(rounds)]
    refunds = [drill.refund(charge, amount=500) for charge in known]
    drill.send(*payouts, *refunds)
    drill.read(*payouts[::2], *refunds[::2])
    return [*payouts, *refunds]
