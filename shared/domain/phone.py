"""Cameroonian mobile numbers and the operator that a prefix suggests."""

import hmac
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from shared.domain.errors import InvalidRequest

COUNTRY: Final = "237"
NATIONAL_LENGTH: Final = 9
PARAM: Final = "payment_method[phone]"
PAYEE_PARAM: Final = "destination[phone]"


class Operator(StrEnum):
    """A mobile-money operator of Cameroon."""

    MTN = "mtn"
    ORANGE = "orange"


# Google's libphonenumber data, release 9.0.43. A prefix is a default, never proof: numbers may be
# ported one day, so a merchant's own word wins over this table.
PREFIXES: Final[tuple[tuple[str, Operator], ...]] = (
    ("67", Operator.MTN),
    *((str(n), Operator.MTN) for n in (650, 651, 652, 653, 654, 680, 681, 682, 683)),
    ("69", Operator.ORANGE),
    *((str(n), Operator.ORANGE) for n in (655, 656, 657, 658, 659)),
    *((str(n), Operator.ORANGE) for n in (686, 687, 688, 689, 640, 641, 642)),
)


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A mobile number of Cameroon in E.164 form, for example `+237670000001`."""

    e164: str

    @classmethod
    def parse(cls, text: str, *, param: str = PARAM) -> "PhoneNumber":
        """Read E.164 or nine national digits; `param` is the field that it stands in.

        Raises InvalidRequest `phone_invalid`, `phone_foreign` or `phone_not_mobile`.
        """
        digits = text.removeprefix("+")
        if not (digits.isascii() and digits.isdigit()) or len(digits) > 15:  # noqa: PLR2004 - E.164
            raise InvalidRequest("phone_invalid", param)
        if text.startswith("+"):
            if not digits.startswith(COUNTRY):
                raise InvalidRequest("phone_foreign", param)
            digits = digits.removeprefix(COUNTRY)
        if len(digits) != NATIONAL_LENGTH:
            raise InvalidRequest("phone_invalid", param)
        if not digits.startswith("6"):
            raise InvalidRequest("phone_not_mobile", param)
        return cls(f"+{COUNTRY}{digits}")

    @property
    def national(self) -> str:
        """The nine digits."""
        return self.e164[-NATIONAL_LENGTH:]

    @property
    def msisdn(self) -> str:
        """Country code and number, digits only, as MTN writes it."""
        return self.e164[1:]

    @property
    def masked(self) -> str:
        """The form that may be shown: `+2376****01`."""
        return f"{self.e164[:5]}****{self.e164[-2:]}"

    def keyed(self, key: bytes) -> str:
        """Return what platform tables keep of a number: enough to match, not to read."""
        return hmac.digest(key, self.e164.encode(), "sha256").hex()

    @property
    def operator(self) -> Operator | None:
        """The operator that the prefix suggests, or None."""
        for prefix, operator in PREFIXES:
            if self.national.startswith(prefix):
                return operator
        return None
