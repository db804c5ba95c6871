"""What every list has in common: its page, its cursors, its filters; and which names are known."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from shared.domain.errors import InvalidRequest
from shared.domain.ids import is_id

T = TypeVar("T")
DEFAULT_LIMIT: Final = 10
LARGEST_LIMIT: Final = 100
LONGEST_FILTER: Final = 100
LATEST: Final = 253_402_300_799
CREATED: Final = {
    "created[gte]": ("from", 0),
    "created[gt]": ("from", 1),
    "created[lt]": ("until", 0),
    "created[lte]": ("until", 1),
}
PAGE_PARAMS: Final = frozenset({"limit", "starting_after", "ending_before", *CREATED})


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a list: at most `limit` objects on one side of a cursor, between two seconds."""

    limit: int
    starting_after: str | None
    ending_before: str | None
    created_from: int | None
    created_until: int | None

    @classmethod
    def parse(
        cls,
        query: Mapping[str, str],
        prefix: str,
        *,
        usual: int = DEFAULT_LIMIT,
        largest: int = LARGEST_LIMIT,
    ) -> "Page":
        """Read query parameters. Raises InvalidRequest naming the one at fault."""
        after, before = query.get("starting_after"), query.get("ending_before")
        if after is not None and before is not None:
            raise InvalidRequest("cursor_invalid", "ending_before")
        for name, cursor in (("starting_after", after), ("ending_before", before)):
            if cursor is not None and not is_id(cursor, prefix):
                raise InvalidRequest("cursor_invalid", name)
        bounds: dict[str, int] = {}
        for name, (side, shift) in CREATED.items():
            if name in query:
                bound = read_whole(query[name], name, LATEST) + shift
                narrower = max if side == "from" else min
                bounds[side] = narrower(bound, bounds.get(side, bound))
        limit = read_limit(query, usual=usual, largest=largest)
        return cls(limit, after, before, bounds.get("from"), bounds.get("until"))


@dataclass(frozen=True, slots=True)
class PageOf(Generic[T]):
    """A page, newest first, and whether there is more beyond it."""

    items: tuple[T, ...]
    has_more: bool


def refuse_unknown(
    given: Iterable[str], known: Collection[str] = (), *, within: str | None = None
) -> None:
    """Raise InvalidRequest `parameter_unknown` for the first name that is not known.

    `within` is the field whose parts the names are.
    """
    for name in given:
        if name not in known:
            param = name if within is None else f"{within}[{name}]"
            raise InvalidRequest("parameter_unknown", param[:100])


def read_limit(
    query: Mapping[str, str], *, usual: int = DEFAULT_LIMIT, largest: int = LARGEST_LIMIT
) -> int:
    """Return how many objects are wanted, at least one. Raises InvalidRequest `limit_invalid`."""
    text = query.get("limit")
    if text is None:
        return usual
    limit = read_whole(text, "limit", largest, code="limit_invalid")
    if limit == 0:
        raise InvalidRequest("limit_invalid", "limit", limit=largest)
    return limit


def read_filter(query: Mapping[str, str], name: str) -> str | None:
    """Return the value to compare with, or None. Raises InvalidRequest; PostgreSQL takes no NUL."""
    value = query.get(name)
    if value is not None and (not 0 < len(value) <= LONGEST_FILTER or "\x00" in value):
        raise InvalidRequest("parameter_invalid", name)
    return value


def read_whole(text: str, param: str, largest: int, *, code: str = "parameter_invalid") -> int:
    """Return a whole number from 0 to the largest. Raises InvalidRequest with `code`."""
    is_short = len(text) <= len(str(largest))
    if not (is_short and text.isascii() and text.isdigit() and int(text) <= largest):
        raise InvalidRequest(code, param, limit=largest)
    return int(text)
