"""What merchants decide about late payments, from a call to an answer."""

from collections.abc import Callable, Mapping
from typing import Final

from shared.domain.errors import NotPermitted
from shared.domain.late_payment import LatePayment
from shared.operations.late_objects import late_payment_object
from shared.operations.late_payments import LateTerms, accept_late_payment, refund_late_payment
from shared.runtime import late_payments
from shared.runtime.http import Answer, Call, Handler
from shared.runtime.idempotency import read_key

_DECISIONS: Final[dict[str, Callable[[str, LateTerms], LatePayment]]] = {
    "accept_late_payment": accept_late_payment,
    "refund_late_payment": refund_late_payment,
}


def decide(call: Call) -> Answer:
    """POST /v1/late_payments/{id}/accept or refund; again is harmless, with or without a key."""
    caller = call.authenticated()
    call.refuse_fields()
    read_key(call.idempotency_key)
    if caller.suspended:
        raise NotPermitted("account_suspended")
    terms = late_payments.terms(
        caller.tenant,
        language=call.language,
        request_id=call.request_id,
        traceparent=call.traceparent,
    )
    late = _DECISIONS[call.operation_id](call.path_params["id"], terms)
    return Answer(body=late_payment_object(late))


HANDLERS: Final[Mapping[str, Handler]] = dict.fromkeys(_DECISIONS, decide)
