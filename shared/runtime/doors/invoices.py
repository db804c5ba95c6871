"""The invoices of the account at work, for whoever may read its balance."""

from collections.abc import Mapping
from typing import Final

from shared.operations.invoice_objects import INVOICE_READS
from shared.operations.reads import Read
from shared.runtime import invoices, wiring
from shared.runtime.http import Answer, Call, Handler
from shared.runtime.settings import settings


def _read(call: Call) -> Answer:
    """GET /v1/invoices and below."""
    tenant = call.authenticated().tenant
    asked = Read(
        call.path_params,
        call.query(),
        settings().public_base_url,
        call.language,
        tenant.livemode,
        wiring.time_of(tenant),
    )
    return Answer(body=INVOICE_READS[call.operation_id](asked, invoices.invoices(tenant)))


OWN: Final[Mapping[str, Handler]] = dict.fromkeys(INVOICE_READS, _read)
