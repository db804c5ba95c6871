"""Tables in Markdown, and the places of a document that a program writes."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

BEGIN: Final = "<!-- {name}: `make {command}` writes from here -->"
END: Final = "<!-- {name}: to here -->"


def with_sections(text: str, parts: Mapping[str, str], *, command: str = "capacity") -> str:
    """Put each part between its marks. Raises ValueError where a mark is missing."""
    for name, part in parts.items():
        begin, end = (mark.format(name=name, command=command) for mark in (BEGIN, END))
        before, found, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not found or not closed:
            raise ValueError(f"no place for {name}")
        text = f"{before}{begin}\n\n{part}\n\n{end}{after}"
    return text


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Rows in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in lines)
