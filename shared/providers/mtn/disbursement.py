"""MTN MoMo disbursements behind our ports: a transfer, deposit or refund goes out, and is read.

The reference is ours here too, so that opening one calls nobody. Each class can do one thing;
whoever may read holds no way to send. Facts: https://momodeveloper.mtn.com/api-documentation.
"""

import uuid
from collections.abc import Mapping
from typing import ClassVar, Final

import msgspec

from shared.domain.account import OperatorAccount
from shared.domain.deadline import Deadline
from shared.operations.ports import NotSent, Opened, PaymentRead, PayoutRequest, ReadState
from shared.providers.mtn import codes
from shared.providers.mtn.judgement import Outcome
from shared.providers.mtn.line import DISBURSEMENT, MtnLine, connect_to
from shared.providers.mtn.notices import plain_text
from shared.providers.mtn.submission import Service, read_status, submit
from shared.providers.wire import Wire

_TABLE: Final[Mapping[str, str]] = codes.PAYOUT_FAILURE_CODES
_TRANSFER: Final = Service(
    path="/v1_0/transfer",
    table=_TABLE,
    party="payee",
    sending="send_payout",
    reading="read_payout",
)
_DEPOSIT: Final = Service(
    path="/v1_0/deposit",
    table=_TABLE,
    party="payee",
    sending="send_deposit",
    reading="read_deposit",
)
_REFUND: Final = Service(
    path="/v1_0/refund",
    table=_TABLE,
    party="payee",
    sending="send_refund",
    reading="read_refund",
)


def connect(account: OperatorAccount, *, ca_file: str | None = None) -> Wire:
    """Return the wire to the host of an MTN disbursement account.

    Raises UnsafeAddressError where live and test would meet, or where TLS would not be verified.
    """
    return connect_to(account, product=DISBURSEMENT, ca_file=ca_file)


class MtnPayoutSender:
    """Pays a number from our disbursement float by MTN's transfer; a PayoutSender."""

    _service: ClassVar[Service] = _TRANSFER

    def __init__(self, line: MtnLine) -> None:
        """Raises ValueError for a line of another product."""
        self._line = _checked(line)

    def open_payout(self, *, deadline: Deadline) -> Opened | NotSent:
        """Return a new reference; MTN is not asked. Commit it before `send_payout`."""
        return _open(deadline)

    def send_payout(self, request: PayoutRequest, *, deadline: Deadline) -> Outcome:
        """Send once, under `request.reference`, a UUID version 4; only a 401 leads to a repeat.

        Accepted means that MTN has it; that it was paid is for the status read to say. Never raises
        for what MTN or a network can do. Raises ValueError for another reference, and for a refund.
        """
        if request.refunds:
            raise ValueError("a refund is neither a transfer nor a deposit")
        message = plain_text(request.message)
        body = _Transfer(
            amount=str(request.money.amount),
            # The sandbox takes euros only; the currency belongs to the account, not the order.
            currency=self._line.currency,
            external_id=request.external_id,
            payee=_Payee(party_id=request.payee.msisdn),
            payer_message=message,
            payee_note=message,
        )
        return _send(self._line, self._service, body, request, deadline=deadline)


class MtnDepositSender(MtnPayoutSender):
    """The same by MTN's deposit, where a contract has that in place of transfers."""

    _service: ClassVar[Service] = _DEPOSIT


class MtnRefundSender:
    """Gives a payment back to whoever made it by MTN's refund; a PayoutSender."""

    def __init__(self, line: MtnLine) -> None:
        """Raises ValueError for a line of another product."""
        self._line = _checked(line)

    def open_payout(self, *, deadline: Deadline) -> Opened | NotSent:
        """Return a new reference; as MtnPayoutSender."""
        return _open(deadline)

    def send_payout(self, request: PayoutRequest, *, deadline: Deadline) -> Outcome:
        """Send once; as MtnPayoutSender. `request.refunds` is the reference of the request to pay.

        MTN is told no number: it pays who paid. Raises ValueError without a payment to refund.
        """
        message = plain_text(request.message)
        body = _Refund(
            amount=str(request.money.amount),
            currency=self._line.currency,
            external_id=request.external_id,
            payer_message=message,
            payee_note=message,
            reference_id_to_refund=str(uuid.UUID(request.refunds)),
        )
        return _send(self._line, _REFUND, body, request, deadline=deadline)


class MtnPayoutReader:
    """Reads a transfer's status at MTN; a PayoutReader. It has no way to send one."""

    def __init__(self, line: MtnLine) -> None:
        """Raises ValueError for a line of another product."""
        self._get, self._tell, self._currency = _checked(line).get, line.tell, line.currency

    def read_payout(self, reference: str, *, deadline: Deadline) -> PaymentRead:
        """Read once; never raises for what MTN or a network can do.

        Raises ValueError for a reference that is no UUID.
        """
        return read_status(
            self._get,
            _TRANSFER,
            reference,
            account_currency=self._currency,
            deadline=deadline,
            tell=self._tell,
        )


class MtnDepositReader:
    """Reads a payout's status where a contract pays by deposits now; a PayoutReader.

    What was sent before its contract did is a transfer: only what is neither is not found.
    """

    def __init__(self, line: MtnLine) -> None:
        """Raises ValueError for a line of another product."""
        self._get, self._tell, self._currency = _checked(line).get, line.tell, line.currency

    def read_payout(self, reference: str, *, deadline: Deadline) -> PaymentRead:
        """Read once, or twice; as MtnPayoutReader."""
        read = self._read(_DEPOSIT, reference, deadline)
        is_missing = read.state is ReadState.NOT_FOUND
        return self._read(_TRANSFER, reference, deadline) if is_missing else read

    def _read(self, service: Service, reference: str, deadline: Deadline) -> PaymentRead:
        return read_status(
            self._get,
            service,
            reference,
            account_currency=self._currency,
            deadline=deadline,
            tell=self._tell,
        )


class MtnRefundReader:
    """Reads a refund's status at MTN; a PayoutReader. It has no way to send one."""

    def __init__(self, line: MtnLine) -> None:
        """Raises ValueError for a line of another product."""
        self._get, self._tell, self._currency = _checked(line).get, line.tell, line.currency

    def read_payout(self, reference: str, *, deadline: Deadline) -> PaymentRead:
        """Read once; as MtnPayoutReader."""
        return read_status(
            self._get,
            _REFUND,
            reference,
            account_currency=self._currency,
            deadline=deadline,
            tell=self._tell,
        )


class _Payee(msgspec.Struct, rename="camel"):
    party_id: str
    party_id_type: str = "MSISDN"


class _Transfer(msgspec.Struct, rename="camel"):
    amount: str
    currency: str
    external_id: str
    payee: _Payee
    payer_message: str
    payee_note: str


class _Refund(msgspec.Struct, rename="camel"):
    amount: str
    currency: str
    external_id: str
    payer_message: str
    payee_note: str
    reference_id_to_refund: str


def _checked(line: MtnLine) -> MtnLine:
    if line.product != DISBURSEMENT:
        raise ValueError("not a line of the disbursement product")
    return line


def _open(deadline: Deadline) -> Opened | NotSent:
    return NotSent("deadline_over") if deadline.is_over else Opened(str(uuid.uuid4()))


def _send(
    line: MtnLine,
    service: Service,
    body: msgspec.Struct,
    request: PayoutRequest,
    *,
    deadline: Deadline,
) -> Outcome:
    return submit(
        line,
        service,
        msgspec.json.encode(body),
        reference=request.reference,
        callback_url=request.callback_url,
        deadline=deadline,
    )
