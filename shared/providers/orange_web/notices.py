"""Reads Web Payment's JSON leniently: sources disagree on types."""

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

import msgspec

from shared.operations.page_ports import PageKeys
from shared.providers.words import NOTHING, UNREADABLE, shown, whole_amount, word

_LONGEST_TOKEN: Final = 512
_LONGEST_URL: Final = 2048


class _Made(msgspec.Struct):
    pay_token: str = ""
    notif_token: str = ""
    payment_url: str = ""


class _Status(msgspec.Struct):
    # Kept raw: a number must not become a float on its way.
    status: msgspec.Raw = NOTHING
    order_id: msgspec.Raw = NOTHING
    amount: msgspec.Raw = NOTHING
    txnid: msgspec.Raw = NOTHING
    code: msgspec.Raw = NOTHING


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that Orange wrote: a status or a code. Its texts are not kept."""

    status: str | None
    code: str | None
    order_id: str | None
    transaction_id: str | None
    has_amount: bool
    amount: int | None = field(default=None)


_MADE: Final = msgspec.json.Decoder(_Made)
_STATUS: Final = msgspec.json.Decoder(_Status)


def read_made(body: bytes, *, plain_allowed: bool) -> PageKeys | None:
    """Read a new page; None where a token is missing, or its address is none for a payer."""
    try:
        made = _MADE.decode(body)
    except UNREADABLE:
        return None
    tokens = (made.pay_token, made.notif_token)
    are_tokens = all(0 < len(t) <= _LONGEST_TOKEN and t.isascii() for t in tokens)
    if not are_tokens or not _is_address(made.payment_url, plain_allowed=plain_allowed):
        return None
    return PageKeys(made.pay_token, made.notif_token, made.payment_url)


def read_reply(body: bytes) -> Reply | None:
    """Read any answer; None for what Orange did not write, a page of HTML for one."""
    try:
        raw = _STATUS.decode(body)
    except UNREADABLE:
        return None
    status = word(raw.status)
    return Reply(
        status=None if status is None else shown(status),
        code=word(raw.code),
        order_id=word(raw.order_id),
        transaction_id=word(raw.txnid) or None,
        has_amount=bytes(raw.amount) != bytes(NOTHING),
        amount=whole_amount(raw.amount),
    )


def _is_address(text: str, *, plain_allowed: bool) -> bool:
    """Whether a browser may be sent there: it goes into a header as it is."""
    if len(text) > _LONGEST_URL or not text.isascii() or not text.isprintable() or " " in text:
        return False
    try:
        parts = urlsplit(text)
        has_host = bool(parts.hostname) and parts.username is None
    except ValueError:
        return False
    schemes = ("http", "https") if plain_allowed else ("https",)
    return has_host and parts.scheme in schemes and "\\" not in text
