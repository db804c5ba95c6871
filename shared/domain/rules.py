"""The bounds that hold for an account in one mode, read from dated rules, and what breaks them."""

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Final, Self, TypeVar

from shared.domain import charge
from shared.domain.account import Caller
from shared.domain.approval import NEVER, ApprovalRule
from shared.domain.errors import InvalidRequest, Refusal, TooManyRequests
from shared.domain.fees import Schedule
from shared.domain.late_payment import LateRule
from shared.domain.phone import PARAM, PAYEE_PARAM, PhoneNumber
from shared.domain.quota import business_day, seconds_to_next_day

REQUESTS: Final = "requests"
PROMPTS: Final = "prompts"
NUMBER_DAY: Final = "number_day"
NEW_PAYEE: Final = "new_payee"
VELOCITY_CHARGE: Final = "velocity_charge"
VELOCITY_PAYOUT: Final = "velocity_payout"
HOLD: Final = "hold"
LATE_PAYMENT: Final = "late_payment"
FEE: Final = "fee"
APPROVAL: Final = "approval"
HOLDER_LOOKUPS: Final = "holder_lookups"
FEE_ON_REFUND: Final = "fee_on_refund"
KINDS: Final = (
    REQUESTS, PROMPTS, VELOCITY_CHARGE, VELOCITY_PAYOUT, HOLD, LATE_PAYMENT, FEE, APPROVAL,
    HOLDER_LOOKUPS, FEE_ON_REFUND,
)  # fmt: skip

# What the database refuses by, in the order of `caps`: the code, and the field at fault.
_REACHED: Final[Mapping[str, tuple[str, str | None]]] = {
    "account_count": ("account_count_reached", None),
    "account_amount": ("account_amount_reached", "amount"),
    "key_count": ("key_count_reached", None),
    "key_amount": ("key_amount_reached", "amount"),
}
NO_SCHEDULE: Final = Schedule()
REFUND_LATE: Final = LateRule()
T = TypeVar("T", "RequestRate", "Prompts", "Velocity")


@dataclass(frozen=True, slots=True)
class RequestRate:
    """Requests per window of so many seconds: of the account, and of each of its keys."""

    account: int
    key: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Prompts:
    """How often one number may be asked to pay in so many seconds, by all merchants together."""

    most: int
    seconds: int


@dataclass(frozen=True, slots=True)
class NewPayee:
    """What a number may be paid a day by one account, in whole XAF, until so many seconds after the
    first payout to it that was paid."""

    most: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Velocity:
    """Count and amount (whole XAF) a day in Douala, of the account and of each key.

    Keys younger than `new_key_seconds` have bounds of their own. So has a number that the account
    has paid for the first time less than `new_payee_seconds` ago, or never, where a day's amount is
    given for it.
    """

    account_count: int
    account_amount: int
    key_count: int
    key_amount: int
    new_key_count: int
    new_key_amount: int
    new_key_seconds: int
    new_payee_amount: int | None = None
    new_payee_seconds: int | None = None

    @property
    def new_payee(self) -> NewPayee | None:
        """What a new number may be paid; None where nothing bounds it."""
        if self.new_payee_amount is None:
            return None
        return NewPayee(self.new_payee_amount, self.new_payee_seconds or 0)

    def caps(self, key_since: datetime | None, now: datetime) -> tuple[int, int, int, int]:
        """Return count and amount of the account, then of the key; one of no known age is new."""
        account = (self.account_count, self.account_amount)
        cool_down = timedelta(seconds=self.new_key_seconds)
        if key_since is not None and now - key_since >= cool_down:
            return (*account, self.key_count, self.key_amount)
        count = min(self.new_key_count, self.key_count)
        return (*account, count, min(self.new_key_amount, self.key_amount))


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for one account in one mode; None where nothing bounds.

    What a charge brings in becomes available after `hold`; `fees` says what is taken of it, and
    `returns_fee` whether our own fee comes back with a refund; `late` what becomes of money that
    comes after the end. `approval` says which payouts a second person must approve,
    `holder_lookups` how often names of wallets' holders may be asked for.
    """

    requests: RequestRate | None = None
    prompts: Prompts | None = None
    charges: Velocity | None = None
    payouts: Velocity | None = None
    hold: timedelta = charge.HOLD
    late: LateRule = REFUND_LATE
    fees: Schedule = NO_SCHEDULE
    approval: ApprovalRule = NEVER
    holder_lookups: RequestRate | None = None
    returns_fee: bool = False

    @classmethod
    def read(
        cls, found: Iterable[tuple[str, Mapping[str, Any]]], fees: Schedule = NO_SCHEDULE
    ) -> Self:
        """Read kinds with their data; an empty object sets no bound. Raises KeyError."""
        data = {kind: words for kind, words in found if words}
        return cls(
            requests=_read(RequestRate, data.get(REQUESTS)),
            prompts=_read(Prompts, data.get(PROMPTS)),
            charges=_read(Velocity, data.get(VELOCITY_CHARGE)),
            payouts=_read(Velocity, data.get(VELOCITY_PAYOUT)),
            hold=_hold(data.get(HOLD)),
            late=LateRule.read(data[LATE_PAYMENT]) if LATE_PAYMENT in data else REFUND_LATE,
            fees=fees,
            approval=ApprovalRule.read(data.get(APPROVAL, {})),
            holder_lookups=_read(RequestRate, data.get(HOLDER_LOOKUPS)),
            returns_fee=data.get(FEE_ON_REFUND, {}).get("platform_fee") == "return",
        )


@dataclass(frozen=True, slots=True)
class Admission:
    """What the database must find free before it stores a charge or payout, and counts with it.

    `caps` are as `Velocity.caps` returns them. The number is known by its HMAC alone, and stands
    in the field `param`; `number_day` is what it may be paid on the day when a payout is to go, in
    whole XAF, and `new_payee` what this account may pay it as long as it is new.
    """

    number_hmac: str | None
    key_id: str
    at: datetime
    prompts: Prompts | None = None
    caps: tuple[int, int, int, int] | None = None
    param: str = PARAM
    number_day: int | None = None
    new_payee: NewPayee | None = None

    @property
    def day(self) -> str:
        """The day in Douala, as ISO writes it."""
        return business_day(self.at).isoformat()

    @property
    def written_caps(self) -> str | None:
        """The caps as PostgreSQL writes a list."""
        return None if self.caps is None else f"{{{','.join(map(str, self.caps))}}}"

    def refusal(self, word: str) -> Refusal:
        """Return what a caller is told when the database refused by this word."""
        reason, _, seconds = word.partition(":")
        if reason == "blocked":
            return InvalidRequest("phone_blocked", self.param)
        if reason == PROMPTS:
            most = 0 if self.prompts is None else self.prompts.most
            return TooManyRequests(
                "payer_asked_too_often", self.param, limit=most, retry_after_seconds=int(seconds)
            )
        wait = seconds_to_next_day(self.at)
        if reason == NUMBER_DAY:
            most = self.number_day or 0
            return TooManyRequests(
                "payee_amount_reached", "amount", limit=most, retry_after_seconds=wait
            )
        if reason == NEW_PAYEE and self.new_payee is not None:
            return TooManyRequests(
                "payee_too_new",
                "amount",
                limit=self.new_payee.most,
                retry_after_seconds=self.new_payee.seconds,
            )
        code, param = _REACHED[reason]
        limit = dict(zip(_REACHED, self.caps or (), strict=True))[reason]
        return TooManyRequests(code, param, limit=limit, retry_after_seconds=wait)


def admission(
    rules: Rules, *, payer: PhoneNumber | None, number_key: bytes, caller: Caller, now: datetime
) -> Admission | None:
    """Return what must be free for a charge; None where nothing bounds charges here."""
    if rules.prompts is None and rules.charges is None:
        return None
    caps = None if rules.charges is None else rules.charges.caps(caller.key_since, now)
    if payer is None:
        # Who pays on the operator's page is not prompted.
        return None if caps is None else Admission(None, caller.actor, now, caps=caps)
    return Admission(payer.keyed(number_key), caller.actor, now, rules.prompts, caps)


def payout_admission(
    rules: Rules,
    *,
    payee: PhoneNumber,
    number_key: bytes,
    caller: Caller,
    now: datetime,
    number_day: int | None,
) -> Admission:
    """Return what must be free for a payout: a number may be blocked where nothing else bounds."""
    caps = None if rules.payouts is None else rules.payouts.caps(caller.key_since, now)
    return Admission(
        payee.keyed(number_key),
        caller.actor,
        now,
        caps=caps,
        param=PAYEE_PARAM,
        number_day=number_day,
        new_payee=None if rules.payouts is None else rules.payouts.new_payee,
    )


def _hold(words: Mapping[str, Any] | None) -> timedelta:
    return charge.HOLD if words is None else timedelta(seconds=int(words["seconds"]))


def _read(shape: type[T], words: Mapping[str, Any] | None) -> T | None:
    if words is None:
        return None
    # What a shape may leave out a rule may too.
    return shape(
        **{
            field.name: int(words[field.name])
            for field in fields(shape)
            if field.default is MISSING or field.name in words
        }
    )
