"""Promises of the messages: each code in use has words in both languages, with the same values."""

import re
from collections.abc import Mapping
from string import Formatter

import pytest

from shared.domain import language
from shared.domain.advice.gateway import WORDS as GATEWAY
from shared.domain.words import Words
from shared.domain.words.failures import OF_PAYOUTS, OF_REFUNDS
from shared.providers.mtn import codes
from shared.runtime.language_choice import choose
from tests.raised_codes import raised_codes


def test_every_code_in_use_has_words():
    """No refusal becomes a crash for want of a sentence."""
    in_use = raised_codes().keys()
    assert len(in_use) > 100
    assert in_use - language.MESSAGES.keys() == set()


def test_no_code_stands_in_two_themes():
    """The second would silently win."""
    assert sum(map(len, language.THEMES)) == len(language.MESSAGES)


def test_every_failure_of_an_operator_has_words():
    """Each failure code that an operator's word leads to can be told to a merchant."""
    ours = {
        value
        for name, table in vars(codes).items()
        if isinstance(table, dict) and not name.startswith("__")
        for value in table.values()
        if isinstance(value, str) and re.fullmatch(r"[a-z_]+", value)
    }
    assert len(ours) > 3
    ours.add(codes.failure_code(codes.FAILURE_CODES, "SOMETHING_NEW"))
    assert ours - language.MESSAGES.keys() == set()


@pytest.mark.parametrize("table", [language.MESSAGES, OF_REFUNDS, OF_PAYOUTS, GATEWAY])
def test_both_languages_say_the_same_with_the_same_values(table: Mapping[str, Words]):
    """A value that one language names, the other names too; titles name none."""
    for code, words in table.items():
        _check(code, words)


def _check(code: str, words: Words) -> None:
    assert _names(words.message_en) == _names(words.message_fr)
    assert _names(words.title_en) == _names(words.title_fr) == set()
    assert all(words)
    assert words.message_en != words.message_fr
    assert re.fullmatch(r"[a-z][a-z0-9_]*", code)


def _names(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("chosen", ["fr", "en"])
def test_a_refund_that_failed_does_not_speak_of_a_charge(chosen: str):
    """Nobody was debited and nobody can pay later: nothing was paid out, and it is given back."""
    for code in ("operator_unavailable", "expired", "operator_misconfigured", "operator_error"):
        said = language.refund_text(code, chosen)
        assert said != language.text(code, chosen)
        assert ("Rien n'a été versé" if chosen == "fr" else "Nothing was paid") in said
    assert language.refund_text("payee_not_found", chosen) == language.text(
        "payee_not_found", chosen
    )


@pytest.mark.parametrize(
    ("chosen", "count", "said"),
    [
        ("en", 0, "Nothing was taken: 0 errors,"),
        ("en", 1, "Nothing was taken: 1 error,"),
        ("en", 2, "Nothing was taken: 2 errors,"),
        ("fr", 0, "Rien n'a été pris en compte : 0 erreur,"),
        ("fr", 1, "Rien n'a été pris en compte : 1 erreur,"),
        ("fr", 2, "Rien n'a été pris en compte : 2 erreurs,"),
    ],
)
def test_what_is_counted_stands_in_its_number(chosen: str, count: int, said: str):
    """One is one, and in French so is none."""
    assert language.text("batch_invalid", chosen, count=count).startswith(said)


def test_whatever_is_counted_has_both_its_numbers():
    """No message says “1 seconds” once somebody waits that long."""
    counted = {
        (code, name, text): spec
        for code, words in language.MESSAGES.items()
        for text in (words.message_en, words.message_fr)
        for _, name, spec, _ in Formatter().parse(text)
        if name and (name == "count" or name.endswith("seconds"))
    }
    assert len(counted) >= 10
    assert [place for place, spec in counted.items() if "|" not in (spec or "")] == []


def test_a_forgotten_value_leaves_a_gap_and_no_crash():
    """A message without its value is still a message."""
    assert language.text("amount_too_large", "fr") == "Le montant ne peut dépasser … FCFA."
    assert (
        language.text("amount_too_large", "en", limit=500) == "The amount must be at most 500 FCFA."
    )


@pytest.mark.parametrize(
    ("header", "account", "expected"),
    [
        (None, None, "en"),
        (None, "fr", "fr"),
        ("", "fr", "fr"),
        ("fr", "en", "fr"),
        ("fr-CM,fr;q=0.9,en;q=0.8", "en", "fr"),
        ("en;q=0.3, FR;q=0.7", "en", "fr"),
        ("en, fr", "fr", "en"),
        ("de, es;q=0.5", "fr", "fr"),
        ("fr;q=0, en;q=0.1", "fr", "en"),
        ("fr;q=0", "en", "en"),
        ("fr;q=x, en;q=0.001", "fr", "en"),
        ("*", "fr", "fr"),
        (";;;,,,", "de", "en"),
        (",".join(["xx"] * 50 + ["fr"]), "en", "en"),
        ("fr;q=0." + "9" * 1000, "en", "en"),
    ],
)
def test_language_is_the_callers_wish_then_the_accounts_then_english(
    header: str | None, account: str | None, expected: str
):
    """Accept-Language wins by its weights; what cannot be read counts nothing."""
    assert choose(header, account) == expected
