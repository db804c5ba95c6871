"""The operations on cases, from a call to an answer."""

from collections.abc import Mapping
from typing import Final

from shared.operations import end_payment, manage_cases
from shared.operations.account_orders import read_seen
from shared.operations.case_objects import case_details, case_object
from shared.operations.manage_cases import PageOfCases, read_close_reason
from shared.operations.objects import list_object
from shared.runtime import cases, wiring
from shared.runtime.http import Answer, Call, Handler


def show_page(call: Call) -> Answer:
    """GET /v1/platform/cases."""
    page = PageOfCases.parse(call.query())
    found = cases.store().page(page)
    data = [case_object(case) for case in found[: page.limit]]
    return Answer(body=list_object("/v1/platform/cases", data, has_more=len(found) > page.limit))


def read(call: Call) -> Answer:
    """GET /v1/platform/cases/{id}."""
    call.refuse_query()
    return _details(call)


def close(call: Call) -> Answer:
    """POST /v1/platform/cases/{id}/close; the same call again is harmless."""
    reason, origin = read_close_reason(call.body()), wiring.origin(call)
    case = manage_cases.close_case(call.path_params["id"], cases.store(), origin, reason=reason)
    return Answer(body=case_object(case))


def check(call: Call) -> Answer:
    """POST /v1/platform/cases/{id}/check; again is harmless."""
    call.refuse_fields()
    case = manage_cases.check_case(call.path_params["id"], cases.store(), wiring.origin(call))
    return Answer(body=case_object(case))


def propose_ending(call: Call) -> Answer:
    """POST /v1/platform/cases/{id}/endings."""
    reason = read_close_reason(call.body())
    end_payment.propose_ending(call.path_params["id"], cases.by(call), reason=reason)
    return _details(call)


def approve_ending(call: Call) -> Answer:
    """POST /v1/platform/cases/{id}/endings/{ending}/approve."""
    seen, params = read_seen(call.body()), call.path_params
    end_payment.approve_ending(params["id"], params["ending"], cases.by(call), seen_sha256=seen)
    return _details(call)


def reject_ending(call: Call) -> Answer:
    """POST /v1/platform/cases/{id}/endings/{ending}/reject."""
    reason, params = read_close_reason(call.body()), call.path_params
    end_payment.reject_ending(params["id"], params["ending"], cases.by(call), reason=reason)
    return _details(call)


def _details(call: Call) -> Answer:
    case, evidence = manage_cases.read_case(call.path_params["id"], cases.store())
    ending = cases.endings().newest(case.object_id)
    return Answer(body=case_details(case, evidence, ending, now=wiring.now()))


HANDLERS: Final[Mapping[str, Handler]] = {
    "list_cases": show_page,
    "read_case": read,
    "close_case": close,
    "check_case": check,
    "propose_ending": propose_ending,
    "approve_ending": approve_ending,
    "reject_ending": reject_ending,
}
