"""Shows merchants payments, balance, invoices and audit entries, and anyone the API's contract."""

from functools import cache

from shared.contracts import OPENAPI_FILE
from shared.operations.read_operators import list_operators
from shared.operations.read_payments import READS
from shared.operations.reads import Read
from shared.runtime import callers, charging, wiring
from shared.runtime.doors import audit, batches, invoices
from shared.runtime.http import Answer, Call, http_function
from shared.runtime.settings import settings


def read(call: Call) -> Answer:
    """Any other GET below /v1: one read of the caller's own."""
    tenant = call.authenticated().tenant
    asked = Read(
        call.path_params,
        call.query(),
        settings().public_base_url,
        call.language,
        tenant.livemode,
        wiring.now(),
    )
    return Answer(body=READS[call.operation_id](asked, wiring.reading(tenant)))


def operators(call: Call) -> Answer:
    """GET /v1/operators."""
    tenant, query = call.authenticated().tenant, call.query()
    found = list_operators(
        query, lambda each: charging.offer(each, tenant), livemode=tenant.livemode
    )
    return Answer(body=found)


@cache
def _openapi() -> bytes:
    return OPENAPI_FILE.read_bytes()


def read_openapi(_: Call) -> Answer:
    """GET /openapi.json."""
    return Answer(body=_openapi())


read_payments = http_function(
    "read_payments",
    {
        **dict.fromkeys(READS, read),
        **audit.OWN,
        **batches.READS,
        **invoices.OWN,
        "list_operators": operators,
        "read_openapi": read_openapi,
    },
    authenticate=callers.authenticate,
    admit=callers.admit,
)
