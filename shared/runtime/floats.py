"""Joins what looks at wallets to the real parts: who reads a balance, and where it is kept."""

import json
import threading
from time import monotonic
from typing import TYPE_CHECKING, Final

from shared.db.floats import Floats
from shared.domain.account import OperatorAccount
from shared.domain.outgoing import Outgoing
from shared.domain.phone import Operator
from shared.operations.check_float import FloatCheck
from shared.operations.ports import BalanceReader
from shared.runtime import metrics, wiring
from shared.runtime.crash import reached
from shared.runtime.once import once
from shared.runtime.settings import secret

if TYPE_CHECKING:
    from shared.providers.mtn.accounts import MtnBalanceReader
    from shared.providers.wire import Wire


def store() -> Floats:
    """Return what is known of wallets."""
    return Floats(wiring.app_database())


def takes(outgoing: Outgoing) -> bool:
    """Take what is about to be sent out of what its wallet is known to hold."""
    return store().take(outgoing, at=wiring.now())


def check() -> FloatCheck:
    """Return what a look at a wallet needs."""
    return FloatCheck(
        wallet_of=wiring.directory().read_operator_account,
        reader_of=readers().reader,
        now=wiring.now,
        monotonic=monotonic,
        reached=reached,
    )


@once
def readers() -> "BalanceReaders":
    """Return the adapters that read balances."""
    return BalanceReaders()


class BalanceReaders:
    """Adapters by operator account; each keeps its connection and its token."""

    def __init__(self) -> None:
        """Open nothing yet."""
        self._lock: Final = threading.Lock()
        # The secret's text is part of the key, so that a rotated one makes a new adapter.
        self._kept: dict[tuple[OperatorAccount, str], MtnBalanceReader] = {}
        self._wires: list[Wire] = []

    def reader(self, account: OperatorAccount) -> BalanceReader | None:
        """Return what can read a wallet's balance; None where its operator publishes none.

        Raises UnsafeAddressError where live and test would meet.
        """
        if account.operator is not Operator.MTN:
            return None
        key = (account, secret(account.credentials))
        with self._lock:
            if key not in self._kept:
                self._kept[key] = self._new(*key)
            return self._kept[key]

    def close(self) -> None:
        """Close all connections; the adapters open new ones at need."""
        with self._lock:
            for wire in self._wires:
                wire.close()

    def _new(self, account: OperatorAccount, text: str) -> "MtnBalanceReader":
        from shared.providers.mtn.accounts import MtnBalanceReader  # noqa: PLC0415 - one asks
        from shared.providers.mtn.line import MtnLine, connect_to  # noqa: PLC0415 - one asks
        from shared.providers.mtn.tokens import MtnCredentials  # noqa: PLC0415 - one asks

        wire = connect_to(account, product=account.product)
        self._wires.append(wire)
        line = MtnLine(
            account,
            MtnCredentials(**json.loads(text)),
            wire=wire,
            clock=wiring.now,
            on_exchange=metrics.observe_exchange,
        )
        return MtnBalanceReader(line)
