"""Lets a member of an account's team choose what she is told by mail, and what not.

What keeps the account safe, such as a new key or somebody's access, nobody can have left out.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

from shared.domain.audit import AuditEntry, Origin
from shared.domain.errors import InvalidRequest, NotPermitted
from shared.domain.notification import MAY_BE_SILENT, TERMS, Channel, Kind
from shared.domain.people import Duty
from shared.operations.lists import refuse_unknown

_NAMES: Final = tuple(kind.value for kind in MAY_BE_SILENT)


@dataclass(frozen=True, slots=True)
class Choices:
    """Where a member's mails go, and the kinds she has left out. Personal: never logged."""

    email: str = field(repr=False)
    language: str
    duty: Duty
    silenced: frozenset[str]

    def is_for(self, kind: Kind) -> bool:
        """Tell whether she is told of this by her duty."""
        return TERMS[kind].channel is Channel.MAIL and self.duty.value in TERMS[kind].duties


class HeldChoices(Protocol):
    """A member's choices, held for one transaction that commits when the context ends."""

    @property
    def before(self) -> Choices:
        """What holds now."""

    def silence(self, kinds: frozenset[str]) -> None:
        """Have these kinds left out, and no others."""

    def record(self, entry: AuditEntry) -> None:
        """Add to the account's audit chain, last of all: the chain is held until the commit."""


class ChoicesStore(Protocol):
    """The choices of the members of one account."""

    def read(self, person: str) -> Choices:
        """Return a member's. Raises NotPermitted for whoever is none any more."""

    def hold(self, person: str) -> AbstractContextManager[HeldChoices]:
        """Take hold of a member's. Raises NotPermitted for whoever is none any more."""


def read_choices(body: Mapping[str, Any]) -> Mapping[str, bool]:
    """Read which kinds are wanted; those not named stay as they are. Raises InvalidRequest."""
    refuse_unknown(body, _NAMES)
    wanted = {name: value for name, value in body.items() if value is not None}
    for name, value in wanted.items():
        if type(value) is not bool:
            raise InvalidRequest("parameter_invalid", name)
    return wanted


def choose_notifications(
    wanted: Mapping[str, bool], person: str, origin: Origin, *, store: ChoicesStore, suspended: bool
) -> Choices:
    """Have what is named told or left out; the same once more changes nothing.

    Raises NotPermitted `account_suspended`.
    """
    if suspended:
        raise NotPermitted("account_suspended")
    with store.hold(person) as held:
        before = held.before
        off = {name for name, is_wanted in wanted.items() if not is_wanted}
        on = wanted.keys() - off
        after = replace(before, silenced=(before.silenced | off) - on)
        if after != before:
            held.silence(after.silenced)
            said = origin.entry(
                "member.notifications_chosen",
                "person",
                person,
                before={"silenced": sorted(before.silenced)},
                after={"silenced": sorted(after.silenced)},
            )
            held.record(said)
    return after


def choices_object(choices: Choices) -> dict[str, Any]:
    """Return what a member is told, with those kinds first that she may have left out."""
    told = [kind for kind in (*MAY_BE_SILENT, *Kind) if choices.is_for(kind)]
    return {
        "object": "notification_choices",
        "email": choices.email,
        "language": choices.language,
        "kinds": [
            {
                "kind": kind.value,
                "sent": kind.value not in choices.silenced,
                "may_be_silent": TERMS[kind].may_be_silent,
            }
            for kind in dict.fromkeys(told)
        ],
    }
