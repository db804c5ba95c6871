"""A key opens what its kind, mode and scopes say, and nothing looks like a wrong one."""

import base64
from dataclasses import replace

import pytest

from shared.domain.account import Caller, KnownKey, Tenant
from shared.domain.api_key import ApiKey, KeyKind
from shared.domain.errors import NotAuthenticated, NotPermitted
from shared.runtime.authentication import Authenticator

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


def authenticator(known: KnownKey | None = KNOWN) -> Authenticator:
    return Authenticator(lambda _: known, lambda: PEPPER)


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


@pytest.mark.parametrize("header", [None, ""])
def test_no_key_is_said_to_be_missing(header: str | None) -> None:
    """A call without a key is told so."""
    with pytest.raises(NotAuthenticated, match="api_key_missing"):
        authenticator().caller(header, "create_charge")


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer x",
        f"Bearer {KEY.text}x",
        f"Bearer {KEY.text[:-1]}",
        f"Digest {KEY.text}",
        "Basic %%%",
        "Basic é",
        "Basic " + base64.b64encode("é:".encode()).decode(),
        f"Bearer {KEY.text.replace('test', 'live')}",
    ],
    ids=[str(number) for number in range(9)],
)
def test_a_malformed_key_is_refused(header: str) -> None:
    """Whatever is no key of ours is invalid, without a look into the database."""

    def never(_: str) -> KnownKey | None:
        raise AssertionError("looked up")

    with pytest.raises(NotAuthenticated, match="api_key_invalid"):
        Authenticator(never, lambda: PEPPER).caller(header, "create_charge")


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


def test_a_header_is_proven_once_per_record() -> None:
    """The secret is compared again as soon as the record was read anew; none, and it is refused."""
    records = [KNOWN]
    peppers = iter([PEPPER, PEPPER, b"another" * 5])
    guard = Authenticator(lambda _: records[0] if records else None, lambda: next(peppers))
    header = f"Bearer {KEY.text}"

    for _ in range(3):
        assert guard.caller(header, "read_charge") == CALLER
    records[0] = replace(KNOWN)
    assert guard.caller(header, "read_charge") == CALLER
    records.clear()
    with pytest.raises(NotAuthenticated):
        guard.caller(header, "read_charge")
