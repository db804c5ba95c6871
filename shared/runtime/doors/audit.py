"""The operations on audit entries, an account's and the platform's, from a call to an answer."""

from collections.abc import Mapping
from typing import Final

from shared.operations import read_audit_entries
from shared.operations.read_audit_entries import OF_PLATFORM, AuditFile
from shared.operations.reads import Read
from shared.runtime import wiring
from shared.runtime.http import Answer, Call, Handler
from shared.runtime.settings import settings

_CSV: Final = "text/csv; charset=utf-8; header=present"


def show_page(call: Call) -> Answer:
    """GET /v1/audit_entries."""
    store = wiring.audit_entries(call.authenticated().tenant)
    return Answer(body=read_audit_entries.list_audit_entries(_own(call), store))


def read(call: Call) -> Answer:
    """GET /v1/audit_entries/{id}."""
    store = wiring.audit_entries(call.authenticated().tenant)
    return Answer(body=read_audit_entries.read_audit_entry(_own(call), store))


def export(call: Call) -> Answer:
    """GET /v1/audit_entries.csv."""
    store = wiring.audit_entries(call.authenticated().tenant)
    return _file(read_audit_entries.export_audit_entries(_own(call), store))


def show_page_of_platform(call: Call) -> Answer:
    """GET /v1/platform/audit_entries."""
    store = wiring.platform_audit_entries()
    page = read_audit_entries.list_audit_entries(_platforms(call), store, path=OF_PLATFORM)
    return Answer(body=page)


def read_of_platform(call: Call) -> Answer:
    """GET /v1/platform/audit_entries/{id}."""
    store = wiring.platform_audit_entries()
    return Answer(body=read_audit_entries.read_audit_entry(_platforms(call), store))


def export_of_platform(call: Call) -> Answer:
    """GET /v1/platform/audit_entries.csv."""
    store = wiring.platform_audit_entries()
    return _file(read_audit_entries.export_audit_entries(_platforms(call), store, path=OF_PLATFORM))


def _own(call: Call) -> Read:
    return _asked(call, livemode=call.authenticated().tenant.livemode)


def _platforms(call: Call) -> Read:
    # What the platform does is never play.
    return _asked(call, livemode=True)


def _asked(call: Call, *, livemode: bool) -> Read:
    base_url = settings().public_base_url
    return Read(call.path_params, call.query(), base_url, call.language, livemode, wiring.now())


def _file(part: AuditFile) -> Answer:
    """Answer part of a chain; `Link` leads to the part that follows."""
    headers = {} if part.next_url is None else {"Link": f'<{part.next_url}>; rel="next"'}
    return Answer(body=part.text, headers=headers, content_type=_CSV)


OWN: Final[Mapping[str, Handler]] = {
    "list_audit_entries": show_page,
    "read_audit_entry": read,
    "export_audit_entries": export,
}
OF_THE_PLATFORM: Final[Mapping[str, Handler]] = {
    "list_platform_audit_entries": show_page_of_platform,
    "read_platform_audit_entry": read_of_platform,
    "export_platform_audit_entries": export_of_platform,
}
