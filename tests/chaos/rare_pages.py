"""A payer begins a payment on a merchant's page while whoever takes the form is killed."""

import uuid
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Final
from urllib.parse import urlencode

import urllib3

from tests.chaos.rare_drill import Together, Way
from tests.chaos.rare_town import Town
from tests.end_to_end.waiting import wait_for
from tests.functions.payer_browser import FORM, Form, parsed

_ASKED: Final = {"amount": 1_500, "currency": "xaf", "success_url": "https://shop.example/merci"}
_OK: Final = 200
_SEE_OTHER: Final = 303
_SECONDS: Final = 60
_BEGUN: Final = "SELECT count(*) FROM {schema}.charges WHERE page_id = :page"


def checkouts(town: Town) -> Iterable[Together]:
    """Whoever gets no answer sends the same form again: of one page there is one charge."""
    for step in ("before_publish", "after_publish"):
        yield [Way("serve_checkout", (f"serve_checkout.{step}",), lambda: _begin(town))]


def _begin(town: Town) -> Callable[[], object]:
    key = str(uuid.uuid4())

    def asked() -> Any:
        status, found = town.ask("POST", "/v1/checkouts", _ASKED, Idempotency_Key=key)
        return found if status == _OK else None

    page = wait_for("a checkout", asked, seconds=_SECONDS)
    form = wait_for("its page", lambda: _opened(page["url"]), seconds=_SECONDS)
    filled = form.fields | {"phone": town.phone(), "way": "prompt"}
    sent: list[int] = []

    def is_done() -> bool:
        if _SEE_OTHER not in sent:
            sent.append(_sent(town, str(form.action), filled))
        is_paid = town.shown(f"/v1/checkouts/{page['id']}").get("status") == "complete"
        return is_paid and town.rows(_BEGUN, page=page["id"]) == [[1]]

    return is_done


def _opened(url: str) -> Form | None:
    with suppress(urllib3.exceptions.HTTPError):
        answer = urllib3.request("GET", url, timeout=10, retries=False)
        if answer.status == _OK:
            return parsed(answer.data.decode())
    return None


def _sent(town: Town, action: str, fields: dict[str, str]) -> int:
    """Send a form as a browser does; its status, 0 where nobody answered."""
    base = town.system.base_url
    headers = {"Content-Type": FORM, "Origin": base, "Sec-Fetch-Site": "same-origin"}
    with suppress(urllib3.exceptions.HTTPError):
        body = urlencode(fields).encode()
        answer = urllib3.request(
            "POST",
            base + action,
            body=body,
            headers=headers,
            timeout=10,
            retries=False,
            redirect=False,
        )
        return answer.status
    return 0
