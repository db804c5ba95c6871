"""Reads of payments, balance, events and operators, from a call to an answer."""

from collections.abc import Mapping
from typing import Final

from shared.operations.expand import expand, read_paths, take_paths
from shared.operations.read_operators import list_operators
from shared.operations.read_payments import READS
from shared.operations.reads import Read
from shared.runtime import charging, wiring
from shared.runtime.http import Answer, Call, Handler
from shared.runtime.settings import settings


def read(call: Call) -> Answer:
    """Most GETs below /v1: one read of the caller's own."""
    caller = call.authenticated()
    tenant = caller.tenant
    query, paths = take_paths(call.query(), call.operation_id)
    tree = read_paths(paths, call.operation_id, caller)
    asked = Read(
        call.path_params,
        query,
        settings().public_base_url,
        call.language,
        tenant.livemode,
        wiring.time_of(tenant),
    )
    found = READS[call.operation_id](asked, wiring.reading(tenant))
    if tree:
        expand(found, tree, asked, wiring.expansions(tenant))
    return Answer(body=found)


def operators(call: Call) -> Answer:
    """GET /v1/operators."""
    tenant, query = call.authenticated().tenant, call.query()
    found = list_operators(
        query, lambda each: charging.offer(each, tenant), livemode=tenant.livemode
    )
    return Answer(body=found)


HANDLERS: Final[Mapping[str, Handler]] = {
    **dict.fromkeys(READS, read),
    "list_operators": operators,
}
