"""A message that nobody could take: kept until a person has it sent again, or sets it aside.

A letter is replayed once. If what was sent again dies too, that is another letter, which names the
one before it and says how often it has died.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from shared.domain import events
from shared.domain.audit import AuditEntry, Origin
from shared.domain.events import Message

AGAIN: Final = "again:"
"""What an event id of ours begins with where a letter's id follows: one message for each letter."""

REPLAYED_AS: Final[Mapping[str, str]] = {
    # What sends money is never told to send again: a check reads, and wakes the sender for what is
    # proven unsent.
    events.CHARGE_CREATED: events.CHARGE_CHECK_DUE,
    events.REFUND_CREATED: events.PAYOUT_CHECK_DUE,
    events.PAYOUT_READY: events.PAYOUT_CHECK_DUE,
    **{
        topic: topic
        for topic in (
            events.CHARGE_CHECK_DUE,
            events.FILE_UPLOADED,
            events.FLOAT_CHECK_DUE,
            events.IDENTITY_DUE,
            events.INVOICE_ISSUED,
            events.NOTIFICATION_DUE,
            events.PAYMENT_FINAL,
            events.PAYOUT_CHECK_DUE,
            events.REPORT_REQUESTED,
            events.SETTLEMENT_DUE,
            events.STATEMENT_UPLOADED,
            events.WEBHOOK_DUE,
        )
    },
}
"""Under which topic a letter goes out again."""


class DeadLetterStatus(StrEnum):
    """What a person has made of it."""

    WAITING = "waiting"
    REPLAYED = "replayed"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One message that failed as often as it may; `account` is None where it was unreadable.

    `subscription` is where it failed, `replay_of` the letter that it was sent again for.
    """

    id: str
    topic: str
    subscription: str
    event_id: str
    account: str | None
    livemode: bool | None
    object_id: str | None
    delivery_count: int | None
    received_at: datetime
    replay_of: str | None = None
    deaths: int = 1
    replayed_at: datetime | None = None
    replayed_by: str | None = None
    discarded_at: datetime | None = None
    discarded_by: str | None = None
    discard_reason: str | None = None

    @property
    def status(self) -> DeadLetterStatus:
        """Tell what a person has made of it; what was set aside may be sent again after all."""
        if self.replayed_at is not None:
            return DeadLetterStatus.REPLAYED
        is_waiting = self.discarded_at is None
        return DeadLetterStatus.WAITING if is_waiting else DeadLetterStatus.DISCARDED

    @property
    def function(self) -> str:
        """Return whose work failed, as its subscription is called."""
        return self.subscription.rpartition("/")[2].partition("--")[0]

    @property
    def replays_as(self) -> str | None:
        """Return the topic of its replay; None where nobody could read it."""
        is_whole = None not in (self.account, self.livemode, self.object_id)
        return REPLAYED_AS.get(self.topic) if is_whole else None

    def message(self) -> Message | None:
        """Return what is sent for it: the same each time, so that twice is once."""
        topic = self.replays_as
        if topic is None or self.account is None or self.object_id is None:
            return None
        return Message(
            f"{AGAIN}{self.id}", topic, self.account, self.livemode is True, self.object_id
        )

    def replayed(self, origin: Origin) -> "DeadLetter":
        """Return it as somebody has sent it again."""
        return replace(self, replayed_at=origin.at, replayed_by=origin.actor.id)

    def discarded(self, origin: Origin, reason: str) -> "DeadLetter":
        """Return it as somebody has set it aside."""
        return replace(
            self, discarded_at=origin.at, discarded_by=origin.actor.id, discard_reason=reason
        )


def replaying(letter: DeadLetter, origin: Origin) -> AuditEntry:
    """Return what the platform's chain tells of a letter that somebody had sent again."""
    after = {"status": DeadLetterStatus.REPLAYED.value, "as": letter.replays_as, **_about(letter)}
    return origin.entry("dead_letter.replayed", "dead_letter", letter.id, after=after)


def discarding(letter: DeadLetter, origin: Origin) -> AuditEntry:
    """Return what the platform's chain tells of a letter that somebody set aside."""
    after = {"status": DeadLetterStatus.DISCARDED.value, **_about(letter)}
    return replace(origin, reason=letter.discard_reason).entry(
        "dead_letter.discarded", "dead_letter", letter.id, after=after
    )


def _about(letter: DeadLetter) -> dict[str, object]:
    return {"topic": letter.topic, "object": letter.object_id, "deaths": letter.deaths}
