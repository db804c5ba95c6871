"""The operations on reports, from a call to an answer."""

from collections.abc import Mapping
from typing import Final

from shared.operations import manage_reports
from shared.operations.manage_reports import CreateReport
from shared.operations.ports import Replayed
from shared.runtime import reports, wiring
from shared.runtime.http import Answer, Call, Handler
from shared.runtime.idempotency import read_key

_NOT_KEPT: Final = {"Cache-Control": "no-store"}


def create(call: Call) -> Answer:
    """POST /v1/reports."""
    caller = call.authenticated()
    outcome = manage_reports.create_report(
        CreateReport.parse(call.body()),
        caller,
        wiring.origin(call),
        store=reports.store(caller.tenant),
        now=wiring.time_of(caller.tenant),
        language=call.language,
        idempotency_key=read_key(call.idempotency_key),
        traceparent=call.traceparent,
    )
    replayed = {"Idempotent-Replayed": "true"} if isinstance(outcome, Replayed) else {}
    return Answer(body=outcome.response, headers=replayed)


def show_page(call: Call) -> Answer:
    """GET /v1/reports."""
    store = reports.store(call.authenticated().tenant)
    page = manage_reports.list_reports(call.query(), store=store, language=call.language)
    return Answer(body=page)


def read(call: Call) -> Answer:
    """GET /v1/reports/{id}. Its address opens the file for whoever has it, so nobody keeps it."""
    call.refuse_query()
    caller = call.authenticated()
    report = manage_reports.read_report(
        call.path_params["id"],
        caller,
        store=reports.store(caller.tenant),
        sign=reports.sign,
        language=call.language,
        now=wiring.time_of(caller.tenant),
    )
    return Answer(body=report, headers=_NOT_KEPT)


def cancel(call: Call) -> Answer:
    """POST /v1/reports/{id}/cancel."""
    read_key(call.idempotency_key)
    call.refuse_fields()
    caller = call.authenticated()
    report = manage_reports.cancel_report(
        call.path_params["id"],
        caller,
        wiring.origin(call),
        store=reports.store(caller.tenant),
        now=wiring.time_of(caller.tenant),
        language=call.language,
    )
    return Answer(body=report)


HANDLERS: Final[Mapping[str, Handler]] = {
    "create_report": create,
    "list_reports": show_page,
    "read_report": read,
    "cancel_report": cancel,
}
