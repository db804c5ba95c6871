"""Dead letters that people list, send again once, and set aside: told, and never deleted."""

import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import pytest

from shared.domain.events import (
    CHARGE_CHECK_DUE,
    CHARGE_CREATED,
    PAYMENT_FINAL,
    PAYOUT_CHECK_DUE,
    REFUND_CREATED,
    Message,
)
from tests.database import Account
from tests.factories import an_id
from tests.functions.door import Door, Reply
from tests.functions.pushes import Issuer, push_body
from tests.functions.realm import Realm
from tests.functions.test_keep_dead_letter import dead
from tests.functions.till import Till

PATH: Final = "/v1/platform/dead_letters"
REASON: Final = "printed by hand on 3 November"
NO_LETTER: Final = "dl_222222222222222222222222"


@dataclass(frozen=True, slots=True)
class Morgue:
    """Where letters come in, and somebody who administers the platform."""

    door: Callable[[str], Door]
    realm: Realm
    issuer: Issuer
    till: Till
    id: str

    def get(self, path: str) -> Reply:
        """Read, signed in this morning."""
        token = self.realm.token(self.id, "admin", signed_in_ago=4000)
        return self.door("manage_platform").get(path, key=token)

    def post(self, path: str, body: object = None, ago: int = 0) -> Reply:
        """Change something, signed in so many seconds ago."""
        token = self.realm.token(self.id, "admin", signed_in_ago=ago)
        return self.door("manage_platform").post(f"{PATH}/{path}", body, key=token)

    def bury(self, message: Message, function: str = "render_receipt") -> str:
        """Have a message die; the letter that was kept of it."""
        source = f"{function}--{message.topic}--test"
        body = dead(push_body(message), CloudPubSubDeadLetterSourceSubscription=source)
        kept = self.door("keep_dead_letter").post(
            "/", body, headers=self.issuer.headers("keep_dead_letter")
        )
        assert kept.status == 204
        (row,) = self.till.rows.platform("dead_letters", "event_id = :id", id=message.event_id)
        return str(row["id"])

    def letter(self, topic: str = PAYMENT_FINAL, function: str = "render_receipt") -> str:
        """A message of a topic that died."""
        return self.bury(self.till.message(topic, an_id("ch")), function)

    def outbox(self) -> list[dict[str, Any]]:
        """What goes out again for this account."""
        return self.till.rows.platform("outbox", "id LIKE 'again:%'")


@pytest.fixture
def morgue(door: Callable[[str], Door], realm: Realm, issuer: Issuer, till: Till) -> Morgue:
    """One with nothing in it."""
    return Morgue(door, realm, issuer, till, str(uuid.uuid4()))


def test_a_letter_is_sent_again_once_and_told(morgue: Morgue) -> None:
    """Its own message by the outbox, the same answer for a second click, one entry in the chain."""
    letter = morgue.letter()
    first, second = (morgue.post(f"{letter}/replay") for _ in range(2))
    (row,) = morgue.till.rows.platform("dead_letters", "id = :id", id=letter)
    (sent,) = morgue.outbox()
    told = morgue.get(f"/v1/platform/audit_entries?object={letter}").json["data"]

    assert (first.status, first.json["status"]) == (200, "replayed")
    assert second.json == first.json == morgue.get(f"{PATH}/{letter}").json
    assert (first.json["replayed_by"], first.json["deaths"]) == (morgue.id, 1)
    assert (sent["id"], sent["topic"]) == (f"again:{letter}", PAYMENT_FINAL)
    assert (sent["account_id"], sent["object_id"]) == (row["account_id"], row["object_id"])
    assert (sent["livemode"], sent["published_at"]) == (False, None)
    assert [(one["action"], one["actor"]["id"]) for one in told] == [
        ("dead_letter.replayed", morgue.id)
    ]
    assert told[0]["after"]["topic"] == PAYMENT_FINAL


def test_two_who_click_at_once_send_it_once(morgue: Morgue) -> None:
    """Whoever comes second waits for the first, and is answered as she was."""
    letter, replies = morgue.letter(), []

    def click() -> None:
        replies.append(morgue.post(f"{letter}/replay"))

    clicks = [threading.Thread(target=click) for _ in range(2)]
    for each in clicks:
        each.start()
    for each in clicks:
        each.join()
    told = morgue.get(f"/v1/platform/audit_entries?object={letter}").json["data"]

    assert [reply.status for reply in replies] == [200, 200]
    assert replies[0].json == replies[1].json
    assert len(morgue.outbox()) == len(told) == 1


@pytest.mark.parametrize(
    ("topic", "out"),
    [(CHARGE_CREATED, CHARGE_CHECK_DUE), (REFUND_CREATED, PAYOUT_CHECK_DUE)],
)
def test_what_would_send_money_is_read_instead(morgue: Morgue, topic: str, out: str) -> None:
    """A replay never goes round `submit_before`: it only has the status read."""
    letter = morgue.letter(topic, "submit_charge")

    assert morgue.post(f"{letter}/replay").json["replays_as"] == out
    assert [row["topic"] for row in morgue.outbox()] == [out]


def test_a_charge_whose_message_died_is_settled_by_its_replay(morgue: Morgue) -> None:
    """The operator was told once; the replay reads what came of it, and sends nothing."""
    till = morgue.till
    charge = till.create()
    till.submit(charge)
    letter = morgue.bury(till.message(CHARGE_CREATED, charge), "submit_charge")
    assert morgue.post(f"{letter}/replay").status == 200
    asked = len(till.sent)
    (sent,) = morgue.outbox()

    assert till.push("settle_charge", _message(sent)).status == 204
    assert till.charge(charge)["status"] == "succeeded"
    assert len(till.sent) == asked == 1


def test_what_dies_again_is_another_letter_that_says_how_often(morgue: Morgue) -> None:
    """It names the one before, waits for a person again, and has a replay of its own."""
    first = morgue.letter()
    morgue.post(f"{first}/replay")
    (sent,) = morgue.outbox()
    second = morgue.bury(_message(sent))
    shown = morgue.get(f"{PATH}/{second}").json

    assert (shown["status"], shown["deaths"], shown["replay_of"]) == ("waiting", 2, first)
    assert morgue.get(f"{PATH}/{first}").json["status"] == "replayed"
    assert morgue.post(f"{second}/replay").json["deaths"] == 2
    assert {row["id"] for row in morgue.outbox()} == {f"again:{first}", f"again:{second}"}


def test_several_are_sent_again_or_none(morgue: Morgue) -> None:
    """In the order that was asked for, a second time nothing more; with one missing none."""
    ids = [morgue.letter() for _ in range(3)]
    asked = {"ids": [ids[2], ids[0]]}
    missing = morgue.post("replay", {"ids": [ids[1], NO_LETTER]})
    before = morgue.outbox()
    first, second = (morgue.post("replay", asked) for _ in range(2))

    assert (missing.status, missing.error["param"]) == (400, "ids[1]")
    assert before == []
    assert [one["id"] for one in first.json["data"]] == [ids[2], ids[0]]
    assert (first.status, second.json) == (200, first.json)
    assert {row["id"] for row in morgue.outbox()} == {f"again:{ids[2]}", f"again:{ids[0]}"}
    assert morgue.get(f"{PATH}/{ids[1]}").json["status"] == "waiting"


def test_a_letter_that_nobody_could_read_is_only_set_aside(morgue: Morgue) -> None:
    """There is nothing to send; with others among them, nothing of them is sent either."""
    letter, good = morgue.letter(), morgue.letter()
    morgue.till.rows.run("UPDATE platform.dead_letters SET topic = '' WHERE id = :id", id=letter)
    alone = morgue.post(f"{letter}/replay")
    among = morgue.post("replay", {"ids": [good, letter]})

    assert (alone.status, alone.error["code"]) == (400, "dead_letter_unreadable")
    assert (among.status, among.error["param"]) == (400, "ids[1]")
    assert morgue.outbox() == []
    assert morgue.post(f"{letter}/discard", {"reason": REASON}).status == 200


def test_a_letter_is_set_aside_for_a_reason_and_kept(morgue: Morgue) -> None:
    """The first word stands; it can be sent again after all, and then not be set aside."""
    letter = morgue.letter()
    unreasoned = morgue.post(f"{letter}/discard", {"reason": "no"})
    first = morgue.post(f"{letter}/discard", {"reason": REASON})
    again = morgue.post(f"{letter}/discard", {"reason": "another reason than before"})
    replayed = morgue.post(f"{letter}/replay")
    refused = morgue.post(f"{letter}/discard", {"reason": REASON})
    told = morgue.get(f"/v1/platform/audit_entries?object={letter}").json["data"]

    assert (unreasoned.status, unreasoned.error["param"]) == (400, "reason")
    assert (first.status, first.json["status"]) == (200, "discarded")
    assert (first.json["discard_reason"], first.json["discarded_by"]) == (REASON, morgue.id)
    assert again.json == first.json
    assert (replayed.json["status"], replayed.json["discard_reason"]) == ("replayed", REASON)
    assert (refused.status, refused.error["code"]) == (400, "dead_letter_replayed")
    assert [one["action"] for one in told] == ["dead_letter.replayed", "dead_letter.discarded"]
    assert told[1]["reason"] == REASON


def test_letters_are_found_by_what_they_are(morgue: Morgue) -> None:
    """By status, topic, function and subscription; pages go on where the one before ended."""
    function = f"of_{an_id('x')[2:].translate(str.maketrans('', '', '234567'))}"
    older = morgue.letter(PAYMENT_FINAL, function)
    newer = morgue.letter(CHARGE_CHECK_DUE, function)
    morgue.post(f"{older}/replay")
    mine = f"function={function}"

    def found(query: str) -> list[str]:
        reply = morgue.get(f"{PATH}?{query}")
        assert reply.status == 200, reply.json
        return [one["id"] for one in reply.json["data"]]

    page = morgue.get(f"{PATH}?{mine}&limit=1").json
    assert (page["has_more"], page["data"][0]["id"]) == (True, newer)
    assert found(f"{mine}&limit=1&starting_after={newer}") == [older]
    assert found(mine) == [newer, older]
    assert found(f"{mine}&status=waiting") == [newer]
    assert found(f"{mine}&status=replayed") == [older]
    assert found(f"{mine}&status=discarded") == []
    assert found(f"{mine}&topic={PAYMENT_FINAL}") == [older]
    assert found(f"subscription={function}--{CHARGE_CHECK_DUE}--test") == [newer]


def test_nobody_else_sees_or_sends_a_letter(morgue: Morgue, account: Account, realm: Realm) -> None:
    """Keys, merchants, nobody, and an administrator who signed in too long ago."""
    letter = morgue.letter()
    body = {"reason": REASON}
    acts = [(f"{letter}/replay", None), ("replay", {"ids": [letter]}), (f"{letter}/discard", body)]
    stale = [morgue.post(path, sent, ago=4000) for path, sent in acts]
    manage = morgue.door("manage_platform")
    callers: list[tuple[str | None, int]] = [
        (None, 401),
        (account.secret_key, 401),
        (realm.token("somebody"), 403),
    ]
    for key, status in callers:
        replies = [manage.get(PATH, key=key), manage.get(f"{PATH}/{letter}", key=key)]
        replies += [manage.post(f"{PATH}/{path}", sent, key=key) for path, sent in acts]
        assert [reply.status for reply in replies] == [status] * 5

    assert [reply.error["code"] for reply in stale] == ["step_up_required"] * 3
    assert morgue.outbox() == []
    assert morgue.get(f"{PATH}/{letter}").json["status"] == "waiting"


def test_a_letter_that_is_not_there_is_missing(morgue: Morgue) -> None:
    """By every operation that names one."""
    replies = [
        morgue.get(f"{PATH}/{NO_LETTER}"),
        morgue.get(f"{PATH}/of-no-form"),
        morgue.post(f"{NO_LETTER}/replay"),
        morgue.post("of-no-form/replay"),
        morgue.post(f"{NO_LETTER}/discard", {"reason": REASON}),
        morgue.post("of-no-form/discard", {"reason": REASON}),
    ]

    assert [reply.status for reply in replies] == [404] * 6


def _message(sent: dict[str, Any]) -> Message:
    """What the relay makes of a row of the outbox."""
    return Message(
        sent["id"], sent["topic"], sent["account_id"], sent["livemode"], sent["object_id"]
    )
