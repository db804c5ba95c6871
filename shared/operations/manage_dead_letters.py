"""Lists what nobody could take, has it sent again once, and sets it aside for a reason."""

import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final, Protocol, Self

from shared.domain.audit import AuditEntry, Origin
from shared.domain.dead_letter import DeadLetter, DeadLetterStatus, discarding, replaying
from shared.domain.errors import InvalidRequest, NotFound
from shared.domain.events import Message
from shared.domain.ids import is_id
from shared.operations.lists import LARGEST_LIMIT, read_limit, refuse_unknown
from shared.operations.objects import seconds_or_none, unix_seconds

PREFIX: Final = "dl"
MOST_AT_ONCE: Final = LARGEST_LIMIT
_TOPIC: Final = re.compile(r"[a-z-]{1,60}")
_FUNCTION: Final = re.compile(r"[a-z_]{1,60}")
_SUBSCRIPTION: Final = re.compile(r"[A-Za-z0-9_/.-]{1,200}")


@dataclass(frozen=True, slots=True)
class PageOfDeadLetters:
    """Which letters are wanted; None is any."""

    limit: int
    after: str | None
    status: DeadLetterStatus | None
    topic: str | None
    function: str | None
    subscription: str | None

    @classmethod
    def parse(cls, query: Mapping[str, str]) -> Self:
        """Read a query. Raises InvalidRequest naming the field at fault."""
        forms = {"topic": _TOPIC, "function": _FUNCTION, "subscription": _SUBSCRIPTION}
        refuse_unknown(query, {"limit", "starting_after", "status", *forms})
        limit = read_limit(query)
        after, status = query.get("starting_after"), query.get("status")
        if after is not None and not is_id(after, PREFIX):
            raise InvalidRequest("cursor_invalid", "starting_after")
        if status is not None and status not in set(DeadLetterStatus):
            raise InvalidRequest("parameter_invalid", "status")
        for name, form in forms.items():
            if name in query and not form.fullmatch(query[name]):
                raise InvalidRequest("parameter_invalid", name)
        return cls(
            limit,
            after,
            None if status is None else DeadLetterStatus(status),
            **{name: query.get(name) for name in forms},
        )


class HeldDeadLetters(Protocol):
    """Letters held for one transaction; what is written commits when the context ends."""

    @property
    def letters(self) -> Mapping[str, DeadLetter]:
        """Those of the wanted ones that are there, by id."""

    def replay(self, letter: DeadLetter, message: Message, entry: AuditEntry) -> None:
        """Put the message of a letter into the outbox, and keep and tell who had it sent."""

    def discard(self, letter: DeadLetter, entry: AuditEntry) -> None:
        """Keep that a letter was set aside, and tell who did."""


class DeadLettersStore(Protocol):
    """The dead letters of all accounts."""

    def find(self, letter_id: str) -> DeadLetter | None:
        """Return a letter, or None."""

    def page(self, page: PageOfDeadLetters) -> Sequence[DeadLetter]:
        """Return one more than fits on the page, if there are as many, newest first."""

    def hold(self, ids: Sequence[str]) -> AbstractContextManager[HeldDeadLetters]:
        """Take hold of letters, in the order of their ids."""


def read_letter_ids(body: Mapping[str, Any]) -> Sequence[str]:
    """Read a body that names letters, each once. Raises InvalidRequest."""
    refuse_unknown(body, {"ids"})
    given = body.get("ids")
    if given is None:
        raise InvalidRequest("parameter_missing", "ids")
    if not isinstance(given, list) or not 1 <= len(given) <= MOST_AT_ONCE:
        raise InvalidRequest("parameter_invalid", "ids")
    for place, each in enumerate(given):
        if not isinstance(each, str) or not is_id(each, PREFIX) or each in given[:place]:
            raise InvalidRequest("parameter_invalid", f"ids[{place}]")
    return given


def read_dead_letter(letter_id: str, store: DeadLettersStore) -> DeadLetter:
    """Return a letter. Raises NotFound."""
    letter = store.find(letter_id) if is_id(letter_id, PREFIX) else None
    if letter is None:
        raise NotFound("resource_missing", "id")
    return letter


def replay_dead_letter(letter_id: str, store: DeadLettersStore, origin: Origin) -> DeadLetter:
    """Have a letter sent again; one that was stays as it is.

    Raises NotFound, and InvalidRequest `dead_letter_unreadable`.
    """
    if not is_id(letter_id, PREFIX):
        raise NotFound("resource_missing", "id")
    with store.hold([letter_id]) as held:
        letter = held.letters.get(letter_id)
        if letter is None:
            raise NotFound("resource_missing", "id")
        return _replay(letter, held, origin, "id")


def replay_dead_letters(
    ids: Sequence[str], store: DeadLettersStore, origin: Origin
) -> Sequence[DeadLetter]:
    """Have several sent again, all or none; those that were stay as they are, in the same order.

    Raises InvalidRequest: `resource_missing`, `dead_letter_unreadable`, naming which.
    """
    with store.hold(ids) as held:
        named = [(f"ids[{place}]", held.letters.get(each)) for place, each in enumerate(ids)]
        known = []
        for param, letter in named:
            if letter is None:
                raise InvalidRequest("resource_missing", param)
            _refuse_unreadable(letter, param)
            known.append((param, letter))
        return [_replay(letter, held, origin, param) for param, letter in known]


def discard_dead_letter(
    letter_id: str, store: DeadLettersStore, origin: Origin, *, reason: str
) -> DeadLetter:
    """Set a letter aside; one that is stays as it is, and none is deleted.

    Raises NotFound, and InvalidRequest `dead_letter_replayed`.
    """
    if not is_id(letter_id, PREFIX):
        raise NotFound("resource_missing", "id")
    with store.hold([letter_id]) as held:
        letter = held.letters.get(letter_id)
        if letter is None:
            raise NotFound("resource_missing", "id")
        if letter.status is DeadLetterStatus.REPLAYED:
            raise InvalidRequest("dead_letter_replayed")
        if letter.status is DeadLetterStatus.DISCARDED:
            return letter
        letter = letter.discarded(origin, reason)
        held.discard(letter, discarding(letter, origin))
    return letter


def dead_letter_object(letter: DeadLetter) -> dict[str, Any]:
    """Return a letter as OpenAPI describes it."""
    mode = None if letter.livemode is None else ("test", "live")[letter.livemode]
    return {
        "id": letter.id,
        "object": "dead_letter",
        "status": letter.status.value,
        "topic": letter.topic,
        "subscription": letter.subscription,
        "function": letter.function,
        "event": letter.event_id,
        "account": letter.account,
        "mode": mode,
        "about": letter.object_id,
        "deliveries": letter.delivery_count,
        "deaths": letter.deaths,
        "replay_of": letter.replay_of,
        "replays_as": letter.replays_as,
        "received_at": unix_seconds(letter.received_at),
        "replayed_at": seconds_or_none(letter.replayed_at),
        "replayed_by": letter.replayed_by,
        "discarded_at": seconds_or_none(letter.discarded_at),
        "discarded_by": letter.discarded_by,
        "discard_reason": letter.discard_reason,
    }


def _replay(letter: DeadLetter, held: HeldDeadLetters, origin: Origin, param: str) -> DeadLetter:
    if letter.status is DeadLetterStatus.REPLAYED:
        return letter
    message = _refuse_unreadable(letter, param)
    letter = letter.replayed(origin)
    held.replay(letter, message, replaying(letter, origin))
    return letter


def _refuse_unreadable(letter: DeadLetter, param: str) -> Message:
    message = letter.message()
    if message is None:
        raise InvalidRequest("dead_letter_unreadable", param)
    return message
