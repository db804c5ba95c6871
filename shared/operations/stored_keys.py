"""What an account may know of its keys, and the port to where they lie."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from shared.domain.account import Tenant
from shared.domain.api_key import ALPHABET, ID_LENGTH, KeyKind
from shared.domain.audit import AuditEntry
from shared.domain.notification import Kind, Notification
from shared.domain.people import Member
from shared.domain.permissions import Rights

PREFIX: Final = "key_"


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key as its account may see it. `scopes` are words or `*`, `allowed_from` CIDR ranges."""

    id: str
    kind: KeyKind
    livemode: bool
    last4: str
    scopes: tuple[str, ...]
    created_at: datetime
    name: str | None = None
    made_by: str | None = None
    expires_at: datetime | None = None
    allowed_from: tuple[str, ...] = ()
    last_used_at: datetime | None = None
    rotated_to: str | None = None
    overlap_until: datetime | None = None
    review_by: datetime | None = None
    revoked_at: datetime | None = None

    @property
    def rights(self) -> Rights:
        """What it may do at most."""
        return Rights(self.kind.value, self.livemode, self.scopes)

    def works(self, now: datetime) -> bool:
        """Tell whether it opens anything now."""
        ends = (self.expires_at, self.overlap_until, self.review_by)
        return self.revoked_at is None and all(end is None or end > now for end in ends)


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A new key with its text, to be shown this once."""

    key: StoredKey
    text: str = field(repr=False)


Maker = StoredKey | Member
"""Who makes a key: another key, or a person in the account."""


class KeyStore(Protocol):
    """The keys of one account and mode; each call is one transaction.

    What changes something takes the entry that tells of it, and keeps both or neither.
    """

    def add(
        self, key: StoredKey, secret_hmac: bytes, *, maker: Maker, most: int, entry: AuditEntry
    ) -> bool:
        """Store a new key; False where so many work already.

        Or where its maker ended or changed since it was read.
        """

    def find(self, key_id: str) -> StoredKey | None:
        """Return a key of this account and mode, or None."""

    def page(self, *, limit: int, after: str | None) -> Sequence[StoredKey]:
        """Return up to so many keys, newest first, that are older than another."""

    def replace(
        self,
        old: str,
        new: StoredKey,
        secret_hmac: bytes,
        *,
        maker: Maker,
        until: datetime,
        entry: AuditEntry,
    ) -> bool:
        """Store a new key in an old one's place; False where that has ended or can less by now.

        Or where its maker ended or changed since it was read.
        """

    def narrow(
        self, key: StoredKey, *, scopes: Sequence[str], ranges: Sequence[str], entry: AuditEntry
    ) -> bool:
        """Give a key less; False where it is no longer as it was read."""

    def revoke(self, key_id: str, *, review_by: datetime, entry: AuditEntry) -> None:
        """Revoke a key at the entry's time, and have what it made, and what that made, reviewed.

        The entry also gets the ids of those, as `put_under_review`. A key that was revoked before
        stays as it is, without an entry.
        """


def key_id_of(public_id: str) -> str | None:
    """Return the ten characters behind `key_`, or None for what is no id of a key."""
    key_id = public_id.removeprefix(PREFIX)
    is_id = len(key_id) == ID_LENGTH and all(letter in ALPHABET for letter in key_id)
    return key_id if is_id and public_id.startswith(PREFIX) else None


def made_notice(key: StoredKey, account: str) -> Notification:
    """Return what owner and developers are told of a new key: whoever else made it is found out."""
    data = {"key": PREFIX + key.id, "ending": key.last4}
    return Notification.of(Kind.KEY_MADE, account, data, livemode=key.livemode, now=key.created_at)


def review_notice(
    keys: Sequence[str], tenant: Tenant, *, review_by: datetime, now: datetime
) -> Notification:
    """Return what they are told of keys, by their public ids, that end unless somebody looks."""
    data = {"keys": ", ".join(keys), "review_by": review_by.isoformat()}
    return Notification.of(
        Kind.KEYS_UNDER_REVIEW, tenant.account, data, livemode=tenant.livemode, now=now
    )
