"""Builds what reads the holders of wallets, from an operator account's own row and secret."""

import json
import threading
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from shared.domain.account import OperatorAccount, Tenant
from shared.domain.breaker import Circuit, Guarded
from shared.domain.phone import Operator
from shared.operations.lookup_holder import Asking, GatedHolderReader, LookupTerms
from shared.operations.ports import HolderReader
from shared.providers.mtn import disbursement as mtn
from shared.providers.mtn.accounts import MtnHolderReader
from shared.providers.mtn.line import MtnLine
from shared.providers.mtn.tokens import MtnCredentials
from shared.providers.orange_core import client as orange
from shared.providers.orange_core.tokens import OrangeCredentials
from shared.runtime import metrics, payouts, wiring
from shared.runtime.http import Call
from shared.runtime.once import once
from shared.runtime.settings import secret

if TYPE_CHECKING:
    from shared.providers.wire import Wire


class Holders:
    """Readers by operator account and the text of its secret; each keeps connections and token."""

    def __init__(self) -> None:
        """Build nothing yet."""
        self._lock: Final = threading.Lock()
        self._readers: dict[tuple[OperatorAccount, str], HolderReader] = {}
        self._wires: list[Wire] = []

    def reader(self, account: OperatorAccount) -> HolderReader:
        """Return what can read holders by this contract, and nothing else."""
        key = account, secret(account.credentials)
        with self._lock:
            if key not in self._readers:
                circuit = Circuit.of(account, Guarded.READ_HOLDER)
                self._readers[key] = GatedHolderReader(self._new(*key), wiring.gate(), circuit)
            return self._readers[key]

    def close(self) -> None:
        """Close all connections; the readers open new ones at need."""
        with self._lock:
            for wire in self._wires:
                wire.close()

    def _new(self, account: OperatorAccount, text: str) -> HolderReader:
        is_orange = account.operator is Operator.ORANGE
        wire = orange.connect(account) if is_orange else mtn.connect(account)
        self._wires.append(wire)
        given: dict[str, Any] = {
            "wire": wire,
            "clock": wiring.now,
            "on_exchange": metrics.observe_exchange,
        }
        if is_orange:
            credentials = OrangeCredentials(**json.loads(text))
            return orange.OrangeHolderReader(orange.OrangeLine(account, credentials, **given))
        return MtnHolderReader(MtnLine(account, MtnCredentials(**json.loads(text)), **given))


@once
def readers() -> Holders:
    """Return what reads holders."""
    return Holders()


def terms(operator: Operator, tenant: Tenant) -> LookupTerms:
    """Return by which contract, and how often, a tenant may ask."""
    return LookupTerms(payouts.wallet(operator, tenant), wiring.rules(tenant).holder_lookups)


def asking(call: Call) -> Asking:
    """Return what a lookup needs."""
    caller = call.authenticated()
    return Asking(
        caller=caller,
        origin=wiring.origin(call),
        take=wiring.directory().take_requests,
        record=wiring.audit_entries(caller.tenant).add,
        reader_of=readers().reader,
        monotonic=monotonic,
    )
