"""Builds what pays at an operator, and what reads it, from a row's own account and mode."""

import json
import threading
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Final

from shared.domain.account import OperatorAccount
from shared.domain.breaker import Circuit, Guarded
from shared.domain.outgoing import Outgoing
from shared.domain.phone import Operator
from shared.operations.gate import Gate
from shared.operations.payout_gate import GatedPayoutReader, GatedPayoutSender
from shared.operations.ports import PayoutReader, PayoutSender
from shared.providers.calls import ExchangeHook
from shared.providers.mtn.disbursement import MtnRefundReader, MtnRefundSender, connect
from shared.providers.mtn.line import MtnLine
from shared.providers.mtn.tokens import MtnCredentials
from shared.runtime.operators import WrongModeError, WrongOperatorError

if TYPE_CHECKING:
    from shared.providers.wire import Wire

PAYING_PRODUCT: Final = {Operator.MTN: "disbursement"}
"""By which product of an operator money goes out; where there is none, nothing does."""


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
        self._senders: dict[tuple[OperatorAccount, str], PayoutSender] = {}
        self._readers: dict[tuple[OperatorAccount, str], PayoutReader] = {}
        self._wires: list[Wire] = []

    def sender(self, outgoing: Outgoing) -> PayoutSender:
        """Return what can pay this.

        Raises WrongModeError and WrongOperatorError.
        """
        key = self._key(outgoing)
        with self._lock:
            if key not in self._senders:
                circuit = Circuit.of(key[0], Guarded.SEND_PAYOUT)
                sender = MtnRefundSender(self._line(*key))
                self._senders[key] = GatedPayoutSender(sender, self._gate, circuit)
            return self._senders[key]

    def reader(self, outgoing: Outgoing) -> PayoutReader:
        """Return what can read the status of this, and nothing else.

        Raises WrongModeError and WrongOperatorError.
        """
        key = self._key(outgoing)
        with self._lock:
            if key not in self._readers:
                circuit = Circuit.of(key[0], Guarded.READ_PAYOUT)
                reader = MtnRefundReader(self._line(*key))
                self._readers[key] = GatedPayoutReader(reader, self._gate, circuit)
            return self._readers[key]

    def close(self) -> None:
        """Close all connections; the adapters open new ones at need."""
        with self._lock:
            for wire in self._wires:
                wire.close()

    def _key(self, outgoing: Outgoing) -> tuple[OperatorAccount, str]:
        account = self._find(outgoing.operator_account)
        if account.livemode != outgoing.livemode:
            raise WrongModeError(outgoing.id)
        if (account.operator, account.product) != (
            outgoing.operator,
            PAYING_PRODUCT.get(outgoing.operator),
        ):
            raise WrongOperatorError(outgoing.id)
        return account, self._secret(account.credentials)

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
