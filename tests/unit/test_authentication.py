"""A key opens what its kind, mode and scopes say, and nothing looks like a wrong one."""

import base64
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain.account import Caller, KnownKey, Tenant
from shared.domain.api_key import ApiKey, KeyKind
from shared.domain.errors import NotAuthenticated, NotPermitted
from shared.domain.key_terms import networks
from shared.runtime.authentication import REFUSAL_SECONDS, Authenticator
from shared.runtime.short_cache import ShortCache
from tests.fakes import START

PEPPER = b"p" * 32
KEY = ApiKey.generate(KeyKind.SECRET, livemode=False)
CALLER = Caller(
    tenant=Tenant("acct_2222222222222222", livemode=False),
    key_id=KEY.id,
    kind="sk",
    scopes=frozenset({"*"}),
    language="fr",
    charges_enabled=True,
    suspended=False,
)
KNOWN = KnownKey(CALLER, KEY.hmac(PEPPER))


class Stored:
    """Keys that are looked up by a function, each time anew."""

    def __init__(self, find: Callable[[str], KnownKey | None]) -> None:
        self.get = self.renew = find


def authenticator(
    known: KnownKey | None = KNOWN,
    *,
    find_key: Callable[[str], KnownKey | None] | None = None,
    pepper: Callable[[], bytes] = lambda: PEPPER,
    used: list[str] | None = None,
) -> Authenticator:
    return Authenticator(
        Stored(find_key or (lambda _: known)),
        pepper,
        now=lambda: START,
        on_use=([] if used is None else used).append,
    )


@pytest.mark.parametrize(
    "header",
    [
        f"Bearer {KEY.text}",
        f"bearer  {KEY.text}",
        "Basic " + base64.b64encode(f"{KEY.text}:".encode()).decode(),
    ],
    ids=["bearer", "lower case", "basic"],
)
def test_a_right_key_is_recognised(header: str) -> None:
    """Bearer, and Basic as Stripe's tools send it, name the caller."""
    assert authenticator().caller(header, "create_charge") == CALLER


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", KEY.text, f"Digest {KEY.text}"],
    ids=["none", "empty", "scheme", "scheme and blank", "bare", "other scheme"],
)
def test_no_key_is_said_to_be_missing(header: str | None) -> None:
    """A call without a key is told so."""
    with pytest.raises(NotAuthenticated, match="api_key_missing"):
        authenticator().caller(header, "create_charge")


@pytest.mark.parametrize(
    "header",
    [
        "Bearer x",
        f"Bearer {KEY.text}x",
        f"Bearer {KEY.text[:-1]}",
        "Basic %%%",
        "Basic é",
        "Basic " + base64.b64encode("é:".encode()).decode(),
        f"Bearer {KEY.text.replace('test', 'live')}",
    ],
    ids=[str(number) for number in range(7)],
)
def test_a_malformed_key_is_refused(header: str) -> None:
    """Whatever is no key of ours is invalid, without a look into the database."""

    def never(_: str) -> KnownKey | None:
        raise AssertionError("looked up")

    with pytest.raises(NotAuthenticated, match="api_key_invalid"):
        authenticator(find_key=never).caller(header, "create_charge")


def test_an_unknown_and_a_wrong_key_are_told_the_same() -> None:
    """Neither whether an id exists nor what is wrong with a secret can be learnt."""
    other = replace(KNOWN, secret_hmac=bytes(32))
    words = set()
    for known in (None, other):
        with pytest.raises(NotAuthenticated) as refusal:
            authenticator(known).caller(f"Bearer {KEY.text}", "create_charge")
        words.add(refusal.value.code)

    assert words == {"api_key_invalid"}


@pytest.mark.parametrize(
    "stored",
    [replace(CALLER, kind="rk"), replace(CALLER, tenant=replace(CALLER.tenant, livemode=True))],
)
def test_a_key_with_another_face_is_refused(stored: Caller) -> None:
    """Kind and mode written on a key must be those that were stored with it."""
    with pytest.raises(NotAuthenticated):
        authenticator(replace(KNOWN, caller=stored)).caller(f"Bearer {KEY.text}", "read_charge")


def test_a_key_without_the_scope_is_not_permitted() -> None:
    """A right key that may not do this is told so."""
    key = ApiKey.generate(KeyKind.RESTRICTED, livemode=False)
    known = KnownKey(
        replace(CALLER, kind="rk", scopes=frozenset({"charges:read"})), key.hmac(PEPPER)
    )

    assert authenticator(known).caller(f"Bearer {key.text}", "read_charge")
    with pytest.raises(NotPermitted):
        authenticator(known).caller(f"Bearer {key.text}", "create_charge")


def test_a_header_is_proven_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The secret is compared again where HMAC, owner or pepper changed; all else is fresh."""
    compared: list[bytes] = []

    def compare(key: ApiKey, stored: bytes, pepper: bytes) -> bool:
        compared.append(stored)
        return key.hmac(pepper) == stored

    monkeypatch.setattr(ApiKey, "matches", compare)
    records, peppers = [KNOWN], [PEPPER]
    guard = authenticator(
        find_key=lambda _: records[0] if records else None, pepper=lambda: peppers[0]
    )
    header = f"Bearer {KEY.text}"

    for _ in range(3):
        assert guard.caller(header, "read_charge") == CALLER
    suspended = replace(CALLER, suspended=True)
    records[0] = replace(KNOWN, caller=suspended)
    assert guard.caller(header, "read_charge") == suspended
    assert len(compared) == 1
    for changed in (
        replace(KNOWN, secret_hmac=bytes(32)),
        replace(KNOWN, caller=replace(CALLER, kind="rk")),
        None,
    ):
        records[:] = [] if changed is None else [changed]
        with pytest.raises(NotAuthenticated):
            guard.caller(header, "read_charge")
    assert len(compared) == 4
    records[:], peppers[0] = [KNOWN], b"another" * 5
    with pytest.raises(NotAuthenticated):
        guard.caller(header, "read_charge")


def test_a_wrong_secret_is_never_compared_with_a_kept_record() -> None:
    """An unknown key and a wrong secret of one at work cost a look-up each: time tells nothing."""
    looked_up: list[str] = []

    def find(key_id: str) -> KnownKey | None:
        looked_up.append(key_id)
        return KNOWN if key_id == KEY.id else None

    keys = ShortCache(find, seconds=60)
    guard = Authenticator(keys, lambda: PEPPER, now=lambda: START, on_use=lambda _: None)
    for _ in range(3):
        assert guard.caller(f"Bearer {KEY.text}", "read_charge") == CALLER
    assert looked_up == [KEY.id]
    for key_id in (KEY.id, "0000000000"):
        wrong = ApiKey(KEY.kind, KEY.livemode, key_id, "0" * 43).text
        for _ in range(2):
            with pytest.raises(NotAuthenticated):
                guard.caller(f"Bearer {wrong}", "read_charge")

    assert looked_up == [KEY.id] * 3 + ["0000000000"] * 2


def test_every_wrong_key_takes_the_same_time() -> None:
    """However soon a look-up ends, a refusal comes when the slowest of them could have come."""
    for keys in (Stored(lambda _: None), Stored(lambda _: KNOWN)):
        guard = Authenticator(keys, lambda: PEPPER, now=lambda: START, on_use=lambda _: None)
        wrong = ApiKey(KEY.kind, KEY.livemode, KEY.id, "0" * 43)
        began = time.monotonic()
        with pytest.raises(NotAuthenticated):
            guard.caller(f"Bearer {wrong.text}", "read_charge")
        assert time.monotonic() - began >= REFUSAL_SECONDS


def test_a_key_works_until_its_end() -> None:
    """At its last moment a key is refused and told so, also one that was proven before."""
    at_work = [replace(KNOWN, ends_at=START + timedelta(microseconds=1))]
    guard = authenticator(find_key=lambda _: at_work[0])
    header = f"Bearer {KEY.text}"

    assert guard.caller(header, "read_charge") == CALLER
    at_work[0] = replace(KNOWN, ends_at=START)
    for _ in range(2):
        with pytest.raises(NotAuthenticated, match="api_key_expired"):
            guard.caller(header, "read_charge")


def test_a_wrong_secret_is_not_told_of_an_end() -> None:
    """That a key has ended is said to its holder alone."""
    other = ApiKey(KEY.kind, KEY.livemode, KEY.id, "0" * 43)

    with pytest.raises(NotAuthenticated, match="api_key_invalid"):
        authenticator(replace(KNOWN, ends_at=START)).caller(f"Bearer {other.text}", "read_charge")


@pytest.mark.parametrize(
    ("address", "is_allowed"),
    [
        ("192.0.2.1", True),
        ("192.0.2.127", True),
        ("192.0.2.128", False),
        ("::ffff:192.0.2.1", True),
        ("2001:db8::7", True),
        ("2001:db8:0:1::7", False),
        ("127.0.0.1", False),
        ("", False),
        ("unknown", False),
    ],
)
def test_a_key_is_used_from_its_networks_alone(address: str, *, is_allowed: bool) -> None:
    """A key with a list is refused from any other address, and where none is known."""
    known = replace(KNOWN, allowed_from=networks(["192.0.2.0/25", "2001:db8::/64"]))
    used: list[str] = []
    guard = authenticator(known, used=used)

    if is_allowed:
        assert guard.caller(f"Bearer {KEY.text}", "read_charge", address=address) == CALLER
    else:
        with pytest.raises(NotPermitted, match="address_not_allowed"):
            guard.caller(f"Bearer {KEY.text}", "read_charge", address=address)
    assert used == [KEY.id] * is_allowed


def test_only_a_use_that_was_let_in_is_noted() -> None:
    """A key that was refused does not look as if it had been used."""
    used: list[str] = []
    publishable = replace(KNOWN, caller=replace(CALLER, scopes=frozenset()))

    with pytest.raises(NotPermitted):
        authenticator(publishable, used=used).caller(f"Bearer {KEY.text}", "read_charge")
    authenticator(used=used).caller(f"Bearer {KEY.text}", "read_charge", address="")

    assert used == [KEY.id]
