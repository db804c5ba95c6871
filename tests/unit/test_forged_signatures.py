"""Forged webhooks at the libraries of merchants (E37): none passes, and all honest ones do."""

import base64
import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

import stripe
from standardwebhooks import Webhook, WebhookVerificationError

from shared.domain.webhook import WebhookSecret, payload, signed_headers, stripe_headers
from tests.trials import Trial

TOLERANCE: Final = timedelta(seconds=300)
STRIPE: Final = "Stripe-Signature"


class Sent(NamedTuple):
    """A body, its headers, and what the receiver holds."""

    body: bytes
    headers: Mapping[str, str]
    secret: WebhookSecret


class Maker:
    """Makes honest ones in either manner, and one forgery of each kind from them."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    def honest(self, *, is_stripe: bool) -> tuple[Sent, Sent]:
        """One while a secret replaces another, as the holder of either receives it."""
        new, old = (WebhookSecret(self.chance.randbytes(32)) for _ in range(2))
        body, headers = self._sent((new, old), is_stripe=is_stripe)
        return Sent(body, headers, new), Sent(body, headers, old)

    def _sent(
        self,
        secrets: tuple[WebhookSecret, ...],
        *,
        is_stripe: bool,
        before: timedelta = timedelta(),
    ) -> tuple[bytes, dict[str, str]]:
        now = datetime.now(UTC) - before
        body = payload("charge.succeeded", now, f'{{"id":"ch_{self.chance.getrandbits(64):x}"}}')
        if is_stripe:
            return body, dict(stripe_headers(now, body, secrets=secrets))
        name = f"evt_{self.chance.getrandbits(64):x}"
        return body, dict(signed_headers(name, now, body, secrets=secrets))

    def flipped_body(self, sent: Sent) -> Sent:
        """One bit of the body."""
        return sent._replace(body=self._flipped(sent.body))

    def flipped_signature(self, sent: Sent) -> Sent:
        """One bit of each signature, and none of base64's that mean nothing."""
        headers = dict(sent.headers)
        if STRIPE in headers:
            time, *parts = headers[STRIPE].split(",")
            digests = [self._flipped(bytes.fromhex(part.partition("=")[2])) for part in parts]
            headers[STRIPE] = ",".join([time, *(f"v1={digest.hex()}" for digest in digests)])
        else:
            parts = headers["webhook-signature"].split()
            digests = [self._flipped(base64.b64decode(part.partition(",")[2])) for part in parts]
            forged = (f"v1,{base64.b64encode(digest).decode()}" for digest in digests)
            headers["webhook-signature"] = " ".join(forged)
        return sent._replace(headers=headers)

    def swapped(self, sent: Sent) -> Sent:
        """The body of another event that was signed as well."""
        other, _ = self._sent((sent.secret,), is_stripe=STRIPE in sent.headers)
        return sent._replace(body=other)

    def renamed(self, sent: Sent) -> Sent:
        """Another id, or of Stripe's manner, which has none in the headers, another time."""
        if STRIPE in sent.headers:
            return self.shifted(sent)
        return sent._replace(headers={**sent.headers, "webhook-id": "evt_another"})

    def shifted(self, sent: Sent) -> Sent:
        """Another second, within the tolerance."""
        headers, by = dict(sent.headers), self.chance.choice([-60, -1, 1, 60])
        if STRIPE in headers:
            time, _, rest = headers[STRIPE].partition(",")
            headers[STRIPE] = f"t={int(time.removeprefix('t=')) + by},{rest}"
        else:
            headers["webhook-timestamp"] = str(int(headers["webhook-timestamp"]) + by)
        return sent._replace(headers=headers)

    def late(self, sent: Sent) -> Sent:
        """An honest one again, after the tolerance."""
        before = TOLERANCE + timedelta(seconds=self.chance.randrange(2, 10**6))
        body, headers = self._sent((sent.secret,), is_stripe=STRIPE in sent.headers, before=before)
        return Sent(body, headers, sent.secret)

    def outlived(self, sent: Sent) -> Sent:
        """Signed with a secret that the receiver holds no more."""
        return sent._replace(secret=WebhookSecret(self.chance.randbytes(32)))

    def _flipped(self, content: bytes) -> bytes:
        bit = self.chance.randrange(8 * len(content))
        return (int.from_bytes(content) ^ 1 << bit).to_bytes(len(content))


FORGERIES: Final[tuple[Callable[[Maker, Sent], Sent], ...]] = (
    Maker.flipped_body,
    Maker.flipped_signature,
    Maker.swapped,
    Maker.renamed,
    Maker.shifted,
    Maker.late,
    Maker.outlived,
)


def test_no_forged_signature_passes(trial: Trial) -> None:
    """Neither a flipped bit nor another's id, time, body or secret; and each honest one passes."""
    maker, forged = Maker(trial.chance), trial.size(700, 50_000)
    passed = refused = 0
    for number in range(forged):
        forge = FORGERIES[number % len(FORGERIES)]
        by_new, by_old = maker.honest(is_stripe=number // len(FORGERIES) % 2 == 1)
        passed += verifies(forge(maker, by_new)) + verifies(forge(maker, by_old))
        refused += (not verifies(by_new)) + (not verifies(by_old))
    trial.record("E37 forged signatures", 2 * forged, wrong=passed + refused, honest=2 * forged)


def verifies(sent: Sent) -> bool:
    """Whether the published library takes it."""
    try:
        if STRIPE in sent.headers:
            stripe.WebhookSignature.verify_header(
                sent.body, sent.headers[STRIPE], sent.secret.shown, TOLERANCE.seconds
            )
        else:
            Webhook(sent.secret.shown).verify(sent.body, dict(sent.headers), json_parse=False)
    except (WebhookVerificationError, stripe.SignatureVerificationError, ValueError):
        return False
    return True
