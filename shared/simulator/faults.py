"""The faults that a test may order, as data: what each does, where, and what it may be told."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any, Final

from shared.simulator.outcomes import FinalStatus

MAX_SECONDS: Final = 600
MAX_HOLD_SECONDS: Final = 60

SUBMIT: Final = "submit"
READ: Final = "read"
TOKEN: Final = "token"  # noqa: S105 - the name of an operation
BALANCE: Final = "balance"
HOLDER: Final = "holder"
# Money goes out by calls of its own: MTN's transfer, deposit and refund, Orange's cashin.
PAYOUT: Final = "payout"
PAYOUT_READ: Final = "payout_read"
# Orange alone has these: a payToken comes before the money, and a prompt can be repeated.
INIT: Final = "init"
PUSH: Final = "push"
PAYOUT_INIT: Final = "payout_init"

_SUBMITS: Final = (SUBMIT, PAYOUT)
_READS: Final = (READ, PAYOUT_READ)
_CALLS: Final = (SUBMIT, READ, BALANCE, HOLDER, INIT, PUSH, PAYOUT_INIT, PAYOUT, PAYOUT_READ)
_EVERYWHERE: Final = (*_CALLS, TOKEN)
_SHOWN: Final = (SUBMIT, READ, PUSH, PAYOUT, PAYOUT_READ)


class FaultError(Exception):
    """The order is malformed; the message says how."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault as it is carried out. Fields beyond `kind` count only where the kind names them."""

    kind: str
    seconds: float = 0.0
    http_status: int = 500
    code: str | None = None
    status: str | None = None
    reason: str | None = None
    amount: str | None = None
    currency: str | None = None
    msisdn: str | None = None
    form: str | None = None

    @property
    def lasting(self) -> timedelta:
        """`seconds` as a span of time."""
        return timedelta(seconds=self.seconds)

    def to_json(self) -> str:
        """For the database."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Fault":
        """From the database."""
        return cls(**json.loads(text))


@dataclass(frozen=True, slots=True)
class _Kind:
    operations: tuple[str, ...]
    example: Fault
    parameters: tuple[str, ...] = ()


def _kind(operations: tuple[str, ...], example: Fault, *parameters: str) -> tuple[str, _Kind]:
    return example.kind, _Kind(operations, example, parameters)


KINDS: Final[Mapping[str, _Kind]] = dict(
    (
        # The notice: not at all, late, twice, before end and answer, a lie as well, nested.
        _kind(_SUBMITS, Fault("callback_none")),
        _kind(_SUBMITS, Fault("callback_late", seconds=5), "seconds"),
        _kind(_SUBMITS, Fault("callback_double"), "seconds"),
        _kind(_SUBMITS, Fault("callback_early", seconds=2), "seconds"),
        _kind(_SUBMITS, Fault("callback_forged")),
        _kind(_SUBMITS, Fault("callback_put")),
        _kind(_SUBMITS, Fault("callback_nested", form="data"), "form"),
        # Another end than the number's: status, reason, after so many seconds.
        _kind(
            _SUBMITS,
            Fault("outcome", status="SUCCESSFUL"),
            "status",
            "reason",
            "seconds",
        ),
        # No effect: an error, silence, a hang-up, a page, a token that is said to have expired.
        _kind(
            _EVERYWHERE,
            Fault("error_before", code="INTERNAL_PROCESSING_ERROR"),
            "http_status",
            "code",
        ),
        _kind(_EVERYWHERE, Fault("hold_before", seconds=30), "seconds"),
        _kind(_EVERYWHERE, Fault("drop_before")),
        _kind(_EVERYWHERE, Fault("html", http_status=200), "http_status"),
        _kind(_CALLS, Fault("token_expired")),
        _kind(
            _EVERYWHERE, Fault("gateway_fault", http_status=401, form="json"), "http_status", "form"
        ),
        # Effect, and then: an error, silence, a hang-up, a page.
        _kind(
            _SUBMITS,
            Fault("error_after", code="INTERNAL_PROCESSING_ERROR"),
            "http_status",
            "code",
        ),
        _kind(_SUBMITS, Fault("hold_after", seconds=30), "seconds"),
        _kind(_SUBMITS, Fault("drop_after")),
        _kind(_SUBMITS, Fault("html_after", http_status=200), "http_status"),
        # The usual answer, a byte at a time.
        _kind(_EVERYWHERE, Fault("drip", seconds=1), "seconds"),
        # A token, or a payToken, that lives shorter than it says.
        _kind((TOKEN, INIT, PAYOUT_INIT), Fault("token_short", seconds=0), "seconds"),
        # A read that does not say what is so.
        _kind(_READS, Fault("wrong_amount", amount="1"), "amount"),
        _kind(_READS, Fault("wrong_currency", currency="USD"), "currency"),
        _kind(_READS, Fault("wrong_payer", msisdn="237670000000"), "msisdn"),
        _kind(_READS, Fault("unknown_status", status="ONGOING"), "status"),
        _kind(_READS, Fault("reason_object")),
        _kind(_READS, Fault("not_found")),
        # Where Orange's sources disagree: the reading that is not the usual one.
        _kind(_SHOWN, Fault("other_spelling")),
        _kind((TOKEN, *_SHOWN), Fault("other_types")),
        _kind((HOLDER, *_SHOWN), Fault("other_names")),
        _kind(_SUBMITS, Fault("refused_with", http_status=200), "http_status"),
        _kind(_SUBMITS, Fault("loose_order_id")),
        _kind((SUBMIT,), Fault("strict_urls")),
        # Whether MTN refunds more than was paid is not known.
        _kind((PAYOUT,), Fault("loose_refund")),
    )
)

_FORMS: Final = {"gateway_fault": ("json", "xml"), "callback_nested": ("data", "payment")}

BEFORE_EFFECT: Final = frozenset(
    {"error_before", "hold_before", "drop_before", "html", "token_expired", "gateway_fault"}
)
AFTER_EFFECT: Final = frozenset({"error_after", "hold_after", "drop_after", "html_after"})


def parse_fault(value: object) -> Fault:
    """A name, or an object with `kind` and the parameters of that kind. Raises FaultError."""
    fields = {"kind": value} if isinstance(value, str) else value
    if not isinstance(fields, dict) or not isinstance(fields.get("kind"), str):
        raise FaultError("fault must be a name or an object with kind")
    kind = KINDS.get(fields["kind"])
    if kind is None:
        raise FaultError(f"no such fault; there are: {', '.join(KINDS)}")
    unknown = fields.keys() - {"kind", *kind.parameters}
    if unknown:
        raise FaultError(f"{fields['kind']} takes no {', '.join(sorted(map(str, unknown)))}")
    given = {name: _parameter(name, value) for name, value in fields.items() if name != "kind"}
    fault = replace(kind.example, **given)
    _check_seconds(fault)
    if fault.kind == "outcome" and fault.status not in tuple(FinalStatus):
        raise FaultError("outcome: status must be SUCCESSFUL or FAILED")
    if fault.form not in _FORMS.get(fault.kind, (None,)):
        raise FaultError(f"{fault.kind}: form must be {' or '.join(map(str, _FORMS[fault.kind]))}")
    return fault


def operation_of(fault: Fault, wanted: object) -> str:
    """Where the fault strikes: as wanted, else where its kind belongs. Raises FaultError."""
    allowed = KINDS[fault.kind].operations
    if wanted is None:
        return allowed[0]
    if not isinstance(wanted, str) or wanted not in allowed:
        raise FaultError(f"{fault.kind} can be on: {', '.join(allowed)}")
    return wanted


def _parameter(name: str, value: Any) -> Any:
    if name == "seconds":
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise FaultError("seconds must be a number")
        return float(value)
    if name == "http_status":
        if isinstance(value, bool) or not isinstance(value, int) or not 200 <= value <= 599:  # noqa: PLR2004 - the range of HTTP's answers
            raise FaultError("http_status must be between 200 and 599")
        return value
    if value is None and name in {"code", "reason"}:
        return None
    if not isinstance(value, str) or len(value) > 100 or not value.isprintable():  # noqa: PLR2004 - far above any operator's word
        raise FaultError(f"{name} must be a short text")
    return value


def _check_seconds(fault: Fault) -> None:
    limit = MAX_HOLD_SECONDS if fault.kind.startswith("hold") else MAX_SECONDS
    if not math.isfinite(fault.seconds) or not 0 <= fault.seconds <= limit:
        raise FaultError(f"seconds must be between 0 and {limit}")
