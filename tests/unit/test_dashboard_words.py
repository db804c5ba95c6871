"""Words by key say what the dashboard says."""

import json
from collections.abc import Iterator

import pytest

from tests.end_to_end.words import LANGUAGES, MESSAGES, Language, Words, francs

COUNTED = {"fr": "1 234 événements renvoyés.", "en": "1 event sent again."}


def _keys(found: object, key: str) -> Iterator[str]:
    if isinstance(found, dict):
        for name, below in found.items():
            yield from _keys(below, f"{key}.{name}")
    else:
        yield key


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_can_be_looked_for(language: Language) -> None:
    """No message is of a form that the patterns do not know, nor matches everything."""
    words = Words(language)
    for file in sorted((MESSAGES / language).glob("*.json")):
        for key in _keys(json.loads(file.read_text("utf-8")), file.stem):
            pattern = words.pattern(key).pattern
            assert "plural" not in pattern, key
            assert r"\{" not in pattern, key


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_counts_is_found_however_much_it_is(language: Language) -> None:
    """Each branch of a plural matches, with any number; another message does not."""
    pattern = Words(language).pattern("webhooks.replayed")

    assert pattern.fullmatch(COUNTED[language])
    assert pattern.fullmatch(Words(language)("webhooks.resent")) is None
    with pytest.raises(KeyError):
        Words(language)("webhooks.replayed", count="3")


def test_values_stand_in_their_places() -> None:
    """An amount stands where the message has its name, and no message goes out half filled."""
    assert Words("en")("refund.send_amount", amount=francs(12_500)) == "Refund 12 500 FCFA"
    assert Words("fr").pattern("pay.send", amount=francs(7)).fullmatch("Verser\u00a07\u202fFCFA")
    with pytest.raises(KeyError):
        Words("en")("refund.send_amount")
