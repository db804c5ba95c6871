"""Recognises a merchant's key and asks the permission table what it may do."""

import base64
import hashlib
import time
from collections.abc import Callable
from datetime import datetime
from typing import Final, Protocol

from shared.domain.account import Caller, KnownKey, Tenant
from shared.domain.api_key import ApiKey
from shared.domain.errors import InvalidRequest, NotAuthenticated, NotPermitted
from shared.domain.key_terms import allows
from shared.domain.permissions import may

ACCOUNT_HEADER: Final = "Pay-Account"
MODE_HEADER: Final = "Pay-Mode"
MOST_PROVEN: Final = 1_000
# Longer than a look-up takes, so that every wrong key takes as long as every other.
REFUSAL_SECONDS: Final = 0.005
_DUMMY: Final = bytes(32)


class Keys(Protocol):
    """Where keys that are not revoked are found by their ids; answers are kept for seconds."""

    def get(self, key: str, /) -> KnownKey | None:
        """Return a key as it was a moment ago, or None."""

    def renew(self, key: str, /) -> KnownKey | None:
        """Return a key as it is now, or None."""


class Authenticator:
    """Turns an `Authorization` header into a caller, or refuses."""

    def __init__(
        self,
        keys: Keys,
        pepper: Callable[[], bytes],
        *,
        now: Callable[[], datetime],
        on_use: Callable[[str], None],
    ) -> None:
        """`keys` holds what is not revoked; `pepper` is read each time.

        `on_use` is told the id of each key that was let in, and must return at once.
        """
        self._keys = keys
        self._pepper = pepper
        self._now = now
        self._on_use = on_use
        self._proven: dict[bytes, tuple[KnownKey, bytes]] = {}

    def caller(
        self,
        authorization: str | None,
        operation: str,
        *,
        address: str = "",
        met: Callable[[Caller], None] | None = None,
    ) -> Caller:
        """Return who calls; `address` is the client's, empty where it is not known.

        `met` is told whose key it is, though it may not open this, or nothing any more. Raises
        NotAuthenticated or NotPermitted.
        """
        known = self._proven_before(authorization) or self._prove(authorization)
        if met is not None:
            met(known.caller)
        return self._let_in(known, operation, address)

    def standing(self, key_id: str, operation: str, *, address: str) -> Caller:
        """Return who calls by a key that was proven before, as the key is now.

        Raises NotAuthenticated or NotPermitted.
        """
        known = self._keys.get(key_id)
        if known is None:
            raise NotAuthenticated("api_key_invalid")
        return self._let_in(known, operation, address)

    def _let_in(self, known: KnownKey, operation: str, address: str) -> Caller:
        if known.ends_at is not None and known.ends_at <= self._now():
            raise NotAuthenticated("api_key_expired")
        if not allows(known.allowed_from, address):
            raise NotPermitted("address_not_allowed")
        if not may(known.caller, operation):
            raise NotPermitted("permission_denied")
        self._on_use(known.caller.key_id)
        return known.caller

    def _proven_before(self, authorization: str | None) -> KnownKey | None:
        """Return the key of a header that was proven against the HMAC and pepper that hold now.

        The record is looked up each time, so a revoked key lives no longer than the look-up keeps.
        """
        proven = self._proven.get(_digest(authorization))
        if proven is None:
            return None
        before, pepper = proven
        known = self._keys.get(before.caller.key_id)
        is_same = known is before or (
            known is not None
            and known.secret_hmac == before.secret_hmac
            and known.caller.kind == before.caller.kind
            and known.caller.tenant == before.caller.tenant
        )
        return known if is_same and pepper == self._pepper() else None

    def _prove(self, authorization: str | None) -> KnownKey:
        """Prove a header that is new here, against the record as it is this moment.

        Were a kept record used, or a refusal given as soon as it is known, its time would tell
        which keys are at work.
        """
        began = time.monotonic()
        key = ApiKey.parse(_presented(authorization))
        known = self._keys.renew(key.id)
        stored = _DUMMY if known is None else known.secret_hmac
        pepper = self._pepper()
        is_right = key.matches(stored, pepper)
        if known is None or not is_right or not _same_face(key, known.caller):
            time.sleep(max(0.0, began + REFUSAL_SECONDS - time.monotonic()))
            raise NotAuthenticated("api_key_invalid")
        if len(self._proven) >= MOST_PROVEN:
            self._proven.clear()
        self._proven[_digest(authorization)] = known, pepper
        return known


def refuse_contradiction(tenant: Tenant, *, account: str | None, mode: str | None) -> None:
    """Refuse headers that name another account or mode than the key's own.

    Whoever sends them would else work where she did not mean to. Raises InvalidRequest.
    """
    if account is not None and account != tenant.account:
        raise InvalidRequest("account_mismatch", ACCOUNT_HEADER)
    if mode is not None and mode != tenant.mode:
        raise InvalidRequest("mode_mismatch", MODE_HEADER)


def is_token(authorization: str | None) -> bool:
    """Tell by its looks whether a header holds a person's token: no key of ours has a dot."""
    return authorization is not None and "." in authorization


def _digest(authorization: str | None) -> bytes:
    """Return what is kept of a header: enough to know it again, no key to be found in memory."""
    return hashlib.sha256((authorization or "").encode(errors="replace")).digest()


def _same_face(key: ApiKey, caller: Caller) -> bool:
    """Tell whether kind and mode written on the key are those stored: the secret covers neither."""
    return key.kind.value == caller.kind and key.livemode == caller.tenant.livemode


def _presented(authorization: str | None) -> str:
    """Return the key of a Bearer header, or the user of a Basic one, as Stripe's tools send."""
    scheme, _, rest = (authorization or "").partition(" ")
    if not rest.strip():
        raise NotAuthenticated("api_key_missing")
    match scheme.lower():
        case "bearer":
            return rest.strip()
        case "basic":
            try:
                return base64.b64decode(rest, validate=True).decode("ascii").partition(":")[0]
            except ValueError:
                raise NotAuthenticated("api_key_invalid") from None
        case _:
            raise NotAuthenticated("api_key_missing")
