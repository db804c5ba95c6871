"""Wires what payers need who prove a number: their rows, and what makes a code and seals it."""

from shared.db.customers import Customers
from shared.domain.customer import Customer
from shared.operations import read_customer
from shared.operations.read_customer import Proving
from shared.runtime import notice_secrets, wiring
from shared.runtime.http import Call
from shared.runtime.once import once


@once
def store() -> Customers:
    """Return what is kept of payers."""
    return Customers(wiring.app_database())


def proving(call: Call) -> Proving:
    """Return what proving a number needs."""
    return Proving(
        now=wiring.now(),
        address=call.remote_address,
        language=call.language,
        number_key=wiring.kept_key("number_key"),
        seal=notice_secrets.seal,
    )


def recognise(call: Call) -> Customer:
    """Return whose token is presented. Raises NotAuthenticated."""
    return read_customer.recognise(call.authorization, store(), now=wiring.now())
