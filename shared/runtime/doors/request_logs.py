"""The request log of the account at work."""

from collections.abc import Mapping
from typing import Final

from shared.db.request_logs import RequestLogs
from shared.operations.read_request_logs import LOG_READS
from shared.operations.reads import Read
from shared.runtime import wiring
from shared.runtime.http import Answer, Call, Handler
from shared.runtime.settings import settings


def _read(call: Call) -> Answer:
    """GET /v1/request_logs and below."""
    tenant = call.authenticated().tenant
    asked = Read(
        call.path_params,
        call.query(),
        settings().public_base_url,
        call.language,
        tenant.livemode,
        wiring.now(),
    )
    store = RequestLogs(wiring.app_database(), tenant)
    return Answer(body=LOG_READS[call.operation_id](asked, store))


HANDLERS: Final[Mapping[str, Handler]] = dict.fromkeys(LOG_READS, _read)
