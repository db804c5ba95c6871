"""Builds what pays at an operator, and what reads it, from a row's own account and mode."""

import json
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final, Protocol

from shared.domain.account import DEPOSIT, PAYING, TRANSFER, OperatorAccount
from shared.domain.breaker import SENDING, Circuit, Guarded
from shared.domain.payout import Payout
from shared.domain.phone import Operator
from shared.domain.refund import Refund
from shared.operations.gate import Gate
from shared.operations.payout_gate import GatedPayoutReader, GatedPayoutSender
from shared.operations.ports import PayoutReader, PayoutSender
from shared.providers.calls import ExchangeHook
from shared.providers.mtn.disbursement import (
    MtnDepositReader,
    MtnDepositSender,
    MtnPayoutReader,
    MtnPayoutSender,
    MtnRefundReader,
    MtnRefundSender,
    connect,
)
from shared.providers.mtn.line import MtnLine
from shared.providers.mtn.tokens import MtnCredentials
from shared.providers.orange_core import client as orange
from shared.providers.orange_core.tokens import OrangeCredentials
from shared.runtime.operators import WrongModeError, WrongOperatorError

if TYPE_CHECKING:
    from shared.providers.wire import Wire

_Way = tuple[Callable[[MtnLine], PayoutSender], Callable[[MtnLine], PayoutReader]]
_MTN: Final[Mapping[str, Mapping[str, _Way]]] = {
    Refund.kind: dict.fromkeys((TRANSFER, DEPOSIT), (MtnRefundSender, MtnRefundReader)),
    Payout.kind: {
        TRANSFER: (MtnPayoutSender, MtnPayoutReader),
        DEPOSIT: (MtnDepositSender, MtnDepositReader),
    },
}
"""What sends and reads each kind of money that goes out at MTN, as its contract says."""


class Payable(Protocol):
    """What says by whom something is paid: money that goes out, or what is lost of it."""

    @property
    def id(self) -> str:
        """Its id, for an error."""

    @property
    def kind(self) -> str:
        """A refund or a payout."""

    @property
    def livemode(self) -> bool:
        """In which mode."""

    @property
    def operator(self) -> Operator:
        """By which operator."""

    @property
    def operator_account(self) -> str:
        """By which account there."""


class PayoutOperators:
    """Adapters by operator account; each keeps its connections and its token."""

    def __init__(
        self,
        *,
        find: Callable[[str], OperatorAccount],
        secret: Callable[[str], str],
        clock: Callable[[], datetime],
        on_exchange: ExchangeHook,
        gate: Gate,
    ) -> None:
        """`find` reads an operator account by id; `secret` reads a secret file by name."""
        self._find = find
        self._secret = secret
        self._clock = clock
        self._on_exchange = on_exchange
        self._gate = gate
        self._lock: Final = threading.Lock()
        # The secret's text is part of the key, so that a rotated one makes a new adapter.
        self._senders: dict[tuple[OperatorAccount, str, str], PayoutSender] = {}
        self._readers: dict[tuple[OperatorAccount, str, str], PayoutReader] = {}
        self._wires: list[Wire] = []

    def sender(self, outgoing: Payable) -> PayoutSender:
        """Return what can pay this.

        Raises WrongModeError and WrongOperatorError.
        """
        key = self._key(outgoing)
        with self._lock:
            if key not in self._senders:
                self._senders[key] = self._new_sender(*key)
            return self._senders[key]

    def reader(self, outgoing: Payable) -> PayoutReader:
        """Return what can read the status of this, and nothing else.

        Raises WrongModeError and WrongOperatorError.
        """
        key = self._key(outgoing)
        with self._lock:
            if key not in self._readers:
                self._readers[key] = self._new_reader(*key)
            return self._readers[key]

    def is_away(self, outgoing: Payable) -> bool:
        """Tell whether its operator does not answer, and it is not yet time to try it again.

        Raises LookupError.
        """
        account = self._find(outgoing.operator_account)
        for guarded in SENDING[account.operator]:
            circuit = Circuit.of(account, guarded)
            trial_in = self._gate.standing(circuit, sends_by=account.id).trial_in
            if trial_in is not None and trial_in > 0:
                return True
        return False

    def takes_turn(self, outgoing: Payable) -> bool:
        """Take one of what its operator account may be asked for now; False where none is left.

        Raises LookupError.
        """
        account = self._find(outgoing.operator_account)
        return self._gate.takes_turn(Circuit.of(account, Guarded.SEND_PAYOUT), account.id)

    def _new_sender(self, account: OperatorAccount, secret: str, kind: str) -> PayoutSender:
        circuit = Circuit.of(account, Guarded.SEND_PAYOUT)
        if account.operator is Operator.ORANGE:
            # It knows no refund: money goes back as it goes out.
            sender = orange.OrangePayoutSender(self._orange_line(account, secret))
            opening = Circuit.of(account, Guarded.OPEN_PAYOUT)
            return GatedPayoutSender(sender, self._gate, circuit, opening=opening)
        send, _ = _MTN[kind][account.pays_by]
        return GatedPayoutSender(send(self._line(account, secret)), self._gate, circuit)

    def _new_reader(self, account: OperatorAccount, secret: str, kind: str) -> PayoutReader:
        circuit = Circuit.of(account, Guarded.READ_PAYOUT)
        if account.operator is Operator.ORANGE:
            reader = orange.OrangePayoutReader(self._orange_line(account, secret))
            return GatedPayoutReader(reader, self._gate, circuit)
        _, read = _MTN[kind][account.pays_by]
        return GatedPayoutReader(read(self._line(account, secret)), self._gate, circuit)

    def close(self) -> None:
        """Close all connections; the adapters open new ones at need."""
        with self._lock:
            for wire in self._wires:
                wire.close()

    def _key(self, outgoing: Payable) -> tuple[OperatorAccount, str, str]:
        account = self._find(outgoing.operator_account)
        if account.livemode != outgoing.livemode:
            raise WrongModeError(outgoing.id)
        if (account.operator, account.product) != (
            outgoing.operator,
            PAYING[outgoing.operator],
        ):
            raise WrongOperatorError(outgoing.id)
        return account, self._secret(account.credentials), outgoing.kind

    def _orange_line(self, account: OperatorAccount, secret: str) -> orange.OrangeLine:
        wire = orange.connect(account)
        self._wires.append(wire)
        return orange.OrangeLine(
            account,
            OrangeCredentials(**json.loads(secret)),
            wire=wire,
            clock=self._clock,
            on_exchange=self._on_exchange,
        )

    def _line(self, account: OperatorAccount, secret: str) -> MtnLine:
        wire = connect(account)
        self._wires.append(wire)
        return MtnLine(
            account,
            MtnCredentials(**json.loads(secret)),
            wire=wire,
            clock=self._clock,
            on_exchange=self._on_exchange,
        )
