"""What a payer does at a page that asks for money: reads its form, types a number, sends it."""

from html.parser import HTMLParser
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode, urljoin, urlsplit

import urllib3

from shared.runtime.merchant.api import CommandError
from shared.runtime.merchant.words import Speaker

_CONNECT_SECONDS: Final = 5
_READ_SECONDS: Final = 30
_PROMPT: Final = "prompt"
"""She confirms on her phone, and not on a page of the operator's."""


class _Form(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.action: str | None = None
        self.fields: dict[str, str] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "form":
            self.action = found.get("action")
        if tag in {"input", "select"}:
            self.fields[str(found.get("name"))] = found.get("value") or ""


def pay(url: str, phone: str, speaker: Speaker) -> None:
    """Open a page, type a number and have the payer asked. Raises CommandError."""
    timeout = urllib3.Timeout(connect=_CONNECT_SECONDS, read=_READ_SECONDS)
    parts = urlsplit(url)
    try:
        with urllib3.PoolManager(timeout=timeout, retries=False) as browser:
            form = _Form(browser.request("GET", url).data.decode())
            answer = browser.request(
                "POST",
                urljoin(url, form.action or ""),
                body=urlencode({"way": _PROMPT, **form.fields, "phone": phone}),
                headers={
                    "Content-Type": "application/x-www-form-urlencoded",
                    "Origin": f"{parts.scheme}://{parts.netloc}",
                    "Sec-Fetch-Site": "same-origin",
                },
                redirect=False,
            )
    except (urllib3.exceptions.HTTPError, ValueError) as error:
        reason = type(error).__name__
        raise CommandError(speaker.say("no_answer", url=url, reason=reason)) from None
    if answer.status != HTTPStatus.SEE_OTHER:
        raise CommandError(speaker.say("no_answer", url=url, reason=answer.status))
