"""What a payer who opens an address gets: a page of ours, or an empty one that leads on."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from shared.domain.receipt import Language
from shared.runtime import documents
from shared.runtime.documents import Page

PAGES: Final = Path(__file__).parents[2] / "functions" / "serve_checkout" / "templates"
# An address that leads on is nobody else's to keep.
_ON: Final = (("Cache-Control", "no-store"), ("Referrer-Policy", "no-referrer"))
_FOUND: Final = 302


@dataclass(frozen=True, slots=True)
class Step:
    """A status, a page, and the headers that go with it."""

    status: int
    html: str
    headers: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, page: Page, status: int = 200) -> Self:
        """Return a page of ours."""
        return cls(status, page.html, page.headers)

    @classmethod
    def to(cls, url: str, status: int = _FOUND) -> Self:
        """Lead on to an address."""
        return cls(status, "", (("Location", url), *_ON))

    @classmethod
    def unknown(cls, language: Language) -> Self:
        """Return the page for what is not known, or not any more: both look the same."""
        return cls.of(documents.render_not_found_page(language, templates=PAGES), 404)
