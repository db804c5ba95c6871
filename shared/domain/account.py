"""Who calls: a merchant account in one mode, by one key."""

from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network

from shared.domain.ids import is_id
from shared.domain.phone import Operator


@dataclass(frozen=True, slots=True)
class Tenant:
    """A merchant account in one mode: the wall around every row."""

    account: str
    livemode: bool

    def __post_init__(self) -> None:
        """Refuse what is no account id: the schema's name is written into SQL."""
        if not is_id(self.account, "acct"):
            raise ValueError("not an account id")

    @property
    def schema(self) -> str:
        """The schema, which is also the database role, of this account and mode."""
        mode = "live" if self.livemode else "test"
        return f"t_{self.account.removeprefix('acct_')}_{mode}"


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated API key and the account behind it; only an active one gets live keys."""

    tenant: Tenant
    key_id: str
    kind: str
    scopes: frozenset[str]
    language: str
    charges_enabled: bool
    suspended: bool
    active: bool = False


@dataclass(frozen=True, slots=True)
class OperatorAccount:
    """A wallet contract with an operator. `base_url` is the host; secrets lie elsewhere."""

    id: str
    operator: Operator
    product: str
    livemode: bool
    base_url: str
    target_environment: str
    currency: str
    credentials: str


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one operator per transaction in whole XAF, valid from a date."""

    operator: Operator
    minimum: int
    maximum: int
    valid_from: datetime


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
class AccountProfile:
    """What may be printed of a merchant."""

    account: str
    name: str
    language: str
