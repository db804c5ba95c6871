"""Sends what a person is to be told, once if nothing dies, else once more; or says why it cannot.

What is for an account's members becomes a notification for each of them, which then goes its own
way: one whose mail server is away delays no other. A process that dies after the mail server's yes
and before the record sends again; the mail has the same Message-ID, by which mail programs know it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

from shared.domain.errors import AskAgain
from shared.domain.events import NOTIFICATION_DUE, Message
from shared.domain.ids import new_id
from shared.domain.notification import TERMS, Channel, Kind, Recipient, Terms, is_address
from shared.domain.notification_words import Letter, letter_of
from shared.domain.receipt import language_of
from shared.operations.ports import Reached

LEASE: Final = timedelta(seconds=60)
"""Longer than any attempt takes, a slow look-up of the mail server's name included."""
KINDS: Final = {kind.value: kind for kind in Kind}


@dataclass(frozen=True, slots=True)
class Claimed:
    """A notification that is ours until `lease_until`; `kind` as stored, maybe of a newer release.

    `to` is None where it is for the account's members.
    """

    id: str
    kind: str
    account: str
    account_name: str
    livemode: bool
    data: dict[str, str]
    send_before: datetime
    lease_until: datetime
    to: Recipient | None
    secret_sealed: str | None


@dataclass(frozen=True, slots=True)
class Copy:
    """A notification for one member: its id, to whom it goes, and the message that carries it."""

    id: str
    to: Recipient
    message: Message


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom something concerns by their duty: those to tell, and how many want to hear nothing."""

    wanting: Sequence[Recipient]
    silent: int = 0


class NotificationStore(Protocol):
    """The notifications of all accounts; each call is one transaction."""

    def claim(self, message: Message, *, now: datetime, lease_until: datetime) -> Claimed | None:
        """Take the lease; None for what has ended or never was. Raises AskAgain if it is held."""

    def members(self, claimed: Claimed, terms: Terms) -> Audience:
        """Return the members whom it concerns by their duty, each address once."""

    def pass_on(self, claimed: Claimed, copies: Sequence[Copy], *, now: datetime) -> bool:
        """End it by a copy for each member; False where the lease was lost."""

    def end(self, claimed: Claimed, state: "End", word: str, *, now: datetime) -> bool:
        """End it; False where the lease was lost."""

    def release(self, claimed: Claimed, word: str) -> None:
        """Give the lease back, with the reason why it was not sent."""


class End(StrEnum):
    """How a notification ends."""

    SENT = "sent"
    PASSED_ON = "passed_on"
    HOPELESS = "hopeless"


class Sent(StrEnum):
    """What an attempt to send came to."""

    TAKEN = "taken"
    REFUSED = "refused"  # the same again would be refused again
    NOT_NOW = "not_now"


@dataclass(frozen=True, slots=True)
class Attempt:
    """How an attempt ended; `word` is short and ours, never an address or a server's text."""

    end: Sent
    word: str = ""


class Sender(Protocol):
    """The way out of one channel."""

    def send(
        self, letter: Letter, *, to: Recipient, notification_id: str, written_at: datetime
    ) -> Attempt:
        """Send once within 20 s; never raises for what a network or a server can do."""


@dataclass(frozen=True, slots=True)
class Sending:
    """What sending needs; `open_secret` takes sealed text and its row's id; raises ValueError."""

    now: Callable[[], datetime]
    open_secret: Callable[[str, str], str]
    sender: Callable[[Channel], Sender]
    reached: Reached


@dataclass(frozen=True, slots=True)
class Handled:
    """What became of a message, for log and metrics."""

    outcome: str
    kind: str = ""
    reason: str = ""


def send_notification(message: Message, *, store: NotificationStore, how: Sending) -> Handled:
    """Send or pass on. Raises AskAgain for what time can heal; then the message must come again."""
    now = how.now()
    claimed = store.claim(message, now=now, lease_until=now + LEASE)
    if claimed is None:
        return Handled("nothing_to_send")
    kind = KINDS.get(claimed.kind)
    if kind is None:
        store.release(claimed, "kind_unknown")
        raise AskAgain("kind_unknown")
    if now >= claimed.send_before:
        return _hopeless(claimed, "too_late", store=store, how=how)
    if claimed.to is None:
        return _pass_on(claimed, TERMS[kind], message, store=store, how=how)
    return _send(claimed, kind, claimed.to, store=store, how=how)


def _pass_on(
    claimed: Claimed, terms: Terms, message: Message, *, store: NotificationStore, how: Sending
) -> Handled:
    now = how.now()
    at_ms = int(now.timestamp() * 1000)
    copies = []
    audience = store.members(claimed, terms)
    for member in audience.wanting:
        copy_id = new_id("ntf", at_ms)
        carrier = Message(
            event_id=new_id("msg", at_ms),
            topic=NOTIFICATION_DUE,
            account=claimed.account,
            livemode=claimed.livemode,
            object_id=copy_id,
            traceparent=message.traceparent,
        )
        copies.append(Copy(copy_id, member, carrier))
    if not copies and audience.silent:
        # They said so themselves: nothing that anybody must put right.
        store.end(claimed, End.PASSED_ON, "silenced", now=now)
        return Handled(End.PASSED_ON, claimed.kind)
    if not copies:
        return _hopeless(claimed, "nobody_to_tell", store=store, how=how)
    store.pass_on(claimed, copies, now=now)
    return Handled(End.PASSED_ON, claimed.kind)


def _send(
    claimed: Claimed, kind: Kind, to: Recipient, *, store: NotificationStore, how: Sending
) -> Handled:
    channel = TERMS[kind].channel
    try:
        if channel is Channel.TEXT:
            to = Recipient(how.open_secret(to.address, claimed.id), to.language)
        if not is_address(to.address, channel):
            return _hopeless(claimed, "address_invalid", store=store, how=how)
        secret = claimed.secret_sealed and how.open_secret(claimed.secret_sealed, claimed.id)
        letter = letter_of(
            kind,
            language_of(to.language),
            account_name=claimed.account_name,
            data=claimed.data,
            livemode=claimed.livemode,
            secret=secret,
        )
    except (ValueError, KeyError):
        return _hopeless(claimed, "unwritable", store=store, how=how)
    how.reached("send_notification.before_send")
    sender = how.sender(channel)
    attempt = sender.send(letter, to=to, notification_id=claimed.id, written_at=how.now())
    how.reached("send_notification.after_send")
    if attempt.end is Sent.NOT_NOW:
        store.release(claimed, attempt.word)
        raise AskAgain(attempt.word)
    if attempt.end is Sent.REFUSED:
        return _hopeless(claimed, attempt.word, store=store, how=how)
    store.end(claimed, End.SENT, attempt.word, now=how.now())
    return Handled(End.SENT, claimed.kind)


def _hopeless(claimed: Claimed, word: str, *, store: NotificationStore, how: Sending) -> Handled:
    store.end(claimed, End.HOPELESS, word, now=how.now())
    return Handled(End.HOPELESS, claimed.kind, word)
