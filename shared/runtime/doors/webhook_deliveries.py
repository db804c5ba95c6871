"""What was sent to the webhook endpoints of the account at work."""

from collections.abc import Mapping
from typing import Final

from shared.operations.read_webhook_deliveries import DELIVERY_READS
from shared.operations.reads import Read
from shared.runtime import sent_webhooks, wiring
from shared.runtime.http import Answer, Call, Handler
from shared.runtime.settings import settings


def _read(call: Call) -> Answer:
    """GET /v1/webhook_deliveries and below."""
    tenant = call.authenticated().tenant
    asked = Read(
        call.path_params,
        call.query(),
        settings().public_base_url,
        call.language,
        tenant.livemode,
        wiring.now(),
    )
    return Answer(body=DELIVERY_READS[call.operation_id](asked, sent_webhooks.store(tenant)))


HANDLERS: Final[Mapping[str, Handler]] = dict.fromkeys(DELIVERY_READS, _read)
