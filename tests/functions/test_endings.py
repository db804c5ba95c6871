"""A refund that nobody knows of, ended by two administrators and a read, through the doors."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

import pytest

from shared.domain.ids import new_id
from shared.domain.receipt import DOUALA
from tests.functions.door import Door, Reply
from tests.functions.realm import Realm
from tests.functions.till import AMOUNT, Till
from tests.scripted_server import Seen, answer

REASON: Final = "MTN ticket 88123: they never received it"
NOT_FOUND: Final = answer(404, '{"code": "RESOURCE_NOT_FOUND"}')
ADD_STATEMENT: Final = """
INSERT INTO platform.statements (id, operator_account_id, owner, livemode, version, sha256,
  object_key, version_id, first_day, last_day, opening, closing, line_count, uploaded_by,
  uploaded_at, lines_done, processed_at)
VALUES (:id, :account, NULL, false, 'statement.v1', :sha256, 'k', 'v', :first, :last, 0, 0, 1,
  'ada', now(), 1, now())"""
COVER: Final = """
INSERT INTO platform.statement_days (operator_account_id, day, statement_id)
VALUES (:account, :day, :id)"""
ADD_LINE: Final = """
INSERT INTO platform.statement_lines (statement_id, number, booked_at, transaction_id, kind, amount,
  fee, state, object_id)
VALUES (:id, 1, now(), 'T1', 'refund', -1500, 0, 'missing_here', :object)"""


class Lost:
    """A refund of a shop that the operator does not know, two days old, and its case."""

    table = "refunds"

    def __init__(self, till: Till, door: Callable[[str], Door], realm: Realm) -> None:
        """Send it into silence, let two days pass and have it read."""
        self.till, self._door, self._realm = till, door, realm
        self.charge, self.refund = self.make()
        till.payout, till.payout_read = answer(500, "{}"), NOT_FOUND
        assert self.submit().status == 204
        self.age(days=2)
        assert till.settle_refund(self.refund).status == 204
        (case,) = till.rows.platform("cases")
        self.case = str(case["id"])
        self.statement = new_id("stm", 1_790_000_000_000)

    def make(self) -> tuple[str, str]:
        """A charge and a refund of it."""
        charge = self.till.paid_charge()
        return charge, self.till.refund(charge)

    def submit(self) -> Reply:
        """Have it sent."""
        return self.till.submit_refund(self.refund)

    def age(self, **by: int) -> None:
        """Let it be older."""
        span = timedelta(**by)
        self.till.rows.run(
            f'UPDATE "{self.till.account.test.schema}".{self.table} SET'
            " claimed_at = claimed_at - :span::interval,"
            " submit_before = submit_before - :span::interval",
            span=f"{span.total_seconds()} seconds",
        )

    @property
    def sent_on(self) -> datetime:
        """When it was sent, in Douala."""
        claimed_at: datetime = self._stored["claimed_at"]
        return claimed_at.astimezone(DOUALA)

    def cover(self, *days: int) -> None:
        """Have statements of so many days after the sending, which lack it."""
        sent = self.sent_on.date()
        rows = self.till.rows
        rows.run(
            ADD_STATEMENT,
            id=self.statement,
            account=self.till.paying_account,
            sha256=uuid.uuid4().hex * 2,
            first=sent,
            last=sent + timedelta(days=1),
        )
        for day in days:
            covered = sent + timedelta(days=day)
            rows.run(COVER, account=self.till.paying_account, day=covered, id=self.statement)

    def ask(self, person: str, path: str, body: Any, ago: int = 0) -> Reply:
        """Ask as an administrator."""
        token = self._realm.token(person, "admin", signed_in_ago=ago)
        manage = self._door("manage_platform")
        return manage.post(f"/v1/platform/cases/{self.case}/{path}", body, key=token)

    def propose(self, person: str = "ada", **how: int) -> Reply:
        """Propose to end it."""
        return self.ask(person, "endings", {"reason": REASON}, **how)

    def approve(self, ending: dict[str, Any], person: str = "grace", **how: int) -> Reply:
        """Approve as it was seen."""
        seen = {"content_sha256": ending["content_sha256"]}
        return self.ask(person, f"endings/{ending['id']}/approve", seen, **how)

    @property
    def status(self) -> str:
        """How the refund stands."""
        return str(self._stored["status"])

    @property
    def _stored(self) -> dict[str, Any]:
        (row,) = self.till.rows.of(self.table, "id = :id", id=self.refund)
        return row


class LostPayout(Lost):
    """The same of a payout."""

    table = "payouts"

    def make(self) -> tuple[str, str]:
        """A payout of what the shop has; no charge stands behind it."""
        self.till.fund()
        return "", self.till.payout_made()

    def submit(self) -> Reply:
        """Have it sent."""
        return self.till.submit_payout(self.refund)


@pytest.fixture
def lost(till: Till, door: Callable[[str], Door], realm: Realm, kept: list[Seen]) -> Lost:
    """Such a refund, covered by statements that lack it."""
    assert kept == []
    found = Lost(till, door, realm)
    found.cover(0, 1)
    return found


def test_two_administrators_and_a_read_end_it(lost: Lost, read_payments: Door) -> None:
    """Nothing moves by their words; the read that finds nothing fails it and gives all back."""
    proposed = lost.propose()
    before = lost.till.balances()
    approved = lost.approve(proposed.json["ending"])
    still = (lost.status, lost.till.balances())
    (due,) = lost.till.rows.platform("due_work", "object_id = :id", id=lost.refund)
    assert lost.till.settle_refund(lost.refund).status == 204
    shown = read_payments.get(f"/v1/refunds/{lost.refund}", key=lost.till.account.secret_key).json
    closed = lost.ask("ada", "close", {"reason": "ended by hand, given back"})

    assert (proposed.status, proposed.json["ending"]["status"]) == (200, "open")
    assert (approved.status, approved.json["ending"]["status"]) == (200, "approved")
    assert approved.json["ending"]["decided_by"] == "grace"
    assert still == ("unknown", before)
    assert (due["done_at"], due["owner_role"]) == (None, lost.till.account.test.schema)
    assert (shown["status"], shown["failure_code"]) == ("failed", "not_received")
    assert lost.till.balances() == {
        "pending": -AMOUNT,
        f"float:{lost.till.operator_account}": AMOUNT,
    }
    assert lost.till.charge(lost.charge)["amount_refunded"] == 0
    assert lost.till.rows.of("events", "type = 'refund.failed'") != []
    assert closed.status == 200


def test_a_payout_is_ended_the_same_way(
    till: Till, door: Callable[[str], Door], realm: Realm, *, kept: list[Seen], read_payments: Door
) -> None:
    """Two persons and a read; all that was held for it, fees too, is available again."""
    assert kept == []
    lost = LostPayout(till, door, realm)
    lost.cover(0, 1)
    before = till.balances()
    approved = lost.approve(lost.propose().json["ending"])
    assert till.settle_payout(lost.refund).status == 204
    shown = read_payments.get(f"/v1/payouts/{lost.refund}", key=till.account.secret_key).json

    assert approved.json["evidence"]["payment"]["kind"] == "payout"
    assert before["held"] < 0
    assert "held" not in till.balances()
    assert (shown["status"], shown["failure_code"]) == ("failed", "not_received")
    assert till.rows.of("events", "type = 'payout.failed'") != []


def test_what_was_paid_after_all_is_booked(lost: Lost) -> None:
    """The operator's word stands against theirs, until the last moment."""
    lost.approve(lost.propose().json["ending"])
    lost.till.payout_read = None
    assert lost.till.settle_refund(lost.refund).status == 204

    assert lost.status == "succeeded"
    assert "held" not in lost.till.balances()


def test_an_approval_does_not_last(lost: Lost) -> None:
    """A day later a read that finds nothing leaves it held again."""
    lost.approve(lost.propose().json["ending"])
    lost.till.rows.run(
        "UPDATE platform.endings SET works_until = now() - interval '1 second'"
        " WHERE object_id = :id",
        id=lost.refund,
    )
    assert lost.till.settle_refund(lost.refund).status == 204

    assert lost.status == "unknown"


def test_both_chains_tell_it(lost: Lost, read_payments: Door) -> None:
    """The merchant sees that the platform allowed it and why, and no person's name."""
    lost.approve(lost.propose().json["ending"])
    own = read_payments.get(
        f"/v1/audit_entries?object={lost.refund}", key=lost.till.account.secret_key
    )
    token = lost._realm.token("ada", "admin")
    path = f"/v1/platform/audit_entries?object={lost.refund}"
    ours = lost._door("manage_platform").get(path, key=token).json["data"]
    actions = ["refund.ending_approved", "refund.ending_proposed"]

    assert [one["action"] for one in own.json["data"]] == actions
    assert {one["actor"]["kind"] for one in own.json["data"]} == {"platform"}
    assert "grace" not in own.content.decode()
    assert own.json["data"][0]["reason"] == REASON
    assert [(one["action"], one["actor"]["id"]) for one in ours] == [
        (actions[0], "grace"), (actions[1], "ada")
    ]  # fmt: skip


def test_nobody_approves_her_own(lost: Lost) -> None:
    """The maker may take it back, and cannot be the second person; nor who signed in long ago."""
    ending = lost.propose().json["ending"]
    own = lost.approve(ending, "ada")
    stale = lost.approve(ending, ago=4000)
    again = lost.propose("grace")
    back = lost.ask("ada", f"endings/{ending['id']}/reject", {"reason": "it was found after all"})
    late = lost.approve(ending)

    assert (own.status, own.error["code"]) == (403, "second_person_required")
    assert (stale.status, stale.error["code"]) == (403, "step_up_required")
    assert (again.status, again.error["code"]) == (400, "proposal_open")
    assert (back.status, back.json["ending"]["status"]) == (200, "rejected")
    assert (late.status, late.error["code"]) == (400, "proposal_not_open")
    assert lost.till.settle_refund(lost.refund).status == 204
    assert lost.status == "unknown"


def test_what_changed_since_is_not_approved(lost: Lost) -> None:
    """Another sending, or another hash than was seen, is another proposal."""
    ending = lost.propose().json["ending"]
    other = lost.approve({**ending, "content_sha256": "0" * 64})
    lost.age(seconds=1)
    changed = lost.approve(ending)

    assert [reply.error["code"] for reply in (other, changed)] == ["proposal_changed"] * 2


def test_statements_must_cover_it_and_lack_it(
    till: Till, door: Callable[[str], Door], realm: Realm, kept: list[Seen]
) -> None:
    """The day it was sent and the day after; a line that tells of it forbids the end."""
    assert kept == []
    lost = Lost(till, door, realm)
    uncovered = lost.propose()
    lost.cover(0)
    half = lost.propose()
    day = lost.sent_on.date() + timedelta(days=1)
    till.rows.run(COVER, account=till.paying_account, day=day, id=lost.statement)
    ending = lost.propose().json["ending"]
    till.rows.run(ADD_LINE, id=lost.statement, object=lost.refund)
    seen = lost.approve(ending)

    assert [reply.error["code"] for reply in (uncovered, half, seen)] == [
        "ending_not_covered",
        "ending_not_covered",
        "ending_in_statement",
    ]


def test_a_line_of_its_amount_that_names_nothing_forbids_it(lost: Lost) -> None:
    """Money out that nobody can place may be this: it is explained first."""
    ending = lost.propose().json["ending"]
    lost.till.rows.run(
        "INSERT INTO platform.statement_lines (statement_id, number, booked_at, transaction_id,"
        " kind, amount, fee, state, object_id)"
        " VALUES (:id, 1, now(), 'T9', 'refund', :amount, 0, 'missing_here', 'stl_9')",
        id=lost.statement,
        amount=-AMOUNT,
    )
    refused = lost.approve(ending)

    assert (refused.status, refused.error["code"]) == (400, "ending_in_statement")


def test_a_proposal_that_was_forgotten_makes_room(lost: Lost) -> None:
    """After 72 hours it opens nothing, and another may be made."""
    first = lost.propose().json["ending"]
    lost.till.rows.run(
        "UPDATE platform.endings SET expires_at = now() - interval '1 second' WHERE id = :id",
        id=first["id"],
    )
    late = lost.approve(first)
    second = lost.propose("grace")

    assert (late.status, late.error["code"]) == (400, "proposal_not_open")
    assert (second.status, second.json["ending"]["proposed_by"]) == (200, "grace")


def test_a_charge_and_a_closed_case_are_not_ended(lost: Lost, till: Till) -> None:
    """Only money that went out, and only while somebody is at it."""
    till.rows.run(
        "UPDATE platform.cases SET kind = 'charge', object_id = :charge WHERE id = :id",
        charge=lost.charge,
        id=lost.case,
    )
    charge = lost.propose()
    till.rows.run(
        "UPDATE platform.cases SET kind = 'refund', object_id = :refund, closed_at = now(),"
        " closed_by = 'x', close_reason = 'y' WHERE id = :id",
        refund=lost.refund,
        id=lost.case,
    )
    closed = lost.propose()
    lost.case = "case_222222222222222222222222"
    missing = lost.propose()

    assert [reply.error["code"] for reply in (charge, closed)] == ["ending_not_possible"] * 2
    assert missing.status == 404
