"""Changes what an account's owner may say of it: its language, and what its receipts carry."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from shared.domain.account import Caller, Tenant
from shared.domain.audit import AuditEntry, Origin
from shared.domain.errors import InvalidRequest, NotFound, NotPermitted
from shared.domain.file import PREFIX, StoredFile
from shared.domain.ids import is_id
from shared.domain.receipt_look import LONGEST_FOOTER, Logo, ReceiptLook
from shared.operations.create_charge import read_text
from shared.operations.lists import refuse_unknown

LANGUAGES: Final = ("fr", "en")
FOOTER: Final = "receipt_footer"
LOGO: Final = "receipt_logo"
_FIELDS: Final = ("language", FOOTER, LOGO)


@dataclass(frozen=True, slots=True)
class AccountSettings:
    """What an owner may change; the language is the account's, the look one mode's."""

    language: str
    look: ReceiptLook


class HeldSettings(Protocol):
    """An account's settings, held for one transaction that commits when the context ends."""

    @property
    def before(self) -> AccountSettings:
        """What holds now."""

    def file(self, file_id: str) -> StoredFile | None:
        """Return a file of this mode, or None."""

    def replace(self, after: AccountSettings) -> None:
        """Have these hold from now on."""

    def record(self, entry: AuditEntry) -> None:
        """Add to the account's audit chain, last of all: the chain is held until the commit."""


class SettingsStore(Protocol):
    """The settings of all accounts."""

    def hold(self, tenant: Tenant) -> AbstractContextManager[HeldSettings]:
        """Take hold of an account's. Raises LookupError where there is no such account."""


@dataclass(frozen=True, slots=True)
class UpdateAccount:
    """A well-formed change: what was named; None of the footer or logo takes it off."""

    named: frozenset[str]
    language: str | None = None
    footer: str | None = None
    logo: str | None = None

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> "UpdateAccount":
        """Read a body. Raises InvalidRequest naming the field at fault."""
        refuse_unknown(body, _FIELDS)
        language = body.get("language")
        if language is not None and language not in LANGUAGES:
            raise InvalidRequest("parameter_invalid", "language")
        footer = read_text(body, FOOTER, LONGEST_FOOTER)
        if footer is not None and not footer.strip():
            raise InvalidRequest("parameter_invalid", FOOTER)
        logo = body.get(LOGO)
        if logo is not None and not isinstance(logo, str):
            raise InvalidRequest("parameter_invalid", LOGO)
        named = {name for name in (FOOTER, LOGO) if name in body}
        return cls(frozenset(named), language, None if footer is None else footer.strip(), logo)


def update_account(
    command: UpdateAccount, caller: Caller, origin: Origin, *, store: SettingsStore
) -> None:
    """Change what is named and leave the rest; the same once more changes nothing.

    Raises NotPermitted `account_suspended`, NotFound for no file of this mode, InvalidRequest
    `file_not_available` and `logo_unsuitable`.
    """
    if caller.suspended:
        raise NotPermitted("account_suspended")
    with store.hold(caller.tenant) as held:
        before = held.before
        look = before.look
        if FOOTER in command.named:
            look = replace(look, footer=command.footer)
        if LOGO in command.named:
            look = replace(look, logo=None if command.logo is None else _logo(command.logo, held))
        after = AccountSettings(command.language or before.language, look)
        if after == before:
            return
        held.replace(after)
        account = caller.tenant.account
        said = origin.entry(
            "account.updated", "account", account, before=_said(before), after=_said(after)
        )
        held.record(said)


def look_object(look: ReceiptLook) -> dict[str, Any]:
    """Return what an account shows of its receipts."""
    return {FOOTER: look.footer, LOGO: None if look.logo is None else look.logo.file}


def _said(settings: AccountSettings) -> dict[str, Any]:
    return {"language": settings.language, **look_object(settings.look)}


def _logo(file_id: str, held: HeldSettings) -> Logo:
    file = held.file(file_id) if is_id(file_id, PREFIX) else None
    if file is None:
        raise NotFound("resource_missing", LOGO)
    try:
        logo = Logo.of(file)
    except LookupError:
        status = file.status.value
        raise InvalidRequest("file_not_available", LOGO, status=status) from None
    if logo is None:
        raise InvalidRequest("logo_unsuitable", LOGO)
    return logo
