"""Every code that callers can meet, with what it means and what to do, as one language says it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Final

from shared.domain.advice import (
    Advice,
    access,
    accounts,
    batches,
    failures,
    files,
    gateway,
    limits,
    payments,
    platform,
    reports,
    requests,
    statements,
    webhooks,
)
from shared.domain.language import MESSAGES
from shared.domain.words import Words
from shared.domain.words.failures import OF_PAYOUTS, OF_REFUNDS

THEMES: Final[Mapping[str, ModuleType]] = {
    "requests": requests,
    "access": access,
    "limits": limits,
    "payments": payments,
    "failures": failures,
    "batches": batches,
    "accounts": accounts,
    "platform": platform,
    "statements": statements,
    "webhooks": webhooks,
    "files": files,
    "reports": reports,
    "gateway": gateway,
}
"""The themes in the order in which a reader meets them."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One code as a page shows it.

    `of_refunds` and `of_payouts` are what it means there, where that differs; `places` as in
    `Advice`.
    """

    code: str
    places: tuple[str, ...]
    title: str
    meaning: str
    of_refunds: str | None
    of_payouts: str | None
    action: str


def sections(language: str) -> Mapping[str, tuple[Entry, ...]]:
    """Return the entries of each theme, by code; `language` is `fr`, anything else is English."""
    return {
        name: tuple(_entry(code, advice, language) for code, advice in sorted(theme.ADVICE.items()))
        for name, theme in THEMES.items()
    }


def _entry(code: str, advice: Advice, language: str) -> Entry:
    words = gateway.WORDS.get(code) or MESSAGES[code]
    is_french = language == "fr"
    given = advice.meaning_fr if is_french else advice.meaning_en
    return Entry(
        code,
        advice.places,
        words.title_fr if is_french else words.title_en,
        given or _message(words, language),
        _message(OF_REFUNDS[code], language) if code in OF_REFUNDS else None,
        _message(OF_PAYOUTS[code], language) if code in OF_PAYOUTS else None,
        advice.action_fr if is_french else advice.action_en,
    )


def _message(words: Words, language: str) -> str:
    return words.message_fr if language == "fr" else words.message_en
