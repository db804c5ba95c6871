"""The operations on the clock of a test mode, from a call to an answer."""

from collections.abc import Mapping
from typing import Final

from shared.db.test_clocks import TestClocks
from shared.operations import test_clock
from shared.operations.test_clock import AdvanceTestClock
from shared.runtime import wiring
from shared.runtime.http import Answer, Call, Handler
from shared.runtime.idempotency import read_key
from shared.runtime.stored_answers import shown


def read(call: Call) -> Answer:
    """GET /v1/test_clock."""
    call.refuse_query()
    caller = call.authenticated()
    store = TestClocks(wiring.app_database(), caller.tenant)
    body = test_clock.read_test_clock(caller, store=store, machine=wiring.now())
    return Answer(body=body, headers={"Cache-Control": "no-store"})


def advance(call: Call) -> Answer:
    """POST /v1/test_clock."""
    caller = call.authenticated()
    outcome = test_clock.advance_test_clock(
        AdvanceTestClock.parse(call.body()),
        caller,
        wiring.origin(call),
        store=TestClocks(wiring.app_database(), caller.tenant),
        idempotency_key=read_key(call.idempotency_key),
    )
    return shown(outcome)


HANDLERS: Final[Mapping[str, Handler]] = {
    "read_test_clock": read,
    "advance_test_clock": advance,
}
