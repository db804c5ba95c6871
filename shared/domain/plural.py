"""Fills sentences with values; what is counted stands in the number that its language asks for."""

from collections.abc import Mapping, Sequence
from string import Formatter
from typing import Any, Final

_GAP: Final = "…"
_SINGULAR: Final[Mapping[str, range]] = {"en": range(1, 2), "fr": range(2)}
"""Of how many one speaks as of one: in French of none too."""


def fill(text: str, language: str, values: Mapping[str, object]) -> str:
    """Put values into a sentence; `{count:error|errors}` becomes “1 error” or “2 errors”.

    `language` is `fr`, anything else is English. A value that is not there leaves a gap.
    """
    singular = _SINGULAR.get(language, _SINGULAR["en"])
    return _Filler(singular).vformat(text, (), values)


class _Filler(Formatter):
    def __init__(self, singular: range) -> None:
        self._singular = singular

    def get_value(self, key: int | str, _: Sequence[Any], kwargs: Mapping[str, Any]) -> object:
        return kwargs.get(str(key), _GAP)

    def format_field(self, value: object, format_spec: str) -> str:
        one, is_counted, many = format_spec.partition("|")
        if not is_counted:
            return format(value, format_spec)
        return f"{value} {one if value in self._singular else many}"
