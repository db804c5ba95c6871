"""The filter language of subscriptions, so that unwanted messages are never delivered.

Grammar, after Google's page "Filter messages from a subscription":

    expression = term { AND term } | term { OR term }      (the two mix only by parentheses)
    term       = [ NOT | - ] ( "(" expression ")" | condition )
    condition  = attributes ":" key | attributes "." key ( = | != ) string
               | hasPrefix ( attributes "." key , string )
    key        = name | string
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from knative.local.pubsub.errors import InvalidArgumentError

MAX_BYTES = 256
Predicate: TypeAlias = Callable[[Mapping[str, str]], bool]

_TOKEN = re.compile(
    r"""\s*(?:(?P<string>"(?:[^"\\\n]|\\(?:["'\\abfnrtv]|u[0-9A-Fa-f]{4}"""
    r"""|x[0-9A-Fa-f]{2}|[0-7]{3}))*")"""
    r"""|(?P<sign>!=|[().,:=-])"""
    r"""|(?P<name>[A-Za-z_][A-Za-z0-9_-]*))""",
)

_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|([0-7]{3})|(.))")
_CONTROLS = dict(zip("abfnrtv", "\a\b\f\n\r\t\v", strict=True))


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


def compile_filter(text: str) -> Predicate:
    """Turn a filter into a predicate over a message's attributes; an empty one passes all.

    Raises InvalidArgumentError for anything but the grammar, and above 256 bytes.
    """
    if len(text.encode()) > MAX_BYTES:
        raise InvalidArgumentError(f"The filter must not be longer than {MAX_BYTES} bytes.")
    tokens = _split(text)
    if not tokens:
        return lambda _attributes: True
    parser = _Parser(tokens)
    predicate = parser.expression()
    parser.end()
    return predicate


def _split(text: str) -> list[_Token]:
    tokens = []
    at = 0
    while text[at:].strip():
        found = _TOKEN.match(text, at)
        if found is None or found.lastgroup is None:
            raise InvalidArgumentError(f"Invalid filter: unexpected text at character {at + 1}.")
        tokens.append(_Token(found.lastgroup, found[found.lastgroup]))
        at = found.end()
    return tokens


class _Parser:
    """Recursive descent; 256 bytes bound the depth."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._next = 0

    def expression(self) -> Predicate:
        first = self._term()
        for word, combine in (("AND", all), ("OR", any)):
            if self._peek("name", word):
                terms = [first]
                while self._take("name", word):
                    terms.append(self._term())
                if self._peek("name", "AND") or self._peek("name", "OR"):
                    raise InvalidArgumentError(
                        "Invalid filter: AND and OR combine by parentheses only."
                    )
                return _combined(terms, combine)
        return first

    def end(self) -> None:
        if self._next < len(self._tokens):
            raise InvalidArgumentError(
                f"Invalid filter: unexpected {self._tokens[self._next].text}."
            )

    def _term(self) -> Predicate:
        if self._take("name", "NOT") or self._take("sign", "-"):
            return _negated(self._operand())
        return self._operand()

    def _operand(self) -> Predicate:
        if self._take("sign", "("):
            inner = self.expression()
            self._expect("sign", ")")
            return inner
        return self._condition()

    def _condition(self) -> Predicate:
        if self._take("name", "hasPrefix"):
            self._expect("sign", "(")
            self._expect("name", "attributes")
            self._expect("sign", ".")
            key = self._key()
            self._expect("sign", ",")
            prefix = self._string()
            self._expect("sign", ")")
            return lambda attributes: (
                attributes.get(key, "").startswith(prefix) and (key in attributes)
            )
        self._expect("name", "attributes")
        if self._take("sign", ":"):
            key = self._key()
            return lambda attributes: key in attributes
        self._expect("sign", ".")
        key = self._key()
        if self._take("sign", "="):
            value = self._string()
            return lambda attributes: key in attributes and attributes[key] == value
        self._expect("sign", "!=")
        value = self._string()
        return lambda attributes: key not in attributes or attributes[key] != value

    def _key(self) -> str:
        if self._next < len(self._tokens) and self._tokens[self._next].kind == "name":
            self._next += 1
            return self._tokens[self._next - 1].text
        return self._string()

    def _string(self) -> str:
        if self._next == len(self._tokens) or self._tokens[self._next].kind != "string":
            raise InvalidArgumentError("Invalid filter: a string in double quotes is missing.")
        self._next += 1
        return _ESCAPE.sub(_unescaped, self._tokens[self._next - 1].text[1:-1])

    def _peek(self, kind: str, text: str) -> bool:
        return self._next < len(self._tokens) and self._tokens[self._next] == _Token(kind, text)

    def _take(self, kind: str, text: str) -> bool:
        if not self._peek(kind, text):
            return False
        self._next += 1
        return True

    def _expect(self, kind: str, text: str) -> None:
        if not self._take(kind, text):
            raise InvalidArgumentError(f"Invalid filter: {text} is missing.")


def _unescaped(found: re.Match[str]) -> str:
    hexadecimal = found[1] or found[2]
    if hexadecimal:
        return chr(int(hexadecimal, 16))
    return chr(int(found[3], 8)) if found[3] else _CONTROLS.get(found[4], found[4])


def _combined(terms: list[Predicate], combine: Callable[[list[bool]], bool]) -> Predicate:
    return lambda attributes: combine([term(attributes) for term in terms])


def _negated(term: Predicate) -> Predicate:
    return lambda attributes: not term(attributes)
