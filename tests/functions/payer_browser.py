"""A payer's browser without scripts: forms are filled and sent as they stand, and led on."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any, Final
from urllib.parse import urlencode

from tests.functions.door import Door, Reply

BASE_URL: Final = "https://api.example.cm"
OURS: Final = {"Origin": BASE_URL, "Sec-Fetch-Site": "same-origin"}
FORM: Final = "application/x-www-form-urlencoded"


@dataclass
class Form(HTMLParser):
    """What a page asks for, and what is needed to use it by eye, ear or keys."""

    action: str | None = None
    fields: dict[str, str] = field(default_factory=dict)
    labelled: set[str] = field(default_factory=set)
    tags: set[str] = field(default_factory=set)
    attributes: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.add(tag)
        self.attributes.append((tag, found))
        if tag == "form":
            self.action = found["action"]
        if tag == "label":
            self.labelled.add(str(found["for"]))
        if tag in {"input", "select"}:
            self.fields[str(found["name"])] = found.get("value") or ""

    def links(self) -> list[str]:
        """Where the page leads."""
        return [str(found["href"]) for tag, found in self.attributes if tag == "a"]


def parsed(text: str) -> Form:
    """Read a page's text."""
    form = Form()
    form.feed(text)
    return form


def read(reply: Reply) -> Form:
    """Read a page."""
    return parsed(reply.content.decode())


class PayerBrowser:
    """One payer at the door of serve_checkout."""

    def __init__(self, door: Door) -> None:
        """Begin with no page."""
        self._door = door

    def get(self, address: str, **headers: str) -> Reply:
        """Open an address of ours."""
        return self._door.get(address.removeprefix(BASE_URL), headers=headers)

    def send(self, form: Form, headers: Any = OURS, **typed: str) -> Reply:
        """Fill a form and send it."""
        assert form.action is not None
        body = urlencode({"way": "prompt"} | form.fields | typed).encode()
        return self._door.post(form.action, body, headers={"Content-Type": FORM, **headers})

    def pay(self, address: str, **typed: str) -> Reply:
        """Open a page, fill its form and send it."""
        return self.send(read(self.get(address)), **typed)

    def led(self, reply: Reply) -> Reply:
        """Go where an answer leads."""
        assert reply.status in {302, 303}, reply.content
        return self.get(reply.headers["Location"])
