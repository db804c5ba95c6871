"""A batch that a second person must approve, through the doors: one decision for all its lines."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pg8000.native import Connection

from shared.db.journal import JournalReadings
from shared.db.transaction import Database as Pool
from shared.domain.events import PAYOUT_CHECK_DUE
from shared.operations.outgoing_moves import intent_of
from shared.operations.read_journal import Kept
from shared.runtime.batches import batch_reading
from tests.database import Database
from tests.factories import an_id, moment
from tests.functions.door import Door, Reply
from tests.functions.realm import Realm
from tests.functions.team import Team
from tests.functions.till import Till

PATH = "/v1/payout_batches"


class Office:
    """A shop with 10 000 FCFA whose batches of 1 000 and more need a second person."""

    def __init__(
        self, till: Till, *, door: Callable[[str], Door], realm: Realm, team: Team
    ) -> None:
        self.till, self._door, self._realm, self._team = till, door, realm, team

    def person(self, duty: str = "finance") -> str:
        """Somebody of the account."""
        return self._team.join(self.till.account.id, duty)

    def made(self, *amounts: int) -> dict[str, Any]:
        """Ask for a batch by the account's key."""
        rows = "".join(f"+2376700000{n:02},{a}\n" for n, a in enumerate(amounts, start=1))
        reply = self._door("create_payout").post(
            PATH,
            f"phone,amount\n{rows}".encode(),
            key=self.till.account.secret_key,
            headers={"Idempotency-Key": an_id("key"), "Content-Type": "text/csv"},
        )
        batch: dict[str, Any] = reply.json
        assert reply.status == 200, batch
        return batch

    def say(self, person: str, batch: dict[str, Any], word: str, body: object) -> Reply:
        """Somebody decides."""
        where = {"Pay-Account": self.till.account.id, "Pay-Mode": "test"}
        token = self._realm.token(person)
        path = f"{PATH}/{batch['id']}/{word}"
        return self._door("approve_payout").post(path, body, key=token, headers=where)

    def approve(self, person: str, batch: dict[str, Any], digest: str | None = None) -> Reply:
        """Somebody says yes to what she sees."""
        seen = {"content_sha256": digest or batch["approval"]["content_sha256"]}
        return self.say(person, batch, "approve", seen)

    def look(self, batch: dict[str, Any]) -> list[str]:
        """Have it looked at, as the clock does; return its lines' statuses."""
        message = self.till.message(PAYOUT_CHECK_DUE, batch["id"])
        assert self.till.push("settle_payout", message).status == 204
        return sorted(row["status"] for row in self.till.rows.of("payouts"))

    def told(self) -> list[str]:
        """The events, by their types."""
        return [event["type"] for event in self.till.rows.of("events")]


@pytest.fixture
def office(
    till: Till, migrated: Database, superuser: Connection, door: Callable[[str], Door], realm: Realm
) -> Office:
    """An office of the test's own, whose rule no process has read before."""
    till.fund()
    migrated.rule(till.account.id, "approval", {"keys_from": 1000, "people_from": 1000})
    return Office(till, door=door, realm=realm, team=Team(superuser))


def test_small_lines_are_one_large_sum(office: Office) -> None:
    """Nobody passes by the rule by parting what she pays: the sum of all lines counts."""
    small, large = office.made(400, 500), office.made(400, 600)

    assert (small["status"], small["approval"]) == ("processing", None)
    assert (large["status"], large["status_detail"]) == ("requires_approval", "awaiting_approval")
    [notice] = office.till.rows.platform("notifications", "kind = 'approval_wanted'")
    assert notice["data"] == {"payout": large["id"], "amount": "1000"}


def test_a_batch_waits_and_goes_after_a_yes(office: Office) -> None:
    """Held at once, released by nobody; after the yes of another its lines go in turn."""
    batch, checker = office.made(400, 600), office.person()

    assert office.look(batch) == ["queued", "queued"]
    assert office.till.balances()["held"] == -1000
    reply, again = office.approve(checker, batch), office.approve(checker, batch)

    assert (reply.status, reply.json["status"]) == (200, "processing"), reply.json
    assert reply.json["approval"]["decided_by"] == checker
    assert again.json == reply.json
    assert office.look(batch) == ["created", "created"]
    assert office.told() == ["payout_batch.requires_approval", "payout_batch.processing"]
    [entry] = office.till.rows.of("audit_entries", "action = 'payout_batch.approved'")
    assert (entry["actor_id"], entry["object_id"]) == (checker, batch["id"])
    halves = json.loads(entry["after"])["content_sha256"]
    assert "".join(halves) == batch["approval"]["content_sha256"]


def test_only_what_was_seen_is_approved(office: Office) -> None:
    """Another hash, or a line that somebody changed past all rights, and nothing goes."""
    batch, checker = office.made(400, 600), office.person()

    other = office.approve(checker, batch, "0" * 64)
    schema = office.till.account.test.schema
    office.till.rows.run(f"UPDATE \"{schema}\".payouts SET phone = '+237670000099'")
    changed = office.approve(checker, batch)

    assert {(r.status, r.error["code"]) for r in (other, changed)} == {(400, "approval_changed")}
    assert office.look(batch) == ["queued", "queued"]


def test_a_no_gives_all_back(office: Office) -> None:
    """In one, and the reason is shown; a yes after it comes too late."""
    batch, checker = office.made(400, 600), office.person()

    reply = office.say(checker, batch, "reject", {"reason": "not this month"})
    late = office.approve(checker, batch)

    assert (reply.status, reply.json["status"]) == (200, "rejected")
    assert reply.json["approval"]["reason"] == "not this month"
    assert (late.status, late.error["code"]) == (400, "approval_not_open")
    assert office.till.balances() == {"available": -10_000}
    assert office.look(batch) == ["canceled", "canceled"]
    assert office.told() == ["payout_batch.requires_approval", "payout_batch.rejected"]


def test_nobody_decides_for_herself_and_nobody_s_word_is_a_no(office: Office) -> None:
    """Whoever made the key is no second person; out of its time all goes back."""
    batch, maker = office.made(400, 600), office.person("owner")
    office.till.rows.run(
        "UPDATE platform.api_keys SET made_by = :person WHERE account_id = :account",
        person=maker,
        account=office.till.account.id,
    )

    own = office.approve(maker, batch)
    schema = office.till.account.test.schema
    office.till.rows.run(f'UPDATE "{schema}".payout_batches SET approve_before = now()')
    late = office.approve(office.person(), batch)

    assert (own.status, own.error["code"]) == (403, "maker_cannot_approve")
    assert (late.status, late.error["code"]) == (400, "approval_not_open")
    assert office.look(batch) == ["canceled", "canceled"]
    assert office.till.balances() == {"available": -10_000}
    assert office.told() == ["payout_batch.requires_approval", "payout_batch.canceled"]


def test_a_no_to_what_went_out_before_a_restore_waits_for_its_end(
    office: Office, migrated: Database
) -> None:
    """The yes is forgotten, a line is in the journal: that is paid, the rest goes back, it ends."""
    batch, tenant = office.made(400, 600), office.till.account.test
    engine = migrated.engine("owner", pool_size=1)
    sent, _ = batch_reading(tenant).lines(batch["id"])
    kept = [Kept(intent_of(sent), moment())]
    assert JournalReadings(Pool(engine), b"k" * 32).mark_sent(tenant, kept, now=moment()) == 1
    engine.dispose()

    reply = office.say(office.person(), batch, "reject", {"reason": "not this month"})

    assert (reply.status, reply.json["status_detail"]) == (200, "canceling"), reply.json
    assert reply.json["ended_at"] is None
    assert office.till.balances()["held"] == -400
    assert office.look(batch) == ["canceled", "submitting"]
    payee = {"partyIdType": "MSISDN", "partyId": sent.phone.e164.removeprefix("+")}
    office.till.payout_word = {"amount": "400", "payee": payee}
    assert office.till.settle_payout(sent.id).status == 204
    assert office.look(batch) == ["canceled", "succeeded"]
    [row] = office.till.rows.of("payout_batches")
    assert (row["status"], row["progress"]) == (
        "canceled", {"canceled": [1, 600], "succeeded": [1, 400]},
    )  # fmt: skip
    [entry] = office.till.rows.of("audit_entries", "action = 'payout_batch.rejected'")
    assert entry["reason"] == "not this month"
    assert "held" not in office.till.balances()


def test_of_many_at_once_one_decision_stands(office: Office) -> None:
    """Yes or no, and the books are those of that one."""
    batch, people = office.made(400, 600), [office.person() for _ in range(4)]
    acts = [
        lambda person=person, word=word: office.say(
            person,
            batch,
            word,
            {"reason": "so"}
            if word == "reject"
            else {"content_sha256": batch["approval"]["content_sha256"]},
        )
        for person, word in zip(people, ["approve", "reject"] * 2, strict=True)
    ]

    with ThreadPoolExecutor(len(acts)) as crowd:
        replies = [act.result() for act in [crowd.submit(act) for act in acts]]

    won = [reply for reply in replies if reply.status == 200]
    assert len(won) == 1
    held = 0 if won[0].json["status"] == "rejected" else -1000
    assert office.till.balances().get("held", 0) == held
    assert len(office.told()) == 2
