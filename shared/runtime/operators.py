"""Builds the adapter to an operator from a row's own account and mode, once per account."""

import json
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from shared.domain.account import COLLECTING, PAGING, OperatorAccount
from shared.domain.breaker import Circuit, Guarded
from shared.domain.charge import Charge
from shared.domain.phone import Operator
from shared.operations.gate import (
    Gate,
    GatedOpener,
    GatedPageOpener,
    GatedReader,
    GatedRequester,
)
from shared.operations.page_ports import Page, PageOpener, PageReader
from shared.operations.ports import PaymentOpener, PaymentReader, PaymentRequester
from shared.operations.read_pages import ChargePages
from shared.providers.calls import ExchangeHook
from shared.providers.mtn import client as mtn
from shared.providers.mtn.tokens import MtnCredentials
from shared.providers.orange_core import client as orange
from shared.providers.orange_core.tokens import OrangeCredentials
from shared.providers.orange_web import client as orange_web
from shared.providers.orange_web.tokens import OrangeWebCredentials
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
        pages_of: Callable[[Charge], Sequence[Page]],
    ) -> None:
        """`find` reads an operator account by id; `secret` reads a secret file by name.

        `pages_of` reads the pages that were made for a charge.
        """
        self._find = find
        self._secret = secret
        self._clock = clock
        self._on_exchange = on_exchange
        self._gate = gate
        self._pages_of = pages_of
        self._lock: Final = threading.Lock()
        # The secret's text is part of the key, so that a rotated one makes a new adapter.
        self._requesters: dict[_Key, tuple[PaymentRequester, PaymentOpener | None]] = {}
        self._readers: dict[_Key, PaymentReader] = {}
        self._pages: dict[_Key, tuple[PageOpener, PageReader]] = {}
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
        if charge.pays_on_page:
            circuit = Circuit.of(key[0], Guarded.READ_PAGE)
            pages = ChargePages(
                charge, pages=lambda: self._pages_of(charge), reader=self._paging(key)[1]
            )
            return GatedReader(pages, self._gate, circuit)
        with self._lock:
            if key not in self._readers:
                circuit = Circuit.of(key[0], Guarded.READ_PAYMENT)
                self._readers[key] = GatedReader(self._new_reader(*key), self._gate, circuit)
            return self._readers[key]

    def page_opener(self, charge: Charge) -> PageOpener:
        """Return what has this charge's operator make a page for its payer.

        Raises WrongModeError and WrongOperatorError.
        """
        return self._paging(self._key(charge))[0]

    def takes_turn(self, charge: Charge) -> bool:
        """Take one of what its operator account may be asked for now; False where none is left.

        Raises WrongModeError and WrongOperatorError.
        """
        account = self._account(charge)
        guarded = Guarded.OPEN_PAGE if charge.pays_on_page else Guarded.REQUEST_PAYMENT
        return self._gate.takes_turn(Circuit.of(account, guarded), account.id)

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

    def _paging(self, key: _Key) -> tuple[PageOpener, PageReader]:
        with self._lock:
            if key not in self._pages:
                self._pages[key] = self._new_paging(*key)
            return self._pages[key]

    def _new_paging(self, account: OperatorAccount, secret: str) -> tuple[PageOpener, PageReader]:
        line = orange_web.OrangeWebLine(
            account,
            _orange_web_credentials(secret),
            wire=self._keep(orange_web.connect(account)),
            clock=self._clock,
            on_exchange=self._on_exchange,
        )
        circuit = Circuit.of(account, Guarded.OPEN_PAGE)
        opener = GatedPageOpener(orange_web.OrangePageOpener(line), self._gate, circuit)
        return opener, orange_web.OrangePageReader(line)

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
        products = PAGING if charge.pays_on_page else COLLECTING
        if is_taken_by != (charge.operator, products.get(charge.operator)):
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


def _orange_web_credentials(text: str) -> OrangeWebCredentials:
    values = json.loads(text)
    return OrangeWebCredentials(
        client_id=values["client_id"],
        client_secret=values["client_secret"],
        merchant_key=values["merchant_key"],
    )
