"""Reads what administrators send of accounts: each field once, at the edge."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from shared.domain.account_changes import MOST_BELOW_ZERO, DocumentKind
from shared.domain.account_states import TAKES_TWO, AccountState, Action
from shared.domain.errors import InvalidRequest
from shared.domain.ids import is_id
from shared.operations.lists import read_limit, refuse_unknown
from shared.operations.manage_accounts import Wish
from shared.operations.provision_account import ProvisionAccount

COUNTRY: Final = "CM"
LONGEST_REASON: Final = 1000
LONGEST_FILE_NAME: Final = 200
_BLANKS: Final = {0xA0: " ", 0x202F: " "}
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class CreateAccount:
    """An order for an account in the test mode, and a hash of it to know it again by."""

    order: ProvisionAccount
    sha256: str

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> Self:
        """Read a JSON body. Raises InvalidRequest naming the field at fault."""
        refuse_unknown(body, {"name", "language", "country", "webhook_url"})
        if body.get("country", COUNTRY) != COUNTRY:
            raise InvalidRequest("parameter_invalid", "country")
        url = body.get("webhook_url")
        order = ProvisionAccount.parse(
            _text(body, "name"),
            modes=["test"],
            language=_text(body, "language"),
            webhook_url=None if url is None else _text(body, "webhook_url"),
        )
        content = json.dumps([order.name, order.language, COUNTRY, order.webhook_url])
        return cls(order, hashlib.sha256(content.encode()).hexdigest())


@dataclass(frozen=True, slots=True)
class LookedAt:
    """A document as an administrator names it."""

    kind: DocumentKind
    file_name: str
    sha256: str

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> Self:
        """Read a JSON body. Raises InvalidRequest naming the field at fault."""
        refuse_unknown(body, {"kind", "file_name", "sha256"})
        kind, name = _text(body, "kind"), _text(body, "file_name").strip()
        if kind not in set(DocumentKind):
            raise InvalidRequest("parameter_invalid", "kind")
        if not 0 < len(name) <= LONGEST_FILE_NAME or not name.isprintable():
            raise InvalidRequest("parameter_invalid", "file_name")
        return cls(DocumentKind(kind), name, read_sha256(body, "sha256"))


@dataclass(frozen=True, slots=True)
class PageOfAccounts:
    """Which accounts are wanted."""

    limit: int
    after: str | None
    state: AccountState | None

    @classmethod
    def parse(cls, query: Mapping[str, str]) -> Self:
        """Read a query. Raises InvalidRequest naming the field at fault."""
        refuse_unknown(query, {"limit", "starting_after", "state"})
        limit = read_limit(query)
        after, state = query.get("starting_after"), query.get("state")
        if after is not None and not is_id(after, "acct"):
            raise InvalidRequest("cursor_invalid", "starting_after")
        if state is not None and state not in set(AccountState):
            raise InvalidRequest("parameter_invalid", "state")
        return cls(limit, after, None if state is None else AccountState(state))


def read_wish(body: Mapping[str, Any]) -> Wish:
    """Read what shall be proposed. Raises InvalidRequest naming the field at fault."""
    refuse_unknown(body, {"action", "reason", "charges_enabled", "payouts_enabled"})
    action = _text(body, "action")
    if action not in TAKES_TWO:
        raise InvalidRequest("parameter_invalid", "action")
    for name in ("charges_enabled", "payouts_enabled"):
        if body.get(name) is not None and type(body[name]) is not bool:
            raise InvalidRequest("parameter_invalid", name)
    return Wish(
        Action(action),
        _reason(body),
        charges_enabled=body.get("charges_enabled"),
        payouts_enabled=body.get("payouts_enabled"),
    )


def read_reason(body: Mapping[str, Any]) -> str:
    """Read a body that gives a reason alone. Raises InvalidRequest."""
    refuse_unknown(body, {"reason"})
    return _reason(body)


def read_lent(body: Mapping[str, Any]) -> tuple[int, str]:
    """Read how far below zero refunds may go, in whole XAF, and why. Raises InvalidRequest."""
    refuse_unknown(body, {"limit", "reason"})
    limit = body.get("limit")
    if limit is None:
        raise InvalidRequest("parameter_missing", "limit")
    if type(limit) is not int or not 0 <= limit <= MOST_BELOW_ZERO:
        raise InvalidRequest("parameter_invalid", "limit")
    return limit, _reason(body)


def read_seen(body: Mapping[str, Any]) -> str:
    """Read a body that says what was seen. Raises InvalidRequest."""
    refuse_unknown(body, {"content_sha256"})
    return read_sha256(body, "content_sha256")


def read_sha256(body: Mapping[str, Any], name: str) -> str:
    """Read 64 hexadecimal digits. Raises InvalidRequest."""
    digest = _text(body, name)
    if not _SHA256.fullmatch(digest):
        raise InvalidRequest("parameter_invalid", name)
    return digest


def _reason(body: Mapping[str, Any]) -> str:
    reason = spaced(_text(body, "reason"))
    if not 0 < len(reason) <= LONGEST_REASON or not reason.replace("\n", " ").isprintable():
        raise InvalidRequest("parameter_invalid", "reason")
    return reason


def spaced(text: str) -> str:
    """Return text with plain blanks and line ends, as French typography and Windows write others.

    Nothing stands at its ends.
    """
    return text.strip().translate(_BLANKS).replace("\r\n", "\n")


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if value is None:
        raise InvalidRequest("parameter_missing", name)
    if not isinstance(value, str):
        raise InvalidRequest("parameter_invalid", name)
    return value
