"""Shows merchants their charges, events and balance, and anyone the contract of the API."""

from functools import cache

from shared.contracts import OPENAPI_FILE
from shared.operations.read_payments import READS, Read
from shared.runtime import wiring
from shared.runtime.http import Answer, Call, http_function
from shared.runtime.settings import settings


def read(call: Call) -> Answer:
    """Any GET below /v1: one read of the caller's own."""
    tenant = call.authenticated().tenant
    asked = Read(
        path_params=call.path_params,
        query=call.query(),
        base_url=settings().public_base_url,
        language=call.language,
        livemode=tenant.livemode,
    )
    return Answer(body=READS[call.operation_id](asked, wiring.reading(tenant)))


@cache
def _openapi() -> bytes:
    return OPENAPI_FILE.read_bytes()


def read_openapi(_: Call) -> Answer:
    """GET /openapi.json."""
    return Answer(body=_openapi())


read_payments = http_function(
    "read_payments",
    {**dict.fromkeys(READS, read), "read_openapi": read_openapi},
    authenticate=wiring.authenticate,
)
