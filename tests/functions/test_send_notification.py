"""send_notification at its door: who gets what, how often, and what stays of it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from shared.db import notices, notifications
from shared.domain.events import NOTIFICATION_DUE
from shared.domain.notification import Kind, Notification, Recipient
from shared.runtime import notice_secrets, wiring
from tests.database import Account, Database
from tests.factories import an_id, moment
from tests.functions.door import Reply
from tests.functions.till import Till
from tests.mail_server import TAKEN, Mail, MailServer

INVITED: Final = Recipient("Fatima.B@example.cm", "fr")
LINK: Final = "https://pay.example/invitations/inv_1#token=once"


@pytest.fixture
def account(account_in_both_modes: Account) -> Account:
    """In both modes."""
    return account_in_both_modes


@pytest.fixture(scope="module")
def till(make_till: Callable[[Account], Till], shop: Account) -> Iterator[Till]:
    """One shop for all tests of this file, which begin without members and notifications."""
    with make_till(shop) as ready:
        yield ready


@pytest.fixture(autouse=True)
def box(till: Till, mail_server: MailServer) -> Iterator[MailServer]:
    """The mail server, empty and willing."""
    for table in ("members", "notifications", "outbox"):
        till.rows.run(
            f"DELETE FROM platform.{table} WHERE account_id = :account", account=till.account.id
        )
    mail_server.mails.clear()
    yield mail_server
    mail_server.recipient = mail_server.data = TAKEN
    mail_server.before_answer = lambda: None


@pytest.fixture
def texts(migrated: Database) -> Path:
    """The folder of text messages."""
    return migrated.secrets_dir.parent / "texts"


def member(till: Till, email: str, duty: str, language: str = "en", **more: object) -> None:
    """Let somebody belong to the account."""
    values = {"ended_at": None, "silenced": [], **more}
    till.rows.run(
        "INSERT INTO platform.members (account_id, person, email, language, duty, ended_at,"
        " silenced) VALUES (:account, :person, :email, :language, :duty, :ended_at, :silenced)",
        account=till.account.id, person=an_id("usr"), email=email, language=language, duty=duty,
        **values,
    )  # fmt: skip


OFFER = {"duty": "viewer", "last_day": "2026-12-01T08:00:00+00:00"}


def cause(till: Till, kind: Kind, data: dict[str, str] | None = None, **more: Any) -> Notification:
    """Write a notification in a transaction of the tenant's."""
    notice = Notification.of(
        kind, till.account.id, data or {}, livemode=False, now=moment(), **more
    )
    with wiring.app_database().tenant(till.account.test) as transaction:
        notices.add(transaction, notice)
    return notice


def invitation(till: Till) -> Notification:
    """An invitation with its link."""
    return cause(till, Kind.INVITATION, OFFER, to=INVITED, secret=LINK, seal=notice_secrets.seal)


def push(till: Till, notification_id: str) -> Reply:
    """Push that it is due."""
    return till.push("send_notification", till.message(NOTIFICATION_DUE, notification_id))


def push_all(till: Till) -> list[int]:
    """Push whatever waits in the outbox, until nothing new does; the statuses."""
    seen: set[str] = set()
    statuses = []
    while fresh := [
        row
        for row in till.rows.platform("outbox", "topic = 'notification-due'")
        if row["id"] not in seen
    ]:
        for row in fresh:
            seen.add(row["id"])
            statuses.append(push(till, row["object_id"]).status)
    return statuses


def stored(till: Till, notification_id: str) -> dict[str, Any]:
    """The row."""
    (row,) = till.rows.platform("notifications", "id = :id", id=notification_id)
    return row


def lapse(till: Till, notification_id: str) -> None:
    """Let the lease of a sender that died run out."""
    till.rows.run(
        "UPDATE platform.notifications SET lease_until = now() - interval '1 s' WHERE id = :id",
        id=notification_id,
    )


def ids(mails: list[Mail]) -> list[str]:
    return [str(mail.parsed["Message-ID"]) for mail in mails]


def test_an_invitation_is_sent_once_and_its_link_forgotten(till: Till, box: MailServer) -> None:
    """In the language of the invited, however often the message comes; the sealed link is gone."""
    notice = invitation(till)
    before = stored(till, notice.id)

    statuses = [push(till, notice.id).status for _ in range(3)]

    assert statuses == [204] * 3
    (mail,) = box.mails
    assert mail.recipients == [INVITED.address]
    assert mail.parsed["Subject"] == "Invitation à rejoindre Boutique Mballa"
    assert mail.parsed["Message-ID"] == f"<{notice.id}@pay.example>"
    assert LINK in mail.text("plain")
    assert f'href="{LINK}"' in mail.text("html")
    row = stored(till, notice.id)
    assert LINK not in before["secret_sealed"]
    assert (row["state"], row["attempts"], row["secret_sealed"]) == ("sent", 1, None)
    assert (row["lease_until"], row["ended_at"] is None) == (None, False)


def test_members_hear_by_their_duty_each_in_their_language(till: Till, box: MailServer) -> None:
    """Owner and developer of an endpoint; no viewer, nobody who left, no address twice."""
    member(till, "owner@shop.cm", "owner", "fr")
    member(till, "dev@shop.cm", "developer", "en")
    member(till, "Owner@shop.cm", "developer", "fr")
    member(till, "viewer@shop.cm", "viewer")
    member(till, "gone@shop.cm", "owner", ended_at=moment())
    notice = cause(till, Kind.ENDPOINT_FAILING, {"endpoint": "we_1", "host": "shop.cm"})

    assert set(push_all(till)) == {204}
    assert push(till, notice.id).status == 204

    told = {mail.recipients[0].lower(): mail.parsed["Subject"] for mail in box.mails}
    assert told == {
        "owner@shop.cm": "[test] Point de réception désactivé : shop.cm",
        "dev@shop.cm": "[test] Webhook endpoint disabled: shop.cm",
    }
    assert len(box.mails) == 2
    assert stored(till, notice.id)["state"] == "passed_on"


def test_a_member_whose_server_refuses_keeps_it_from_no_other(till: Till, box: MailServer) -> None:
    """Each copy goes its own way."""
    for name in ("a", "b"):
        member(till, f"{name}@shop.cm", "owner")
    notice = cause(till, Kind.ACCOUNT_CLOSED)
    push(till, notice.id)
    first, second = till.rows.platform("notifications", "recipient IS NOT NULL")

    box.recipient = "550 no such user"
    assert push(till, first["id"]).status == 204
    box.recipient = TAKEN
    assert push(till, second["id"]).status == 204

    ends = [stored(till, row["id"]) for row in (first, second)]
    assert [(row["state"], row["last_word"]) for row in ends] == [
        ("hopeless", "recipient_refused"),
        ("sent", ""),
    ]


def test_a_server_that_is_away_is_asked_again(till: Till, box: MailServer) -> None:
    """Nothing is lost: the message comes again, the lease is free at once, then it is sent."""
    notice = invitation(till)
    box.data = "451 come back"

    refused = push(till, notice.id)
    waiting = stored(till, notice.id)
    box.data = TAKEN

    assert (refused.status, refused.error["code"]) == (503, "temporarily_unavailable")
    assert (waiting["state"], waiting["lease_until"]) == ("waiting", None)
    assert waiting["last_word"] == "mail_refused"
    assert push(till, notice.id).status == 204
    assert (stored(till, notice.id)["attempts"], len(box.mails)) == (2, 1)


def test_what_another_process_sends_is_left_to_it(till: Till, box: MailServer) -> None:
    """The message is not acknowledged meanwhile: the other may die. Its lease over, it is sent."""
    notice = invitation(till)
    during: list[int] = []
    box.before_answer = lambda: during.append(push(till, notice.id).status)

    assert push(till, notice.id).status == 204

    assert during == [503]
    assert len(box.mails) == 1


def test_a_sender_that_died_after_the_servers_yes_sends_the_same_mail_again(
    till: Till, box: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At least once, and the copy has the same Message-ID."""
    notice = invitation(till)

    def die(*_: object, **__: object) -> bool:
        raise SystemError("killed before the commit")

    with monkeypatch.context() as patch:
        patch.setattr(notifications.Notifications, "end", die)
        assert push(till, notice.id).status == 503
    assert push(till, notice.id).status == 503  # the dead one's lease still holds
    lapse(till, notice.id)

    assert push(till, notice.id).status == 204
    assert ids(box.mails) == [f"<{notice.id}@pay.example>"] * 2
    assert stored(till, notice.id)["state"] == "sent"


@pytest.mark.parametrize(
    ("address", "word"),
    [
        ("a@b.cm\r\nBcc: c@d.cm", "address_invalid"),
        ("a@b.cm, c@d.cm", "address_invalid"),
        ("<a@b.cm>", "address_invalid"),
        ("+237670000001", "address_invalid"),
    ],
)
def test_an_address_that_is_none_is_hopeless(
    till: Till, box: MailServer, address: str, word: str
) -> None:
    """It is acknowledged, kept with its reason, and reaches no server."""
    notice = cause(
        till,
        Kind.INVITATION,
        OFFER,
        to=Recipient(address, "en"),
        secret=LINK,
        seal=notice_secrets.seal,
    )

    assert push(till, notice.id).status == 204
    row = stored(till, notice.id)
    assert (row["state"], row["last_word"], row["secret_sealed"]) == ("hopeless", word, None)
    assert box.mails == []


def test_an_account_without_people_is_told_nothing(till: Till) -> None:
    """Hopeless, with a warning, instead of a message that comes for ever."""
    notice = cause(till, Kind.ACCOUNT_SUSPENDED)

    assert push(till, notice.id).status == 204
    assert stored(till, notice.id)["last_word"] == "nobody_to_tell"


def test_whoever_left_a_kind_out_is_not_told(till: Till, box: MailServer) -> None:
    """The others are, and she of all else; where all left it out nobody is warned of that."""
    member(till, "quiet@shop.cm", "owner", silenced=["case_opened", "approval_wanted"])
    member(till, "loud@shop.cm", "finance")
    member(till, "Loud@shop.cm", "owner", silenced=["case_opened"])

    def told(kind: Kind, data: dict[str, str]) -> list[str]:
        notice = cause(till, kind, data)
        assert push(till, notice.id).status == 204
        found = till.rows.platform(
            "notifications", "kind = :kind AND recipient IS NOT NULL", kind=kind.value
        )
        return sorted(row["recipient"].lower() for row in found)

    opened = {"payment": an_id("ch")}
    rule = {"keys_from": "0", "people_from": "0", "valid_from": "2026-12-01T08:00:00+00:00"}
    assert told(Kind.CASE_OPENED, opened) == ["loud@shop.cm"]
    assert told(Kind.APPROVAL_RULE_CHANGED, rule) == ["loud@shop.cm", "quiet@shop.cm"]

    till.rows.run(
        "UPDATE platform.members SET silenced = '{case_opened}' WHERE account_id = :account",
        account=till.account.id,
    )
    notice = cause(till, Kind.CASE_OPENED, opened)
    assert push(till, notice.id).status == 204
    row = stored(till, notice.id)
    assert (row["state"], row["last_word"]) == ("passed_on", "silenced")
    assert box.mails == []


def test_what_is_too_late_is_not_sent(till: Till, texts: Path) -> None:
    """A code that is no longer valid helps nobody."""
    to = Recipient("+237670000001", "fr")
    notice = cause(till, Kind.SIGN_IN_CODE, to=to, secret="123456", seal=notice_secrets.seal)
    till.rows.run(
        "UPDATE platform.notifications SET send_before = now() WHERE id = :id", id=notice.id
    )

    assert push(till, notice.id).status == 204
    assert stored(till, notice.id)["last_word"] == "too_late"
    assert not (texts / f"{notice.id}.txt").exists()


def test_a_code_goes_out_as_a_text(till: Till, box: MailServer, texts: Path) -> None:
    """On the local system into a private file, the same however often it is sent."""
    to = Recipient("+237670000001", "fr")
    notice = cause(till, Kind.SIGN_IN_CODE, to=to, secret="123456", seal=notice_secrets.seal)

    assert [push(till, notice.id).status for _ in range(2)] == [204, 204]

    file = texts / f"{notice.id}.txt"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text().startswith("To: +237670000001\n")
    assert "123456 est votre code" in file.read_text()
    assert box.mails == []


def test_a_sealed_link_opens_in_no_other_row(till: Till, box: MailServer) -> None:
    """A link copied to another notification is not sent to its recipient."""
    one, other = invitation(till), invitation(till)
    till.rows.run(
        "UPDATE platform.notifications SET secret_sealed = :sealed WHERE id = :id",
        sealed=stored(till, one.id)["secret_sealed"],
        id=other.id,
    )

    assert push(till, other.id).status == 204
    assert stored(till, other.id)["last_word"] == "unwritable"
    assert box.mails == []


def test_a_kind_of_a_newer_release_waits_for_it(till: Till) -> None:
    """An older process does not throw away what it does not understand."""
    notice = invitation(till)
    till.rows.run("UPDATE platform.notifications SET kind = 'newer' WHERE id = :id", id=notice.id)

    assert push(till, notice.id).status == 503
    assert stored(till, notice.id)["state"] == "waiting"


def test_only_the_account_of_the_message_is_looked_at(till: Till) -> None:
    """A message that names another account or mode, or nothing of ours, changes nothing."""
    notice = invitation(till)
    before = till.rows.snapshot()

    for message in (
        till.message(NOTIFICATION_DUE, notice.id, account="acct_" + "7" * 16),
        till.message(NOTIFICATION_DUE, notice.id, livemode=True),
        till.message(NOTIFICATION_DUE, "ntf_" + "7" * 24),
        till.message(NOTIFICATION_DUE, "x"),
    ):
        assert till.push("send_notification", message).status == 204
    assert till.rows.snapshot() == before


def test_no_log_names_who_was_told(till: Till, box: MailServer, logged: Any) -> None:
    """Neither address nor link nor code reaches a log, whatever became of the notification."""
    sent, refused = invitation(till), invitation(till)
    push(till, sent.id)
    box.recipient = f"550 <{INVITED.address}> unknown"
    push(till, refused.id)

    lines = logged.getvalue()
    assert sent.id in lines
    assert INVITED.address.lower() not in lines.lower()
    assert LINK not in lines
