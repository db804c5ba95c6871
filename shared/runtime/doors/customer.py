"""The operations of payers on their own payments, from a call to an answer."""

from collections.abc import Mapping
from typing import Final

from shared.domain.errors import InvalidRequest
from shared.operations import read_customer
from shared.operations.read_customer import CreateChallenge, OpenSession
from shared.runtime import customers, metrics, wiring
from shared.runtime.http import Answer, Call, Handler
from shared.runtime.settings import settings

# A token in an answer is for whoever asked, and payments are one person's.
_PRIVATE: Final = {"Cache-Control": "no-store"}


def create_challenge(call: Call) -> Answer:
    """POST /v1/customer/challenges; the answer is the same whatever was found."""
    call.refuse_query()
    command = CreateChallenge.parse(call.body())
    how = customers.proving(call)
    answer, is_sent = read_customer.create_challenge(command, customers.store(), how)
    metrics.count_customer("challenge", "sent" if is_sent else "not_sent")
    return Answer(body=answer, headers=_PRIVATE)


def create_session(call: Call) -> Answer:
    """POST /v1/customer/sessions."""
    call.refuse_query()
    command = OpenSession.parse(call.body())
    try:
        answer = read_customer.open_session(command, customers.store(), customers.proving(call))
    except InvalidRequest:
        metrics.count_customer("session", "refused")
        raise
    metrics.count_customer("session", "opened")
    return Answer(body=answer, headers=_PRIVATE)


def end_session(call: Call) -> Answer:
    """POST /v1/customer/sessions/end."""
    call.refuse_fields()
    read_customer.end_session(call.authorization, customers.store(), now=wiring.now())
    return Answer(body={"object": "customer_session", "ended": True}, headers=_PRIVATE)


def list_payments(call: Call) -> Answer:
    """GET /v1/customer/payments."""
    page = read_customer.list_payments(
        call.query(), call.proven(), customers.store(), base_url=settings().public_base_url
    )
    return Answer(body=page, headers=_PRIVATE)


def read_payment(call: Call) -> Answer:
    """GET /v1/customer/payments/{id}."""
    call.refuse_query()
    payment = read_customer.read_payment(
        call.path_params["id"],
        call.proven(),
        customers.store(),
        base_url=settings().public_base_url,
    )
    return Answer(body=payment, headers=_PRIVATE)


HANDLERS: Final[Mapping[str, Handler]] = {
    "create_customer_challenge": create_challenge,
    "create_customer_session": create_session,
    "end_customer_session": end_session,
    "list_customer_payments": list_payments,
    "read_customer_payment": read_payment,
}
