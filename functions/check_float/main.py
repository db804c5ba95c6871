"""Looks what a wallet at an operator holds, and compares it with our books."""

from shared.operations.check_float import check_float as check
from shared.runtime import floats, logs
from shared.runtime.http import Push, push_function


def handle(push: Push) -> None:
    """Read, compare, keep."""
    wallet = push.message.object_id
    outcome = check(push.message, store=floats.store(), how=floats.check())
    tell = logs.warning if outcome == "differs" else logs.info
    tell("float_checked", operator_account=wallet, outcome=outcome)


check_float = push_function("check_float", handle)
