"""Promises of the messages: each code in use has words in both languages, with the same values."""

import ast
import re
from pathlib import Path
from string import Formatter

import pytest

from shared.domain import errors, language
from shared.providers.mtn import codes
from shared.runtime.language_choice import choose

ROOT = Path(__file__).parents[2]
REFUSALS = {
    name
    for name, value in vars(errors).items()
    if isinstance(value, type) and issubclass(value, errors.Refusal)
}


def _codes_in_use() -> set[str]:
    found: set[str] = set()
    for folder in ("shared", "functions"):
        for path in (ROOT / folder).rglob("*.py"):
            if path.is_relative_to(ROOT / "shared" / "simulator"):
                continue  # it speaks in operators' words
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in REFUSALS:
                    found |= {
                        arg.value
                        for arg in node.args[:1]
                        if isinstance(arg, ast.Constant) and isinstance(arg.value, str)
                    }
                if isinstance(node, ast.keyword) and node.arg in {"code", "failure_code"}:
                    value = node.value
                    if isinstance(value, ast.Constant) and isinstance(value.value, str):
                        found.add(value.value)
    return found


def test_every_code_in_use_has_words():
    """No refusal becomes a crash for want of a sentence."""
    in_use = _codes_in_use()
    assert len(in_use) > 30
    assert in_use - language.MESSAGES.keys() == set()


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


@pytest.mark.parametrize("table", ["MESSAGES", "OF_REFUNDS"])
def test_both_languages_say_the_same_with_the_same_values(table: str):
    """A value that one language names, the other names too; titles name none."""
    for code, words in getattr(language, table).items():
        _check(code, words)


def _check(code: str, words: language.Words) -> None:
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
