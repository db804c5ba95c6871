"""Makes, shows, rotates, narrows and revokes a merchant's API keys.

A secret leaves once, in the value that made it; what is stored is its HMAC. Nobody makes a key that
can do more than its maker, and a live secret key is made by the account's owner, never by a key.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, Self

from shared.domain import key_terms
from shared.domain.account import Caller
from shared.domain.api_key import ApiKey, KeyKind
from shared.domain.audit import AuditEntry, Origin
from shared.domain.errors import InvalidRequest, NotAuthenticated, NotFound, NotPermitted
from shared.domain.people import Duty, Member
from shared.domain.permissions import EVERYTHING, Rights, rights
from shared.operations.lists import read_limit, refuse_unknown
from shared.operations.stored_keys import PREFIX, KeyStore, MadeKey, Maker, StoredKey, key_id_of

MOST_KEYS: Final = 100
REVIEW_WITHIN: Final = timedelta(days=7)
KINDS: Final[Mapping[str, KeyKind]] = {kind.name.lower(): kind for kind in KeyKind}


@dataclass(frozen=True, slots=True)
class CreateKey:
    """A well-formed wish for a key."""

    kind: KeyKind
    scopes: tuple[str, ...]
    name: str | None
    expires_at: datetime | None
    allowed_from: tuple[str, ...]

    @classmethod
    def parse(cls, body: Mapping[str, Any], *, now: datetime) -> Self:
        """Read a JSON body. Raises InvalidRequest naming the field at fault.

        Only restricted keys are given scopes; the others have all that their kind may hold.
        """
        refuse_unknown(body, {"kind", "name", "scopes", "expires_at", "allowed_from"})
        if body.get("kind") is None:
            raise InvalidRequest("parameter_missing", "kind")
        kind = KINDS.get(body["kind"]) if isinstance(body["kind"], str) else None
        if kind is None:
            raise InvalidRequest("parameter_invalid", "kind")
        if kind is not KeyKind.RESTRICTED and body.get("scopes") is not None:
            raise InvalidRequest("parameter_invalid", "scopes")
        is_restricted = kind is KeyKind.RESTRICTED
        return cls(
            kind=kind,
            scopes=key_terms.read_scopes(body.get("scopes")) if is_restricted else (EVERYTHING,),
            name=key_terms.read_name(body.get("name")),
            expires_at=key_terms.read_expiry(body.get("expires_at"), now=now),
            allowed_from=key_terms.read_ranges(body.get("allowed_from")),
        )


@dataclass(frozen=True, slots=True)
class RotateKey:
    """How long the old key works on, and when the new one ends (as the old one, if not said)."""

    overlap: timedelta
    expires_at: datetime | None

    @classmethod
    def parse(cls, body: Mapping[str, Any], *, now: datetime) -> Self:
        """Read a JSON body. Raises InvalidRequest naming the field at fault."""
        refuse_unknown(body, {"overlap_seconds", "expires_at"})
        return cls(
            overlap=key_terms.read_overlap(body.get("overlap_seconds")),
            expires_at=key_terms.read_expiry(body.get("expires_at"), now=now),
        )


@dataclass(frozen=True, slots=True)
class KeyMaker:
    """Who makes a key, from where, and by what; the pepper goes into what is stored of it."""

    caller: Caller
    store: KeyStore
    pepper: bytes = field(repr=False)
    origin: Origin

    @property
    def now(self) -> datetime:
        """When it is made."""
        return self.origin.at


def create_api_key(command: CreateKey, by: KeyMaker) -> MadeKey:
    """Make a key for the caller's account and mode; it has its maker's limits or narrower ones.

    Raises NotAuthenticated, NotPermitted (`account_suspended`, `account_not_active`,
    `live_secret_key_refused`, `scope_not_held`, `permission_denied`) and InvalidRequest
    `too_many_keys`; then nothing changed.
    """
    maker = _maker(by)
    secret = ApiKey.generate(command.kind, livemode=by.caller.tenant.livemode)
    key = StoredKey(
        id=secret.id,
        kind=command.kind,
        livemode=by.caller.tenant.livemode,
        last4=secret.last4,
        scopes=command.scopes,
        created_at=by.now,
        name=command.name,
        made_by=_name(maker),
        expires_at=command.expires_at or _end_of(maker),
        allowed_from=command.allowed_from or _ranges_of(maker),
    )
    _may_make(by.caller, maker, key)
    entry = _entry(by.origin, "created", key, after=_terms(key))
    hmac = secret.hmac(by.pepper)
    if not by.store.add(key, hmac, maker=maker, most=MOST_KEYS, entry=entry):
        _may_make(by.caller, _maker(by), key)
        raise InvalidRequest("too_many_keys", limit=MOST_KEYS)
    return MadeKey(key, secret.text)


def rotate_api_key(public_id: str, command: RotateKey, by: KeyMaker) -> MadeKey:
    """Make a key that takes another's place; the old one works until the overlap ends.

    Raises what `create_api_key` does, NotFound, and InvalidRequest `key_ended` where the old key
    works no more or was rotated before.
    """
    old = read_api_key(public_id, by.store)
    maker = _maker(by)
    secret = ApiKey.generate(old.kind, livemode=old.livemode)
    key = StoredKey(
        id=secret.id,
        kind=old.kind,
        livemode=old.livemode,
        last4=secret.last4,
        scopes=old.scopes,
        created_at=by.now,
        name=old.name,
        # A key that rotates itself is not the maker of what it becomes.
        made_by=old.made_by if _name(maker) == PREFIX + old.id else _name(maker),
        expires_at=command.expires_at or old.expires_at or _end_of(maker),
        allowed_from=old.allowed_from,
    )
    _may_make(by.caller, maker, key)
    until = by.now + command.overlap
    after = {"rotated_to": PREFIX + key.id, "overlap_until": until, "successor": _terms(key)}
    before = {"rotated_to": None, "overlap_until": None}
    entry = _entry(by.origin, "rotated", old, before=before, after=after)
    hmac = secret.hmac(by.pepper)
    can_be = old.works(by.now) and old.rotated_to is None
    if not can_be or not by.store.replace(old.id, key, hmac, maker=maker, until=until, entry=entry):
        _may_make(by.caller, _maker(by), key)
        raise InvalidRequest("key_ended", "id")
    return MadeKey(key, secret.text)


def read_api_key(public_id: str, store: KeyStore) -> StoredKey:
    """Return a key of this account and mode. Raises NotFound."""
    key_id = key_id_of(public_id)
    key = None if key_id is None else store.find(key_id)
    if key is None:
        raise NotFound("resource_missing", "id")
    return key


def list_api_keys(query: Mapping[str, str], store: KeyStore) -> tuple[Sequence[StoredKey], bool]:
    """Return a page of keys, newest first, and whether there are more. Raises InvalidRequest."""
    refuse_unknown(query, {"limit", "starting_after"})
    limit = read_limit(query)
    after = query.get("starting_after")
    if after is not None and key_id_of(after) is None:
        raise InvalidRequest("cursor_invalid", "starting_after")
    found = store.page(limit=limit + 1, after=None if after is None else key_id_of(after))
    return found[:limit], len(found) > limit


def revoke_api_key(public_id: str, store: KeyStore, origin: Origin) -> StoredKey:
    """Revoke a key for good, whatever its rights; the same call again changes nothing.

    Keys that it made, and what those made, work on for a week: whoever held it may have made one
    for later. Rotating such a key is looking at it. Raises NotFound.
    """
    key = read_api_key(public_id, store)
    if key.revoked_at is not None:
        return key
    entry = _entry(
        origin, "revoked", key, before={"revoked_at": None}, after={"revoked_at": origin.at}
    )
    store.revoke(key.id, review_by=origin.at + REVIEW_WITHIN, entry=entry)
    return read_api_key(public_id, store)


def narrow_api_key(
    public_id: str,
    store: KeyStore,
    origin: Origin,
    *,
    scopes: Sequence[str],
    ranges: Sequence[str],
) -> StoredKey:
    """Leave a key fewer scopes and networks; what it had not cannot be added.

    Raises NotFound, NotPermitted `scope_not_held`, InvalidRequest `parameter_invalid` for a range
    that is not inside those it has, and `key_ended` where it changed in between.
    """
    key = read_api_key(public_id, store)
    if not key.rights.includes(Rights(key.kind.value, key.livemode, scopes)):
        raise NotPermitted("scope_not_held", "scopes")
    if not key_terms.is_narrower(ranges, than=key.allowed_from):
        raise InvalidRequest("parameter_invalid", "allowed_from")
    narrower = replace(key, scopes=tuple(scopes), allowed_from=tuple(ranges))
    if narrower == key and key.revoked_at is None:
        return key
    entry = _entry(origin, "narrowed", key, before=_terms(key), after=_terms(narrower))
    if not store.narrow(key, scopes=scopes, ranges=ranges, entry=entry):
        raise InvalidRequest("key_ended", "id")
    return read_api_key(public_id, store)


def _entry(
    origin: Origin,
    fact: str,
    key: StoredKey,
    *,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object],
) -> AuditEntry:
    return origin.entry(f"api_key.{fact}", "api_key", PREFIX + key.id, before=before, after=after)


def _terms(key: StoredKey) -> Mapping[str, object]:
    """Return what a key is for and what bounds it, as the API names it."""
    return {
        "kind": key.kind.name.lower(),
        "name": key.name,
        "scopes": key.scopes,
        "allowed_from": key.allowed_from,
        "expires_at": key.expires_at,
    }


def _maker(by: KeyMaker) -> Maker:
    """Return the caller's key as it is this moment, or the member that the caller is.

    A key that is being replaced makes no others. Raises NotAuthenticated and NotPermitted.
    """
    if by.caller.member is not None:
        return by.caller.member
    maker = by.store.find(by.caller.key_id)
    if maker is None or not maker.works(by.now):
        raise NotAuthenticated("api_key_invalid")
    if maker.rotated_to is not None or maker.review_by is not None:
        raise NotPermitted("permission_denied")
    return maker


def _name(maker: Maker) -> str:
    return PREFIX + maker.id if isinstance(maker, StoredKey) else maker.person


def _end_of(maker: Maker) -> datetime | None:
    return maker.expires_at if isinstance(maker, StoredKey) else None


def _ranges_of(maker: Maker) -> tuple[str, ...]:
    return maker.allowed_from if isinstance(maker, StoredKey) else ()


def _may_make(caller: Caller, maker: Maker, key: StoredKey) -> None:
    is_owner = isinstance(maker, Member) and maker.duty is Duty.OWNER
    if caller.suspended:
        raise NotPermitted("account_suspended")
    if key.livemode and not caller.active:
        raise NotPermitted("account_not_active")
    if key.livemode and key.kind is KeyKind.SECRET and not is_owner:
        raise NotPermitted("live_secret_key_refused", "kind")
    held = maker.rights if isinstance(maker, StoredKey) else rights(caller)
    if not held.includes(key.rights):
        raise NotPermitted("scope_not_held", "scopes")
    if not key_terms.is_narrower(key.allowed_from, than=_ranges_of(maker)):
        raise NotPermitted("scope_not_held", "allowed_from")
    end = _end_of(maker)
    if end is not None and (key.expires_at is None or key.expires_at > end):
        raise NotPermitted("scope_not_held", "expires_at")
