"""Builds the adapter to an operator from a row's own account and mode, once per account."""

import json
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Final

from shared.domain.account import COLLECTING, OperatorAccount
from shared.domain.breaker import Circuit, Guarded
from shared.domain.charge import Charge
from shared.domain.phone import Operator
from shared.operations.gate import Gate, GatedOpener, GatedReader, GatedRequester
from shared.operations.ports import PaymentOpener, PaymentReader, PaymentRequester
from shared.providers.calls import ExchangeHook
from shared.providers.mtn import client as mtn
from shared.providers.mtn.tokens import MtnCredentials
from shared.providers.orange_core import client as orange
from shared.providers.orange_core.tokens import OrangeCredentials
from shared.providers.wire import Wire

_Key = tuple[OperatorAccount, str]


class WrongModeError(RuntimeError):
    """A row of one mode names an operator account of the other: it must not run."""


class WrongOperatorError(RuntimeError):
    """A row names an account of another operator, or of a product that takes no money."""


class Operators:
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
        self._requesters: dict[_Key, tuple[PaymentRequester, PaymentOpener | None]] = {}
        self._readers: dict[_Key, PaymentReader] = {}
        self._wires: list[Wire] = []

    def requester(self, charge: Charge) -> PaymentRequester:
        """Return what can ask this charge's operator for money.

        Raises WrongModeError and WrongOperatorError.
        """
        return self._asking(charge)[0]

    def opener(self, charge: Charge) -> PaymentOpener | None:
        """Return what has this charge's operator make the reference; None where it is ours.

        Raises WrongModeError and WrongOperatorError.
        """
        return self._asking(charge)[1]

    def reader(self, charge: Charge) -> PaymentReader:
        """Return what can read this charge's status, and nothing else.

        Raises WrongModeError and WrongOperatorError.
        """
        key = self._key(charge)
        with self._lock:
            if key not in self._readers:
                circuit = Circuit.of(key[0], Guarded.READ_PAYMENT)
                self._readers[key] = GatedReader(self._new_reader(*key), self._gate, circuit)
            return self._readers[key]

    def close(self) -> None:
        """Close all connections; the adapters open new ones at need."""
        with self._lock:
            for wire in self._wires:
                wire.close()

    def _asking(self, charge: Charge) -> tuple[PaymentRequester, PaymentOpener | None]:
        key = self._key(charge)
        with self._lock:
            if key not in self._requesters:
                self._requesters[key] = self._new_asking(*key)
            return self._requesters[key]

    def _new_asking(
        self, account: OperatorAccount, secret: str
    ) -> tuple[PaymentRequester, PaymentOpener | None]:
        circuit = Circuit.of(account, Guarded.REQUEST_PAYMENT)
        if account.operator is Operator.ORANGE:
            requester = orange.OrangePaymentRequester(self._orange_line(account, secret))
            opening = Circuit.of(account, Guarded.OPEN_PAYMENT)
            return (
                GatedRequester(requester, self._gate, circuit),
                GatedOpener(requester, self._gate, opening, requests=circuit),
            )
        adapter = mtn.MtnPaymentRequester(
            account,
            _mtn_credentials(secret),
            wire=self._keep(mtn.connect(account)),
            clock=self._clock,
            on_exchange=self._on_exchange,
        )
        return GatedRequester(adapter, self._gate, circuit), None

    def _new_reader(self, account: OperatorAccount, secret: str) -> PaymentReader:
        if account.operator is Operator.ORANGE:
            return orange.OrangePaymentReader(self._orange_line(account, secret))
        return mtn.MtnPaymentReader(
            account,
            _mtn_credentials(secret),
            wire=self._keep(mtn.connect(account)),
            clock=self._clock,
            on_exchange=self._on_exchange,
        )

    def _orange_line(self, account: OperatorAccount, secret: str) -> orange.OrangeLine:
        return orange.OrangeLine(
            account,
            _orange_credentials(secret),
            wire=self._keep(orange.connect(account)),
            clock=self._clock,
            on_exchange=self._on_exchange,
        )

    def _keep(self, wire: Wire) -> Wire:
        self._wires.append(wire)
        return wire

    def _key(self, charge: Charge) -> _Key:
        account = self._account(charge)
        return account, self._secret(account.credentials)

    def _account(self, charge: Charge) -> OperatorAccount:
        account = self._find(charge.operator_account)
        if account.livemode != charge.livemode:
            raise WrongModeError(charge.id)
        is_taken_by = (account.operator, account.product)
        if is_taken_by != (charge.operator, COLLECTING[charge.operator]):
            raise WrongOperatorError(charge.id)
        return account


def _mtn_credentials(text: str) -> MtnCredentials:
    values = json.loads(text)
    return MtnCredentials(
        subscription_key=values["subscription_key"],
        api_user=values["api_user"],
        api_key=values["api_key"],
    )


def _orange_credentials(text: str) -> OrangeCredentials:
    values = json.loads(text)
    return OrangeCredentials(
        consumer_key=values["consumer_key"],
        consumer_secret=values["consumer_secret"],
        api_user=values["api_user"],
        api_password=values["api_password"],
        channel_msisdn=values["channel_msisdn"],
        pin=values["pin"],
    )
