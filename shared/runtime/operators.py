"""Builds the adapter to an operator from a row's own account and mode, once per account."""

import json
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Final

from shared.domain.account import OperatorAccount
from shared.domain.charge import Charge
from shared.operations.ports import PaymentReader, PaymentRequester
from shared.providers.mtn.client import (
    ExchangeHook,
    MtnPaymentReader,
    MtnPaymentRequester,
    connect,
)
from shared.providers.mtn.tokens import MtnCredentials
from shared.providers.wire import Wire


class WrongModeError(RuntimeError):
    """A row of one mode names an operator account of the other: it must not run."""


class Operators:
    """Adapters by operator account; each keeps its connections and its token."""

    def __init__(
        self,
        *,
        find: Callable[[str], OperatorAccount],
        secret: Callable[[str], str],
        clock: Callable[[], datetime],
        on_exchange: ExchangeHook,
    ) -> None:
        """`find` reads an operator account by id; `secret` reads a secret file by name."""
        self._find = find
        self._secret = secret
        self._clock = clock
        self._on_exchange = on_exchange
        self._lock: Final = threading.Lock()
        # The secret's text is part of the key, so that a rotated one makes a new adapter.
        self._requesters: dict[tuple[OperatorAccount, str], PaymentRequester] = {}
        self._readers: dict[tuple[OperatorAccount, str], PaymentReader] = {}
        self._wires: list[Wire] = []

    def requester(self, charge: Charge) -> PaymentRequester:
        """Return what can ask this charge's operator for money. Raises WrongModeError."""
        account = self._account(charge)
        key = (account, self._secret(account.credentials))
        with self._lock:
            if key not in self._requesters:
                self._requesters[key] = MtnPaymentRequester(
                    account,
                    _credentials(key[1]),
                    wire=self._connect(account),
                    clock=self._clock,
                    on_exchange=self._on_exchange,
                )
            return self._requesters[key]

    def reader(self, charge: Charge) -> PaymentReader:
        """Return what can read this charge's status, and nothing else. Raises WrongModeError."""
        account = self._account(charge)
        key = (account, self._secret(account.credentials))
        with self._lock:
            if key not in self._readers:
                self._readers[key] = MtnPaymentReader(
                    account,
                    _credentials(key[1]),
                    wire=self._connect(account),
                    clock=self._clock,
                    on_exchange=self._on_exchange,
                )
            return self._readers[key]

    def close(self) -> None:
        """Close all connections; the adapters open new ones at need."""
        with self._lock:
            for wire in self._wires:
                wire.close()

    def _connect(self, account: OperatorAccount) -> Wire:
        wire = connect(account)
        self._wires.append(wire)
        return wire

    def _account(self, charge: Charge) -> OperatorAccount:
        account = self._find(charge.operator_account)
        if account.livemode != charge.livemode:
            raise WrongModeError(charge.id)
        return account


def _credentials(text: str) -> MtnCredentials:
    values = json.loads(text)
    return MtnCredentials(
        subscription_key=values["subscription_key"],
        api_user=values["api_user"],
        api_key=values["api_key"],
    )
