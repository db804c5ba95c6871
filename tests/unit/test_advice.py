"""Promises of the page of errors: whatever code a caller meets, it says what to do."""

import re
from collections import Counter

import pytest

from knative.render import gateway_errors
from shared.domain import language
from shared.domain.advice import gateway
from shared.domain.advice.catalogue import THEMES, sections
from tests.raised_codes import raised_codes

ENTRIES = {entry.code: entry for theme in sections("en").values() for entry in theme}
HTTP = re.compile(r"[45]\d\d")


def test_every_code_has_its_entry_once():
    """No `doc_url` leads to nothing, and no entry is of a code that nobody can meet."""
    counted = Counter(entry.code for theme in sections("en").values() for entry in theme)

    assert counted.keys() == language.MESSAGES.keys() | gateway.WORDS.keys()
    assert raised_codes().keys() - counted.keys() == set()
    assert set(counted.values()) == {1}


@pytest.mark.parametrize("name", sorted(THEMES.keys() - {"gateway"}))
def test_a_code_stands_in_the_same_theme_as_its_words(name: str):
    """Whoever adds words finds at once where the advice belongs."""
    assert THEMES[name].ADVICE.keys() in [theme.keys() for theme in language.THEMES]


def test_an_entry_names_the_statuses_that_its_code_leaves_with():
    """What the page says of a status is what the source does."""
    for code, statuses in raised_codes().items():
        told = {int(place) for place in ENTRIES[code].places if HTTP.fullmatch(place)}
        assert told >= statuses, code
        assert told == statuses or not statuses, code


def test_the_gateways_answers_have_entries_with_their_statuses():
    """Also what no function of ours has said can be looked up."""
    for answer in gateway_errors._ANSWERS:
        assert str(answer.status) in ENTRIES[answer.code].places


@pytest.mark.parametrize("spoken", ["fr", "en"])
def test_an_entry_is_whole_and_needs_no_value(spoken: str):
    """Nobody reads a placeholder; both languages have their own words."""
    other = {
        entry.code: entry
        for theme in sections("en" if spoken == "fr" else "fr").values()
        for entry in theme
    }
    for theme in sections(spoken).values():
        for entry in theme:
            texts = [entry.title, entry.meaning, entry.action]
            texts += filter(None, (entry.of_refunds, entry.of_payouts))
            assert entry.places
            assert all(texts)
            assert not any("{" in text for text in texts), entry.code
            assert entry.meaning != other[entry.code].meaning
            assert entry.action != other[entry.code].action
            assert {*entry.places} <= {"failure_code", "lines"} | {
                place for place in entry.places if HTTP.fullmatch(place)
            }
