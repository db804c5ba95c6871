"""Proves who signed a token: the one verifier of JWTs, set up once per issuer that we trust.

Pub/Sub pushes with a token of the push account; people come with one of Keycloak's. A push token
proves the sender, not freshness: messages are told apart by their own ids.
"""

import hashlib
import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import jwt
import urllib3

from shared.domain.errors import NotAuthenticated

LONGEST_TOKEN: Final = 8_192
LARGEST_JWKS_BYTES: Final = 256 * 1024
JWKS_SECONDS: Final = 600
REFETCH_SECONDS: Final = 30
FIRST_KEYS_SECONDS: Final = 3
STALE_SECONDS: Final = 24 * 3600
FETCH_TIMEOUT_SECONDS: Final = 2
LEEWAY_SECONDS: Final = 10
MOST_VERIFIED: Final = 256
SMALLEST_KEY_BITS: Final = 2048
API_AUDIENCE: Final = "pay-api"
DASHBOARD: Final = "dashboard"

Claims = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose tokens count. `required` are claims that must hold exactly these values.

    `authorized_parties` bounds `azp` where it is not empty. Only RS256 is ever taken.
    """

    issuer: str
    audience: str
    required: Mapping[str, object] = field(default_factory=dict)
    authorized_parties: frozenset[str] = frozenset()


def push_trust(issuer: str, audience_base: str, function: str, email: str) -> Trust:
    """Return the trust in Pub/Sub's push account for the door of one function."""
    return Trust(
        issuer=issuer,
        audience=f"{audience_base}/{function}",
        required={"email": email, "email_verified": True},
    )


def people_trust(realm_url: str) -> Trust:
    """Return the trust in Keycloak's access tokens for our API, asked for by the dashboard alone.

    ID and refresh tokens of the same sign-in differ by `typ`.
    """
    return Trust(
        issuer=realm_url,
        audience=API_AUDIENCE,
        required={"typ": "Bearer"},
        authorized_parties=frozenset({DASHBOARD}),
    )


class KeySet:
    """An issuer's public keys: fetched at need, kept, and served stale while it is unreachable."""

    def __init__(
        self, fetch: Callable[[], bytes], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`fetch` returns the JWKS document or raises; `clock` is monotonic, in seconds."""
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at: float | None = None
        self._asked_at: float | None = None

    def find(self, key_id: str) -> jwt.PyJWK | None:
        """Return the key, asking the issuer when ours are old or do not hold it."""
        now = self._clock()
        with self._lock:
            age = None if self._fetched_at is None else now - self._fetched_at
            is_fresh = age is not None and age < JWKS_SECONDS
            if not (is_fresh and key_id in self._keys) and self._may_ask(now):
                self._refetch(now)
            if self._fetched_at is None or now - self._fetched_at > STALE_SECONDS:
                return None
            return self._keys.get(key_id)

    def _may_ask(self, now: float) -> bool:
        # Without any key every push is refused, so a process that starts while the issuer is away
        # must not wait as long as one that only missed a new key.
        pause = FIRST_KEYS_SECONDS if self._fetched_at is None else REFETCH_SECONDS
        return self._asked_at is None or now - self._asked_at >= pause

    def _refetch(self, now: float) -> None:
        self._asked_at = now
        try:
            self._keys = _read_keys(self._fetch())
        except Exception:  # noqa: BLE001 - unreachable or garbled: known keys serve on
            return
        self._fetched_at = now


class Verifier:
    """Verifies tokens of one trust; verified ones are remembered by their hash until they end."""

    def __init__(self, trust: Trust, keys: KeySet, *, now: Callable[[], float] = time.time) -> None:
        """`now` is Unix time in seconds."""
        self._trust = trust
        self._keys = keys
        self._now = now
        self._lock = threading.Lock()
        self._verified: OrderedDict[bytes, tuple[float, str, Claims]] = OrderedDict()

    def verify(self, authorization: str | None) -> Claims:
        """Return the claims of a `Bearer` header.

        Raises NotAuthenticated: `token_expired` where nothing but its end is wrong, else
        `token_invalid`, never saying why.
        """
        scheme, _, token = (authorization or "").partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token or len(token) > LONGEST_TOKEN:
            raise NotAuthenticated("token_invalid")
        digest = hashlib.sha256(token.encode("utf-8", "replace")).digest()
        known = self._remembered(digest)
        if known is not None:
            return known
        try:
            key_id, claims = self._decode(token)
        except jwt.ExpiredSignatureError:
            raise NotAuthenticated("token_expired") from None
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
            raise NotAuthenticated("token_invalid") from None
        self._remember(digest, key_id, claims)
        return claims

    def _decode(self, token: str) -> tuple[str, Claims]:
        header = jwt.get_unverified_header(token)
        key_id = header.get("kid")
        # A key that comes with the token, or an address of one, proves nothing.
        is_plain = not {"jwk", "jku", "x5u", "x5c", "crit"} & header.keys()
        if header.get("alg") != "RS256" or not isinstance(key_id, str) or not is_plain:
            raise jwt.InvalidTokenError
        # Whoever cannot even name issuer and audience must not make us ask for keys.
        claimed = jwt.decode(token, options={"verify_signature": False})
        self._check(claimed, now=self._now())
        key = self._keys.find(key_id)
        if key is None:
            raise jwt.InvalidTokenError
        claims = jwt.decode(
            token,
            key,
            algorithms=["RS256"],
            audience=self._trust.audience,
            issuer=self._trust.issuer,
            leeway=LEEWAY_SECONDS,
            options={
                "require": ["exp", "iat", "iss", "aud"],
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
                "strict_aud": True,
            },
        )
        now = self._now()
        self._check(claims, now=now)
        if _number(claims["exp"]) <= now - LEEWAY_SECONDS:
            raise jwt.ExpiredSignatureError
        return key_id, claims

    def _check(self, claims: Claims, *, now: float) -> None:
        """Compare all but the end, which is looked at when all else is right."""
        trust = self._trust
        is_right = (
            claims.get("iss") == trust.issuer
            and claims.get("aud") == trust.audience
            and all(_is_same(claims.get(name), value) for name, value in trust.required.items())
            and (not trust.authorized_parties or claims.get("azp") in trust.authorized_parties)
            and _number(claims.get("exp")) > 0
            and _number(claims.get("iat")) <= now + LEEWAY_SECONDS
            and _number(claims.get("nbf", 0)) <= now + LEEWAY_SECONDS
        )
        if not is_right:
            raise jwt.InvalidTokenError

    def _remembered(self, digest: bytes) -> Claims | None:
        with self._lock:
            known = self._verified.get(digest)
            if known is None:
                return None
            self._verified.move_to_end(digest)
        ends_at, key_id, claims = known
        if self._now() >= ends_at or self._keys.find(key_id) is None:
            with self._lock:
                self._verified.pop(digest, None)
            return None
        return claims

    def _remember(self, digest: bytes, key_id: str, claims: Claims) -> None:
        with self._lock:
            self._verified[digest] = (_number(claims["exp"]) + LEEWAY_SECONDS, key_id, claims)
            while len(self._verified) > MOST_VERIFIED:
                self._verified.popitem(last=False)


def fetcher(url: str) -> Callable[[], bytes]:
    """Return what reads a JWKS document within 2 s and 256 KiB, following no redirect."""
    pool = urllib3.PoolManager(num_pools=1, maxsize=1, retries=False, timeout=FETCH_TIMEOUT_SECONDS)

    def fetch() -> bytes:
        response = pool.request(
            "GET", url, timeout=FETCH_TIMEOUT_SECONDS, redirect=False, preload_content=False
        )
        try:
            body = response.read(LARGEST_JWKS_BYTES + 1)
        finally:
            response.release_conn()
        is_whole = response.status == 200 and len(body) <= LARGEST_JWKS_BYTES  # noqa: PLR2004 - OK
        if not is_whole:
            raise ValueError("no JWKS")
        return body

    return fetch


def _read_keys(document: bytes) -> dict[str, jwt.PyJWK]:
    keys: dict[str, jwt.PyJWK] = {}
    for raw in json.loads(document)["keys"]:
        is_ours = raw.get("kty") == "RSA" and raw.get("use", "sig") == "sig" and raw.get("kid")
        if is_ours and raw.get("alg", "RS256") == "RS256":
            key = jwt.PyJWK(raw, algorithm="RS256")
            if key.key.key_size >= SMALLEST_KEY_BITS:
                keys[raw["kid"]] = key
    if not keys:
        raise ValueError("no keys")
    return keys


def _is_same(claimed: object, wanted: object) -> bool:
    return type(claimed) is type(wanted) and claimed == wanted


def _number(value: object) -> float:
    """Return a NumericDate; whatever else stands there makes the token invalid."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise jwt.InvalidTokenError
    return value
