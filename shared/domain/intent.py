"""The journal of money out: what shall be sent is written where it can never be changed, and first.

A database that was restored to an earlier time has forgotten what it sent since. The journal has
not: the same wish, made again under the same idempotency key, finds an intent of another id there,
and stops for a person.
"""

import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from shared.domain.money import Currency, Money

FORMAT: Final = "intent.v1"
OPENED_FORMAT: Final = "opened.v1"
OPENED_SUFFIX: Final = ".opened.json"
TAKEN_BACK_FORMAT: Final = "taken_back.v1"
CONTENT_TYPE: Final = "application/json"


@dataclass(frozen=True, slots=True)
class Intent:
    """One wish to send money out, as it is kept; `about` is what it was made for, a charge's id.

    `reference` is what the operator will know it by. No number of a person is among it: these
    bytes stay for years, and nobody can take a word out of them.
    """

    id: str
    operation: str
    account: str
    livemode: bool
    about: str
    key: str
    money: Money
    operator_account: str
    reference: str
    created_at: datetime

    @property
    def object_key(self) -> str:
        """Where it lies: the same for the same wish, whatever id it has this time."""
        mode = "live" if self.livemode else "test"
        return f"intents/{self.account}/{mode}/{self.operation}/{self.about}/{self.key}.json"

    @property
    def body(self) -> bytes:
        """What is kept, the same bytes each time, in whatever zone its time was read."""
        return json.dumps(
            {
                "format": FORMAT,
                "intent": self.id,
                "operation": self.operation,
                "account": self.account,
                "livemode": self.livemode,
                "about": self.about,
                "amount": self.money.amount,
                "currency": self.money.currency,
                "operator_account": self.operator_account,
                "reference": self.reference,
                "created_at": self.created_at.astimezone(UTC).isoformat(),
            },
            sort_keys=True,
            separators=(",", ":"),
        ).encode()


def read(place: str, kept: bytes) -> Intent:
    """Return the intent that lies at a place. Raises ValueError for whatever else lies there."""
    try:
        told = json.loads(kept)
        intent = Intent(
            id=told["intent"],
            operation=told["operation"],
            account=told["account"],
            livemode=told["livemode"],
            about=told["about"],
            key=place.rpartition("/")[2].removesuffix(".json"),
            money=Money(told["amount"], Currency(told["currency"])),
            operator_account=told["operator_account"],
            reference=told["reference"],
            created_at=datetime.fromisoformat(told["created_at"]),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(place) from error
    if (intent.object_key, intent.body) != (place, kept):
        raise ValueError(place)
    return intent


def is_opened(place: str) -> bool:
    """Tell whether a place is that of an operator's reference, not of an intent."""
    return place.endswith(OPENED_SUFFIX)


def opened(intent: Intent, reference: str | None) -> tuple[str, bytes]:
    """Return place and bytes of the one reference by which an operator knows an intent.

    None says that it will never be sent: the place is taken, so that nobody opens it any more.
    """
    place = f"{intent.object_key.removesuffix('.json')}{OPENED_SUFFIX}"
    kept = {"format": OPENED_FORMAT, "intent": intent.id, "operator_reference": reference}
    return place, json.dumps(kept, sort_keys=True, separators=(",", ":")).encode()


def opened_reference(kept: bytes) -> str | None:
    """Return the reference in such bytes. Raises ValueError and KeyError for others."""
    reference = json.loads(kept)["operator_reference"]
    if reference is not None and not isinstance(reference, str):
        raise ValueError("no reference")
    return reference


def taken_back_place(account: str, object_id: str, *, livemode: bool) -> str:
    """Return where it is kept that a payout or a batch was taken back by its merchant."""
    mode = "live" if livemode else "test"
    return f"taken_back/{account}/{mode}/{object_id}.json"


def taken_back(object_id: str, at: datetime) -> bytes:
    """Return the bytes that say since when it is taken back."""
    kept = {"format": TAKEN_BACK_FORMAT, "object": object_id, "at": at.astimezone(UTC).isoformat()}
    return json.dumps(kept, sort_keys=True, separators=(",", ":")).encode()


def taken_back_at(kept: bytes) -> datetime:
    """Return since when, by such bytes. Raises ValueError, KeyError and TypeError for others."""
    return datetime.fromisoformat(json.loads(kept)["at"])


def key_hmac(secret: bytes, idempotency_key: str) -> str:
    """Return what stands for an idempotency key outside the database, in hex.

    Merchants put into their keys what they like, numbers of people among it.
    """
    return hmac.digest(secret, f"intent:{idempotency_key}".encode(), "sha256").hex()
