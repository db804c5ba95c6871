"""The receipts of the account at work, for whoever may read its balance."""

from collections.abc import Mapping
from typing import Final

from shared.operations.reads import Read
from shared.operations.receipt_objects import RECEIPT_READS
from shared.runtime import wiring
from shared.runtime.http import Answer, Call, Handler
from shared.runtime.settings import settings


def _read(call: Call) -> Answer:
    """GET /v1/receipts and below."""
    tenant = call.authenticated().tenant
    asked = Read(
        call.path_params,
        call.query(),
        settings().public_base_url,
        call.language,
        tenant.livemode,
        wiring.time_of(tenant),
    )
    return Answer(body=RECEIPT_READS[call.operation_id](asked, wiring.receipts(tenant)))


OWN: Final[Mapping[str, Handler]] = dict.fromkeys(RECEIPT_READS, _read)
