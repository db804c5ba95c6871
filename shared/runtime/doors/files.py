"""The operations on files, from a call to an answer."""

from collections.abc import Mapping
from typing import Any, Final

from shared.domain.errors import InvalidRequest, Unavailable
from shared.operations.create_file import CreateFile, create_file, refuse_suspended
from shared.operations.file_objects import FILE_READS, read_file_contents, read_purpose
from shared.operations.lists import refuse_unknown
from shared.operations.ports import StoreDownError
from shared.operations.reads import Read
from shared.runtime import files, logs, wiring
from shared.runtime.http import Answer, Call, Handler
from shared.runtime.idempotency import read_key
from shared.runtime.multipart_body import read_multipart
from shared.runtime.settings import settings
from shared.runtime.stored_answers import shown

_FIELDS: Final = ("purpose", "file")


def create(call: Call) -> Answer:
    """POST /v1/files."""
    caller = call.authenticated()
    refuse_suspended(caller)
    # No browser sends a person's token by itself: whose page this is asked for it.
    origin = None if caller.member is not None else call.origin
    form = read_multipart(call.content, call.content_type, origin)
    refuse_unknown([*form.fields, *form.files], _FIELDS)
    if "purpose" in form.files:
        raise InvalidRequest("parameter_invalid", "purpose")
    purpose = read_purpose(form.fields.get("purpose"))
    file = form.files.get("file")
    if file is None:
        code = "parameter_invalid" if "file" in form.fields else "parameter_missing"
        raise InvalidRequest(code, "file")
    command = CreateFile.of(
        file.content, purpose=purpose, file_name=file.name, declared=file.media_type
    )
    how = files.taking(caller.tenant, traceparent=call.traceparent)
    key = read_key(call.idempotency_key)
    return shown(create_file(command, caller, how, idempotency_key=key))


def _asked(call: Call) -> Read:
    livemode = call.authenticated().tenant.livemode
    base_url = settings().public_base_url
    return Read(call.path_params, call.query(), base_url, call.language, livemode, wiring.now())


def _read(call: Call) -> Answer:
    """GET /v1/files and below."""
    store = files.store(call.authenticated().tenant)
    return Answer(body=FILE_READS[call.operation_id](_asked(call), store))


def read_contents(call: Call) -> Answer:
    """GET /v1/files/{id}/contents."""
    store = files.store(call.authenticated().tenant)
    try:
        found: Mapping[str, Any] = read_file_contents(_asked(call), store, files.sign)
    except StoreDownError as failure:
        logs.warning("file_not_signed", reason=str(failure))
        raise Unavailable("temporarily_unavailable", retry_after_seconds=10) from failure
    return Answer(body=found, headers={"Cache-Control": "no-store"})


HANDLERS: Final[Mapping[str, Handler]] = {
    "create_file": create,
    **dict.fromkeys(FILE_READS, _read),
    "read_file_contents": read_contents,
}
