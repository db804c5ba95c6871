"""Notifications to people: what each kind carries, who hears of it, until when it is worth sending.

Their words lie in `notification_words.py`.
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Self

from shared.domain.ids import LENGTH, encode, new_id

LONGEST_VALUE: Final = 120
LONGER_VALUES: Final[Mapping[str, int]] = {"reason": 600, "keys": 2_000}
"""What must not be cut: an administrator's whole reason, and a hundred keys."""
LONGEST_ADDRESS: Final = 254

OWNER: Final = "owner"
DEVELOPER: Final = "developer"
FINANCE: Final = "finance"

_DAYS: Final = timedelta(days=3)
_WEEK: Final = timedelta(days=7)  # as long as an invitation itself
_CODE: Final = timedelta(minutes=10)
_LABEL: Final = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS: Final = re.compile(
    rf"[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~-]+)*@"
    rf"{_LABEL}(?:\.{_LABEL})*"
)
_LONGEST_LOCAL_PART: Final = 64
_TIME_LENGTH: Final = 10
_NUMBER: Final = re.compile(r"\+[1-9][0-9]{7,14}")
_BEFORE_A_LETTER: Final = re.compile(r"\.(?=\w)")


class Channel(StrEnum):
    """How a notification travels."""

    MAIL = "mail"
    TEXT = "text"  # SMS


class Kind(StrEnum):
    """What a person is told."""

    INVITATION = "invitation"
    APPROVAL_WANTED = "approval_wanted"
    APPROVAL_RULE_CHANGED = "approval_rule_changed"
    ACCOUNT_ACTIVATED = "account_activated"
    ACCOUNT_RESTRICTED = "account_restricted"
    ACCOUNT_UNRESTRICTED = "account_unrestricted"
    ACCOUNT_SUSPENDED = "account_suspended"
    ACCOUNT_RESUMED = "account_resumed"
    ACCOUNT_CLOSED = "account_closed"
    REFUNDS_BELOW_ZERO_SET = "refunds_below_zero_set"
    CASE_OPENED = "case_opened"
    ENDPOINT_GONE = "endpoint_gone"
    ENDPOINT_FAILING = "endpoint_failing"
    KEY_MADE = "key_made"
    KEYS_UNDER_REVIEW = "keys_under_review"
    ACCESS_OPENED = "access_opened"
    SIGN_IN_CODE = "sign_in_code"


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for every notification of a kind.

    It goes to the account's members who have one of `duties`, or, where there are none, to the one
    address or number that it names. `fields` are the words it carries, `has_secret` says that a
    one-time link or code comes on top, `is_of_mode` that it concerns one mode and not the account,
    `tells_former` that members hear of it who left since, by the very act or before the mail,
    `may_be_silent` that a member may have it left out: nothing that keeps the account safe.
    """

    duties: tuple[str, ...] = ()
    fields: frozenset[str] = frozenset()
    has_secret: bool = False
    is_of_mode: bool = True
    tells_former: bool = False
    may_be_silent: bool = False
    channel: Channel = Channel.MAIL
    lifetime: timedelta = _DAYS


_EVERYBODY: Final = (OWNER, DEVELOPER, FINANCE)
TERMS: Final[Mapping[Kind, Terms]] = {
    Kind.INVITATION: Terms(
        fields=frozenset({"duty", "last_day"}), has_secret=True, is_of_mode=False, lifetime=_WEEK
    ),
    Kind.APPROVAL_WANTED: Terms(
        (OWNER, FINANCE), frozenset({"payout", "amount"}), may_be_silent=True
    ),
    Kind.APPROVAL_RULE_CHANGED: Terms(
        (OWNER, FINANCE), frozenset({"keys_from", "people_from", "valid_from"})
    ),
    Kind.ACCOUNT_ACTIVATED: Terms(_EVERYBODY, is_of_mode=False),
    Kind.ACCOUNT_RESTRICTED: Terms(_EVERYBODY, frozenset({"stopped"}), is_of_mode=False),
    Kind.ACCOUNT_UNRESTRICTED: Terms(_EVERYBODY, is_of_mode=False),
    Kind.ACCOUNT_SUSPENDED: Terms(_EVERYBODY, is_of_mode=False),
    Kind.ACCOUNT_RESUMED: Terms(_EVERYBODY, is_of_mode=False),
    Kind.ACCOUNT_CLOSED: Terms(_EVERYBODY, is_of_mode=False, tells_former=True),
    Kind.REFUNDS_BELOW_ZERO_SET: Terms((OWNER, FINANCE), frozenset({"amount"}), is_of_mode=False),
    Kind.CASE_OPENED: Terms((OWNER, FINANCE), frozenset({"payment"}), may_be_silent=True),
    Kind.ENDPOINT_GONE: Terms(
        (OWNER, DEVELOPER), frozenset({"endpoint", "host"}), may_be_silent=True
    ),
    Kind.ENDPOINT_FAILING: Terms(
        (OWNER, DEVELOPER), frozenset({"endpoint", "host"}), may_be_silent=True
    ),
    Kind.KEY_MADE: Terms((OWNER, DEVELOPER), frozenset({"key", "ending"})),
    Kind.KEYS_UNDER_REVIEW: Terms((OWNER, DEVELOPER), frozenset({"keys", "review_by"})),
    Kind.ACCESS_OPENED: Terms(
        (OWNER,), frozenset({"access", "reason", "until"}), tells_former=True
    ),
    Kind.SIGN_IN_CODE: Terms(has_secret=True, channel=Channel.TEXT, lifetime=_CODE),
}


MAY_BE_SILENT: Final = tuple(kind for kind in Kind if TERMS[kind].may_be_silent)
"""In the order of their names; the database holds no other."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """One mail address or number in E.164, and the language to write in. Personal: never logged."""

    address: str = field(repr=False)
    language: str


@dataclass(frozen=True, slots=True)
class Notification:
    """What one or several people are to be told, written in the transaction of its cause.

    Without `to` it is for the account's members by duty. `secret_sealed` opens with its id alone,
    and so does the number in `to` of a text: no table of the platform holds a plain number.
    """

    id: str
    kind: Kind
    account: str
    livemode: bool
    data: Mapping[str, str]
    created_at: datetime
    send_before: datetime
    to: Recipient | None = None
    secret_sealed: str | None = field(default=None, repr=False)

    @classmethod
    def of(
        cls,
        kind: Kind,
        account: str,
        data: Mapping[str, str],
        *,
        livemode: bool,
        now: datetime,
        to: Recipient | None = None,
        secret: str | None = None,
        seal: Callable[[str, str], str] | None = None,
        once_for: str | None = None,
        reason: str = "",
    ) -> Self:
        """Make one; long or odd words are cut, so that no notification ever breaks its cause.

        `seal` takes a secret and this id. Of several with the id of one object in `once_for` and
        the same `reason` the first alone is kept. Raises ValueError where the kind is given too
        much or too little: that is a fault of ours.
        """
        terms = TERMS[kind]
        if data.keys() != terms.fields or (secret is not None) != terms.has_secret:
            raise ValueError(f"{kind} carries other words")
        if (to is None) != bool(terms.duties) or (secret is not None and seal is None):
            raise ValueError(f"{kind} goes to others, or its secret is not sealed")
        notification_id = new_id("ntf", int(now.timestamp() * 1000))
        if once_for is not None:
            notification_id = "ntf_" + _once(once_for.partition("_")[2], reason)
        sealed = seal(secret, notification_id) if seal is not None and secret is not None else None
        if terms.channel is Channel.TEXT and to is not None and seal is not None:
            to = Recipient(seal(to.address, notification_id), to.language)
        return cls(
            id=notification_id,
            kind=kind,
            account=account,
            livemode=livemode,
            data={name: one_line(value, most(name)) for name, value in data.items()},
            created_at=now,
            send_before=now + terms.lifetime,
            to=to,
            secret_sealed=sealed,
        )


def _once(tail: str, reason: str) -> str:
    """Return the same letters for the same object and reason; the first say its object's time."""
    if not reason:
        return tail
    digest = hashlib.sha256(f"{tail}:{reason}".encode()).digest()
    return tail[:_TIME_LENGTH] + encode(int.from_bytes(digest), LENGTH - _TIME_LENGTH)


def most(name: str) -> int:
    """Return how many letters a value may have."""
    return LONGER_VALUES.get(name, LONGEST_VALUE)


def one_line(text: str, longest: int = LONGEST_VALUE) -> str:
    """Return one line that reads as it is written: nothing hidden, nothing that turns around.

    Line breaks and control characters become spaces; what is longer than `longest` letters is cut.
    """
    shown = "".join(map(_shown, unicodedata.normalize("NFC", text[: 4 * longest])))
    shown = " ".join(shown.split())
    return shown if len(shown) <= longest else shown[: longest - 1].rstrip() + "…"


def unlinked(name: str) -> str:
    """Return a name of somebody's choice in which no mail program finds a link to follow."""
    return _BEFORE_A_LETTER.sub(". ", one_line(name).replace("://", " "))


def _shown(letter: str) -> str:
    category = unicodedata.category(letter)
    if category in {"Cf", "Cs"}:
        return ""
    return " " if category[0] == "Z" or category == "Cc" else letter


def is_address(text: str, channel: Channel) -> bool:
    """Whether this is one mail address, in ASCII and unquoted, or one number in E.164."""
    if channel is Channel.TEXT:
        return _NUMBER.fullmatch(text) is not None
    is_short = len(text) <= LONGEST_ADDRESS and len(text.partition("@")[0]) <= _LONGEST_LOCAL_PART
    return is_short and _ADDRESS.fullmatch(text) is not None
