"""Keys of one account and mode in memory, with the promises of the real store."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from shared.domain.audit import AuditEntry
from shared.operations.stored_keys import PREFIX, Maker, StoredKey
from tests.fakes import START


class KeyBox:
    """Keeps keys in the order in which they came."""

    def __init__(self, *keys: StoredKey) -> None:
        """Start with some."""
        self.keys = {key.id: key for key in keys}
        self.hmacs: dict[str, bytes] = {}
        self.entries: list[AuditEntry] = []

    def add(
        self, key: StoredKey, secret_hmac: bytes, *, maker: Maker, most: int, entry: AuditEntry
    ) -> bool:
        """Store unless full."""
        if isinstance(maker, StoredKey) and self.keys[maker.id] != maker:
            return False
        if sum(one.works(START) for one in self.keys.values()) >= most:
            return False
        self.keys[key.id], self.hmacs[key.id] = key, secret_hmac
        self.entries.append(entry)
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
        maker: Maker,
        until: datetime,
        entry: AuditEntry,
    ) -> bool:
        """Compare and set."""
        present = self.keys[old]
        if isinstance(maker, StoredKey) and self.keys[maker.id] != maker:
            return False
        if present.revoked_at is not None or present.rotated_to is not None:
            return False
        self.keys[old] = replace(present, rotated_to=new.id, overlap_until=until)
        self.keys[new.id], self.hmacs[new.id] = new, secret_hmac
        self.entries.append(entry)
        return True

    def narrow(
        self, key: StoredKey, *, scopes: Sequence[str], ranges: Sequence[str], entry: AuditEntry
    ) -> bool:
        """Compare and set."""
        if self.keys[key.id] != key or key.revoked_at is not None:
            return False
        self.keys[key.id] = replace(key, scopes=tuple(scopes), allowed_from=tuple(ranges))
        self.entries.append(entry)
        return True

    def revoke(self, key_id: str, *, review_by: datetime, entry: AuditEntry) -> None:
        """Revoke and have what it made reviewed."""
        self.keys[key_id] = replace(self.keys[key_id], revoked_at=entry.at)
        self._review(PREFIX + key_id, review_by)
        self.entries.append(entry)

    def _review(self, made_by: str, review_by: datetime) -> None:
        made = [
            key
            for key in self.keys.values()
            if key.made_by == made_by and key.revoked_at is None and key.review_by is None
        ]
        self.keys |= {key.id: replace(key, review_by=review_by) for key in made}
        for key in made:
            self._review(PREFIX + key.id, review_by)
