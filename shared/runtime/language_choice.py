"""Chooses the language of an answer from what the caller asked for and what is known of him."""

from typing import Final

LANGUAGES: Final = ("en", "fr")
DEFAULT: Final = "en"
_MOST_RANGES: Final = 20
_FULL: Final = 1000


def choose(accept_language: str | None, account_language: str | None = None) -> str:
    """Return `fr` or `en`: Accept-Language first, then the account's language, then English."""
    return wanted(accept_language) or (
        account_language if account_language in LANGUAGES else DEFAULT
    )


def wanted(accept_language: str | None) -> str | None:
    """Return the language that the header prefers among ours, or None where it prefers none."""
    if not accept_language:
        return None
    best: str | None = None
    best_weight = 0
    for item in accept_language.split(",", _MOST_RANGES)[:_MOST_RANGES]:
        tag, _, parameters = item.partition(";")
        language = tag.strip().lower().split("-", 1)[0]
        weight = _weight(parameters)
        if language in LANGUAGES and weight > best_weight:
            best, best_weight = language, weight
    return best


def _weight(parameters: str) -> int:
    """Read `q=0.8` as 800 thousandths; what cannot be read counts nothing (RFC 9110, 12.4.2)."""
    name, _, value = parameters.strip().partition("=")
    if not name:
        return _FULL
    whole, _, fraction = value.strip().partition(".")
    digits = whole + fraction.ljust(3, "0")
    is_well_formed = whole in {"0", "1"} and digits.isascii() and digits.isdigit()
    if name.strip().lower() != "q" or not is_well_formed or len(digits) > len("1000"):
        return 0
    return min(int(digits), _FULL)
