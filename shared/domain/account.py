"""Who calls: a merchant account in one mode, by one key or by one person."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network
from typing import Final

from shared.domain.ids import is_id
from shared.domain.people import Member
from shared.domain.phone import Operator


@dataclass(frozen=True, slots=True)
class Tenant:
    """A merchant account in one mode: the wall around every row.

    `schema`, which is also the database role, follows from both; each request asks for it often.
    """

    account: str
    livemode: bool
    schema: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse what is no account id: the schema's name is written into SQL."""
        if not is_id(self.account, "acct"):
            raise ValueError("not an account id")
        schema = f"t_{self.account.removeprefix('acct_')}_{self.mode}"
        object.__setattr__(self, "schema", schema)

    @property
    def mode(self) -> str:
        """`test` or `live`."""
        return "live" if self.livemode else "test"


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated key, member or administrator, and the account; an active one gets live keys.

    `kind` is `sk`, `pk`, `rk` or `person`. Of a person there is no key id, but who she is and when
    she last proved it; of an administrator there is the id of her access instead. `key_since` is
    when the first of the keys was made that were rotated into this one. `person` is who signed in,
    whatever lets her in, and `until` when her token ends.
    """

    tenant: Tenant
    key_id: str
    kind: str
    scopes: frozenset[str]
    language: str
    charges_enabled: bool
    suspended: bool
    active: bool = False
    member: Member | None = None
    access: str | None = None
    signed_in_at: datetime | None = None
    key_since: datetime | None = None
    payouts_enabled: bool = False
    person: str | None = None
    until: datetime | None = None

    @property
    def actor(self) -> str:
        """Whose requests are counted: the key's id, the person's, or the access's."""
        if self.member is not None:
            return self.member.person
        return self.access or self.key_id


PAYING: Final[Mapping[Operator, str]] = {
    Operator.MTN: "disbursement",
    Operator.ORANGE: "core",
}
"""The product by which money goes out to each operator's wallets."""

COLLECTING: Final[Mapping[Operator, str]] = {
    Operator.MTN: "collection",
    Operator.ORANGE: "core",
}
"""The product by which each operator's payers are asked for money."""

PAGING: Final[Mapping[Operator, str]] = {Operator.ORANGE: "web"}
"""The product by which an operator's payers are sent to its own page."""

TRANSFER: Final = "transfer"
DEPOSIT: Final = "deposit"

OPENING: Final = frozenset({Operator.ORANGE})
"""Operators that make a payment's reference themselves, before money is asked for under it."""


@dataclass(frozen=True, slots=True)
class OperatorAccount:
    """A wallet contract with an operator. `base_url` is the host; secrets lie elsewhere.

    `pays_by` is by which of the operator's services payouts go, where it has several.
    """

    id: str
    operator: Operator
    product: str
    livemode: bool
    base_url: str
    target_environment: str
    currency: str
    credentials: str
    pays_by: str = TRANSFER


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one operator per transaction in whole XAF, valid from a date.

    `day` bounds what one number may be paid on a day in Douala, by all merchants together.
    """

    operator: Operator
    minimum: int
    maximum: int
    valid_from: datetime
    day: int | None = None


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A key as stored: whom it speaks for, and the HMAC of its secret, 32 bytes.

    It works until `ends_at`, from the networks of `allowed_from`, or everywhere if there are none.
    """

    caller: Caller
    secret_hmac: bytes
    ends_at: datetime | None = None
    allowed_from: tuple[IPv4Network | IPv6Network, ...] = ()


@dataclass(frozen=True, slots=True)
class Outlet:
    """Whether money may go out of an account: nothing of a suspended one does."""

    suspended: bool
    payouts_enabled: bool


@dataclass(frozen=True, slots=True)
class Seller:
    """Whether an account may charge, for whom no key calls: its payers, on its pages."""

    suspended: bool
    charges_enabled: bool
    language: str


@dataclass(frozen=True, slots=True)
class AccountProfile:
    """What may be printed of a merchant."""

    account: str
    name: str
    language: str
