"""Reads a query in a strict part of Stripe's search language: clauses of a field, joined by AND.

`amount>=1000 AND status:'succeeded' AND metadata['order']:'1042'`. Whatever else Stripe knows (OR,
negation, parts of words) is refused, never read as something near it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from shared.domain.charge import PUBLIC_STATUS
from shared.domain.errors import InvalidRequest
from shared.domain.phone import PhoneNumber
from shared.operations.create_charge import (
    LARGEST,
    METADATA_KEY_LENGTH,
    METADATA_VALUE_LENGTH,
    REFERENCE_LENGTH,
)
from shared.operations.lists import LATEST

PARAM: Final = "query"
LONGEST: Final = 1000
MOST_CLAUSES: Final = 10
CURRENCY_LENGTH: Final = 3
_AND: Final = re.compile(r"\s+AND\s+", re.IGNORECASE)
_CLAUSE: Final = re.compile(
    r"""\s*(?P<name>[a-z_]+)
    (?:\[(?P<mark>['"])(?P<key>(?:(?!(?P=mark))[^\\])+)(?P=mark)\])?
    \s*(?P<sign>>=|<=|:|>|<)\s*
    (?:(?P<quote>['"])(?P<text>(?:(?!(?P=quote))[^\\]|\\['"\\])*)(?P=quote)|(?P<number>[0-9]{1,15}))
    """,
    re.VERBOSE,
)
_ESCAPED: Final = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Between:
    """Whole numbers from one on and below another; None where there is no bound."""

    least: int | None = None
    below: int | None = None

    def narrowed(self, sign: str, number: int) -> "Between":
        """Return what is left of them by one more comparison."""
        least = {">": number + 1, ">=": number, ":": number}.get(sign)
        below = {"<": number, "<=": number + 1, ":": number + 1}.get(sign)
        return Between(
            max((each for each in (self.least, least) if each is not None), default=None),
            min((each for each in (self.below, below) if each is not None), default=None),
        )


@dataclass(frozen=True, slots=True)
class Sought:
    """What a charge must be; `words` are its fields that must have a text, metadata apart.

    `amount` is in whole XAF, `created` in seconds since 1970.
    """

    amount: Between = Between()
    created: Between = Between()
    words: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)


def read_query(query: str | None) -> Sought:
    """Read a query. Raises InvalidRequest `parameter_missing` and `search_query_invalid`."""
    if query is None:
        raise InvalidRequest("parameter_missing", PARAM)
    if not 0 < len(query) <= LONGEST:
        raise _refused(query)
    sought, at = Sought(), 0
    for _ in range(MOST_CLAUSES):
        clause = _CLAUSE.match(query, at)
        if clause is None:
            raise _refused(query[at:])
        sought, at = _with(sought, clause), clause.end()
        if not query[at:].strip():
            return sought
        joint = _AND.match(query, at)
        if joint is None:
            raise _refused(query[at:])
        at = joint.end()
    raise _refused(query[at:])


def _with(sought: Sought, clause: re.Match[str]) -> Sought:
    name, sign, key = clause["name"], clause["sign"], clause["key"]
    if (key is not None) != (name == "metadata") or (sign != ":" and name not in _NUMBERS):
        raise _refused(clause[0])
    if name in _NUMBERS:
        if clause["number"] is None or int(clause["number"]) > _NUMBERS[name]:
            raise _refused(clause[0])
        number = int(clause["number"])
        if name == "amount":
            return replace(sought, amount=sought.amount.narrowed(sign, number))
        return replace(sought, created=sought.created.narrowed(sign, number))
    if clause["quote"] is None or "\x00" in clause["text"]:
        raise _refused(clause[0])
    text = _ESCAPED.sub(r"\1", clause["text"])
    if not _fits(name, key, text):
        raise _refused(clause[0])
    if key is None and name not in sought.words:
        return replace(sought, words={**sought.words, name: text})
    if key is not None and key not in sought.metadata:
        return replace(sought, metadata={**sought.metadata, key: text})
    raise _refused(clause[0])


def _fits(name: str, key: str | None, text: str) -> bool:
    if key is not None:
        return len(key) <= METADATA_KEY_LENGTH and len(text) <= METADATA_VALUE_LENGTH
    return name in _WORDS and _WORDS[name](text)


def _is_number(text: str) -> bool:
    try:
        PhoneNumber.parse(text, param=PARAM)
    except InvalidRequest:
        return False
    return True


_NUMBERS: Final = {"amount": LARGEST, "created": LATEST}
"""The largest whole number that may be compared with."""
_WORDS: Final[Mapping[str, Callable[[str], bool]]] = {
    "currency": lambda text: text.isascii() and text.isalpha() and len(text) == CURRENCY_LENGTH,
    "status": lambda text: text in set(PUBLIC_STATUS.values()),
    "customer": lambda text: 0 < len(text) <= REFERENCE_LENGTH,
    "reference": lambda text: 0 < len(text) <= REFERENCE_LENGTH,
    "phone": _is_number,
}
"""Fields with a text, and what it may be."""


def _refused(part: str) -> InvalidRequest:
    shown = part.strip()[:60]
    return InvalidRequest("search_query_invalid", PARAM, part=shown, limit=MOST_CLAUSES)
