"""Keys of one account and mode in memory, with the promises of the real store."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from shared.operations.stored_keys import PREFIX, StoredKey
from tests.fakes import START


class KeyBox:
    """Keeps keys in the order in which they came."""

    def __init__(self, *keys: StoredKey) -> None:
        """Start with some."""
        self.keys = {key.id: key for key in keys}
        self.hmacs: dict[str, bytes] = {}

    def add(
        self, key: StoredKey, secret_hmac: bytes, *, maker: StoredKey | None, most: int
    ) -> bool:
        """Store unless full."""
        if maker is not None and self.keys[maker.id] != maker:
            return False
        if sum(one.works(START) for one in self.keys.values()) >= most:
            return False
        self.keys[key.id], self.hmacs[key.id] = key, secret_hmac
        return True

    def find(self, key_id: str) -> StoredKey | None:
        """Look up."""
        return self.keys.get(key_id)

    def page(self, *, limit: int, after: str | None) -> Sequence[StoredKey]:
        """Newest first."""
        newest = list(reversed(self.keys.values()))
        start = 0 if after is None else [key.id for key in newest].index(after) + 1
        return newest[start : start + limit]

    def replace(
        self,
        old: str,
        new: StoredKey,
        secret_hmac: bytes,
        *,
        maker: StoredKey | None,
        until: datetime,
    ) -> bool:
        """Compare and set."""
        present = self.keys[old]
        if maker is not None and self.keys[maker.id] != maker:
            return False
        if present.revoked_at is not None or present.rotated_to is not None:
            return False
        self.keys[old] = replace(present, rotated_to=new.id, overlap_until=until)
        self.keys[new.id], self.hmacs[new.id] = new, secret_hmac
        return True

    def narrow(self, key: StoredKey, *, scopes: Sequence[str], ranges: Sequence[str]) -> bool:
        """Compare and set."""
        if self.keys[key.id] != key or key.revoked_at is not None:
            return False
        self.keys[key.id] = replace(key, scopes=tuple(scopes), allowed_from=tuple(ranges))
        return True

    def revoke(self, key_id: str, *, now: datetime, review_by: datetime) -> None:
        """Revoke and have what it made reviewed."""
        self.keys[key_id] = replace(self.keys[key_id], revoked_at=now)
        self.review(PREFIX + key_id, review_by=review_by)

    def review(self, made_by: str, *, review_by: datetime) -> int:
        """Set the date where none is."""
        made = [
            key
            for key in self.keys.values()
            if key.made_by == made_by and key.revoked_at is None and key.review_by is None
        ]
        self.keys |= {key.id: replace(key, review_by=review_by) for key in made}
        return len(made) + sum(self.review(PREFIX + key.id, review_by=review_by) for key in made)
