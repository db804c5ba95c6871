"""Takes out of a text what must never be kept: keys, secrets, tokens and telephone numbers."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

HIDDEN: Final = "[hidden]"
LONGEST_TEXT: Final = 2048
MOST_ITEMS: Final = 100
DEEPEST: Final = 8

# Ours by their prefixes, in whatever they are embedded; then whatever is as long as a token or an
# HMAC in any alphabet. Our ids are shorter, and so is a UUID.
_SECRET: Final = re.compile(
    r"[spr]k_(?:test|live)_\w*|whsec_[\w+/=-]*|eyJ[\w-]+\.[\w.-]+|[A-Za-z0-9+/=_-]{40,}",
    re.IGNORECASE,
)
# After a plus sign or the country's code anywhere; then nine digits where they stand alone, without
# dots, which make them an address of a network. In this order: nine digits may begin before a code.
_NUMBER: Final = re.compile(r"\+\d(?:[\s.-]?\d){7,}|237[\s.-]?6(?:[\s.-]?\d){8,}")
_NATIONAL: Final = re.compile(r"(?<![\w.-])6(?:[\s-]?\d){8}(?![\w-]|\.\d)")
_NAMES: Final = frozenset({"secret", "hmac", "token", "password", "pepper", "pin", "authorization"})
_WHOLE_NUMBER: Final = re.compile(r"2376\d{8}")
_UNCLEAN: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")

Kept = None | bool | int | str | list["Kept"] | dict[str, "Kept"]


def redacted_text(text: str) -> str:
    """Return a text without secrets and whole numbers, at most 2048 characters of it.

    Of a number the last two digits stay. What is redacted already comes back as it is.
    """
    clean = _UNCLEAN.sub("\N{REPLACEMENT CHARACTER}", text)
    for pattern, mask in ((_SECRET, HIDDEN), (_NUMBER, _masked), (_NATIONAL, _masked)):
        clean = pattern.sub(mask, clean)
    return clean if len(clean) <= LONGEST_TEXT else clean[: LONGEST_TEXT - 1] + "…"


def redacted(value: object, name: str = "", depth: int = 0) -> Kept:
    """Return a value as it may be kept under a name. Raises TypeError for what is no plain data.

    Whatever has a name that says secret is hidden whole. Moments become Unix seconds, lists are cut
    after 100 items.
    """
    if value is None or isinstance(value, bool):
        return value
    if _NAMES & set(name.lower().split("_")):
        return HIDDEN
    if isinstance(value, datetime):
        return int(value.timestamp())
    if isinstance(value, int):
        return HIDDEN if _WHOLE_NUMBER.search(str(value)) else value
    if isinstance(value, str):
        return redacted_text(value)
    return _all_redacted(value, name, depth + 1)


def _all_redacted(values: object, name: str, depth: int) -> Kept:
    if depth > DEEPEST:
        raise TypeError("too deep for an audit entry")
    if isinstance(values, Mapping):
        return {redacted_text(key): redacted(one, key, depth) for key, one in values.items()}
    if isinstance(values, list | tuple):
        kept = [redacted(one, name, depth) for one in values[:MOST_ITEMS]]
        left = len(values) - len(kept)
        return kept if left == 0 else [*kept, f"and {left} more"]
    raise TypeError(f"{type(values).__name__} is not kept in an audit entry")


def _masked(found: re.Match[str]) -> str:
    # In brackets, so that the digits join no others to a number.
    return f"[…{found[0][-2:]}]"
