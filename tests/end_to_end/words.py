"""The dashboard's own words by their keys, so that a journey holds in every language."""

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal

from tests.system import ROOT

Language = Literal["fr", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("fr", "en")
NAMES: Final = {"fr": "Français", "en": "English"}
"""What the switch of languages calls each."""
MESSAGES: Final = ROOT / "functions" / "dashboard" / "messages"
_PART: Final = re.compile(
    r"\{(?P<name>\w+)(?:, number)?(?:, plural,(?P<branches>(?:\s*[\w=]+ \{[^{}]*\})+)\s*)?\}"
)
_BRANCH: Final = re.compile(r"\{([^{}]*)\}")


def francs(amount: int) -> str:
    """Whole francs as the dashboard writes them, but for the kind of its spaces."""
    return f"{amount:,} FCFA".replace(",", " ")


@dataclass(frozen=True, slots=True)
class Words:
    """What the dashboard says in a language; a key is a file of its messages and a path in it."""

    language: Language

    def __call__(self, key: str, **values: str) -> str:
        """Return a message with these values in it. Raises KeyError where it wants others."""

        def fill(part: re.Match[str]) -> str:
            if part["branches"] is not None:
                raise KeyError(f"{key} counts: ask for its pattern")
            return values[part["name"]]

        return _PART.sub(fill, _message(self.language, key))

    def pattern(self, key: str, **values: str) -> re.Pattern[str]:
        """What matches a message, whatever stands where no value is given, however it counts."""
        message = _message(self.language, key)
        found, at = "", 0
        for part in _PART.finditer(message):
            found += _literally(message[at : part.start()]) + _any(part, values)
            at = part.end()
        return re.compile(found + _literally(message[at:]))


def _any(part: re.Match[str], values: dict[str, str]) -> str:
    if part["branches"] is not None:
        branches = [
            r"[\d\s]+".join(_literally(each) for each in branch.split("#"))
            for branch in _BRANCH.findall(part["branches"])
        ]
        return f"(?:{'|'.join(branches)})"
    return _literally(values[part["name"]]) if part["name"] in values else ".+?"


def _literally(text: str) -> str:
    """The text, with any space for each of its spaces."""
    return r"\s+".join(re.escape(word) for word in re.split(r"\s+", text))


def _message(language: Language, key: str) -> str:
    name, *path = key.split(".")
    found: Any = _namespace(language, name)
    for step in path:
        found = found[step]
    assert isinstance(found, str), f"{key} is no message"
    return found


@cache
def _namespace(language: Language, name: str) -> Any:
    return json.loads((MESSAGES / language / f"{name}.json").read_text("utf-8"))
