"""Maker and checker: what a second person of the account must approve before money leaves it.

An approval is bound by the SHA-256 of all that is approved. Whoever approves is a person, is not
who made it, and sends the hash of what she saw.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any, Final, Self

from shared.domain.errors import InvalidRequest, NotPermitted

LASTS: Final = timedelta(hours=72)
LOOSENS_AFTER: Final = timedelta(hours=24)
"""How long a live account goes on as before when less shall need approval: others may object."""


@dataclass(frozen=True, slots=True)
class ApprovalRule:
    """From which amount on, in whole XAF, a payout needs a second person; 0 always, None never.

    `keys_from` is for what keys ask for, `people_from` for what people do. Nobody's decision within
    `lasts` is a no.
    """

    keys_from: int | None = None
    people_from: int | None = None
    lasts: timedelta = LASTS

    @classmethod
    def read(cls, words: Mapping[str, Any]) -> Self:
        """Read a dated rule; what is left out needs no approval."""
        keys, people = words.get("keys_from"), words.get("people_from")
        return cls(
            keys_from=None if keys is None else int(keys),
            people_from=None if people is None else int(people),
            lasts=timedelta(seconds=int(words.get("seconds", LASTS.total_seconds()))),
        )

    def wants(self, amount: int, *, is_person: bool) -> bool:
        """Tell whether so many whole XAF need a second person."""
        least = self.people_from if is_person else self.keys_from
        return least is not None and amount >= least

    def stricter(self, other: "ApprovalRule") -> "ApprovalRule":
        """Return what needs approval by this or by another."""
        return replace(
            self,
            keys_from=_least(self.keys_from, other.keys_from),
            people_from=_least(self.people_from, other.people_from),
        )

    def lasting(self, lasts: timedelta) -> "ApprovalRule":
        """Return the same with another time to decide in."""
        return replace(self, lasts=lasts)

    @property
    def words(self) -> Mapping[str, int | None]:
        """What `read` reads."""
        seconds = int(self.lasts.total_seconds())
        return {"keys_from": self.keys_from, "people_from": self.people_from, "seconds": seconds}


NEVER: Final = ApprovalRule()


@dataclass(frozen=True, slots=True)
class Approval:
    """What waits for a second person, or was decided. Undecided after `expires_at` it is a no."""

    content_sha256: str
    expires_at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None
    reason: str | None = None

    def decided(self, *, by: str, at: datetime, reason: str | None) -> "Approval":
        """Return the same with who decided, when and why."""
        return replace(self, decided_by=by, decided_at=at, reason=reason)

    def may_be_approved(
        self, *, by: str, makers: Collection[str], content: str, seen: str, now: datetime
    ) -> None:
        """Return where this person may approve what she saw; `content` is its hash as it is now.

        Raises NotPermitted `maker_cannot_approve`, and InvalidRequest: `approval_not_open` once its
        time is over, `approval_changed` where it is not what was seen, or what was asked for.
        """
        if by in makers:
            raise NotPermitted("maker_cannot_approve")
        if now >= self.expires_at:
            raise InvalidRequest("approval_not_open", "id")
        if not content == self.content_sha256 == seen:
            raise InvalidRequest("approval_changed", "content_sha256")


def content_sha256(head: Sequence[object], lines: Iterable[Sequence[object]] = ()) -> str:
    """Return the SHA-256, in hex, of what is approved, and of each of its lines in their order.

    Each part is hashed as its length and its JSON, so that none can be taken for another's.
    """
    digest = hashlib.sha256()
    for part in chain([head], lines):
        text = json.dumps(part, sort_keys=True, separators=(",", ":"), default=_moment).encode()
        digest.update(b"%d:" % len(text))
        digest.update(text)
    return digest.hexdigest()


def _least(one: int | None, other: int | None) -> int | None:
    given = [each for each in (one, other) if each is not None]
    return min(given, default=None)


def _moment(value: object) -> str:
    if not isinstance(value, datetime):
        raise TypeError(type(value))
    return value.astimezone(UTC).isoformat()
