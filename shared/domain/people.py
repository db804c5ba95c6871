"""Who signs in: a person by Keycloak's word, and what she is in an account by ours."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Duty(StrEnum):
    """What a person is to an account; she may be another in the next."""

    OWNER = "owner"
    DEVELOPER = "developer"
    FINANCE = "finance"
    VIEWER = "viewer"


class Role(StrEnum):
    """What a person is to the platform, as her token says."""

    ADMIN = "admin"
    MERCHANT = "merchant"
    CUSTOMER = "customer"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who signed in. `id` is Keycloak's subject; roles that we do not know count nothing.

    `signed_in_at` is when she last proved who she is, None where the token does not say; `until`
    when the token ends.
    """

    id: str
    roles: frozenset[Role]
    signed_in_at: datetime | None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """A person in an account."""

    account: str
    person: str
    duty: Duty


@dataclass(frozen=True, slots=True)
class KnownMember:
    """A member as stored, with what a caller needs to be told of the account.

    `has_mode` is whether the account has the mode that was asked for.
    """

    member: Member
    language: str
    charges_enabled: bool
    suspended: bool
    active: bool
    has_mode: bool = True
    payouts_enabled: bool = False


@dataclass(frozen=True, slots=True)
class Membership:
    """One account of a person, as she is shown it. `modes` are `test` and `live` where they are."""

    account: str
    name: str
    state: str
    duty: Duty
    modes: tuple[str, ...]
