"""E19: pushes that Pub/Sub's account did not sign for this very door. None is let in.

The right tokens come from the issuer of our Pub/Sub server; the forger has every token that it ever
gave to anybody, and for the wrong claims even its key.
"""

import base64
import hmac
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from knative.catalogue import load_catalogue
from shared.domain.events import CHARGE_CREATED
from tests.database import Account
from tests.functions.door import Door
from tests.functions.pushes import AUDIENCE, EMAIL, Issuer, push_body
from tests.functions.till import Till
from tests.trials import Trial

STRANGER: Final = rsa.generate_private_key(public_exponent=65537, key_size=2048)
FUNCTIONS: Final = sorted(entry.name for entry in load_catalogue() if entry.pubsub)
PAST: Final = 1_000_000_000
FUTURE: Final = 4_000_000_000
CLAIMS: Final[Mapping[str, dict[str, Any]]] = {
    "no door": {"aud": AUDIENCE},
    "a door that is none": {"aud": f"{AUDIENCE}/"},
    "a door elsewhere": {"aud": "https://push.example.com/submit_charge"},
    "two doors": {"aud": [f"{AUDIENCE}/{name}" for name in FUNCTIONS]},
    "a number as door": {"aud": 7},
    "another issuer": {"iss": "https://accounts.example.com"},
    "no word as issuer": {"iss": None},
    "another account": {"email": "merchant@example.iam"},
    "an account in capitals": {"email": EMAIL.upper()},
    "an account with a space": {"email": f"{EMAIL} "},
    "accounts": {"email": [EMAIL]},
    "an account unproven": {"email_verified": False},
    "an account almost proven": {"email_verified": "true"},
    "an account proven by a number": {"email_verified": 1},
    "out of time": {"iat": PAST, "exp": PAST + 600},
    "without end": {"exp": "never"},
    "ending in truth": {"exp": True},
    "from the future": {"iat": FUTURE, "exp": FUTURE + 600},
    "not yet": {"nbf": FUTURE},
}
HEADERS: Final[Mapping[str, dict[str, Any]]] = {
    "another key's name": {"kid": "other"},
    "a number as key": {"kid": "7"},
    "a key that came along": {"jwk": {"kty": "RSA"}},
    "a place of keys": {"jku": "https://keys.example.com"},
    "a place of certificates": {"x5u": "https://keys.example.com"},
    "certificates": {"x5c": ["MII"]},
    "what must be understood": {"crit": ["x"], "x": 1},
}
UNSIGNED: Final = b'{"alg":"none","typ":"JWT"}'
LEFT_OUT: Final = ("iss", "aud", "email", "email_verified", "iat", "exp")


def _swapped(one: str, other: str) -> str:
    """The claims of one token over the signature of another."""
    return ".".join([*one.split(".")[:2], other.split(".")[2]])


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _signed_by_public_key(issuer: Issuer, function: str) -> str:
    """HS256 with the public key as secret: what verifiers fall for that let tokens choose."""
    public = issuer._issuer._key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    token = issuer.token(function)
    header = jwt.get_unverified_header(token) | {"alg": "HS256"}
    signed = f"{_encoded(json.dumps(header).encode())}.{token.split('.')[1]}"
    return f"{signed}.{_encoded(hmac.digest(public, signed.encode(), 'sha256'))}"


def _forgeries(issuer: Issuer, function: str) -> dict[str, str]:
    """An Authorization header for each way to forge."""
    right = issuer.token(function)
    head, claims, signature = right.split(".")
    other = next(name for name in FUNCTIONS if name != function)
    tokens = {name: issuer.forged(function, **wrong) for name, wrong in CLAIMS.items()}
    tokens |= {name: issuer.forged(function, header=wrong) for name, wrong in HEADERS.items()}
    tokens |= {f"no {name}": issuer.forged(function, left_out=name) for name in LEFT_OUT}
    tokens |= {
        "another subscription": issuer.token(other),
        "another customer of the issuer": issuer.token(function, email="evil@example.iam"),
        "another key": issuer.forged(function, key=STRANGER),
        "another's signature": _swapped(right, issuer.token(other)),
        "no signature": f"{head}.{claims}.",
        "the algorithm none": f"{_encoded(UNSIGNED)}.{claims}.",
        "the public key as secret": _signed_by_public_key(issuer, function),
        "garbled": f"{right[:-4]}AAAA" if not right.endswith("AAAA") else f"{right[:-4]}BBBB",
        "half": right[: len(right) // 2],
        "twice": f"{right}.{signature}",
        "10 kB": "a" * 10_000,
        "another alphabet": "\xe9.\xe9.\xe9",
    }
    headers = {name: f"Bearer {token}" for name, token in tokens.items()}
    return headers | {"none": "", "no token": "Bearer ", "Basic": f"Basic {right}", "bare": right}


@pytest.fixture
def account(account_in_both_modes: Account) -> Account:
    """In both modes, whose rows are to be left alone."""
    return account_in_both_modes


@pytest.fixture(scope="module")
def till(make_till: Callable[[Account], Till], shop: Account) -> Iterator[Till]:
    """One shop for the tests of this file."""
    with make_till(shop) as ready:
        yield ready


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_forged_push_is_let_in(
    door: Callable[[str], Door], till: Till, issuer: Issuer, trial: Trial, function: str
) -> None:
    """401 before the body is looked at, not a row changed, nothing sent."""
    rounds, charge_id = trial.size(1, 50), till.create()
    body = push_body(till.message(CHARGE_CREATED, charge_id))
    before, asked = till.rows.snapshot(), len(till.operator.seen)
    forgeries = _forgeries(issuer, function)

    let_in = [
        name
        for _ in range(rounds)
        for name, authorization in forgeries.items()
        if door(function).post("/", body, headers={"Authorization": authorization}).status != 401
    ]

    assert let_in == []
    assert (till.rows.snapshot(), len(till.operator.seen)) == (before, asked)
    assert len(forgeries) >= 40
    trial.record(
        f"E19 forged pushes to {function}",
        len(forgeries) * rounds,
        wrong=len(let_in),
        ways=len(forgeries),
    )


def test_a_captured_token_helps_nobody_to_anothers_rows(
    door: Callable[[str], Door], till: Till, issuer: Issuer, account: Account
) -> None:
    """Around another body it is a right sender, whose words then lead to nothing."""
    paid = till.paid()["charge_id"]
    before, asked = till.rows.snapshot(), len(till.operator.seen)
    bodies = [
        push_body(till.message(CHARGE_CREATED, "ch_" + "7" * 24)),
        push_body(till.message(CHARGE_CREATED, paid)),
        push_body(till.message(CHARGE_CREATED, paid, account=account.id)),
        push_body(till.message(CHARGE_CREATED, paid, account="acct_" + "7" * 16)),
        push_body(till.message(CHARGE_CREATED, paid, livemode=True)),
        push_body(till.message("webhook-due", paid)),
        {"message": {"data": "e30="}, "subscription": "s"},
    ]
    for function in ("submit_charge", "settle_charge"):
        captured = issuer.headers(function)
        for body in bodies:
            assert door(function).post("/", body, headers=captured).status in {204, 400, 503}

    assert (till.rows.snapshot(), len(till.operator.seen)) == (before, asked)
