"""Notifications: words in both languages for every kind, and words of others that do no harm."""

import json
import string
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from shared.db.migrations.platform import p0054_silenced_notices
from shared.domain.ids import is_id, new_id
from shared.domain.notification import (
    LONGEST_VALUE,
    MAY_BE_SILENT,
    TERMS,
    Channel,
    Kind,
    Notification,
    Recipient,
    is_address,
    one_line,
    unlinked,
)
from shared.domain.notification_words import LANGUAGES, WORDS, letter_of
from shared.domain.receipt import Language

ACCOUNT: Final = "acct_2222222222222222"
NOW: Final = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
LINK: Final = "https://pay.example/invitations/1#t=once"
OFFER: Final = {"duty": "viewer", "last_day": "2026-12-01T08:00:00+00:00"}
VALUES: Final = {
    "keys_from": "100000",
    "people_from": "never",
    "valid_from": "2026-12-01T08:30:00+00:00",
    "amount": "1250000",
    "review_by": "2026-12-01T08:00:00+00:00",
    "stopped": "charges payouts",
    "duty": "developer",
    "last_day": "2026-12-01T08:00:00+00:00",
    "until": "2026-12-01T08:30:00+00:00",
}
# The basic alphabet of text messages (GSM 03.38), as far as our words may need it.
_GSM: Final = frozenset(
    string.ascii_letters + string.digits + " \n@£$¥èéùìòÇØøÅåÄÖÑÜ§¿äöñüà!\"#%&'()*+,-./:;<=>?_"
)


def secret_of(kind: Kind) -> str | None:
    """What a kind has to carry beside its words."""
    if not TERMS[kind].has_secret:
        return None
    return "123456" if kind is Kind.SIGN_IN_CODE else LINK


def letter(kind: Kind, language: Language = "en", **changes: Any) -> Any:
    """A letter of a kind, its values sensible but for what is changed."""
    data = {name: VALUES.get(name, f"<{name}>") for name in TERMS[kind].fields}
    given: dict[str, Any] = {"account_name": "Chez Marie", "data": data, "livemode": True} | changes
    return letter_of(kind, language, secret=secret_of(kind), **given)


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_words_in_both_languages(kind: Kind) -> None:
    """French and English say the same: each names every value that the kind carries."""
    carried = {*TERMS[kind].fields, "account", "secret"}

    named = []
    for language in LANGUAGES:
        words = WORDS[kind][language]
        text = words.subject + words.text
        named.append({field for _, field, _, _ in string.Formatter().parse(text) if field})
        assert all(words.paragraphs())
        assert bool(words.subject) == (TERMS[kind].channel is Channel.MAIL)
    assert named[0] == named[1]
    assert TERMS[kind].fields <= named[0] <= carried
    assert WORDS[kind]["fr"] != WORDS[kind]["en"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", Kind)
def test_every_kind_makes_a_letter(kind: Kind, language: Language) -> None:
    """With its values in it, written as that language writes them, and no placeholder left."""
    made = letter(kind, language)

    text = " ".join((made.subject, *made.paragraphs, made.link or ""))
    assert "{" not in text
    for name in TERMS[kind].fields:
        assert VALUES.get(name) is not None or f"<{name}>" in text
    if "duty" in TERMS[kind].fields:
        assert ("pour le développement" if language == "fr" else "as a developer") in text
    if "stopped" in TERMS[kind].fields:
        words = "nouveaux paiements, nouveaux versements"
        assert (words if language == "fr" else "new charges, new payouts") in text
    if "review_by" in TERMS[kind].fields:
        assert ("1er décembre 2026" if language == "fr" else "1 December 2026") in text
    if "until" in TERMS[kind].fields:
        at = "1er décembre 2026 à 09\u00a0h\u00a030 (heure de Douala)"
        assert (at if language == "fr" else "1 December 2026 at 09:30 (Douala time)") in text
    if TERMS[kind].has_secret:
        assert str(secret_of(kind)) in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_code_fits_one_plain_text_message(language: Language) -> None:
    """160 letters of the basic alphabet: more would be two messages, or none on an old phone."""
    text = " ".join(letter(Kind.SIGN_IN_CODE, language).paragraphs)

    assert len(text) <= 160
    assert set(text) <= _GSM


def test_the_test_mode_says_so() -> None:
    """Nobody takes a trial for real money."""
    made = letter(Kind.CASE_OPENED, livemode=False)

    assert made.subject.startswith("[test] ")
    assert "test mode" in made.paragraphs[-1]
    assert "test" not in " ".join((letter(Kind.CASE_OPENED).subject, *made.paragraphs[:-1]))
    of_both = letter(Kind.INVITATION, livemode=False)
    assert "test" not in " ".join((of_both.subject, *of_both.paragraphs))


HOSTILE: Final = {
    "a line break": "A\r\nBcc: x",
    "marks that turn the direction": "A\u202egnp.exe\u2066\u200f",
    "hidden letters": "A\u200b\u00ad\ufeff",
    "half a letter": "A\ud800",
    "control characters": "A\x00\x1b[31m\x7f",
    "separators": "A\u2028B\u2029C\u0085D",
    "ten kilobytes": "A" + "é" * 10_000,
    "placeholders": "A{secret}{account.__class__}%s",
    "nothing": "",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("kind", [Kind.KEY_MADE, Kind.INVITATION])
def test_words_of_others_stay_words(kind: Kind, text: str) -> None:
    """Whatever a merchant wrote: one line, in reading order, short, and nothing is looked up."""
    data = dict.fromkeys(TERMS[kind].fields, text) if kind is Kind.KEY_MADE else OFFER
    made = letter(kind, account_name=text, data=data)

    shown = [made.subject, *made.paragraphs]
    assert all(line.isprintable() and len(line) < 500 for line in shown)
    assert not any(mark in line for line in shown for mark in "\u202e\u2066\u200f\u200b\ud800")
    assert "\n".join(shown).encode()
    if "{" in text:
        assert "{secret}" in made.subject


def test_what_a_row_does_not_say_leaves_a_gap() -> None:
    """A row of an earlier release, or of one that is going, is sent all the same."""
    made = letter(Kind.INVITATION, data={})

    assert "the team of Chez Marie, …." in made.paragraphs[0]
    assert made.link == LINK


def test_what_must_be_known_whole_is_not_cut() -> None:
    """A hundred keys that end in a week, and an administrator's whole reason."""
    keys = ", ".join(f"key_{number:010}" for number in range(100))
    reason = "é" * 500
    review = {"keys": keys, "review_by": VALUES["review_by"]}
    access = {"access": "acs_1", "reason": reason, "until": VALUES["until"]}
    made = [
        Notification.of(kind, ACCOUNT, data, livemode=True, now=NOW)
        for kind, data in ((Kind.KEYS_UNDER_REVIEW, review), (Kind.ACCESS_OPENED, access))
    ]
    text = [" ".join(letter(one.kind, data=one.data).paragraphs) for one in made]

    assert keys in text[0]
    assert reason in text[1]
    assert all(len(json.dumps(one.data, ensure_ascii=False).encode()) < 4_000 for one in made)


def test_a_notification_never_breaks_its_cause() -> None:
    """What is written beside a payment is short and storable, whatever it was made of."""
    data = dict.fromkeys(TERMS[Kind.KEY_MADE].fields, "".join(HOSTILE.values()) * 9)
    made = Notification.of(Kind.KEY_MADE, ACCOUNT, data, livemode=True, now=NOW)

    assert all(len(value) <= LONGEST_VALUE and "\x00" not in value for value in made.data.values())
    assert made.send_before == NOW + timedelta(days=3)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Chez Marie", "Chez Marie"),
        ("St. Paul & Cie.", "St. Paul & Cie."),
        ("Win at https://evil.cm/x", "Win at https evil. cm/x"),
        ("evil.cm", "evil. cm"),
        ("http://2130706433", "http 2130706433"),
    ],
)
def test_an_invitation_carries_no_link_of_the_merchants(name: str, shown: str) -> None:
    """A name is set so that no mail program makes a link of it: we are nobody's way to phish."""
    assert unlinked(name) == shown
    assert shown in letter(Kind.INVITATION, account_name=name).subject


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "http://pay.example/", 'https://a"b', "https://a\r\nb", ""]
)
def test_only_a_link_is_a_link(link: str) -> None:
    """What is not https, or would end its attribute, is not sent."""
    with pytest.raises(ValueError, match="no link"):
        letter_of(Kind.INVITATION, "fr", account_name="A", data=OFFER, livemode=True, secret=link)


@pytest.mark.parametrize(
    "wrong",
    [
        {"data": {"host": "x"}},
        {"data": {"key": "k", "ending": "e", "more": "m"}},
        {"secret": "x", "seal": lambda *_: "sealed"},
        {"to": Recipient("a@b.cm", "fr")},
    ],
)
def test_a_kind_takes_what_it_carries_and_nothing_else(wrong: dict[str, Any]) -> None:
    """A cause that gives too much, too little or to somebody else is a fault of ours."""
    given: dict[str, Any] = {"data": {"key": "key_1", "ending": "abcd"}} | wrong

    with pytest.raises(ValueError, match="key_made"):
        Notification.of(Kind.KEY_MADE, ACCOUNT, livemode=True, now=NOW, **given)


def test_a_secret_is_sealed_or_not_at_all() -> None:
    """It is sealed under the notification's own id, and shows in no repr; an address neither."""
    to = Recipient("a@b.cm", "fr")
    made = Notification.of(
        Kind.INVITATION, ACCOUNT, OFFER, livemode=True, now=NOW, to=to, secret=LINK,
        seal=lambda secret, row: f"{row}/{len(secret)}",
    )  # fmt: skip

    assert made.secret_sealed == f"{made.id}/{len(LINK)}"
    assert LINK not in repr(made)
    assert "a@b.cm" not in repr(made)
    with pytest.raises(ValueError, match="not sealed"):
        Notification.of(Kind.INVITATION, ACCOUNT, OFFER, livemode=True, now=NOW, to=to, secret=LINK)


@pytest.mark.parametrize(
    ("text", "channel", "expected"),
    [
        ("a@b.cm", Channel.MAIL, True),
        ("marie.n+pay@mail.boutique-x.cm", Channel.MAIL, True),
        ("root@localhost", Channel.MAIL, True),
        ("a@b@c.cm", Channel.MAIL, False),
        ("a@b.cm,c@d.cm", Channel.MAIL, False),
        ("a@b.cm c@d.cm", Channel.MAIL, False),
        ("a@b.cm\n", Channel.MAIL, False),
        ("a\r\n@b.cm", Channel.MAIL, False),
        ('"a b"@c.cm', Channel.MAIL, False),
        ("<a@b.cm>", Channel.MAIL, False),
        ("a@[127.0.0.1]", Channel.MAIL, False),
        ("a@-b.cm", Channel.MAIL, False),
        ("a@b..cm", Channel.MAIL, False),
        (".a@b.cm", Channel.MAIL, False),
        ("é@b.cm", Channel.MAIL, False),
        ("a@bé.cm", Channel.MAIL, False),
        ("a" * 65 + "@b.cm", Channel.MAIL, False),
        ("a@" + "b." * 126 + "cm", Channel.MAIL, False),
        ("", Channel.MAIL, False),
        ("+237670000001", Channel.TEXT, True),
        ("237670000001", Channel.TEXT, False),
        ("+237670000001\n", Channel.TEXT, False),
        ("+0237670000001", Channel.TEXT, False),
        ("a@b.cm", Channel.TEXT, False),
    ],
)
def test_an_address_is_one_address(text: str, channel: Channel, expected: bool) -> None:  # noqa: FBT001 - what is expected
    """No list, no comment, no line break: what reaches a command of SMTP is one plain address."""
    assert is_address(text, channel) is expected


def test_a_long_line_is_cut_with_a_sign() -> None:
    """Who reads sees that there was more."""
    assert one_line("a" * 200, 10) == "aaaaaaaaa…"
    assert one_line("a" * 10, 10) == "a" * 10


def test_what_is_told_once_is_told_once_for_each_reason() -> None:
    """The same object and reason have the same id, which sorts by the object's time."""
    payment = new_id("rf", int(NOW.timestamp() * 1000))

    def told(reason: str) -> str:
        data = {"payment": payment}
        return Notification.of(
            Kind.CASE_OPENED, ACCOUNT, data, livemode=True, now=NOW, once_for=payment, reason=reason
        ).id

    ids = [told(reason) for reason in ("", "payee_differs", "waiting_for_a_day", "payee_differs")]
    assert len(set(ids)) == 3
    assert ids[1] == ids[3]
    assert all(is_id(each, "ntf") and each[4:14] == payment[3:13] for each in ids)


def test_nothing_that_keeps_an_account_safe_may_be_silent() -> None:
    """The four that may are those that the database knows."""
    assert {kind.value for kind in MAY_BE_SILENT} == {
        "approval_wanted", "case_opened", "endpoint_gone", "endpoint_failing",
    }  # fmt: skip
    assert all(f"{kind.value}" in p0054_silenced_notices.SILENCED for kind in MAY_BE_SILENT)
