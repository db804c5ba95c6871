"""The operations on batches of payouts, from a call to an answer."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from shared.domain.errors import TooLarge, WrongContentType
from shared.domain.payout_batch import LARGEST_BYTES
from shared.operations import objects, read_batches
from shared.operations.cancel_payout_batch import cancel_payout_batch
from shared.operations.create_payout_batch import CreatePayoutBatch, create_payout_batch
from shared.operations.decide_batch import approve_payout_batch, reject_payout_batch
from shared.operations.decide_payout import Approve, By, Reject
from shared.operations.ports import Replayed
from shared.operations.reads import Read
from shared.runtime import json_body, payouts, wiring
from shared.runtime.batches import batch_reading, batches
from shared.runtime.crash import reached
from shared.runtime.http import Answer, Call, Handler
from shared.runtime.idempotency import read_key
from shared.runtime.settings import settings

_CSV: Final = "text/csv; charset=utf-8; header=present"
_CSV_NAME: Final = "text/csv"


def create(call: Call) -> Answer:
    """POST /v1/payout_batches, as JSON or as a file; a key never makes a second one."""
    caller = call.authenticated()
    outcome = create_payout_batch(
        _command(call),
        caller,
        terms_of=lambda operator: payouts.payout_terms(operator, caller.tenant),
        store=batches(caller.tenant),
        now=wiring.time_of(caller.tenant),
        request_id=call.request_id,
        idempotency_key=read_key(call.idempotency_key),
        reached=reached,
    )
    replayed = {"Idempotent-Replayed": "true"} if isinstance(outcome, Replayed) else {}
    return Answer(body=outcome.response, headers=replayed)


def cancel(call: Call) -> Answer:
    """POST /v1/payout_batches/{id}/cancel; the same call again is harmless."""
    caller = call.authenticated()
    call.refuse_fields()
    read_key(call.idempotency_key)
    batch = cancel_payout_batch(
        call.path_params["id"],
        caller,
        store=batches(caller.tenant),
        taken_back=payouts.taken_back(),
        now=wiring.time_of(caller.tenant),
    )
    return Answer(body=objects.payout_batch_object(batch))


def approve(call: Call) -> Answer:
    """POST /v1/payout_batches/{id}/approve; the same call again is harmless."""
    order, by = Approve.parse(call.body()), _by(call)
    store = batches(by.caller.tenant)
    batch = approve_payout_batch(call.path_params["id"], order, by, store=store)
    return Answer(body=objects.payout_batch_object(batch))


def reject(call: Call) -> Answer:
    """POST /v1/payout_batches/{id}/reject; the same call again is harmless."""
    order, by = Reject.parse(call.body()), _by(call)
    store = batches(by.caller.tenant)
    batch = reject_payout_batch(call.path_params["id"], order, by, store=store)
    return Answer(body=objects.payout_batch_object(batch))


def _by(call: Call) -> By:
    read_key(call.idempotency_key)
    caller = call.authenticated()
    at = wiring.time_of(caller.tenant)
    return By(caller, wiring.origin(call), call.language, call.traceparent, at)


def _command(call: Call) -> CreatePayoutBatch:
    if json_body.is_of_type(call.content_type, _CSV_NAME):
        if len(call.content) > LARGEST_BYTES:
            raise TooLarge("body_too_large", limit=LARGEST_BYTES)
        return CreatePayoutBatch.read(call.content)
    if json_body.is_form(call.content_type, call.origin):
        return CreatePayoutBatch.parse(call.body())
    if not json_body.is_of_type(call.content_type, json_body.JSON):
        wanted = f"{json_body.JSON}, {_CSV_NAME}"
        raise WrongContentType("content_type_unsupported", wanted=wanted)
    return CreatePayoutBatch.parse(call.body(largest=LARGEST_BYTES))


def _asked(call: Call) -> Read:
    tenant = call.authenticated().tenant
    return Read(
        call.path_params,
        call.query(),
        settings().public_base_url,
        call.language,
        tenant.livemode,
        wiring.time_of(tenant),
    )


def _read(
    read: Callable[[Read, read_batches.BatchReadStore], dict[str, Any] | str], call: Call
) -> Answer:
    found = read(_asked(call), batch_reading(call.authenticated().tenant))
    return Answer(body=found, content_type=_CSV if isinstance(found, str) else "application/json")


WRITES: Final[Mapping[str, Handler]] = {
    "create_payout_batch": create,
    "cancel_payout_batch": cancel,
}
DECISIONS: Final[Mapping[str, Handler]] = {
    "approve_payout_batch": approve,
    "reject_payout_batch": reject,
}
READS: Final[Mapping[str, Handler]] = {
    "list_payout_batches": partial(_read, read_batches.list_payout_batches),
    "read_payout_batch": partial(_read, read_batches.read_payout_batch),
    "list_payout_batch_payouts": partial(_read, read_batches.list_payout_batch_payouts),
    "read_payout_batch_results": partial(_read, read_batches.read_payout_batch_results),
}
