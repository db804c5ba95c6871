"""Promises of the token verifier: no bad token passes, and none makes us ask for keys at will."""

import json
import time
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from shared.domain.errors import NotAuthenticated
from shared.runtime.tokens import KeySet, Trust, Verifier, people_trust, push_trust

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SMALL = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - must be refused
CURVE = ec.generate_private_key(ec.SECP256R1())
NOW = int(time.time())
GOOD: dict[str, Any] = {
    "iss": "https://issuer",
    "aud": "https://push/submit_charge",
    "email": "push@project",
    "email_verified": True,
    "iat": NOW,
    "exp": NOW + 3600,
    "sub": "1",
}
PERSON: dict[str, Any] = {
    "iss": "https://issuer",
    "aud": "pay-api",
    "azp": "dashboard",
    "typ": "Bearer",
    "iat": NOW,
    "auth_time": NOW,
    "exp": NOW + 300,
    "sub": "1",
}
PUSH_TRUST = push_trust("https://issuer", "https://push", "submit_charge", "push@project")
PEOPLE_TRUST = people_trust("https://issuer")
PUBLIC_PEM = KEY.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)


def _jwk(key: rsa.RSAPrivateKey, kid: str) -> dict[str, Any]:
    jwk: dict[str, Any] = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
    return jwk | {"kid": kid, "use": "sig", "alg": "RS256"}


class _Issuer:
    """Counts how often its keys are asked for, and can go away."""

    def __init__(self) -> None:
        self.keys = [_jwk(KEY, "one"), _jwk(SMALL, "small")]
        self.fetches = 0
        self.is_away = False
        self.clock = 1000.0

    def fetch(self) -> bytes:
        self.fetches += 1
        if self.is_away:
            raise OSError("away")
        return json.dumps({"keys": self.keys}).encode()

    def key_set(self) -> KeySet:
        return KeySet(self.fetch, lambda: self.clock)

    def verifier(
        self, now: Callable[[], float] = lambda: NOW + 1, trust: Trust = PUSH_TRUST
    ) -> Verifier:
        return Verifier(trust, self.key_set(), now=now)


def _sign(
    key: Any = KEY,
    *,
    claims: Mapping[str, Any] = GOOD,
    kid: object = "one",
    alg: str = "RS256",
    header: Mapping[str, object] | None = None,
    **changed: Any,
) -> str:
    merged = {name: value for name, value in {**claims, **changed}.items() if value is not None}
    headers = ({"kid": kid} if kid is not None else {}) | dict(header or {})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", jwt.warnings.InsecureKeyLengthWarning)
        return jwt.encode(merged, key, algorithm=alg, headers=headers)


def _by_hand(head: bytes, body: bytes, key: rsa.RSAPrivateKey = KEY) -> str:
    """A token with a right RS256 signature over whatever stands in it."""
    signed = jwt.utils.base64url_encode(head) + b"." + jwt.utils.base64url_encode(body)
    signature = jwt.algorithms.RSAAlgorithm(jwt.algorithms.RSAAlgorithm.SHA256).sign(signed, key)
    return (signed + b"." + jwt.utils.base64url_encode(signature)).decode()


def _hmac_with_public_key(claims: Mapping[str, Any]) -> str:
    """Sign HS256 with the public key as secret, by hand: the library refuses to."""
    algorithm = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    head = jwt.utils.base64url_encode(b'{"alg":"HS256","kid":"one","typ":"JWT"}')
    body = jwt.utils.base64url_encode(json.dumps(claims).encode())
    signed = head + b"." + body
    return (signed + b"." + jwt.utils.base64url_encode(algorithm.sign(signed, PUBLIC_PEM))).decode()


def _unsigned(alg: str, claims: Mapping[str, Any]) -> str:
    head = jwt.utils.base64url_encode(json.dumps({"alg": alg, "kid": "one"}).encode()).decode()
    body = jwt.utils.base64url_encode(json.dumps(claims).encode()).decode()
    return f"{head}.{body}."


def _altered(claims: Mapping[str, Any]) -> str:
    head, _, signature = _sign(claims=claims).split(".")
    body = jwt.utils.base64url_encode(json.dumps({**claims, "sub": "2"}).encode()).decode()
    return f"{head}.{body}.{signature}"


def _forged(claims: Mapping[str, Any]) -> dict[str, str]:
    """Tokens that no verifier may take, whoever it trusts (E40)."""
    plain = b'{"alg":"RS256","kid":"one"}'
    body = json.dumps(claims).encode()
    twice = body[:-1] + b', "aud": "somebody else"}'

    def sign(key: Any = KEY, **how: Any) -> str:
        return _sign(key, claims=claims, **how)

    return {
        "garbage": "a.b.c",
        "too long": "a" * 9000,
        "a megabyte": sign(padding="a" * 1_000_000),
        "not ascii": "é.é.é",
        "two parts": sign().rpartition(".")[0],
        "four parts": sign() + ".e30",
        "encrypted, by its five parts": "e30.e30.e30.e30.e30",
        "no JSON in the head": _by_hand(b"RS256", body),
        "a list as body": _by_hand(plain, b"[]"),
        "a body that is no JSON": _by_hand(plain, body[:-1]),
        "a deep body": _by_hand(plain, b"[" * 3000 + b"]" * 3000),
        **{f"alg {alg}": _unsigned(alg, claims) for alg in ("none", "None", "NONE", "nOnE", "")},
        "HS256 with the public key": _hmac_with_public_key(claims),
        "PS256": sign(alg="PS256"),
        "RS384": sign(alg="RS384"),
        "RS512": sign(alg="RS512"),
        "ES256": sign(CURVE, alg="ES256"),
        "another key of the same name": sign(OTHER),
        "an unknown key": sign(OTHER, kid="two"),
        "a key too small": sign(SMALL, kid="small"),
        "no key id": sign(kid=None),
        "an empty key id": sign(kid=""),
        "a key id that is a path": sign(kid="../../../../dev/null"),
        "a key id that is SQL": sign(kid="one' OR '1'='1"),
        "a key id that is a list": _by_hand(b'{"alg":"RS256","kid":["one"]}', body),
        "an embedded key": sign(OTHER, header={"jwk": _jwk(OTHER, "one")}),
        "an address of keys": sign(OTHER, header={"jku": "https://evil/jwks"}),
        "an address of keys beside a right signature": sign(header={"jku": "https://evil/jwks"}),
        "an address of a certificate": sign(OTHER, header={"x5u": "https://evil/x5u"}),
        "a certificate": sign(OTHER, header={"x5c": ["AAAA"]}),
        "an extension that must be understood": sign(header={"crit": ["b64"], "b64": False}),
        "another issuer": sign(iss="https://evil"),
        "another realm of the same server": sign(iss="https://issuer/realms/other"),
        "the issuer with a slash": sign(iss="https://issuer/"),
        "no issuer": sign(iss=None),
        "a list of issuers": _by_hand(plain, json.dumps({**claims, "iss": ["https://issuer"]}).encode()),
        "another audience": sign(aud="account"),
        "a list of audiences": sign(aud=[claims["aud"], "x"]),
        "the audience twice": _by_hand(plain, twice),
        "no audience": sign(aud=None),
        "no end": sign(exp=None),
        "ended 30 s ago": sign(exp=NOW - 30),
        "an end without end": sign(exp=float("nan")),
        "an end in words": sign(exp=str(NOW + 60)),
        "no beginning": sign(iat=None),
        "from the future": sign(iat=NOW + 600),
        "not valid yet": sign(nbf=NOW + 600),
        "altered": _altered(claims),
        "unsigned": sign().rpartition(".")[0] + ".",
    }  # fmt: skip


FORGED_PUSH = _forged(GOOD) | {
    "another function's audience": _sign(aud="https://push/settle_charge"),
    "the audience's base": _sign(aud="https://push"),
    "another email": _sign(email="evil@project"),
    "no email": _sign(email=None),
    "an unverified email": _sign(email_verified=False),
    "an email verified in words": _sign(email_verified="true"),
    "an email verified by 1": _sign(email_verified=1),
    "a person's": _sign(claims=PERSON),
}
FORGED_PERSON = _forged(PERSON) | {
    "an ID token": _sign(claims=PERSON, typ="ID"),
    "a refresh token": _sign(claims=PERSON, typ="Refresh"),
    "no type": _sign(claims=PERSON, typ=None),
    "another client's": _sign(claims=PERSON, azp="account-console"),
    "no client's": _sign(claims=PERSON, azp=None),
    "a push": _sign(),
}


@pytest.mark.parametrize(
    ("trust", "good", "forged"),
    [(PUSH_TRUST, GOOD, FORGED_PUSH), (PEOPLE_TRUST, PERSON, FORGED_PERSON)],
    ids=["pushes", "people"],
)
def test_no_forged_token_passes_and_all_of_them_cost_one_fetch(
    trust: Trust, good: dict[str, Any], forged: dict[str, str]
) -> None:
    """Nothing forged, foreign, expired or borrowed is accepted, nor makes us call the issuer."""
    assert len(forged) >= 45
    issuer = _Issuer()
    verifier = issuer.verifier(trust=trust)
    accepted = []
    for name, token in forged.items():
        try:
            verifier.verify(f"Bearer {token}")
        except NotAuthenticated:
            continue
        accepted.append(name)
    assert accepted == []
    assert issuer.fetches <= 1
    assert verifier.verify(f"Bearer {_sign(claims=good)}")["sub"] == "1"


@pytest.mark.parametrize("header", [None, "", "Bearer ", "Bearer", f"Basic {_sign()}", _sign()])
def test_a_header_without_a_bearer_token_is_refused(header: str | None) -> None:
    """A token counts only as what it is presented as."""
    with pytest.raises(NotAuthenticated):
        _Issuer().verifier().verify(header)


def test_unknown_keys_by_the_thousand_cost_two_fetches_a_minute() -> None:
    """10,000 tokens of keys that nobody knows do not make us a client that storms the issuer."""
    issuer = _Issuer()
    verifier = issuer.verifier()
    head, body, signature = _sign(OTHER, kid="two").split(".")
    for number in range(10_000):
        issuer.clock += 0.006
        forged = jwt.utils.base64url_encode(f'{{"alg":"RS256","kid":"{number}"}}'.encode()).decode()
        with pytest.raises(NotAuthenticated):
            verifier.verify(f"Bearer {forged}.{body}.{signature}")
    assert head
    assert issuer.fetches == 2


def test_a_good_token_passes_and_is_remembered_until_it_ends():
    """One token shared by many messages is verified once, and not beyond its end."""
    issuer = _Issuer()
    moment = [float(NOW)]
    verifier = issuer.verifier(now=lambda: moment[0])
    header = f"Bearer {_sign()}"
    assert verifier.verify(header)["email"] == "push@project"
    assert verifier.verify(header.replace("Bearer", "bearer"))["sub"] == "1"
    assert issuer.fetches == 1
    moment[0] = NOW + 3600 + 9
    assert verifier.verify(header)
    moment[0] = NOW + 3600 + 11
    with pytest.raises(NotAuthenticated):
        verifier.verify(header)


def test_a_new_key_is_found_within_half_a_minute():
    """Rotation works at once after a pause, and two active keys both count."""
    issuer = _Issuer()
    verifier = issuer.verifier()
    verifier.verify(f"Bearer {_sign()}")
    issuer.keys.append(_jwk(OTHER, "two"))
    with pytest.raises(NotAuthenticated):
        verifier.verify(f"Bearer {_sign(OTHER, kid='two')}")
    issuer.clock += 31
    assert verifier.verify(f"Bearer {_sign(OTHER, kid='two')}")
    assert verifier.verify(f"Bearer {_sign(sub='3')}")
    assert issuer.fetches == 2


def test_a_removed_key_is_refused_within_ten_minutes():
    """Even a remembered token falls with its key."""
    issuer = _Issuer()
    verifier = issuer.verifier()
    header = f"Bearer {_sign()}"
    verifier.verify(header)
    issuer.keys = [_jwk(OTHER, "two")]
    issuer.clock += 600
    with pytest.raises(NotAuthenticated):
        verifier.verify(header)


def test_known_keys_serve_for_a_day_while_the_issuer_is_away():
    """An outage of the issuer stops nothing before a day has passed."""
    issuer = _Issuer()
    verifier = issuer.verifier()
    header = f"Bearer {_sign()}"
    verifier.verify(header)
    issuer.is_away = True
    issuer.clock += 23 * 3600
    assert verifier.verify(header)
    issuer.clock += 3600 + 1
    with pytest.raises(NotAuthenticated):
        verifier.verify(header)


def test_an_issuer_that_is_away_is_asked_at_most_twice_a_minute():
    """A storm of tokens is no storm of fetches."""
    issuer = _Issuer()
    verifier = issuer.verifier()
    verifier.verify(f"Bearer {_sign()}")
    issuer.is_away = True
    for _ in range(60):
        issuer.clock += 1
        with pytest.raises(NotAuthenticated):
            verifier.verify(f"Bearer {_sign(OTHER, kid='two')}")
    assert issuer.fetches == 3


def test_a_process_without_any_key_asks_again_soon():
    """Started while the issuer is away, it takes pushes seconds after the issuer is back."""
    issuer = _Issuer()
    issuer.is_away = True
    verifier = issuer.verifier()
    for _ in range(30):
        with pytest.raises(NotAuthenticated):
            verifier.verify(f"Bearer {_sign()}")
        issuer.clock += 0.1
    assert issuer.fetches == 1
    issuer.is_away = False
    issuer.clock += 0.1
    assert verifier.verify(f"Bearer {_sign()}")
