"""Says every refusal and failure in French or English, by its stable code."""

from collections.abc import Mapping
from typing import Final

from shared.domain.plural import fill
from shared.domain.words import (
    Words,
    access,
    accounts,
    batches,
    failures,
    files,
    limits,
    payments,
    platform,
    reports,
    requests,
    statements,
    webhooks,
)

THEMES: Final = (
    access.WORDS,
    accounts.WORDS,
    requests.WORDS,
    limits.WORDS,
    payments.WORDS,
    batches.WORDS,
    statements.WORDS,
    webhooks.WORDS,
    files.WORDS,
    reports.WORDS,
    platform.WORDS,
    failures.WORDS,
)
MESSAGES: Final[Mapping[str, Words]] = {
    code: words for theme in THEMES for code, words in theme.items()
}


def title(code: str, language: str) -> str:
    """Return the title of a code; `language` is `fr`, anything else is English."""
    words = MESSAGES[code]
    return words.title_fr if language == "fr" else words.title_en


def text(code: str, language: str, **values: str | int | None) -> str:
    """Return the message of a code; `language` is `fr`, anything else is English.

    Raises KeyError for a code without words; a test holds every code in use to this table.
    """
    return _message(MESSAGES[code], language, values)


def refund_text(code: str, language: str) -> str:
    """Return the message of a refund's failure: what a charge's says is not always true of it."""
    return _message(failures.OF_REFUNDS.get(code) or MESSAGES[code], language, {})


def payout_text(code: str, language: str) -> str:
    """Return the message of a payout's failure, as `refund_text`."""
    return _message(failures.OF_PAYOUTS.get(code) or MESSAGES[code], language, {})


def _message(words: Words, language: str, values: Mapping[str, object]) -> str:
    message = words.message_fr if language == "fr" else words.message_en
    return fill(message, language, values)
