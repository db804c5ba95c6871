"""Promises of the token verifier: no bad token passes, and none makes us ask for keys at will."""

import json
import time
import warnings
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from shared.domain.errors import NotAuthenticated
from shared.runtime.push_auth import KeySet, Trust, Verifier, push_trust

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

    def verifier(self, now: Callable[[], float] = lambda: NOW + 1) -> Verifier:
        trust = push_trust("https://issuer", "https://push", "submit_charge", "push@project")
        return Verifier(trust, self.key_set(), now=now)


def _sign(key: Any = KEY, *, kid: str | None = "one", alg: str = "RS256", header=None, **claims):
    merged = {name: value for name, value in (GOOD | claims).items() if value is not None}
    headers = ({"kid": kid} if kid else {}) | (header or {})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", jwt.warnings.InsecureKeyLengthWarning)
        return jwt.encode(merged, key, algorithm=alg, headers=headers)


def _hmac_with_public_key() -> str:
    """Sign HS256 with the public key as secret, by hand: the library refuses to."""
    algorithm = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    head = jwt.utils.base64url_encode(b'{"alg":"HS256","kid":"one","typ":"JWT"}')
    body = jwt.utils.base64url_encode(json.dumps(GOOD).encode())
    signed = head + b"." + body
    return (signed + b"." + jwt.utils.base64url_encode(algorithm.sign(signed, PUBLIC_PEM))).decode()


def _altered() -> str:
    head, _, signature = _sign().split(".")
    body = jwt.utils.base64url_encode(json.dumps(GOOD | {"sub": "2"}).encode()).decode()
    return f"{head}.{body}.{signature}"


BAD: dict[str, str | None] = {
    "none at all": None,
    "empty": "",
    "no token": "Bearer ",
    "another scheme": f"Basic {_sign()}",
    "garbage": "Bearer a.b.c",
    "too long": "Bearer " + "a" * 9000,
    "not ascii": "Bearer é.é.é",
    "alg none": f"Bearer {jwt.encode(GOOD, '', algorithm='none', headers={'kid': 'one'})}",
    "HS256 with the public key": f"Bearer {_hmac_with_public_key()}",
    "PS256": f"Bearer {_sign(alg='PS256')}",
    "RS512": f"Bearer {_sign(alg='RS512')}",
    "ES256": f"Bearer {_sign(CURVE, alg='ES256')}",
    "another key of the same name": f"Bearer {_sign(OTHER)}",
    "an unknown key": f"Bearer {_sign(OTHER, kid='two')}",
    "a key too small": f"Bearer {_sign(SMALL, kid='small')}",
    "no key id": f"Bearer {_sign(kid=None)}",
    "an embedded key": f"Bearer {_sign(OTHER, header={'jwk': _jwk(OTHER, 'one')})}",
    "an address of keys": f"Bearer {_sign(OTHER, header={'jku': 'https://evil/jwks'})}",
    "a certificate": f"Bearer {_sign(OTHER, header={'x5c': ['AAAA']})}",
    "another issuer": f"Bearer {_sign(iss='https://evil')}",
    "no issuer": f"Bearer {_sign(iss=None)}",
    "another function's audience": f"Bearer {_sign(aud='https://push/settle_charge')}",
    "the audience's base": f"Bearer {_sign(aud='https://push')}",
    "a list of audiences": f"Bearer {_sign(aud=['https://push/submit_charge', 'x'])}",
    "no audience": f"Bearer {_sign(aud=None)}",
    "another email": f"Bearer {_sign(email='evil@project')}",
    "no email": f"Bearer {_sign(email=None)}",
    "an unverified email": f"Bearer {_sign(email_verified=False)}",
    "an email verified in words": f"Bearer {_sign(email_verified='true')}",
    "an email verified by 1": f"Bearer {_sign(email_verified=1)}",
    "no end": f"Bearer {_sign(exp=None)}",
    "ended 30 s ago": f"Bearer {_sign(exp=NOW - 30)}",
    "an end without end": f"Bearer {_sign(exp=float('nan'))}",
    "from the future": f"Bearer {_sign(iat=NOW + 600)}",
    "not valid yet": f"Bearer {_sign(nbf=NOW + 600)}",
    "altered": f"Bearer {_altered()}",
    "unsigned": f"Bearer {_sign().rpartition('.')[0]}.",
}


def test_no_bad_token_passes_and_all_of_them_cost_one_fetch():
    """Nothing forged, foreign, expired or borrowed is accepted, nor makes us call the issuer."""
    assert len(BAD) >= 25
    issuer = _Issuer()
    verifier = issuer.verifier()
    accepted = []
    for name, authorization in BAD.items():
        try:
            verifier.verify(authorization)
        except NotAuthenticated:
            continue
        accepted.append(name)
    assert accepted == []
    assert issuer.fetches <= 1


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


def test_another_issuer_is_only_another_setting():
    """Tokens of people are held to their type and to the party that asked for them."""
    trust = Trust(
        "https://issuer", "api", required={"typ": "Bearer"}, authorized_parties=frozenset({"dash"})
    )
    verifier = Verifier(trust, _Issuer().key_set(), now=lambda: NOW)
    person = {"aud": "api", "typ": "Bearer", "azp": "dash"}
    assert verifier.verify(f"Bearer {_sign(**person)}")
    for wrong in ({"typ": "ID"}, {"azp": "account"}, {"aud": "account"}):
        with pytest.raises(NotAuthenticated):
            verifier.verify(f"Bearer {_sign(**(person | wrong))}")
