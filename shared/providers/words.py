"""Reads operators' JSON leniently: documents, recordings and clients disagree on its types."""

import re
import unicodedata
from typing import Final

import msgspec

WORD_LENGTH: Final = 120
# A body of brackets alone ends in RecursionError, a lone surrogate in UnicodeDecodeError.
UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
NOTHING: Final = msgspec.Raw(b"null")
_WHOLE: Final = re.compile(r"([0-9]{1,15})(?:\.0{1,4})?")
_NOT_PLAIN: Final = re.compile(r"[^A-Za-z0-9 .,:-]+")


def word(raw: msgspec.Raw) -> str | None:
    """Return a string, or the digits of a number; None for everything else."""
    text = bytes(raw)
    if text.startswith(b'"'):
        try:
            return shown(msgspec.json.decode(text, type=str)) or None
        except UNREADABLE:
            return None
    # A number keeps its own digits: as a float it would lose some.
    return text.decode()[:WORD_LENGTH] if text[:1].isdigit() else None


def shown(text: str) -> str:
    """Return what a database and a log line can take of a foreign word."""
    return "".join(letter for letter in text[:WORD_LENGTH] if letter.isprintable())


def whole_amount(raw: msgspec.Raw) -> int | None:
    """Return an amount that came as number or string, None where it is not whole."""
    whole = _WHOLE.fullmatch(word(raw) or "")
    return None if whole is None else int(whole[1])


def plain_text(text: str, limit: int) -> str:
    """Return at most `limit` characters that operators take: no apostrophes, no accents."""
    letters = unicodedata.normalize("NFKD", text)
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return " ".join(_NOT_PLAIN.sub(" ", bare).split())[:limit].rstrip()
